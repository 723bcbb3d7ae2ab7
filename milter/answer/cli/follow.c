/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow: the command that watches the event streams. What an event is about is the business of
 * sight; what was missed, and where to go on, that of live.
 */
#include "follow.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "asked.h"
#include "coverage.h"
#include "gap.h"
#include "out.h"
#include "waybill/clock.h"
#include "waybill/id.h"
#include "waybill/json.h"
#include "waybill/live.h"

/* What an event answers to live. */
enum { GO_ON = 0, STORE_FAILED = -1, ENOUGH = 1 };

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

static const char *action_colour(enum event_action action)
{
    int state = event_state(action);

    return state >= 0 ? out_state_colour((enum recipient_state)state) : "cyan";
}

void follow_print(const struct cli *cli, const struct sight_told *told)
{
    const struct recipient *recipient = told->recipient;
    const struct event *event = told->event;
    char when[CLOCK_TEXT_SIZE], code[ID_CODE_SIZE];
    struct buffer words;

    buffer_init(&words, 65536);
    clock_text(event->time, 0, when);
    id_code(told->waybill->id, code);
    out_address(&words, told->waybill->from);
    if (recipient != NULL) {
        buffer_add_text(&words, " -> ");
        out_address(&words, recipient->address);
        if (recipient->reply.at != NULL) {
            buffer_add_text(&words, "  ");
            out_said(cli, &words, recipient);
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

/* ---- an event ---- */

void follow_print_line(struct buffer *line)
{
    struct error why;

    if (out_line(line, &why) != 0)
        complain("%s", why.text);
    buffer_free(line);
}

bool follow_is_enough(const struct follow *follow)
{
    return stopped || ferror(stdout) ||
           (follow->end != 0 && clock_monotonic() >= follow->end);
}

static void show(struct follow *follow, const struct sight_told *told)
{
    char cursor[LIVE_CURSOR_SIZE];
    struct buffer line;
    struct json json;

    follow->shown++;
    if (!follow->cli->request.json) {
        follow_print(follow->cli, told);
        return;
    }
    (void)live_cursor(follow->live, cursor);
    buffer_init(&line, 16u << 20);
    json_init(&json, &line);
    sight_json_mail(&json, told, &follow->cli->basis, cursor);
    follow_print_line(&line);
}

static void show_gap(struct follow *follow, const struct event *event, const struct store_gap *gap)
{
    char cursor[LIVE_CURSOR_SIZE];
    struct buffer line;
    struct json json;

    if (!follow->cli->request.json) {
        gap_print(follow->cli, gap);
        return;
    }
    (void)live_cursor(follow->live, cursor);
    buffer_init(&line, 65536);
    json_init(&json, &line);
    sight_json_gap(&json, event, gap, cursor);
    follow_print_line(&line);
}

static int tell_mail(struct follow *follow, const struct event *event)
{
    struct sight_told told;

    switch (sight_mail(&follow->sight, event, &told, &follow->why)) {
    case SIGHT_FAILED:
        return STORE_FAILED;
    case SIGHT_UNREADABLE:
        complain("%s", follow->why.text);
        follow->why.text[0] = '\0';
        break;
    case SIGHT_WANTED:
        show(follow, &told);
        break;
    case SIGHT_NOT_WANTED:
        break;
    }
    return GO_ON;
}

static int tell_gap(struct follow *follow, const struct event *event)
{
    struct store_gap gap;
    enum sight_result result = sight_gap(&follow->sight, event, &gap, &follow->why);

    if (result == SIGHT_WANTED)
        show_gap(follow, event, &gap);
    return result == SIGHT_FAILED ? STORE_FAILED : GO_ON;
}

static int tell(void *context, const struct event *event)
{
    struct follow *follow = context;

    if (follow_is_enough(follow))
        return ENOUGH;
    return event->action == EVENT_TRACE_GAP ? tell_gap(follow, event) : tell_mail(follow, event);
}

/* ---- what else there is to say ---- */

void follow_say_behind(void *context, const struct live_behind *behind)
{
    struct follow *follow = context;

    (void)behind;
    follow->shown_before = follow->shown;
    follow->behind = follow->fell = true;
}

void follow_say_rebuilt(void *context, const struct live_behind *behind)
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
             behind->unread > 0 ? "; " : "",
             behind->unread == UINT64_MAX ? "some"
             : behind->unread > 0         ? unread
                                          : "",
             behind->unread > 0 ? " records could not be read" : "");
}

void follow_say_partly(void *context, const char *why)
{
    (void)context;
    if (why != NULL)
        complain("%s; what is there is told when it is back", why);
    else
        complain("all of the store is back");
}

void follow_say_lost(struct follow *follow, const struct error *why)
{
    if (!follow->lost)
        complain("%s; trying again", why->text);
    follow->lost = true;
}

static bool place(const struct follow *follow, char cursor[static LIVE_CURSOR_SIZE])
{
    if (follow->live != NULL)
        return live_cursor(follow->live, cursor);
    snprintf(cursor, LIVE_CURSOR_SIZE, "%s", follow->there.place);
    return cursor[0] != '\0';
}

static void say_where_to_go_on(const struct follow *follow)
{
    char cursor[LIVE_CURSOR_SIZE];

    if (follow->behind)
        complain("fell behind, and stopped before all that was missed was told");
    /* A program has it from the last line, unless that was told while it did not move. */
    if ((!follow->cli->request.json || follow->fell) && place(follow, cursor))
        complain("go on with: waybill follow --after %s", cursor);
}

/* ---- the command ---- */

static int next(struct follow *follow, int64_t wait)
{
    const struct live_watcher watcher = {.context = follow,
                                         .event = tell,
                                         .behind = follow_say_behind,
                                         .rebuilt = follow_say_rebuilt,
                                         .partly = follow_say_partly};
    struct error why;
    int result;

    follow->why.text[0] = '\0';
    result = live_next(follow->live, wait, &watcher, &why);
    sight_drop(&follow->sight);
    fflush(stdout);
    if (result != STORE_FAILED) {
        if (follow->lost)
            complain("the store is back");
        follow->lost = false;
    } else if (!stopped) {
        follow_say_lost(follow, follow->why.text[0] != '\0' ? &follow->why : &why);
        clock_sleep(WAIT_MS);
    }
    return result;
}

static int watch_store(struct follow *follow)
{
    while (!follow_is_enough(follow)) {
        int64_t wait = WAIT_MS;

        if (follow->end != 0 && follow->end - clock_monotonic() < wait)
            wait = follow->end - clock_monotonic();
        if (wait <= 0 || next(follow, wait) == ENOUGH)
            break;
    }
    return CLI_FOUND;
}

static int watch(struct follow *follow)
{
    int64_t seconds = follow->cli->request.seconds, began = clock_now();
    struct query nothing = follow->cli->query;
    struct error why;
    int code;

    if (seconds > 0)
        follow->end = clock_monotonic() + seconds * SECOND_MS;
    code = follow->live == NULL ? follow_over_api(follow) : watch_store(follow);
    say_where_to_go_on(follow);
    if (code != CLI_FOUND)
        return code;
    if (follow->lost)
        return CLI_UNREACHABLE;
    nothing.since = began;
    nothing.until = clock_now();
    if (follow->shown == 0 && !ferror(stdout) &&
        coverage_tell(follow->cli, &nothing, stderr, &why) != 0)
        return CLI_UNREACHABLE;
    return follow->shown > 0 ? CLI_FOUND : CLI_NOTHING;
}

/* The mail that alone is asked for; 0: all. What blinded a witness is then not told. */
static uint64_t find_only(const struct query *query)
{
    for (size_t i = 0; i < query->count; i++)
        if (query->terms[i].field == QUERY_FIELD_ID && !query->terms[i].negated &&
            query->terms[i].count == 1)
            return query->terms[i].values[0].number;
    return 0;
}

static int start(struct follow *follow)
{
    const struct cli *cli = follow->cli;
    unsigned char room[32];
    const unsigned char *key = asked_key(cli, room);
    struct error why;

    follow->sight.only = follow->there.only = find_only(&cli->query);
    if (cli->remote != NULL)
        return 0;
    if (live_open(&follow->live, cli->store, cli->settings, slice_of(cli->request.live_after), key,
                  &why) == 0)
        return 0;
    complain("--after: %s", why.text);
    return -1;
}

int follow_run(struct cli *cli)
{
    struct follow follow = {
        .cli = cli,
        .sight = {.store = cli->store, .query = &cli->query},
        .there = {.query = &cli->query, .after = cli->request.live_after},
    };
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
