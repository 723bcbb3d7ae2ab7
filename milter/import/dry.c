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

int dry_judge(struct import_tally *tally, struct fact *facts, size_t count, int64_t now,
              int64_t queue_lifetime, struct error *why)
{
    struct waybill waybill;

    put_in_order(facts, count);
    if (waybill_judge(&waybill, facts, count, now, queue_lifetime, why) != 0)
        return -1;
    for (size_t i = 0; i < waybill.recipient_count; i++)
        tally->states[waybill.recipients[i].state]++;
    tally->recipients += waybill.recipient_count;
    waybill_clear(&waybill);
    return 0;
}
