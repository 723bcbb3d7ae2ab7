/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow: the command that watches the event streams. An event names a waybill and a recipient by
 * numbers only; the record is fetched for the words. What was missed, and where to go on, is the
 * business of live.
 */
#include "command.h"
#include "gap.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "asked.h"
#include "coverage.h"
#include "out.h"
#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/id.h"
#include "waybill/json.h"
#include "waybill/live.h"
#include "waybill/waybill_json.h"

#define WAIT_MS 500

/* What an event answers to live. */
enum { GO_ON = 0, STORE_FAILED = -1, ENOUGH = 1 };

struct follow {
    const struct cli *cli;
    const struct query *query;
    struct live *live;
    size_t shown, shown_before; /* before it fell behind */
    bool fell;   /* behind, once */
    bool behind; /* and is not yet through with what it missed */
    bool lost; /* the store is away, and that was said */
    int64_t end; /* clock_monotonic; 0: until Ctrl-C */
    struct error why; /* of STORE_FAILED out of an event */
    /* The mail of the last event, for the length of one live_next: the next is often of the same,
     * and a mail may have a thousand recipients. */
    bool kept;
    uint64_t kept_id;
    struct waybill waybill;
};

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

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

static const char *action_colour(enum event_action action)
{
    int state = event_state(action);

    return state >= 0 ? out_state_colour((enum recipient_state)state) : "cyan";
}

static void print_event(const struct cli *cli, const struct event *event,
                        const struct waybill *waybill, const struct recipient *recipient)
{
    char when[CLOCK_TEXT_SIZE], code[ID_CODE_SIZE];
    struct buffer words;

    buffer_init(&words, 65536);
    clock_text(event->time, 0, when);
    id_code(waybill->id, code);
    out_address(&words, waybill->from);
    if (recipient != NULL) {
        buffer_add_text(&words, " -> ");
        out_address(&words, recipient->address);
        if (recipient->reply.at != NULL) {
            buffer_add_text(&words, "  ");
            out_said(&words, recipient);
        }
    }
    printf("%s  %s  ", cli->terminal ? when + 11 : when, code);
    out_colour(cli, action_colour(event->action));
    printf("%-18s", event_word(event->action));
    out_plain(cli);
    if (cli->terminal && !words.failed && words.size > 0)
        out_cut(words.data, cli->width > 66 ? cli->width - 48 : 18);
    printf("  %s\n", words.data);
    buffer_free(&words);
}

static void print_event_json(const struct cli *cli, const struct event *event,
                             const struct waybill *waybill, const struct recipient *recipient,
                             const char *cursor)
{
    struct buffer line;
    struct json json;
    struct error why;

    buffer_init(&line, 16u << 20);
    json_init(&json, &line);
    json_begin_object(&json);
    waybill_json_event(&json, event);
    waybill_json_id(&json, waybill->id);
    json_member_number(&json, "sequence", event->sequence);
    json_member_string(&json, "reporting_mta", waybill->host);
    json_member_string(&json, "queue_id", waybill->queue_id);
    json_member_string(&json, "sender", waybill->from);
    json_put_key(&json, "recipient");
    if (recipient != NULL)
        waybill_json_recipient(&json, waybill, recipient, &cli->basis);
    else
        json_put_null(&json);
    json_member_text(&json, "cursor", cursor);
    json_end_object(&json);
    if (out_line(&line, &why) != 0)
        complain("%s", why.text);
    buffer_free(&line);
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

static void show(struct follow *follow, const struct event *event, const struct waybill *waybill,
                 const struct recipient *recipient)
{
    char cursor[LIVE_CURSOR_SIZE];

    (void)live_cursor(follow->live, cursor);
    if (follow->cli->request.json)
        print_event_json(follow->cli, event, waybill, recipient, cursor);
    else
        print_event(follow->cli, event, waybill, recipient);
    follow->shown++;
}

static int tell_gap(struct follow *follow, const struct event *event)
{
    char cursor[LIVE_CURSOR_SIZE];

    (void)live_cursor(follow->live, cursor);
    return gap_tell(follow->cli, event, cursor, &follow->why) == 0 ? GO_ON : STORE_FAILED;
}

static void drop_mail(struct follow *follow)
{
    if (follow->kept)
        waybill_clear(&follow->waybill);
    follow->kept = false;
}

/* As query_one. A record that is away is not one that is gone: its event waits with it, and all
 * that come after it, until the master is back. */
static int keep_mail(struct follow *follow, uint64_t id)
{
    int result;

    if (follow->kept && follow->kept_id == id)
        return 1;
    drop_mail(follow);
    store_read_partly(follow->cli->store, false);
    result = query_one(follow->cli->store, id, follow->cli->basis.queue_lifetime,
                       &follow->waybill, &follow->why);
    store_read_partly(follow->cli->store, true);
    follow->kept = result == 1;
    follow->kept_id = id;
    return result;
}

static int tell_mail(struct follow *follow, const struct event *event)
{
    const struct recipient *recipient;
    struct recipient then;
    int result = keep_mail(follow, event->waybill);

    if (result < 0 && store_last_trouble(follow->cli->store) == STORE_FINE) {
        complain("%s", follow->why.text);
        return GO_ON;
    }
    if (result <= 0)
        return result == 0 ? GO_ON : STORE_FAILED;
    recipient = recipient_of(&follow->waybill, event);
    if (recipient != NULL) {
        then = *recipient;
        turn_back(&follow->waybill, event, &then);
        recipient = &then;
    }
    if (wants(follow->query, &follow->waybill, recipient))
        show(follow, event, &follow->waybill, recipient);
    return GO_ON;
}

static int tell(void *context, const struct event *event)
{
    struct follow *follow = context;

    if (stopped || ferror(stdout) || (follow->end != 0 && clock_monotonic() >= follow->end))
        return ENOUGH;
    /* A gap is of no mail, and may have hidden any: only a wish for states leaves it out. */
    if (event->action != EVENT_TRACE_GAP)
        return tell_mail(follow, event);
    return asks_outcome(follow->query) ? GO_ON : tell_gap(follow, event);
}

/* ---- what else there is to say ---- */

static void say_behind(void *context, const struct live_behind *behind)
{
    struct follow *follow = context;

    (void)behind;
    follow->shown_before = follow->shown;
    follow->behind = follow->fell = true;
}

static void say_rebuilt(void *context, const struct live_behind *behind)
{
    struct follow *follow = context;
    char since[CLOCK_TEXT_SIZE], today[CLOCK_TEXT_SIZE], shown[32], unread[32];
    bool same_day;

    follow->behind = false;
    clock_text(behind->since, 0, since);
    clock_text(clock_now(), 0, today);
    same_day = strncmp(since, today, 10) == 0;
    since[16] = '\0'; /* "2026-11-22 10:03" */
    out_number(follow->shown - follow->shown_before, shown);
    out_number(behind->unread, unread);
    complain("fell behind%s: %s events since %s were told from the records%s%s%s",
             behind->gone ? " (event streams are gone)" : "", shown, same_day ? since + 11 : since,
             behind->unread > 0 ? "; " : "", behind->unread > 0 ? unread : "",
             behind->unread > 0 ? " records could not be read" : "");
}

static void say_partly(void *context, const char *why)
{
    (void)context;
    if (why != NULL)
        complain("%s; what is there is told when it is back", why);
    else
        complain("all of the store is back");
}

static void say_lost(struct follow *follow, const struct error *why)
{
    if (!follow->lost)
        complain("%s; trying again", why->text);
    follow->lost = true;
    clock_sleep(WAIT_MS);
}

static void say_where_to_go_on(const struct follow *follow)
{
    char cursor[LIVE_CURSOR_SIZE];

    if (follow->behind)
        complain("fell behind, and stopped before all that was missed was told");
    /* A program has it from the last line, unless that was told while it did not move. */
    if ((!follow->cli->request.json || follow->fell) && live_cursor(follow->live, cursor))
        complain("go on with: waybill follow --after %s", cursor);
}

/* ---- the command ---- */

static int next(struct follow *follow, int64_t wait)
{
    const struct live_watcher watcher = {.context = follow,
                                         .event = tell,
                                         .behind = say_behind,
                                         .rebuilt = say_rebuilt,
                                         .partly = say_partly};
    struct error why;
    int result;

    follow->why.text[0] = '\0';
    result = live_next(follow->live, wait, &watcher, &why);
    drop_mail(follow);
    fflush(stdout);
    if (result != STORE_FAILED) {
        if (follow->lost)
            complain("the store is back");
        follow->lost = false;
    } else if (!stopped) {
        say_lost(follow, follow->why.text[0] != '\0' ? &follow->why : &why);
    }
    return result;
}

static int watch(struct follow *follow)
{
    int64_t seconds = follow->cli->request.seconds, began = clock_now();
    struct query nothing = *follow->query;
    struct error why;

    if (seconds > 0)
        follow->end = clock_monotonic() + seconds * SECOND_MS;
    while (!stopped && !ferror(stdout)) {
        int64_t wait = WAIT_MS;

        if (follow->end != 0 && follow->end - clock_monotonic() < wait)
            wait = follow->end - clock_monotonic();
        if (wait <= 0 || next(follow, wait) == ENOUGH)
            break;
    }
    say_where_to_go_on(follow);
    if (follow->lost)
        return CLI_UNREACHABLE;
    nothing.since = began;
    nothing.until = clock_now();
    if (follow->shown == 0 && !ferror(stdout) &&
        coverage_tell(follow->cli, &nothing, stderr, &why) != 0)
        return CLI_UNREACHABLE;
    return follow->shown > 0 ? CLI_FOUND : CLI_NOTHING;
}

static int start(struct follow *follow)
{
    const struct cli *cli = follow->cli;
    unsigned char room[32];
    const unsigned char *key = asked_key(cli, room);
    struct error why;

    if (live_open(&follow->live, cli->store, cli->settings, slice_of(cli->request.live_after), key,
                  &why) == 0)
        return 0;
    complain("--after: %s", why.text);
    return -1;
}

int follow_run(struct cli *cli)
{
    struct follow follow = {.cli = cli, .query = &cli->query};
    struct sigaction action = {.sa_handler = stop};
    int code;

    cli->query.since = 0; /* what happens now may be of an old mail */
    cli->query.until = INT64_MAX;
    if (start(&follow) != 0)
        return CLI_USAGE;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    code = watch(&follow);
    live_close(&follow.live);
    return code;
}
