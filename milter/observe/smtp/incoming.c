/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a mail that streams by to facts of the witness report. Promise: an ordinary mail costs one
 * look at its header; without memory a mail passes unread, and is counted.
 */
#include "incoming.h"

#include <inttypes.h>
#include <stdio.h>

#include "session.h"
#include "waybill/address.h"
#include "waybill/clock.h"
#include "waybill/host.h"
#include "waybill/report.h"

#define WORDS_MAX 65536 /* of all that tells one report from another */

void incoming_clear(struct incoming *incoming)
{
    if (incoming->reader != NULL)
        report_close(&incoming->reader);
    *incoming = (struct incoming){.reader = NULL};
}

static void let_go(struct incoming *incoming)
{
    incoming_clear(incoming);
    incoming->over = true;
}

static bool begin(struct session *session)
{
    struct incoming *incoming = &session->message.incoming;

    if (incoming->over)
        return false;
    if (incoming->reader == NULL)
        incoming->reader = report_open(session->rules->book);
    if (incoming->reader == NULL) {
        incoming->over = true;
        witness_count(COUNT_REPORTS_UNREAD, 1);
    }
    return incoming->reader != NULL;
}

void incoming_header(struct session *session, const char *name, const char *value)
{
    if (begin(session))
        report_header(session->message.incoming.reader, slice_of(name), slice_of(value));
}

void incoming_end_of_header(struct session *session)
{
    struct message *message = &session->message;

    if (begin(session) && !report_expected(message->incoming.reader, message->null_sender))
        let_go(&message->incoming);
}

bool incoming_body(struct session *session, const unsigned char *bytes, size_t size)
{
    struct incoming *incoming = &session->message.incoming;

    if (incoming->reader == NULL || incoming->enough)
        return false;
    incoming->enough = !report_body(incoming->reader, bytes, size);
    return !incoming->enough;
}

/* ---- what it says ---- */

/* What all facts of one report have in common. */
struct telling {
    struct session *session;
    const struct report *report;
    const char *side;
    struct slice host, queue_id; /* of the mail that it speaks of */
    struct slice message_id;     /* its own */
    uint64_t about;              /* waybill that its token names; 0: it has no good one */
    int64_t arrived;             /* when that mail came in, as the report says; 0: it does not */
};

static const char *side_of(const struct session *session)
{
    const char *internal = session->rules->settings->internal_daemon_name;

    if (!session_is_local(session))
        return "smtp";
    if (internal == NULL || internal[0] == '\0' || !slice_is(slice_of(session->daemon), internal))
        return "local";
    return "internal";
}

static bool is_ours(const struct session *session, struct slice host)
{
    return host.size > 0 && host_same(host, slice_of(session->rules->settings->host));
}

/* The last time that the mail passed through us. */
static const struct report_hop *newest_hop(const struct session *session,
                                           const struct report *report)
{
    for (size_t i = 0; i < report->hop_count; i++)
        if (report->hops[i].id.size > 0 && is_ours(session, report->hops[i].by))
            return &report->hops[i];
    return NULL;
}

/* Under which queue id, and where, the mail was that it speaks of: ours if it says so anywhere,
 * else the reporting server's, which may be another one of ours. */
static void find_queue_id(struct telling *telling)
{
    const struct report *report = telling->report;
    const struct report_hop *hop = newest_hop(telling->session, report);
    struct slice own = slice_of(telling->session->rules->settings->host);

    telling->arrived = report->arrived;
    if (report->queue_id.size > 0 &&
        (telling->side[0] != 's' || is_ours(telling->session, report->reporting))) {
        telling->queue_id = report->queue_id;
        telling->host = own;
    } else if (hop != NULL) {
        telling->queue_id = hop->id;
        telling->host = own;
        telling->arrived = hop->time != 0 ? hop->time : telling->arrived;
    } else if (report->queue_id.size > 0 && report->reporting.size > 0) {
        telling->queue_id = report->queue_id;
        telling->host = report->reporting;
    }
    if (telling->arrived == 0 && hop != NULL)
        telling->arrived = hop->time;
}

static enum fact_kind kind_of(const struct report *report, const struct report_recipient *to)
{
    if (report->kind != REPORT_BOUNCE)
        return FACT_REMARK;
    switch (to->action) {
    case REPORTED_DELIVERED:
    case REPORTED_RELAYED:
        return FACT_DELIVERED;
    case REPORTED_DELAYED:
        return FACT_DELAYED;
    case REPORTED_EXPANDED:
        return FACT_EXPANDED;
    case REPORTED_FAILED:
        return to->reason == REASON_EXPIRED ? FACT_EXPIRED : FACT_FAILED;
    }
    return FACT_REMARK;
}

static int add_line(struct buffer *to, struct slice text)
{
    buffer_add(to, text.at, text.size);
    return buffer_add_char(to, '\n');
}

/* The same report gives the same id, whenever and from wherever it comes. -1: no memory. */
static int identify(const struct telling *telling, const struct report_recipient *to,
                    struct fact *fact)
{
    const struct report *report = telling->report;
    struct buffer words;
    int result;

    buffer_init(&words, WORDS_MAX);
    add_line(&words, telling->message_id);
    add_line(&words, report->reporting);
    buffer_addf(&words, "%" PRId64 " %s\n", report->arrived, report_action_word(to->action));
    add_line(&words, to->status);
    result = add_line(&words, to->words);
    fact->id = fact_id_report(to->address, fact->kind, slice_make(words.data, words.size));
    buffer_free(&words);
    return result;
}

static struct slice if_any(struct slice text)
{
    return text.size == 0 ? SLICE_ABSENT : text;
}

static struct slice number_text(uint64_t number, char text[static 24])
{
    if (number == 0)
        return SLICE_ABSENT;
    snprintf(text, 24, "%" PRIu64, number);
    return slice_of(text);
}

static void fill_outcome(const struct report *report, const struct report_recipient *to,
                         char until[static 24], struct fact *fact)
{
    fact_set(fact, KEY_TO, if_any(to->address));
    fact_set(fact, KEY_ORIGINAL, if_any(to->original));
    fact_set(fact, KEY_STATUS, if_any(to->status));
    fact_set(fact, KEY_RELAY, if_any(to->remote));
    fact_set(fact, KEY_REPLY, if_any(to->words));
    if (to->until > 0)
        fact_set(fact, KEY_UNTIL, number_text((uint64_t)to->until, until));
    if (report->kind != REPORT_BOUNCE)
        return;
    fact_set(fact, KEY_ACTION, slice_of(report_action_word(to->action)));
    if (to->action == REPORTED_FAILED || to->action == REPORTED_DELAYED)
        fact_set(fact, KEY_REASON, slice_of(reason_word(to->reason)));
}

static void fill_subject(const struct telling *telling, char arrived[static 24], struct fact *fact)
{
    const struct report *report = telling->report;

    fact->waybill = telling->about;
    fact_set(fact, KEY_HOST, telling->host);
    fact_set(fact, KEY_QUEUE, telling->queue_id);
    fact_set(fact, KEY_FROM, if_any(report->from));
    fact_set(fact, KEY_ENVID, if_any(report->envelope_id));
    fact_set(fact, KEY_MESSAGE_ID, if_any(report->message_id));
    if (telling->about != 0)
        fact_set(fact, KEY_TOKEN, slice_of("1"));
    if (telling->arrived > 0)
        fact_set(fact, KEY_ARRIVED, number_text((uint64_t)telling->arrived, arrived));
}

static void fill_origin(const struct telling *telling, char by[static 24], struct fact *fact)
{
    const struct session *session = telling->session;
    const struct report *report = telling->report;

    session_fill_client(session, fact);
    fact_set(fact, KEY_REPORT_KIND, slice_of(report_kind_word(report->kind)));
    fact_set(fact, KEY_DIALECT, if_any(slice_of(report->dialect)));
    fact_set(fact, KEY_SIDE, slice_of(telling->side));
    fact_set(fact, KEY_BY_WAYBILL, number_text(session->message.waybill, by));
    fact_set(fact, KEY_BY_QUEUE, if_any(slice_of(session->message.queue_id)));
}

static void tell_recipient(const struct telling *telling, const struct report_recipient *to,
                           int64_t now)
{
    char until[24], arrived[24], by[24];
    struct fact fact;

    fact_init(&fact, WITNESS_REPORT, kind_of(telling->report, to), now);
    fill_outcome(telling->report, to, until, &fact);
    fill_subject(telling, arrived, &fact);
    fill_origin(telling, by, &fact);
    if (identify(telling, to, &fact) < 0)
        witness_count(COUNT_NO_MEMORY, 1);
    else
        witness_tell(&fact);
}

static void tell_all(struct session *session, const struct report *report)
{
    static const struct report_recipient nobody = {.reason = REASON_UNDEFINED};
    int64_t now = clock_now();
    struct telling telling = {
        .session = session,
        .report = report,
        .side = side_of(session),
        .message_id = headers_message_id(&session->message.headers),
    };

    find_queue_id(&telling);
    if (!token_envid_read(&session->rules->envid_keys, report->envelope_id, &telling.about))
        telling.about = 0;
    for (size_t i = 0; i < report->count && i < REPORT_RECIPIENTS_MAX; i++)
        tell_recipient(&telling, &report->recipients[i], now);
    if (report->count == 0 && report->kind != REPORT_BOUNCE)
        tell_recipient(&telling, &nobody, now);
}

static void count(const struct report *report)
{
    static const enum witness_counter counters[] = {
        [REPORT_BOUNCE] = COUNT_BOUNCES,
        [REPORT_COMPLAINT] = COUNT_COMPLAINTS,
        [REPORT_MDN] = COUNT_MDNS,
        [REPORT_AUTOREPLY] = COUNT_AUTOREPLIES,
    };

    witness_count(counters[report->kind], 1);
    if (report->partial)
        witness_count(COUNT_REPORTS_PARTIAL, 1);
}

void incoming_tell(struct session *session)
{
    struct incoming *incoming = &session->message.incoming;
    const struct report *report;

    if (incoming->reader == NULL)
        return;
    report = report_end(incoming->reader);
    if (report->kind != REPORT_OTHER) {
        count(report);
        tell_all(session, report);
    }
    incoming_clear(incoming);
}
