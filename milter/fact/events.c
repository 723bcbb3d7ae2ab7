/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * events: what the outside is told of a waybill.
 *
 * The list is made anew from the facts each time; an event's id follows from what it says, so
 * whoever saw it once knows it again. An attempt is known by its second: the log's line and the
 * report of the same attempt are two facts and one event. An end stands once per recipient.
 */
#include "waybill/waybill.h"

#include <stdlib.h>

#include "waybill/digest.h"

static const char *const event_words[EVENT_ACTION_COUNT] = {
#define X(symbol, word) [EVENT_##symbol] = word,
    EVENT_ACTIONS(X)
#undef X
};

const char *event_word(enum event_action action)
{
    return action < EVENT_ACTION_COUNT ? event_words[action] : "unknown";
}

static const int action_of_state[STATE_COUNT] = {
    [STATE_ACCEPTED] = -1,
    [STATE_DELAYED] = EVENT_DELIVERY_DELAYED,
    [STATE_DELIVERED] = EVENT_DELIVERY_DELIVERED,
    [STATE_EXPANDED] = EVENT_DELIVERY_EXPANDED,
    [STATE_HELD] = EVENT_DELIVERY_HELD,
    [STATE_FAILED] = EVENT_DELIVERY_FAILED,
    [STATE_EXPIRED] = EVENT_DELIVERY_EXPIRED,
    [STATE_CANCELED] = EVENT_DELIVERY_CANCELED,
    [STATE_REJECTED] = EVENT_RECIPIENT_REJECTED,
    [STATE_DISCARDED] = EVENT_DELIVERY_DISCARDED,
    [STATE_ABANDONED] = -1, /* message.abandoned says it for all */
    [STATE_UNRESOLVED] = EVENT_DELIVERY_UNRESOLVED,
};

int event_state(enum event_action action)
{
    for (int state = 0; state < STATE_COUNT; state++)
        if (action_of_state[state] == (int)action)
            return state;
    return -1;
}

struct list {
    struct event *events;
    size_t count, room;
    uint64_t waybill;
    bool failed;
};

static uint64_t event_id(uint64_t waybill, uint64_t recipient, enum event_action action,
                         uint64_t attempt)
{
    uint64_t parts[4] = {waybill, recipient, (uint64_t)action, attempt};
    unsigned char bytes[sizeof parts];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(parts[i / 8] >> (8 * (i % 8)));
    return digest_64(bytes, sizeof bytes) & ((UINT64_C(1) << 60) - 1);
}

void event_of_gap(struct event *event, unsigned node, enum witness witness, int64_t from)
{
    *event = (struct event){.action = EVENT_TRACE_GAP, .time = from};
    event->id = event_id(0, (uint64_t)node << 8 | (unsigned char)witness, EVENT_TRACE_GAP,
                         (uint64_t)from);
}

static void list_add(struct list *list, uint64_t recipient, int action, int64_t time)
{
    if (action < 0 || list->failed)
        return;
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        struct event *events = realloc(list->events, room * sizeof *events);
        if (events == NULL) {
            list->failed = true;
            return;
        }
        list->events = events;
        list->room = room;
    }
    bool attempt = action == EVENT_DELIVERY_DELAYED || action == EVENT_DELIVERY_HELD;
    struct event *event = &list->events[list->count++];
    *event = (struct event){.waybill = list->waybill, .recipient = recipient,
                            .action = (enum event_action)action, .time = time};
    event->id = event_id(list->waybill, recipient, event->action,
                         attempt ? (uint64_t)(time / 1000) : 0);
}

static void add_mail(struct list *list, const struct waybill *waybill)
{
    for (size_t i = 0; i < waybill->fact_count; i++) {
        const struct fact *fact = &waybill->facts[i];
        if (fact->kind == FACT_QUEUED || fact->kind == FACT_ACTIVE)
            list_add(list, 0, EVENT_MESSAGE_ACCEPTED, fact->time);
        if (fact->kind == FACT_ABANDONED && !waybill->queued)
            list_add(list, 0, EVENT_MESSAGE_ABANDONED, fact->time);
    }
}

static void add_recipients(struct list *list, const struct waybill *waybill)
{
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (waybill->subject[i] != SUBJECT_MAIL) {
            struct slice address = waybill->recipients[waybill->subject[i]].address;
            int state = state_of_kind(waybill->facts[i].kind);
            if (state >= 0)
                list_add(list, recipient_hash(address), action_of_state[state],
                         waybill->facts[i].time);
        }
    /* What was said of the whole mail, or follows from it. Unresolved depends on the clock, not
     * on a fact alone: whoever settles the queue tells it. */
    for (size_t i = 0; i < waybill->recipient_count; i++) {
        const struct recipient *recipient = &waybill->recipients[i];
        int action = action_of_state[recipient->state];
        if (action >= 0 && recipient->state != STATE_UNRESOLVED)
            list_add(list, recipient_hash(recipient->address), action, recipient->since);
    }
}

static int by_id(const void *left, const void *right)
{
    const struct event *a = left, *b = right;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return a->time < b->time ? -1 : a->time > b->time;
}

static int by_time(const void *left, const void *right)
{
    const struct event *a = left, *b = right;
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* Of equal events the earliest stays. */
static void list_unite(struct list *list)
{
    size_t kept = 0;
    if (list->count > 0)
        qsort(list->events, list->count, sizeof *list->events, by_id);
    for (size_t i = 0; i < list->count; i++)
        if (kept == 0 || list->events[kept - 1].id != list->events[i].id)
            list->events[kept++] = list->events[i];
    list->count = kept;
    if (kept > 0)
        qsort(list->events, kept, sizeof *list->events, by_time);
    for (size_t i = 0; i < kept; i++)
        list->events[i].sequence = (unsigned)i;
}

int waybill_events(const struct waybill *waybill, struct event **events, size_t *count)
{
    struct list list = {.waybill = waybill->id};
    add_mail(&list, waybill);
    add_recipients(&list, waybill);
    if (list.failed) {
        free(list.events);
        *events = NULL;
        *count = 0;
        return -1;
    }
    list_unite(&list);
    *events = list.events;
    *count = list.count;
    return 0;
}
