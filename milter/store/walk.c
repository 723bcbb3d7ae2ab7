/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk: the ids of a time under some terms, in order, a day a portion.
 */
#include <stdlib.h>
#include <string.h>

#include "idlist.h"
#include "internal.h"
#include "waybill/clock.h"
#include "waybill/id.h"

struct store_walk {
    struct store *store;
    const struct store_term *terms;
    size_t term_count;
    int64_t from, until;
    bool oldest_first;
    uint32_t day, last; /* the next portion's, and the last one's */
    bool over;
};

int store_walk_open(struct store_walk **walk, struct store *store, const struct store_term *terms,
                    size_t count, int64_t from, int64_t until, bool oldest_first, struct error *why)
{
    struct store_walk *new = calloc(1, sizeof *new);

    *walk = NULL;
    if (!new)
        return store_fail(store, STORE_UNREACHABLE, why, "no memory to read the index");
    *new = (struct store_walk){store, terms, count, from, until, oldest_first, 0, 0, from > until};
    new->day = clock_day(oldest_first ? from : until, NULL);
    new->last = clock_day(oldest_first ? until : from, NULL);
    *walk = new;
    return 0;
}

uint64_t store_walk_weight(const struct store_walk *walk)
{
    return walk->term_count;
}

static int walk_day(struct store_walk *walk, struct idlist *found, struct error *why)
{
    for (size_t i = 0; i < walk->term_count; i++) {
        uint64_t *ids;
        size_t count;

        if (store_find_term(walk->store, walk->day, walk->terms[i].kind, walk->terms[i].term, &ids,
                            &count, why))
            return -1;
        for (size_t j = 0; j < count; j++)
            if (id_time(ids[j]) >= walk->from && id_time(ids[j]) <= walk->until &&
                idlist_add(found, ids[j])) {
                free(ids);
                return store_fail(walk->store, STORE_UNREACHABLE, why,
                                  "no memory to read the index");
            }
        free(ids);
    }
    return 0;
}

static void ids_reverse(uint64_t *ids, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        uint64_t id = ids[i];
        ids[i] = ids[count - 1 - i];
        ids[count - 1 - i] = id;
    }
}

int store_walk_next(struct store_walk *walk, uint64_t **ids, size_t *count, struct error *why)
{
    struct idlist found = {0};
    int result;

    *ids = NULL;
    *count = 0;
    if (walk->over)
        return 0;
    result = walk_day(walk, &found, why);
    if (result == 0) {
        idlist_give(&found, ids, count);
        if (walk->oldest_first)
            ids_reverse(*ids, *count);
        walk->over = walk->day == walk->last;
        walk->day = clock_day_add(walk->day, walk->oldest_first ? 1 : -1);
    }
    idlist_free(&found);
    return result == 0 ? 1 : -1;
}

void store_walk_close(struct store_walk **walk)
{
    free(*walk);
    *walk = NULL;
}
