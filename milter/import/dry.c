/* SPDX-License-Identifier: BSD-2-Clause */
/* dry: see dry.h. */
#include "dry.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    return record_order(a, b);
}

/* A log is nearly always in order. */
static void put_in_order(struct fact *facts, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (record_order(&facts[i - 1], &facts[i]) > 0) {
            qsort(facts, count, sizeof *facts, compare);
            return;
        }
}

#define ROOM_LEAST 64u
#define ROOM_KEPT 4096u /* facts; a mail that had more does not keep their room */

struct fact *dry_room(struct dry *dry, size_t count)
{
    if (count <= dry->room)
        return dry->facts;
    dry_free(dry);
    dry->room = count < ROOM_LEAST ? ROOM_LEAST : count;
    dry->facts = calloc(dry->room, sizeof *dry->facts); /* which is as fact_init leaves it */
    if (dry->facts == NULL)
        dry->room = 0;
    return dry->facts;
}

/* The waybill may have put them in another order, in another place. */
static void take_back(struct dry *dry, struct waybill *waybill)
{
    if (waybill->facts != dry->facts || dry->room > ROOM_KEPT) {
        *dry = (struct dry){0};
        return;
    }
    waybill->facts = NULL;
}

int dry_judge(struct dry *dry, size_t count, struct import_tally *tally, int64_t now,
              int64_t queue_lifetime, struct error *why)
{
    struct waybill waybill;

    put_in_order(dry->facts, count);
    if (waybill_judge(&waybill, dry->facts, count, now, queue_lifetime, why) != 0) {
        *dry = (struct dry){0};
        return -1;
    }
    for (size_t i = 0; i < waybill.recipient_count; i++)
        tally->states[waybill.recipients[i].state]++;
    tally->recipients += waybill.recipient_count;
    take_back(dry, &waybill);
    waybill_clear(&waybill);
    return 0;
}

void dry_free(struct dry *dry)
{
    free(dry->facts);
    *dry = (struct dry){0};
}
