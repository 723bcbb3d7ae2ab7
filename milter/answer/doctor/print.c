/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * print: see print.h. A line that heals is never folded, so that it can be copied whole.
 */
#include "print.h"

#include <stdio.h>
#include <string.h>

#include "../cli/attach_mc.h"
#include "../cli/out.h"
#include "sendtest.h"
#include "waybill/escape.h"
#include "waybill/json.h"

#define INDENT 9 /* columns: two, the longest severity */
#define NAME_COLUMNS 24
#define LINE_MAX (256u << 10)

static const char *const colours[SEVERITY_COUNT] = {"green", "dim", "cyan", "yellow", "red"};

/* ---- for a person ---- */

static void print_words(const struct cli *cli, size_t column, const char *words)
{
    struct buffer line;

    buffer_init(&line, LINE_MAX);
    escape_terminal(&line, slice_of(words));
    if (column == 0)
        printf("%*s", INDENT, "");
    out_folded(cli, column == 0 ? INDENT : column, column == 0 ? INDENT : column, line.data);
    buffer_free(&line);
}

/* Several things wrong with one line of the set-up have one line that mends them. */
static bool is_told(const struct doctor *doctor, const struct finding *finding)
{
    for (size_t i = 0; i < doctor->count; i++) {
        const struct finding *other = &doctor->findings[i];
        bool before = other->severity > finding->severity ||
                      (other->severity == finding->severity && other < finding);
        if (before && other->heal != NULL && strcmp(other->heal, finding->heal) == 0)
            return true;
    }
    return false;
}

/* To be copied whole. */
static void print_line(const struct cli *cli, const char *words)
{
    struct buffer line;

    buffer_init(&line, LINE_MAX);
    escape_terminal(&line, slice_of(words));
    printf("\n%*s", INDENT, "");
    out_colour(cli, "bold");
    fputs(line.data, stdout);
    out_plain(cli);
    putchar('\n');
    buffer_free(&line);
}

/* The command by which a changed file counts; of a .mc the .cf has to be made first. */
static const char *renew_for(const struct doctor *doctor, const char *file)
{
    return slice_ends(slice_of(file), ".mc") ? mc_build_command() : doctor_renew(doctor);
}

static void print_heal(const struct cli *cli, const struct doctor *doctor,
                       const struct finding *finding)
{
    struct buffer line;

    if (is_told(doctor, finding)) {
        printf("\n%*sThe same line as above mends it.\n", INDENT, "");
        return;
    }
    if (finding->file != NULL) {
        buffer_init(&line, LINE_MAX);
        escape_terminal(&line, slice_of(finding->file));
        printf("\n%*sIn %s:", INDENT, "", line.data);
        buffer_free(&line);
    }
    print_line(cli, finding->heal);
    if (finding->file != NULL)
        print_line(cli, renew_for(doctor, finding->file));
}

static void print_severity(const struct cli *cli, enum severity severity)
{
    out_colour(cli, colours[severity]);
    printf("%-*s", INDENT, severity_word(severity));
    out_plain(cli);
}

static void print_trouble(const struct cli *cli, const struct doctor *doctor,
                          const struct finding *finding)
{
    print_severity(cli, finding->severity);
    out_heading(cli, finding->check);
    print_words(cli, 0, finding->what);
    if (finding->matter != NULL)
        print_words(cli, 0, finding->matter);
    if (finding->heal != NULL)
        print_heal(cli, doctor, finding);
    putchar('\n');
}

/* What is good, or was not looked at: a line each, with the name that --only wants. */
static void print_short(const struct cli *cli, const struct finding *finding, bool named)
{
    print_severity(cli, finding->severity);
    if (named)
        printf("%-*s", NAME_COLUMNS, finding->check);
    print_words(cli, INDENT + (named ? NAME_COLUMNS : 0), finding->what);
}

void print_step(void *context, const struct finding *finding)
{
    const struct cli *cli = context;

    if (finding->severity >= SEVERITY_HINT) {
        print_severity(cli, finding->severity);
        printf("see %s below\n", finding->check);
    } else {
        print_short(cli, finding, false);
    }
    fflush(stdout);
}

/* Steps of the test mail were told when they happened. */
static bool was_told(const struct finding *finding)
{
    for (const struct check *row = checks_test; row->name != NULL; row++)
        if (strcmp(row->name, finding->check) == 0)
            return true;
    return false;
}

static void print_all(const struct cli *cli, const struct doctor *doctor, enum severity severity)
{
    for (size_t i = 0; i < doctor->count; i++)
        if (doctor->findings[i].severity == severity) {
            if (severity >= SEVERITY_HINT)
                print_trouble(cli, doctor, &doctor->findings[i]);
            else if (!was_told(&doctor->findings[i]))
                print_short(cli, &doctor->findings[i], true);
        }
}

static void print_count(struct buffer *to, size_t count, const char *word)
{
    if (count > 0)
        buffer_addf(to, "%s%zu %s%s", to->size > 0 ? ", " : "", count, word, count == 1 ? "" : "s");
}

static void print_sum(const struct cli *cli, const struct doctor *doctor, bool verbose)
{
    size_t good = doctor_count(doctor, SEVERITY_GOOD);
    enum severity verdict = doctor_verdict(doctor);
    struct buffer sum;

    buffer_init(&sum, 200);
    for (enum severity severity = SEVERITY_FAULT; severity >= SEVERITY_HINT; severity--)
        print_count(&sum, doctor_count(doctor, severity), severity_word(severity));
    out_colour(cli, verdict > SEVERITY_HINT ? colours[verdict] : "green");
    if (sum.size > 0)
        printf("%s%s.", verdict == SEVERITY_HINT ? "All is well; " : "", sum.data);
    else
        fputs("All is well.", stdout);
    out_plain(cli);
    printf(" %zu check%s found nothing wrong%s.\n", good, good == 1 ? "" : "s",
           good > 0 && !verbose ? " (--verbose lists them)" : "");
    buffer_free(&sum);
}

void print_person(const struct cli *cli, const struct doctor *doctor, bool verbose)
{
    for (enum severity severity = SEVERITY_FAULT; severity > SEVERITY_UNKNOWN; severity--)
        print_all(cli, doctor, severity);
    print_all(cli, doctor, SEVERITY_UNKNOWN);
    if (verbose)
        print_all(cli, doctor, SEVERITY_GOOD);
    if (doctor_count(doctor, SEVERITY_UNKNOWN) > 0 || verbose)
        putchar('\n');
    print_sum(cli, doctor, verbose);
}

/* ---- for programs ---- */

static void write_finding(struct json *json, const struct finding *finding)
{
    json_begin_object(json);
    json_member_text(json, "check", finding->check);
    json_member_text(json, "severity", severity_word(finding->severity));
    json_member_text(json, "what", finding->what);
    json_member_text(json, "matter", finding->matter);
    json_member_text(json, "heal", finding->heal);
    json_member_text(json, "file", finding->file);
    json_end_object(json);
}

int print_json(const struct doctor *doctor, struct error *why)
{
    struct buffer line;
    struct json json;
    int result;

    buffer_init(&line, 16u << 20);
    json_init(&json, &line);
    json_begin_object(&json);
    json_member_text(&json, "object", "doctor");
    json_member_text(&json, "verdict", severity_word(doctor_verdict(doctor)));
    json_member_object(&json, "counts");
    for (enum severity severity = SEVERITY_FAULT;; severity--) {
        json_member_number(&json, severity_word(severity), (int64_t)doctor_count(doctor, severity));
        if (severity == SEVERITY_GOOD)
            break;
    }
    json_end_object(&json);
    json_member_array(&json, "findings");
    for (size_t i = 0; i < doctor->count; i++)
        write_finding(&json, &doctor->findings[i]);
    json_end_array(&json);
    json_end_object(&json);
    result = out_line(&line, why);
    buffer_free(&line);
    return result;
}
