/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * events: what the outside is told of a waybill.
 *
 * The list is made anew from the facts each time; an event's id follows from what it says, so
 * whoever saw it once knows it again. An attempt is known by its second, an end stands once per
 * recipient. A report tells an event only where nobody else knew of it: the log's line and our own
 * report of the same attempt are two facts and one event. Claims tell none.
 */
#include "waybill/waybill.h"

#include <stdlib.h>

#include "trust.h"
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
    event->id =
        event_id(0, (uint64_t)node << 8 | (unsigned char)witness, EVENT_TRACE_GAP, (uint64_t)from);
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
    *event = (struct event){.waybill = list->waybill,
                            .recipient = recipient,
                            .action = (enum event_action)action,
                            .time = time};
    event->id =
        event_id(list->waybill, recipient, event->action, attempt ? (uint64_t)(time / 1000) : 0);
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

/* ---- what reports say ---- */

/* What is known of a recipient without a look at the report in question. */
struct known {
    int64_t delayed; /* first attempt that others than reports know to have failed */
    int64_t end;     /* first end by anybody */
};

static void know_fact(struct known *known, const struct waybill *waybill, size_t fact)
{
    int state = state_of_kind(waybill->facts[fact].kind);
    int64_t time = waybill->facts[fact].time;
    bool report = waybill->facts[fact].witness == WITNESS_REPORT;
    if (state < 0 || (report && !trust_weighs(waybill, fact)))
        return;
    if (state_final((enum recipient_state)state) && time < known->end)
        known->end = time;
    if (!report && state == STATE_DELAYED && time < known->delayed)
        known->delayed = time;
}

static struct known *know_recipients(const struct waybill *waybill)
{
    struct known *known = calloc(waybill->recipient_count + 1, sizeof *known);
    if (known == NULL)
        return NULL;
    for (size_t i = 0; i < waybill->recipient_count; i++)
        known[i] = (struct known){.delayed = INT64_MAX, .end = INT64_MAX};
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (waybill->subject[i] != SUBJECT_MAIL)
            know_fact(&known[waybill->subject[i]], waybill, i);
    return known;
}

/* Of those that say what the state says, only the one that decided it is told; another outcome is
 * news where it came first. */
static bool report_is_news(const struct waybill *waybill, const struct known *known, size_t fact)
{
    if (!trust_weighs(waybill, fact))
        return false;
    const struct recipient *recipient = &waybill->recipients[waybill->subject[fact]];
    enum recipient_state state = (enum recipient_state)state_of_kind(waybill->facts[fact].kind);
    int64_t time = waybill->facts[fact].time;
    if (state == STATE_DELAYED)
        return known->delayed > time && known->end > time;
    if (outcome_same(state, recipient->state))
        return recipient->decided_by == fact;
    return known->end == time;
}

static void add_remark(struct list *list, const struct waybill *waybill, size_t fact)
{
    uint32_t subject = waybill->subject[fact];
    if (waybill->trust[fact] == TRUST_CLAIMED ||
        !slice_is(waybill->facts[fact].value[KEY_REPORT_KIND], "complaint"))
        return;
    list_add(list,
             subject == SUBJECT_MAIL ? 0 : recipient_hash(waybill->recipients[subject].address),
             EVENT_COMPLAINT_RECEIVED, waybill->facts[fact].time);
}

/* Of the report's own waybill. */
static void add_unmatched(struct list *list, const struct waybill *waybill)
{
    for (size_t i = 0; i < waybill->fact_count && waybill->about == 0; i++)
        if (waybill->facts[i].kind == FACT_REPORT &&
            slice_is(waybill->facts[i].value[KEY_REPORT_KIND], "bounce"))
            list_add(list, 0, EVENT_REPORT_UNMATCHED, waybill->facts[i].time);
}

/* ---- all of them ---- */

/* Unresolved is a guess of readers, by the clock or because a line is missing, until somebody
 * looked into the queue. */
static bool queue_tells(const struct waybill *waybill, const struct recipient *recipient)
{
    return recipient->decided_by < waybill->fact_count &&
           waybill->facts[recipient->decided_by].witness == WITNESS_QUEUE;
}

static void add_recipients(struct list *list, const struct waybill *waybill)
{
    struct known *known = know_recipients(waybill);
    list->failed = list->failed || known == NULL;
    for (size_t i = 0; i < waybill->fact_count && known != NULL; i++) {
        uint32_t subject = waybill->subject[i];
        const struct fact *fact = &waybill->facts[i];
        int state = state_of_kind(fact->kind);
        if (fact->kind == FACT_REMARK)
            add_remark(list, waybill, i);
        if (subject == SUBJECT_MAIL || state < 0 ||
            (fact->witness == WITNESS_REPORT && !report_is_news(waybill, &known[subject], i)))
            continue;
        list_add(list, recipient_hash(waybill->recipients[subject].address), action_of_state[state],
                 fact->time);
    }
    free(known);
    /* What was said of the whole mail, or follows from it. */
    for (size_t i = 0; i < waybill->recipient_count; i++) {
        const struct recipient *recipient = &waybill->recipients[i];
        int action = action_of_state[recipient->state];
        if (action >= 0 && (recipient->state != STATE_UNRESOLVED || queue_tells(waybill, recipient)))
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
    add_unmatched(&list, waybill);
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
