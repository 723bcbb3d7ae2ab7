/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gap: what was lost is told exactly: how many facts, from when to when, and why.
 */
#include "inside.h"

#include <stdio.h>

#include "waybill/buffer.h"
#include "waybill/digest.h"
#include "waybill/fact.h"

void loss_add(struct loss *loss, const struct loss *more)
{
    if (more->count == 0)
        return;
    if (loss->count == 0 || more->first < loss->first) {
        loss->first = more->first;
        loss->cause = more->cause;
    }
    if (loss->count == 0 || more->last > loss->last)
        loss->last = more->last;
    loss->count += more->count;
}

/* The same loss has the same id wherever it is written again. */
static uint64_t gap_id(const struct journal *journal, const struct loss *loss)
{
    char text[96];
    int size = snprintf(text, sizeof text, "gap %u %llu %llu", journal->generation,
                        (unsigned long long)loss->first, (unsigned long long)loss->last);

    return digest_64(text, (size_t)size) >> 4;
}

struct pending *gap_make(const struct journal *journal, const struct loss *loss)
{
    char until[24], count[24];
    struct pending *pending = NULL;
    struct buffer line;
    struct fact fact;

    fact_init(&fact, WITNESS_MILTER, FACT_GAP, (int64_t)(loss->first / 1000));
    fact.id = gap_id(journal, loss);
    snprintf(until, sizeof until, "%llu", (unsigned long long)(loss->last / 1000));
    snprintf(count, sizeof count, "%llu", (unsigned long long)loss->count);
    fact_set(&fact, KEY_UNTIL, slice_of(until));
    fact_set(&fact, KEY_COUNT, slice_of(count));
    fact_set(&fact, KEY_CAUSE, slice_of(loss->cause));
    buffer_init(&line, FACT_LINE_MAX);
    if (fact_encode(&fact, &line) == 0)
        pending = pending_new(JOURNAL_FACT, loss->last, line.data, line.size);
    buffer_free(&line);
    return pending;
}
