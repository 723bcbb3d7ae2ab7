/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outcomes: see outcomes.h. What is on its way counts only once the store has it.
 */
#include "outcomes.h"

#include <string.h>

#include "waybill/cause.h"

int outcomes_open(struct outcomes *outcomes, const char *rules_directory, struct error *why)
{
    return phrasebook_open(&outcomes->book, rules_directory, why);
}

void outcomes_close(struct outcomes *outcomes)
{
    phrasebook_close(&outcomes->book);
}

/* Of a recipient who may have come further since: an attempt has words of its own. */
static enum reason reason_for(const struct outcomes *outcomes, const struct waybill *waybill,
                              const struct recipient *recipient, enum recipient_state state)
{
    uint32_t number = (uint32_t)(recipient - waybill->recipients);
    struct cause cause;

    cause_find(outcomes->book, waybill, recipient, &cause);
    for (size_t i = waybill->fact_count; recipient->state != state && i-- > 0;)
        if (waybill->subject[i] == number && waybill->facts[i].kind == FACT_DELAYED) {
            cause_of_attempt(outcomes->book, &waybill->facts[i], &cause);
            break;
        }
    return cause.reason;
}

static void on_outcome(void *context, const struct waybill *waybill,
                       const struct recipient *recipient, enum recipient_state state)
{
    struct outcomes *outcomes = context;
    unsigned reason = OUTCOMES_NO_REASON;

    if (cause_wanted(state))
        reason = (unsigned)reason_for(outcomes, waybill, recipient, state);
    outcomes->on_way[state][reason]++;
}

static const char *on_reason(void *context, const struct waybill *waybill,
                             const struct recipient *recipient, const struct fact *attempt)
{
    const struct outcomes *outcomes = context;
    struct cause cause;

    if (attempt != NULL)
        cause_of_attempt(outcomes->book, attempt, &cause);
    else if (cause_wanted(recipient->state))
        cause_find(outcomes->book, waybill, recipient, &cause);
    else
        return NULL;
    return reason_word(cause.reason);
}

static void on_settled(void *context, bool good)
{
    struct outcomes *outcomes = context;

    for (int state = 0; good && state < STATE_COUNT; state++)
        for (int reason = 0; reason < OUTCOMES_REASONS; reason++)
            if (outcomes->on_way[state][reason] > 0)
                atomic_fetch_add_explicit(&outcomes->told[state][reason],
                                          outcomes->on_way[state][reason], memory_order_relaxed);
    memset(outcomes->on_way, 0, sizeof outcomes->on_way);
}

struct ship_watcher outcomes_watcher(struct outcomes *outcomes)
{
    return (struct ship_watcher){on_outcome, on_reason, on_settled, outcomes};
}

static bool is_told(enum recipient_state state)
{
    for (int action = 0; action < EVENT_ACTION_COUNT; action++)
        if (event_state((enum event_action)action) == (int)state)
            return true;
    return false;
}

bool outcomes_possible(enum recipient_state state, unsigned reason)
{
    return is_told(state) && cause_wanted(state) == (reason != OUTCOMES_NO_REASON);
}

uint64_t outcomes_told(const struct outcomes *outcomes, enum recipient_state state, unsigned reason)
{
    return atomic_load_explicit(&outcomes->told[state][reason], memory_order_relaxed);
}
