/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * turn: one mail after the other has a queue id. Which facts begin a mail's turn in the log, which
 * end it, and what may come after the end.
 *
 * A queue id is free when the queue let its mail go, and the next mail may have it in the same
 * second; a log may count no finer. So within one log it is the order of lines that tells two
 * mails apart, and the clock only where it is clear.
 */
#ifndef SHIP_TURN_H
#define SHIP_TURN_H

#include "waybill/clock.h"
#include "waybill/fact.h"

/* The log may count whole seconds: within its second an arrival is not after the fact. */
static inline int64_t turn_second(int64_t time)
{
    return time - time % SECOND_MS;
}
/* Written once, at the front of a mail's lines. */
static inline bool turn_opens(const struct fact *fact)
{
    return fact->kind == FACT_CLIENT || fact->kind == FACT_CLEANUP;
}
/* Cleanup threw the mail away when it had all of it: no line says that it was removed. */
static inline bool turn_refused(const struct fact *fact)
{
    struct slice phase = fact->value[KEY_PHASE];
    return (fact->kind == FACT_REJECTED || fact->kind == FACT_DISCARDED) &&
           (slice_is(phase, "eom") || slice_is(phase, "header") || slice_is(phase, "body"));
}
/* From here on the queue id may be another mail's. A requeued mail goes on under another one. */
static inline bool turn_ends(const struct fact *fact)
{
    return fact->kind == FACT_REMOVED || fact->kind == FACT_CANCELED ||
           fact->kind == FACT_REQUEUED || turn_refused(fact);
}
/* Of another process than those that deliver: it may be written when the mail is gone. */
static inline bool turn_trails(enum fact_kind kind)
{
    return kind == FACT_NOTIFIED || kind == FACT_REQUEUED;
}
/* So long (ms) after the end may such a fact come. */
static inline int64_t turn_after(enum fact_kind kind)
{
    return turn_trails(kind) ? HOUR_MS : 2 * SECOND_MS;
}

#endif
