/* SPDX-License-Identifier: BSD-2-Clause */
/* sight: see sight.h. */
#include "sight.h"

#include <string.h>

static const struct recipient *recipient_of(const struct waybill *waybill,
                                            const struct event *event)
{
    for (size_t i = 0; event->recipient != 0 && i < waybill->recipient_count; i++)
        if (recipient_hash(waybill->recipients[i].address) == event->recipient)
            return &waybill->recipients[i];
    return NULL;
}

/* The recipient as it was at the event: later attempts may have changed its state and words. */
static void turn_back(const struct waybill *waybill, const struct event *event,
                      struct recipient *recipient)
{
    if (event_state(event->action) >= 0)
        recipient->state = (enum recipient_state)event_state(event->action);
    for (size_t i = 0; i < waybill->fact_count; i++) {
        const struct fact *fact = &waybill->facts[i];
        if (fact->time != event->time || fact->value[KEY_REPLY].at == NULL ||
            fact->value[KEY_TO].at == NULL ||
            recipient_hash(fact->value[KEY_TO]) != event->recipient)
            continue;
        recipient->status = fact->value[KEY_STATUS];
        recipient->reply = fact->value[KEY_REPLY];
        recipient->reason = fact->value[KEY_REASON];
        recipient->relay = fact->value[KEY_RELAY];
        recipient->next = fact->value[KEY_NEXT];
        recipient->since = fact->time;
        recipient->decided_by = i;
        return;
    }
}

/* Is a term of what became of a recipient? */
static bool asks_outcome(const struct query *query)
{
    for (size_t i = 0; i < query->count; i++)
        if (query->terms[i].field == QUERY_FIELD_STATE ||
            query->terms[i].field == QUERY_FIELD_REASON ||
            query->terms[i].field == QUERY_FIELD_STATUS ||
            query->terms[i].field == QUERY_FIELD_REMOTE)
            return true;
    return false;
}

/* An event of a recipient must be of one that was asked for, in the state that the event tells
 * of; an event of the mail shows only where no outcome was asked for. */
static bool wants(const struct query *query, const struct waybill *waybill,
                  const struct recipient *recipient)
{
    if (!query_fits_mail(query, waybill))
        return false;
    if (recipient != NULL)
        return query_fits_recipient(query, waybill, recipient);
    return !asks_outcome(query) && query_fits(query, waybill);
}

void sight_drop(struct sight *sight)
{
    if (sight->kept && sight->seen)
        waybill_clear(&sight->waybill);
    sight->kept = false;
}

static void look(struct sight *sight)
{
    size_t recipients = sight->waybill.recipient_count;

    sight->seen = query_look(sight->query, &sight->waybill);
    sight->masked = sight->seen && sight->waybill.recipient_count < recipients;
}

/* As query_one. A record that is away is not one that is gone: its event waits with it, and all
 * that come after it, until the master is back. */
static int keep_mail(struct sight *sight, uint64_t id, struct error *why)
{
    bool partly;
    int result;

    if (sight->kept && sight->kept_id == id)
        return 1;
    sight_drop(sight);
    partly = store_read_partly(sight->store, false);
    result = query_one(sight->store, id, sight->query->queue_lifetime, &sight->waybill, why);
    store_read_partly(sight->store, partly);
    sight->kept = result == 1;
    sight->kept_id = id;
    if (sight->kept)
        look(sight);
    return result;
}

enum sight_result sight_mail(struct sight *sight, const struct event *event,
                             struct sight_told *told, struct error *why)
{
    int result;

    if (sight->only != 0 && event->waybill != sight->only)
        return SIGHT_NOT_WANTED;
    result = keep_mail(sight, event->waybill, why);
    if (result < 0)
        return store_last_trouble(sight->store) == STORE_FINE ? SIGHT_UNREADABLE : SIGHT_FAILED;
    if (result == 0 || !sight->seen)
        return SIGHT_NOT_WANTED;
    *told = (struct sight_told){.event = event,
                                  .waybill = &sight->waybill,
                                  .recipient = recipient_of(&sight->waybill, event),
                                  .masked = sight->masked};
    /* Behind a lens a recipient that is not there may be one that is not to be known of. */
    if (told->recipient == NULL && event->recipient != 0 && sight->query->lens != NULL)
        return SIGHT_NOT_WANTED;
    if (told->recipient != NULL) {
        told->then = *told->recipient;
        turn_back(&sight->waybill, event, &told->then);
        told->recipient = &told->then;
    }
    return wants(sight->query, &sight->waybill, told->recipient) ? SIGHT_WANTED
                                                                  : SIGHT_NOT_WANTED;
}

/* ---- a witness that was blind ---- */

struct search {
    const struct event *event;
    struct store_gap *gap;
    bool found;
};

static void take_gap(void *context, const struct store_gap *gap)
{
    static const enum witness witnesses[] = {WITNESS_MILTER, WITNESS_REPORT, WITNESS_LOG,
                                             WITNESS_QUEUE, WITNESS_ADMIN};
    struct search *search = context;

    for (size_t i = 0; i < sizeof witnesses / sizeof *witnesses; i++) {
        struct event event;
        event_of_gap(&event, gap->node, witnesses[i], gap->from);
        if (event.id == search->event->id &&
            strcmp(gap->witness, witness_name(witnesses[i])) == 0) {
            *search->gap = *gap;
            search->found = true;
        }
    }
}

enum sight_result sight_gap(const struct sight *sight, const struct event *event,
                            struct store_gap *gap, struct error *why)
{
    struct search search = {.event = event, .gap = gap};

    if (sight->only != 0 || asks_outcome(sight->query))
        return SIGHT_NOT_WANTED;
    if (store_get_gaps(sight->store, event->time, event->time, take_gap, &search, why) != 0)
        return SIGHT_FAILED;
    return search.found ? SIGHT_WANTED : SIGHT_NOT_WANTED;
}
