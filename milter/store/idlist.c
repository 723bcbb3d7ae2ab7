/* SPDX-License-Identifier: BSD-2-Clause */
/* idlist: the ids that an answer is made of, highest first, each once. */
#include "idlist.h"

#include <stdlib.h>

int idlist_add(struct idlist *list, uint64_t id)
{
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 64;
        uint64_t *ids = room > IDLIST_MAX ? NULL : reallocarray(list->ids, room, sizeof *ids);

        if (!ids)
            return -1;
        list->ids = ids;
        list->room = room;
    }
    list->ids[list->count++] = id;
    return 0;
}

static int highest_first(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? 1 : x > y ? -1 : 0;
}

void idlist_give(struct idlist *list, uint64_t **ids, size_t *count)
{
    size_t kept = 0;

    if (list->count > 1)
        qsort(list->ids, list->count, sizeof *list->ids, highest_first);
    for (size_t i = 0; i < list->count; i++)
        if (i == 0 || list->ids[i] != list->ids[kept - 1])
            list->ids[kept++] = list->ids[i];
    *ids = list->ids;
    *count = kept;
    *list = (struct idlist){0};
}

void idlist_free(struct idlist *list)
{
    free(list->ids);
    *list = (struct idlist){0};
}
