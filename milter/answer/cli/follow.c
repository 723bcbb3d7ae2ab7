/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow: the command that watches the event streams. What an event is about is the business of
 * sight; what was missed, and where to go on, that of live.
 */
#include "command.h"
#include "gap.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "../sight.h"
#include "asked.h"
#include "coverage.h"
#include "out.h"
#include "waybill/clock.h"
#include "waybill/id.h"
#include "waybill/json.h"
#include "waybill/live.h"

#define WAIT_MS 500

/* What an event answers to live. */
enum { GO_ON = 0, STORE_FAILED = -1, ENOUGH = 1 };

struct follow {
    const struct cli *cli;
    struct live *live;
    size_t shown, shown_before; /* before it fell behind */
    bool fell;   /* behind, once */
    bool behind; /* and is not yet through with what it missed */
    bool lost; /* the store is away, and that was said */
    int64_t end; /* clock_monotonic; 0: until Ctrl-C */
    struct error why; /* of STORE_FAILED out of an event */
    struct sight sight;
};

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

static void print_event(const struct cli *cli, const struct sight_told *told)
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

static void print_line(struct buffer *line)
{
    struct error why;

    if (out_line(line, &why) != 0)
        complain("%s", why.text);
    buffer_free(line);
}

static void show(struct follow *follow, const struct sight_told *told)
{
    char cursor[LIVE_CURSOR_SIZE];
    struct buffer line;
    struct json json;

    follow->shown++;
    if (!follow->cli->request.json) {
        print_event(follow->cli, told);
        return;
    }
    (void)live_cursor(follow->live, cursor);
    buffer_init(&line, 16u << 20);
    json_init(&json, &line);
    sight_json_mail(&json, told, &follow->cli->basis, cursor);
    print_line(&line);
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
    print_line(&line);
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

    if (stopped || ferror(stdout) || (follow->end != 0 && clock_monotonic() >= follow->end))
        return ENOUGH;
    return event->action == EVENT_TRACE_GAP ? tell_gap(follow, event) : tell_mail(follow, event);
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
    sight_drop(&follow->sight);
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
    if (follow->shown == 0 && !ferror(stdout) &&
        coverage_tell(follow->cli, began, clock_now(), stderr, &why) != 0)
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
    struct follow follow = {.cli = cli, .sight = {.store = cli->store, .query = &cli->query}};
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
