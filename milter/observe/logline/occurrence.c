/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * occurrence: a ring of the last lines, with chains through it by hash, newest first. A walk ends
 * at the first equal line, which knows its own number, or where the ring was overwritten; so
 * nothing is ever removed.
 */
#include "waybill/occurrence.h"

#include <stdlib.h>

#define RING (1u << 15) /* the shortest lines that make facts have 32 bytes and more */

struct entry {
    uint64_t hash, place;
    uint64_t older; /* number of the line before it in its chain; 0: none */
    unsigned count;
};

struct occurrence {
    uint64_t last;          /* number of the newest line; they begin with 1 */
    uint64_t newest[RING];  /* by hash */
    struct entry ring[RING]; /* by number */
};

int occurrence_open(struct occurrence **occurrence, struct error *why)
{
    *occurrence = calloc(1, sizeof **occurrence);
    if (*occurrence == NULL)
        return error_set(why, "no memory for the table of equal log lines");
    return 0;
}

void occurrence_close(struct occurrence **occurrence)
{
    free(*occurrence);
    *occurrence = NULL;
}

unsigned occurrence_count(struct occurrence *occurrence, uint64_t hash, uint64_t place)
{
    uint64_t *chain = &occurrence->newest[hash % RING];
    uint64_t number = *chain;
    unsigned count = 0;
    while (number != 0 && number + RING > occurrence->last + 1) {
        const struct entry *entry = &occurrence->ring[number % RING];
        if (entry->place + OCCURRENCE_WINDOW < place)
            break;
        if (entry->hash == hash) {
            count = entry->count + 1;
            break;
        }
        number = entry->older;
    }
    number = ++occurrence->last;
    occurrence->ring[number % RING] = (struct entry){hash, place, *chain, count};
    *chain = number;
    return count;
}
