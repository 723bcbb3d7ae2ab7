/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow: the command that watches the event streams. An event names a waybill and a recipient by
 * numbers only; the record is fetched for the words. A replay of the writer emits events again,
 * with the same ids; those told lately are not told twice.
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
#include "waybill/waybill_json.h"

#define WAIT_MS 500
#define TOLD_MAX 4096    /* event ids remembered; a power of two */
#define BATCH_MAX 10000  /* events taken from one read */

struct follow {
    const struct cli *cli;
    const struct query *query;
    struct event batch[BATCH_MAX];
    size_t count, dropped;
    uint64_t told[TOLD_MAX]; /* a ring */
    size_t told_at;
    size_t shown;
    bool lost; /* the store is away, and that was said */
};

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

static bool is_told(const struct follow *follow, uint64_t id)
{
    for (size_t i = 0; i < TOLD_MAX; i++)
        if (follow->told[i] == id)
            return true;
    return false;
}

static void take_event(void *context, const struct event *event)
{
    struct follow *follow = context;

    if (is_told(follow, event->id))
        return;
    if (follow->count >= BATCH_MAX) {
        follow->dropped++;
        return;
    }
    follow->told[follow->told_at] = event->id;
    follow->told_at = (follow->told_at + 1) % TOLD_MAX;
    follow->batch[follow->count++] = *event;
}

static int event_compare(const void *a, const void *b)
{
    const struct event *x = a, *y = b;

    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
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
                             const struct waybill *waybill, const struct recipient *recipient)
{
    struct buffer line;
    struct json json;

    buffer_init(&line, 16u << 20);
    json_init(&json, &line);
    json_begin_object(&json);
    waybill_json_event(&json, event);
    waybill_json_id(&json, waybill->id);
    json_put_key(&json, "sequence");
    json_put_number(&json, event->sequence);
    json_put_key(&json, "reporting_mta");
    json_put_string(&json, waybill->host);
    json_put_key(&json, "queue_id");
    json_put_string(&json, waybill->queue_id);
    json_put_key(&json, "sender");
    json_put_string(&json, waybill->from);
    json_put_key(&json, "recipient");
    if (recipient != NULL)
        waybill_json_recipient(&json, waybill, recipient, &cli->basis);
    else
        json_put_null(&json);
    json_end_object(&json);
    if (!line.failed)
        puts(line.data);
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

static int tell(struct follow *follow, const struct event *event, struct error *why)
{
    struct waybill waybill;
    const struct recipient *recipient;
    struct recipient then;

    /* A gap is of no mail, and may have hidden any: only a wish for states leaves it out. */
    if (event->action == EVENT_TRACE_GAP)
        return asks_outcome(follow->query) ? 0 : gap_tell(follow->cli, event, why);
    int result = query_one(follow->cli->store, event->waybill,
                           follow->cli->basis.queue_lifetime, &waybill, why);

    if (result < 0 && store_last_trouble(follow->cli->store) == STORE_FINE) {
        complain("%s", why->text);
        return 0;
    }
    if (result <= 0)
        return result;
    recipient = recipient_of(&waybill, event);
    if (recipient != NULL) {
        then = *recipient;
        turn_back(&waybill, event, &then);
        recipient = &then;
    }
    if (wants(follow->query, &waybill, recipient)) {
        if (follow->cli->request.json)
            print_event_json(follow->cli, event, &waybill, recipient);
        else
            print_event(follow->cli, event, &waybill, recipient);
        follow->shown++;
    }
    waybill_clear(&waybill);
    return 0;
}

static int tell_batch(struct follow *follow, struct error *why)
{
    int result = 0;

    qsort(follow->batch, follow->count, sizeof follow->batch[0], event_compare);
    for (size_t i = 0; i < follow->count && result == 0 && !ferror(stdout); i++)
        result = tell(follow, &follow->batch[i], why);
    if (follow->dropped > 0)
        complain("%zu events came too fast and are not shown", follow->dropped);
    follow->count = 0;
    follow->dropped = 0;
    fflush(stdout);
    return result;
}

static void say_lost(struct follow *follow, const struct error *why)
{
    if (!follow->lost)
        complain("%s; trying again", why->text);
    follow->lost = true;
    clock_sleep(WAIT_MS);
}

static int watch(struct follow *follow)
{
    int64_t seconds = follow->cli->request.seconds;
    int64_t end = clock_monotonic() + seconds * SECOND_MS, began = clock_now();
    struct store_cursor cursor;
    struct error why;

    store_cursor_now(&cursor);
    while (!stopped && !ferror(stdout)) {
        int64_t wait = WAIT_MS;

        if (seconds > 0 && end - clock_monotonic() < wait)
            wait = end - clock_monotonic();
        if (wait <= 0)
            break;
        if (store_read_events(follow->cli->store, &cursor, wait, take_event, follow, &why) != 0 ||
            tell_batch(follow, &why) != 0) {
            if (!stopped)
                say_lost(follow, &why);
            continue;
        }
        if (follow->lost)
            complain("the store is back");
        follow->lost = false;
    }
    if (follow->lost)
        return CLI_UNREACHABLE;
    if (follow->shown == 0 && !ferror(stdout) &&
        coverage_tell(follow->cli, began, clock_now(), stderr, &why) != 0)
        return CLI_UNREACHABLE;
    return follow->shown > 0 ? CLI_FOUND : CLI_NOTHING;
}

int follow_run(struct cli *cli)
{
    struct follow *follow = calloc(1, sizeof *follow);
    struct sigaction action = {.sa_handler = stop};
    int code;

    if (follow == NULL) {
        complain("cannot follow: no memory");
        return CLI_UNREACHABLE;
    }
    follow->cli = cli;
    cli->query.since = 0; /* what happens now may be of an old mail */
    cli->query.until = INT64_MAX;
    follow->query = &cli->query;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    code = watch(follow);
    free(follow);
    return code;
}
