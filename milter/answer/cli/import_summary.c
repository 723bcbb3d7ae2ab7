/* SPDX-License-Identifier: BSD-2-Clause */
/* import_summary: see import_summary.h. */
#include "import_summary.h"

#include <inttypes.h>

#include "out.h"
#include "waybill/clock.h"
#include "waybill/json.h"
#include "waybill/waybill_json.h"

/* ---- for people ---- */

static void row(uint64_t number, const char *words)
{
    char text[32];

    if (number == 0)
        return;
    out_number(number, text);
    printf("  %12s  %s\n", text, words);
}

static const char *outcome(const struct import_summary *summary)
{
    if (summary->stopped)
        return summary->dry_run ? "Stopped: this is what was read until then"
                                : "Stopped: what follows is in the journal or the store; the same "
                                  "command again does the rest";
    if (!summary->complete)
        return "Not all could be read; this is what was";
    return summary->dry_run ? "Dry run: nothing was written" : "All of it is in the store";
}

static void print_span(const struct import_tally *tally)
{
    char first[CLOCK_TEXT_SIZE], last[CLOCK_TEXT_SIZE];

    if (tally->last == 0)
        return;
    clock_text(tally->first, 0, first);
    clock_text(tally->last, 0, last);
    printf("  from %s to %s\n", first, last);
}

static void print_lines(const struct import_summary *summary)
{
    const struct import_tally *tally = summary->tally;
    char old[96];

    snprintf(old, sizeof old, "older than %" PRId64 " days, left out; --retention keep takes them",
             summary->retention_days);
    row(tally->lines, "lines read, and of these");
    row(tally->understood, "  that tell of mails");
    row(tally->nothing, "  that tell of none");
    row(tally->broken, "  that were cut or not understood");
    row(tally->too_long, "  that were too long");
    row(tally->old, old);
    row(tally->outside, "outside of --since and --until, left out");
}

static void print_mails(const struct cli *cli, const struct import_tally *tally)
{
    row(tally->mails, "mails");
    row(tally->open, "  of which these logs tell no end");
    row(tally->forced, "  that were let go early, since too many were open at once");
    row(tally->cut, "  that had more lines than are kept of one");
    row(tally->refusals, "refusals at the door");
    row(tally->gaps, "gaps that the log tells of itself");
    row(tally->recipients, "recipients:");
    out_states(cli, tally->states, 12);
}

/* A wrong file, or one that is packed in a way that is not known, should not look like success. */
static void print_nothing(const struct import_tally *tally)
{
    if (tally->lines == 0)
        puts("There is no whole line in what was read.");
    else if (tally->understood + tally->old + tally->outside == 0)
        puts("No line tells of a mail. Is this a log of Postfix or Sendmail, plain or packed\n"
             "by gzip, xz or zstd? 'waybill explain --log FILE' shows what is read of it.");
}

static void print_summary(const struct cli *cli, const struct import_summary *summary)
{
    char span[CLOCK_TEXT_SIZE], files[32];

    out_heading(cli, outcome(summary));
    clock_span(summary->ms, span);
    out_number(summary->tally->files, files);
    printf("  %s file%s, %.1f MB, in %s\n", files, summary->tally->files == 1 ? "" : "s",
           (double)summary->tally->bytes / 1e6, span);
    print_span(summary->tally);
    putchar('\n');
    print_lines(summary);
    print_mails(cli, summary->tally);
    print_nothing(summary->tally);
}

/* ---- for programs ---- */

static void put_counts(struct json *json, const struct import_tally *tally)
{
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {
        {"files", tally->files},       {"bytes", tally->bytes},
        {"lines", tally->lines},       {"lines_understood", tally->understood},
        {"lines_other", tally->nothing}, {"lines_broken", tally->broken},
        {"lines_too_long", tally->too_long}, {"lines_old", tally->old},
        {"lines_outside", tally->outside}, {"facts", tally->facts},
        {"mails", tally->mails},       {"mails_open", tally->open},
        {"mails_forced", tally->forced}, {"mails_cut", tally->cut},
        {"refusals", tally->refusals}, {"gaps", tally->gaps},
        {"recipients", tally->recipients},
    };

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        json_member_number(json, counts[i].name, (int64_t)counts[i].value);
}

static void print_json(const struct import_summary *summary)
{
    const struct import_tally *tally = summary->tally;
    struct buffer line;
    struct json json;
    struct error why;

    buffer_init(&line, 1 << 16);
    json_init(&json, &line);
    json_begin_object(&json);
    json_member_text(&json, "object", "import");
    json_member_bool(&json, "dry_run", summary->dry_run);
    json_member_bool(&json, "complete", summary->complete);
    json_member_bool(&json, "stopped", summary->stopped);
    waybill_json_time(&json, "first", tally->first);
    waybill_json_time(&json, "last", tally->last);
    put_counts(&json, tally);
    waybill_json_states(&json, tally->states);
    json_member_decimal(&json, "seconds", (double)summary->ms / 1000, 3);
    json_end_object(&json);
    if (out_line(&line, &why) != 0)
        complain("%s", why.text);
    buffer_free(&line);
}

void import_summary_print(const struct cli *cli, const struct import_summary *summary)
{
    if (cli->request.json)
        print_json(summary);
    else
        print_summary(cli, summary);
}
