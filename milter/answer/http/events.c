/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * events: what happens, as server-sent events, while it happens. What is told of an event is what
 * `waybill follow --json` prints, as far as the asker may see the mail.
 *
 * Each event has the cursor behind it as its id, and so has each comment that is sent where nothing
 * happens: who comes back with it goes on there.
 */
#include <string.h>

#include "../sight.h"
#include "stream.h"
#include "waybill/clock.h"
#include "waybill/id.h"
#include "waybill/live.h"
#include "waybill/waybill_json.h"

#define WAIT_MS 500                  /* for one event, so that an end is seen */
#define REST_MS 200                  /* what comes together is read together */
#define BEAT_MS (15 * SECOND_MS)     /* less than proxies wait */
#define LOOK_MS SECOND_MS            /* who asks, once more */
#define RETRY_MS (3 * SECOND_MS)     /* that a browser waits before it comes back */
#define TOLD_MAX (16u << 20)

/* What an event answers to live. */
enum { GO_ON = 0, STORE_FAILED = -1, ENOUGH = 1 };

struct events {
    struct http_stream *stream;
    struct http_asker *asker;
    const struct http_request *request;
    struct http_reply *reply;
    struct query query;
    struct access_lens lens;
    struct sight sight;
    struct live *live;
    struct buffer text;
    uint64_t told, told_before; /* before it fell behind */
    bool begun;
    bool lost;                  /* the store is away, and that was told */
    int64_t beat, look;         /* clock_monotonic: the next of them */
};

/* ---- one event of the stream ---- */

/* What `text` holds is the data; "": no event, only the place. No line in it: JSON has none. */
static int send(struct events *events, const char *name)
{
    char cursor[LIVE_CURSOR_SIZE];
    struct buffer whole;
    bool goes_on;

    buffer_init(&whole, TOLD_MAX + 4096);
    if (events->live != NULL && live_cursor(events->live, cursor))
        buffer_addf(&whole, "id: %s\n", cursor);
    if (events->text.size > 0) {
        buffer_addf(&whole, "event: %s\ndata: ", name);
        buffer_add(&whole, events->text.data, events->text.size);
        buffer_add_char(&whole, '\n');
    } else {
        buffer_addf(&whole, ": %s\n", name);
    }
    buffer_add_char(&whole, '\n');
    goes_on = !events->text.failed && !whole.failed &&
              http_stream_put(events->stream, whole.data, whole.size);
    buffer_free(&whole);
    buffer_clear(&events->text);
    events->beat = clock_monotonic() + BEAT_MS;
    return goes_on ? GO_ON : ENOUGH;
}

static int tell_mail(struct events *events, const struct event *event)
{
    char cursor[LIVE_CURSOR_SIZE];
    struct sight_told told;
    struct error why;
    struct json json;
    enum sight_result result = sight_mail(&events->sight, event, &told, &why);

    if (result != SIGHT_WANTED)
        return result == SIGHT_FAILED ? STORE_FAILED : GO_ON;
    (void)live_cursor(events->live, cursor);
    json_init(&json, &events->text);
    sight_json_mail(&json, &told, &events->asker->basis, cursor);
    events->told++;
    return send(events, event_word(event->action));
}

/* As with what was watched: it is of the servers, and not for senders. */
static int tell_gap(struct events *events, const struct event *event)
{
    char cursor[LIVE_CURSOR_SIZE];
    enum sight_result result;
    struct store_gap gap;
    struct error why;
    struct json json;

    if (events->asker->access.role < ROLE_DESK)
        return GO_ON;
    result = sight_gap(&events->sight, event, &gap, &why);
    if (result != SIGHT_WANTED)
        return result == SIGHT_FAILED ? STORE_FAILED : GO_ON;
    (void)live_cursor(events->live, cursor);
    json_init(&json, &events->text);
    sight_json_gap(&json, event, &gap, cursor);
    return send(events, event_word(event->action));
}

static int tell(void *context, const struct event *event)
{
    struct events *events = context;

    if (!events->begun || !http_stream_goes_on(events->stream))
        return ENOUGH;
    return event->action == EVENT_TRACE_GAP ? tell_gap(events, event) : tell_mail(events, event);
}

/* ---- what else there is to say ---- */

static void open_notice(struct events *events, struct json *json, const char *action)
{
    json_init(json, &events->text);
    json_begin_object(json);
    json_member_text(json, "object", "notice");
    json_member_text(json, "action", action);
}

static void send_notice(struct events *events, struct json *json, const char *action)
{
    json_end_object(json);
    (void)send(events, action); /* that it is cut, the next look tells */
}

static void tell_behind(void *context, const struct live_behind *behind)
{
    struct events *events = context;
    struct json json;

    events->told_before = events->told;
    open_notice(events, &json, "trace.behind");
    waybill_json_time(&json, "since", behind->since);
    json_member_bool(&json, "gone", behind->gone);
    send_notice(events, &json, "trace.behind");
}

static void tell_rebuilt(void *context, const struct live_behind *behind)
{
    struct events *events = context;
    struct json json;

    open_notice(events, &json, "trace.rebuilt");
    waybill_json_time(&json, "since", behind->since);
    json_member_number(&json, "told", (int64_t)(events->told - events->told_before));
    json_member_bool(&json, "incomplete", behind->unread > 0);
    send_notice(events, &json, "trace.rebuilt");
}

static void tell_partly(void *context, const char *why)
{
    struct events *events = context;
    struct json json;

    if (why != NULL && !access_is_whole(&events->asker->access))
        why = "a part of the store cannot be read now";
    open_notice(events, &json, "trace.partly");
    json_member_text(&json, "incomplete", why);
    send_notice(events, &json, "trace.partly");
}

static void tell_lost(struct events *events, bool lost)
{
    struct json json;

    if (events->lost == lost)
        return;
    events->lost = lost;
    open_notice(events, &json, "trace.lost");
    json_member_bool(&json, "lost", lost);
    send_notice(events, &json, "trace.lost");
}

/* ---- the course ---- */

static struct live_watcher watcher_of(struct events *events)
{
    return (struct live_watcher){.context = events,
                                 .event = tell,
                                 .behind = tell_behind,
                                 .rebuilt = tell_rebuilt,
                                 .partly = tell_partly};
}

/* False: who asked may not any more. */
static bool look_again(struct events *events)
{
    int64_t now = clock_monotonic();

    if (now < events->look)
        return true;
    events->look = now + LOOK_MS;
    return http_know_again(events->asker, events->request, &events->lens, &events->query) != 0;
}

static bool follow_on(struct events *events)
{
    const struct live_watcher watcher = watcher_of(events);
    struct error why;
    int result = live_next(events->live, WAIT_MS, &watcher, &why);

    sight_drop(&events->sight);
    tell_lost(events, result == STORE_FAILED);
    if (clock_monotonic() >= events->beat)
        (void)send(events, "nothing");
    http_stream_flush(events->stream);
    return result != ENOUGH && look_again(events) &&
           http_stream_sleep(events->stream, result == STORE_FAILED ? WAIT_MS : REST_MS);
}

/* From the place of now on nothing is missed. */
static bool begin(struct events *events)
{
    char words[64];

    events->reply->type = "text/event-stream";
    events->begun = http_stream_begin(events->stream);
    if (!events->begun)
        return false;
    events->look = clock_monotonic() + LOOK_MS;
    snprintf(words, sizeof words, "retry: %lld\n", (long long)RETRY_MS);
    return http_stream_put(events->stream, words, strlen(words)) && send(events, "begun") == GO_ON;
}

static bool note(struct events *events, const char *what)
{
    struct slice id = http_argument(events->request, "id");

    events->asker->now = clock_now();
    return http_note(events->asker, events->reply, what,
                     id.at != NULL ? id : http_argument(events->request, "q"), events->told);
}

static void follow(struct events *events)
{
    if (!note(events, "follow") || !begin(events))
        return;
    while (follow_on(events))
        continue;
    if (http_stream_goes_on(events->stream))
        http_stream_complete(events->stream);
    if (events->told > 0)
        (void)note(events, "followed");
}

/* ---- the request ---- */

/* The mail that alone is asked for, in the same words as where it is asked for its record. */
static bool read_mail(struct events *events)
{
    struct slice words = http_argument(events->request, "id");
    struct http_asker *asker = events->asker;
    struct waybill waybill;
    struct error why;
    int found = 0;

    if (words.at == NULL)
        return true;
    if (id_parse(words, &events->sight.only))
        found = access_one(asker->store, &asker->access, events->sight.only,
                           asker->basis.queue_lifetime, &waybill, &why);
    if (found == 1) {
        waybill_clear(&waybill);
        return true;
    }
    if (found < 0 && store_last_trouble(asker->store) != STORE_FINE)
        http_store_problem(events->reply, &why);
    else
        http_no_such_mail(events->reply);
    return false;
}

/* What a browser knows is later than what the page asked for when it began. */
static bool read_place(struct events *events)
{
    struct slice cursor = events->request->headers[HTTP_HEADER_LAST_EVENT_ID];
    const struct live_watcher watcher = watcher_of(events);
    struct http_asker *asker = events->asker;
    struct error why;

    if (cursor.at == NULL || cursor.size == 0)
        cursor = http_argument(events->request, "after");
    if (live_open(&events->live, asker->store, asker->settings, cursor, asker->cursor_key, &why) !=
        0) {
        http_problem(events->reply, 400, why.text);
        return false;
    }
    /* What is told before it has begun counts as not told. */
    if (cursor.at != NULL || live_next(events->live, 0, &watcher, &why) != STORE_FAILED)
        return true;
    http_store_problem(events->reply, &why);
    return false;
}

static bool read_request(struct events *events)
{
    if (!http_read_words(events->asker, events->request, events->reply, &events->query) ||
        !read_mail(events) || !read_place(events))
        return false;
    events->query.since = 0; /* what happens now may be of an old mail */
    events->query.until = INT64_MAX;
    return true;
}

static void run(struct http_stream *stream, struct http_asker *asker,
                const struct http_request *request, struct http_reply *reply)
{
    struct events events = {
        .stream = stream, .asker = asker, .request = request, .reply = reply};

    query_init(&events.query);
    access_lens_init(&events.lens, &asker->access);
    events.query.lens = &events.lens.lens;
    events.sight.store = asker->store;
    events.sight.query = &events.query;
    buffer_init(&events.text, TOLD_MAX);
    if (read_request(&events))
        follow(&events);
    sight_drop(&events.sight);
    live_close(&events.live);
    buffer_free(&events.text);
    query_clear(&events.query);
}

void http_events(struct http_asker *asker, const struct http_request *request,
                 struct http_reply *reply)
{
    (void)request;
    http_stream_start(asker, reply, STREAM_EVENTS, run);
}
