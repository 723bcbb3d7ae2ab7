/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recall: ids are hashes, so they spread over the shelves by themselves; each shelf forgets its
 * oldest. Whoever makes up ids that fall on one shelf wins only that his own are forgotten.
 */
#include "recall.h"

#include <stdlib.h>
#include <string.h>

#define SHELVES 2048u /* a power of two */
#define SHELF 64u     /* so long that chance fills none of them much earlier than the others */

int recall_init(struct recall *recall)
{
    recall->ids = calloc((size_t)SHELVES * SHELF, sizeof *recall->ids);
    return recall->ids == NULL ? -1 : 0;
}

void recall_free(struct recall *recall)
{
    free(recall->ids);
    recall->ids = NULL;
}

static uint64_t *shelf_of(const struct recall *recall, uint64_t id)
{
    return recall->ids + (size_t)(id % SHELVES) * SHELF;
}

bool recall_has(const struct recall *recall, uint64_t id)
{
    const uint64_t *shelf = shelf_of(recall, id);

    for (size_t i = 0; i < SHELF; i++)
        if (shelf[i] == id)
            return true;
    return false;
}

void recall_add(struct recall *recall, uint64_t id)
{
    uint64_t *shelf = shelf_of(recall, id);

    memmove(shelf + 1, shelf, (SHELF - 1) * sizeof *shelf);
    shelf[0] = id;
}
