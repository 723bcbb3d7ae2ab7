/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stats: the command that counts: what became of the mails, what was watched, what was lost.
 */
#include "command.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../unknown.h"
#include "asked.h"
#include "coverage.h"
#include "groups.h"
#include "out.h"
#include "unclassified.h"
#include "waybill/cause.h"
#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/json.h"
#include "waybill/waybill_json.h"

#define COUNTERS_MAX 200
#define SCAN_MAX 1000000 /* mails counted where no term narrows the search */

struct counter {
    char name[64];
    uint64_t value;
};

struct stats {
    int64_t since, until;
    uint64_t mails, refused, recipients;
    uint64_t states[STATE_COUNT];
    uint64_t reasons[REASON_COUNT]; /* of failed, expired and delayed recipients */
    struct unknown *unknown;        /* NULL: not asked for */
    const struct phrasebook *book;
    const struct query *query;
    struct query_answer answer; /* how far the count came */
    struct buffer coverage;
    struct counter counters[COUNTERS_MAX];
    size_t counter_count;
};

static void count_reason(struct stats *stats, const struct waybill *waybill,
                         const struct recipient *recipient)
{
    struct cause cause;

    if (!cause_wanted(recipient->state) || recipient->state == STATE_REJECTED)
        return;
    cause_find(stats->book, waybill, recipient, &cause);
    stats->reasons[cause.reason]++;
    if (stats->unknown != NULL && cause.reason == REASON_UNDEFINED)
        unknown_add(stats->unknown, cause.words);
}

static int count_waybill(void *context, struct waybill *waybill)
{
    struct stats *stats = context;

    stats->mails++;
    stats->refused += waybill_refused(waybill) ? 1 : 0;
    for (size_t i = 0; i < waybill->recipient_count; i++) {
        if (!query_fits_recipient(stats->query, waybill, &waybill->recipients[i]))
            continue;
        stats->recipients++;
        stats->states[waybill->recipients[i].state]++;
        count_reason(stats, waybill, &waybill->recipients[i]);
    }
    waybill_clear(waybill);
    return 0;
}

static void keep_counter(void *context, const char *name, uint64_t value)
{
    struct stats *stats = context;
    struct counter *counter = &stats->counters[stats->counter_count];

    if (stats->counter_count >= COUNTERS_MAX)
        return;
    snprintf(counter->name, sizeof counter->name, "%s", name);
    counter->value = value;
    stats->counter_count++;
}

static int counter_compare(const void *a, const void *b)
{
    return strcmp(((const struct counter *)a)->name, ((const struct counter *)b)->name);
}

static int gather(const struct cli *cli, struct stats *stats, struct error *why)
{
    struct query all = cli->query;
    struct error away;
    int result;

    all.limit = SIZE_MAX - 1;
    stats->query = &cli->query;
    stats->since = all.since;
    stats->until = all.until < cli->now ? all.until : cli->now;
    if (query_each(cli->store, &all, count_waybill, stats, &stats->answer, why) != 0 ||
        query_coverage(cli->store, stats->since, stats->until, NULL, &stats->coverage, why) != 0)
        return -1;
    result = store_get_counters(cli->store, stats->since, stats->until, keep_counter, stats, why);
    if (result != 0 && store_last_trouble(cli->store) == STORE_PARTLY) {
        stats->answer.partly = true;
        stats->answer.away = *why;
        result = 0;
    }
    if (store_unanswered(cli->store, &away) > 0 && !stats->answer.partly) {
        stats->answer.partly = true;
        stats->answer.away = away;
    }
    qsort(stats->counters, stats->counter_count, sizeof stats->counters[0], counter_compare);
    return result;
}

/* ---- for people ---- */

/* The most frequent first. */
static void print_reasons(const struct stats *stats)
{
    uint64_t left[REASON_COUNT];
    char number[32];

    memcpy(left, stats->reasons, sizeof left);
    for (;;) {
        int most = 0;
        for (int reason = 1; reason < REASON_COUNT; reason++)
            if (left[reason] > left[most])
                most = reason;
        if (left[most] == 0)
            return;
        out_number(left[most], number);
        printf("  %10s  %-15s %s\n", number, reason_word((enum reason)most),
               reason_text((enum reason)most));
        left[most] = 0;
    }
}

static void print_why(const struct cli *cli, const struct stats *stats)
{
    if (stats->states[STATE_FAILED] + stats->states[STATE_EXPIRED] +
            stats->states[STATE_DELAYED] == 0)
        return;
    putchar('\n');
    out_heading(cli, "Why they failed or are delayed");
    print_reasons(stats);
    if (stats->reasons[REASON_UNDEFINED] > 0)
        puts("  waybill stats --unclassified lists the words that no rule knows.");
}

/* What the counters mean; others are printed by their names. */
static const struct {
    const char *name, *text;
} meanings[] = {
    {"sessions", "SMTP sessions seen by the milter"},
    {"messages", "mails that began (MAIL)"},
    {"messages_queued", "mails taken to their end"},
    {"messages_abandoned", "mails that the client left unfinished"},
    {"recipients", "recipients taken"},
    {"refused", "refusals"},
    {"eom_late", "mails answered before the journal had them"},
    {"answers", "answers of ours to the mail server"},
    {"answers_over_100ms", "of these, answers that took longer than 100 ms"},
    {"answers_over_1s", "of these, answers that took longer than 1 s"},
    {"answer_slowest_us", "microseconds that the slowest answer took"},
    {"reports_bounces", "bounces, delay warnings and success reports read"},
    {"reports_complaints", "complaints read"},
    {"reports_receipts", "receipts read"},
    {"reports_autoreplies", "automatic answers read"},
    {"reports_partial", "reports that could be read in part only"},
    {"reports_unread", "mails that passed unread for want of memory"},
    {"stamped", "mails that got an envelope id of ours"},
    {"stamp_failures", "envelope ids that could not be set"},
    {"journal_appended", "facts written to the journal"},
    {"journal_lost", "facts lost"},
    {"journal_write_failures", "writes to the journal that failed"},
    {"journal_sync_failures", "syncs of the journal that failed"},
    {"journal_torn_tails", "torn ends of the journal that were cut"},
    {"journal_quarantined", "damaged parts of the journal that were put aside"},
    {"log_lines", "log lines read"},
    {"log_facts", "facts made of them"},
    {"log_not_understood", "log lines that name a mail and were not understood"},
    {"log_too_long", "log lines that were too long"},
    {"log_gaps", "gaps in the log"},
    {"ship_facts", "facts brought into the store"},
    {"ship_retries", "writes to the store that were tried again"},
    {"ship_rewinds", "times that another run of Redis was sent the last minute again"},
    {"ship_shed_days", "days that were given up because Redis was full"},
    {"ship_orphans", "facts of which no mail was found"},
    {"ship_over_limit", "facts for which the record of their mail had no room"},
    {"ship_refused_over", "refused mails that were only counted, for their client had too many"},
    {"ship_unread", "lines of the journal that this version cannot read"},
    {"ship_reports_matched", "recipients in reports whose mail was found"},
    {"ship_reports_unmatched", "recipients in reports of which no mail was found"},
    {"ship_reports_unasked", "of these, from strangers who sent too many to look for"},
};

static const char *meaning(const char *name)
{
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (strcmp(meanings[i].name, name) == 0)
            return meanings[i].text;
    return name;
}

static void print_counters(const struct cli *cli, const struct stats *stats)
{
    char number[32];

    if (stats->counter_count == 0)
        return;
    putchar('\n');
    out_heading(cli, "Counters of the mail servers");
    for (size_t i = 0; i < stats->counter_count; i++) {
        struct buffer name;
        buffer_init(&name, 1024);
        escape_terminal(&name, slice_of(meaning(stats->counters[i].name)));
        out_number(stats->counters[i].value, number);
        printf("  %10s  %s\n", number, name.data);
        buffer_free(&name);
    }
}

static void print_stats(const struct cli *cli, const struct stats *stats)
{
    char since[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE], line[96];
    char mails[32], recipients[32], refused[32];

    clock_text(stats->since, 0, since);
    clock_text(stats->until, 0, until);
    snprintf(line, sizeof line, "Mails from %.16s to %.16s", since, until);
    out_heading(cli, line);
    out_number(stats->mails, mails);
    out_number(stats->recipients, recipients);
    out_number(stats->refused, refused);
    printf("  %10s  mails, of which %s never got past the door\n", mails, refused);
    printf("  %10s  recipients:\n", recipients);
    out_states(cli, stats->states, 10);
    if (stats->answer.bounded) {
        clock_text(stats->answer.scanned_until, 0, since);
        printf("  The count stopped at its bound of %d mails and came to %s.\n", SCAN_MAX, since);
    }
    print_why(cli, stats);
    putchar('\n');
    out_heading(cli, "Who was watching");
    out_lines(stdout, stats->coverage.data);
    print_counters(cli, stats);
}

/* ---- for programs ---- */

static void put_reasons(struct json *json, const struct stats *stats)
{
    json_member_object(json, "reasons");
    for (int reason = 0; reason < REASON_COUNT; reason++) {
        if (stats->reasons[reason] == 0)
            continue;
        json_member_number(json, reason_word((enum reason)reason), (int64_t)stats->reasons[reason]);
    }
    json_end_object(json);
}

static void put_counters(struct json *json, const struct stats *stats)
{
    json_member_object(json, "counters");
    for (size_t i = 0; i < stats->counter_count; i++) {
        json_member_number(json, stats->counters[i].name, (int64_t)stats->counters[i].value);
    }
    json_end_object(json);
}

static int print_json(const struct stats *stats, struct error *why)
{
    struct buffer line;
    struct json json;
    int result;

    buffer_init(&line, 1 << 20);
    json_init(&json, &line);
    json_begin_object(&json);
    json_member_text(&json, "object", "stats");
    waybill_json_time(&json, "since", stats->since);
    waybill_json_time(&json, "until", stats->until);
    json_member_number(&json, "mails", (int64_t)stats->mails);
    json_member_number(&json, "refused_mails", (int64_t)stats->refused);
    json_member_number(&json, "recipients", (int64_t)stats->recipients);
    waybill_json_states(&json, stats->states);
    put_reasons(&json, stats);
    json_member_number(&json, "unreadable", (int64_t)stats->answer.unreadable);
    json_member_bool(&json, "bounded", stats->answer.bounded);
    waybill_json_time(&json, "scanned_until", stats->answer.scanned_until);
    json_member_text(&json, "incomplete", stats->answer.partly ? stats->answer.away.text : NULL);
    waybill_json_coverage(&json, stats->coverage.data);
    put_counters(&json, stats);
    json_end_object(&json);
    result = out_line(&line, why);
    buffer_free(&line);
    return result;
}

/* The exit code. */
static int answer(const struct cli *cli, struct stats *stats)
{
    struct unclassified asked = {stats->unknown, stats->since, stats->until, stats->answer.bounded,
                                 stats->answer.scanned_until};

    if (cli->request.json) {
        struct error why;

        if ((stats->unknown != NULL ? unclassified_json(&asked, &why)
                                    : print_json(stats, &why)) != 0) {
            complain("%s", why.text);
            return CLI_UNREACHABLE;
        }
    } else if (stats->unknown != NULL) {
        unclassified_print(cli, &asked);
    } else {
        print_stats(cli, stats);
    }
    complain_unreadable(&stats->answer, "not counted");
    complain_partly(&stats->answer);
    if (stats->unknown != NULL && unknown_total(stats->unknown) == 0 && !cli->request.json) {
        puts("Who was watching:");
        out_lines(stdout, stats->coverage.data);
    }
    if (stats->unknown != NULL)
        return unknown_total(stats->unknown) > 0 ? CLI_FOUND : CLI_NOTHING;
    return stats->mails > 0 ? CLI_FOUND : CLI_NOTHING;
}

int stats_run(struct cli *cli)
{
    struct stats *stats;
    struct error why;
    int code;

    cli->query.scan_most = SCAN_MAX;
    if (cli->request.coverage)
        return coverage_run(cli, cli->query.since,
                            cli->query.until < cli->now ? cli->query.until : cli->now);
    if (cli->request.by != NULL)
        return groups_run(cli);
    if (cli->remote != NULL) {
        complain("over the API stats needs --by or --coverage; all else needs the store itself");
        return CLI_USAGE;
    }
    stats = calloc(1, sizeof *stats);

    if (stats == NULL || (cli->request.unclassified && unknown_new(&stats->unknown, &why) != 0)) {
        complain("cannot count: no memory");
        free(stats);
        return CLI_UNREACHABLE;
    }
    stats->book = cli->book;
    buffer_init(&stats->coverage, 1 << 20);
    code = gather(cli, stats, &why) == 0 ? answer(cli, stats) : complain_store(cli, &why);
    buffer_free(&stats->coverage);
    unknown_free(&stats->unknown);
    free(stats);
    return code;
}
