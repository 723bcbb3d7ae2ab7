/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * events: what happens at the other end, while it happens. Promise: as of all answers (transport),
 * and what has begun to come is told event by event, each bounded.
 */
#include <string.h>

#include "mail.h"
#include "sse.h"
#include "state.h"
#include "tree.h"
#include "waybill/id.h"

#define TURN_MS 250
#define WAIT_DEFAULT_MS 1000
#define WAIT_LEAST_MS 200
#define PATH_MAX_BYTES (1u << 20)

/* What an event answers to sse. */
enum { GO_ON = 0, STRANGE = -1, ENOUGH = 1 };

struct stream {
    struct remote *remote;
    struct remote_follow *follow;
    const struct remote_watcher *watcher;
    struct sse sse;
    struct live_behind behind; /* what it said of it first */
    bool begun;
    int result; /* of the last bytes */
};

/* ---- one event ---- */

static int action_of(struct slice word)
{
    for (int action = 0; action < EVENT_ACTION_COUNT; action++)
        if (word.at != NULL && slice_is(word, event_word((enum event_action)action)))
            return action;
    return -1;
}

static int tell_mail(struct stream *stream, const json_t *tree, const struct event *event,
                     struct buffer *line)
{
    const json_t *to = tree_get(tree, "recipient");
    struct waybill waybill = {.id = tree_id(tree),
                              .host = tree_string(tree, "reporting_mta"),
                              .queue_id = tree_string(tree, "queue_id"),
                              .from = tree_string(tree, "sender")};
    struct sight_told told = {.event = event, .waybill = &waybill};

    if (waybill.id == 0 || (to != NULL && !json_is_null(to) && !json_is_object(to)))
        return STRANGE;
    if (json_is_object(to)) {
        if (mail_read_recipient(to, &told.then) != 0)
            return STRANGE;
        told.recipient = &told.then;
    }
    stream->watcher->mail(stream->watcher->context, &told, line);
    return GO_ON;
}

static int tell_gap(struct stream *stream, const json_t *tree, const struct event *event,
                    struct buffer *line)
{
    int64_t node = tree_number(tree, "node", 0), lost = tree_number(tree, "lost", 0);
    struct store_gap gap = {.node = node > 0 && node < 1000 ? (unsigned)node : 0,
                            .from = event->time,
                            .until = tree_time(tree, "until"),
                            .count = lost > 0 ? (uint64_t)lost : 0};

    slice_copy(tree_string(tree, "witness"), gap.witness, sizeof gap.witness);
    slice_copy(tree_string(tree, "cause"), gap.cause, sizeof gap.cause);
    stream->watcher->gap(stream->watcher->context, &gap, line);
    return GO_ON;
}

static int tell_event(struct stream *stream, const json_t *tree)
{
    int action = action_of(tree_string(tree, "action")), result;
    struct event event = {.action = (enum event_action)action,
                          .time = tree_time(tree, "event_time")};
    struct buffer line;
    struct json json;

    if (action < 0 || event.time == 0)
        return STRANGE;
    buffer_init(&line, 2 * SSE_EVENT_MAX);
    json_init(&json, &line);
    tree_write(&json, tree);
    result = event.action == EVENT_TRACE_GAP ? tell_gap(stream, tree, &event, &line)
                                             : tell_mail(stream, tree, &event, &line);
    buffer_free(&line);
    return result;
}

/* A notice of a kind that is not known yet is none for us. */
static void tell_notice(struct stream *stream, const json_t *tree)
{
    const struct remote_watcher *watcher = stream->watcher;
    struct slice action = tree_string(tree, "action"), why = tree_string(tree, "incomplete");
    struct error words;

    if (action.at == NULL)
        return;
    if (slice_is(action, "trace.behind")) {
        stream->behind = (struct live_behind){.since = tree_time(tree, "since"),
                                              .gone = tree_bool(tree, "gone")};
        watcher->behind(watcher->context, &stream->behind);
    } else if (slice_is(action, "trace.rebuilt")) {
        stream->behind.since = tree_time(tree, "since");
        stream->behind.unread = tree_bool(tree, "incomplete") ? UINT64_MAX : 0;
        watcher->rebuilt(watcher->context, &stream->behind);
    } else if (slice_is(action, "trace.partly")) {
        error_set(&words, "%.*s", SLICE_ARGS(why));
        watcher->partly(watcher->context, why.at != NULL ? words.text : NULL);
    } else if (slice_is(action, "trace.lost")) {
        watcher->lost(watcher->context, tree_bool(tree, "lost"));
    }
}

static int tell(void *context, struct slice data)
{
    struct stream *stream = context;
    struct slice object;
    int result = GO_ON;
    json_t *tree;

    if (!stream->watcher->goes_on(stream->watcher->context))
        return ENOUGH;
    tree = tree_read(data);
    object = tree_string(tree, "object");
    if (object.at == NULL)
        result = STRANGE;
    else if (slice_is(object, "event"))
        result = tell_event(stream, tree);
    else if (slice_is(object, "notice"))
        tell_notice(stream, tree);
    json_decref(tree);
    /* Only what was told is behind us. */
    if (result == GO_ON)
        memcpy(stream->follow->place, stream->sse.place, sizeof stream->follow->place);
    return result;
}

/* ---- the bytes ---- */

static size_t take(char *data, size_t one, size_t size, void *context)
{
    struct stream *stream = context;

    curl_easy_getinfo(stream->remote->curl, CURLINFO_RESPONSE_CODE, &stream->remote->status);
    if (stream->remote->status != 200 || !stream->remote->is_stream)
        return remote_take_body(data, one, size, stream->remote);
    if (!stream->begun)
        stream->watcher->begun(stream->watcher->context);
    stream->begun = true;
    stream->result = sse_take(&stream->sse, slice_make(data, size), tell, stream);
    if (stream->result == GO_ON) /* a comment has a place, too */
        memcpy(stream->follow->place, stream->sse.place, sizeof stream->follow->place);
    return stream->result == GO_ON ? size : 0;
}

/* ---- the question ---- */

static int write_url(const struct stream *stream, struct buffer *url, struct error *why)
{
    const struct remote_follow *follow = stream->follow;
    struct buffer words;
    char id[ID_CODE_SIZE];

    buffer_add_text(url, stream->remote->place.base);
    buffer_add_text(url, "/api/v1/events");
    buffer_init(&words, PATH_MAX_BYTES);
    query_write(follow->query, true, &words);
    if (words.size > 0)
        remote_put_argument(url, "q", slice_make(words.data, words.size));
    if (words.failed)
        url->failed = true;
    buffer_free(&words);
    if (follow->only != 0) {
        id_code(follow->only, id);
        remote_put_argument(url, "id", slice_of(id));
    }
    if (follow->place[0] == '\0' && follow->after != NULL)
        remote_put_argument(url, "after", slice_of(follow->after));
    return url->failed ? error_set(why, "the question is too long") : 0;
}

static void set_up(struct stream *stream, const char *url, struct curl_slist *headers)
{
    CURL *curl = stream->remote->curl;

    remote_set_up(stream->remote, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, NULL); /* a packed event may wait for more */
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 0L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)REMOTE_SILENCE_SECONDS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, stream);
}

/* ---- the exchange ---- */

/* False: enough, before it ended by itself; else *code. */
static bool turn(struct stream *stream, CURLM *multi, CURLcode *code)
{
    const struct remote_watcher *watcher = stream->watcher;
    int running = 1, left;
    CURLMsg *message;

    while (running > 0) {
        if (!watcher->goes_on(watcher->context))
            return false;
        if (curl_multi_perform(multi, &running) != CURLM_OK ||
            (running > 0 && curl_multi_poll(multi, NULL, 0, TURN_MS, NULL) != CURLM_OK))
            break;
    }
    message = curl_multi_info_read(multi, &left);
    *code = message != NULL && message->msg == CURLMSG_DONE ? message->data.result
                                                             : CURLE_RECV_ERROR;
    return true;
}

static enum remote_ended read_end(struct stream *stream, CURLcode code, const char *words,
                                  struct error *why)
{
    struct remote *remote = stream->remote;
    int64_t wait = stream->sse.retry >= 0 ? stream->sse.retry : WAIT_DEFAULT_MS;
    bool is_busy;

    curl_easy_getinfo(remote->curl, CURLINFO_RESPONSE_CODE, &remote->status);
    if (remote->retry_after >= 0 && remote->retry_after <= REMOTE_WAIT_MAX)
        wait = remote->retry_after * 1000;
    stream->follow->wait = wait > WAIT_LEAST_MS ? wait : WAIT_LEAST_MS;
    if (stream->result == ENOUGH)
        return REMOTE_ENOUGH;
    if (stream->result == STRANGE)
        return (enum remote_ended)remote_is_strange(remote, why);
    if (stream->begun) {
        error_set(why, "the connection to the API was cut");
        return REMOTE_CUT;
    }
    if (code != CURLE_OK) {
        (void)remote_say_broken(remote, (int)code, words, why);
        return remote->body.failed ? REMOTE_FAILED : REMOTE_CUT;
    }
    if (remote->status == 200)
        return (enum remote_ended)remote_is_strange(remote, why);
    is_busy = remote->status == 429 || remote->status >= 500;
    (void)remote_tell_problem(remote, why);
    return is_busy ? REMOTE_CUT : REMOTE_FAILED;
}

static enum remote_ended exchange(struct stream *stream, const char *url, struct error *why)
{
    char place[LIVE_CURSOR_SIZE + 16], type[] = "Accept: text/event-stream";
    char words[CURL_ERROR_SIZE] = "";
    struct curl_slist accept = {.data = type, .next = stream->remote->headers};
    struct curl_slist last = {.data = place, .next = &accept};
    enum remote_ended ended = REMOTE_ENOUGH;
    CURLM *multi = curl_multi_init();
    CURLcode code;

    if (multi == NULL) {
        error_set(why, "cannot start libcurl");
        return REMOTE_FAILED;
    }
    snprintf(place, sizeof place, "Last-Event-ID: %s", stream->follow->place);
    remote_forget_answer(stream->remote);
    set_up(stream, url, stream->follow->place[0] != '\0' ? &last : &accept);
    curl_easy_setopt(stream->remote->curl, CURLOPT_ERRORBUFFER, words);
    curl_multi_add_handle(multi, stream->remote->curl);
    if (turn(stream, multi, &code))
        ended = read_end(stream, code, words, why);
    curl_multi_remove_handle(multi, stream->remote->curl);
    curl_easy_reset(stream->remote->curl); /* it shows into this call */
    curl_multi_cleanup(multi);
    return ended;
}

enum remote_ended remote_follow(struct remote *remote, struct remote_follow *follow,
                                const struct remote_watcher *watcher, struct error *why)
{
    struct stream stream = {.remote = remote, .follow = follow, .watcher = watcher};
    enum remote_ended ended = REMOTE_FAILED;
    struct buffer url;

    json_decref(remote->tree);
    remote->tree = NULL;
    sse_init(&stream.sse);
    slice_copy(slice_of(follow->place), stream.sse.place, sizeof stream.sse.place);
    sse_restart(&stream.sse);
    buffer_init(&url, PATH_MAX_BYTES);
    if (write_url(&stream, &url, why) == 0)
        ended = exchange(&stream, url.data, why);
    buffer_free(&url);
    sse_free(&stream.sse);
    return ended;
}
