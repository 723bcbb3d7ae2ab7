/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status: the command that says in a line whether all is well with those who watch the mail.
 */
#include "../status.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "out.h"
#include "status_store.h"
#include "table.h"
#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/json.h"
#include "waybill/waybill_json.h"

#define TROUBLES_IN_LINE 2 /* the others stand below */

enum { STATUS_WELL = 0, STATUS_TROUBLE = 1 };

/* "09:12" of today, "2026-11-20 09:12" of another day. */
static void write_moment(const struct cli *cli, int64_t at, char text[static CLOCK_TEXT_SIZE])
{
    char whole[CLOCK_TEXT_SIZE], today[CLOCK_TEXT_SIZE];

    clock_text(at, 0, whole);
    clock_text(cli->now, 0, today);
    snprintf(text, CLOCK_TEXT_SIZE, "%.5s", whole + 11);
    if (strncmp(whole, today, 10) != 0)
        snprintf(text, CLOCK_TEXT_SIZE, "%.16s", whole);
}

/* 340 us as "0.3 ms", 3100 us as "3 ms". */
static void write_delay(int64_t us, char text[static CLOCK_TEXT_SIZE])
{
    if (us < 1000)
        snprintf(text, CLOCK_TEXT_SIZE, "0.%lld ms", (long long)(us + 50) / 100);
    else if (us < 1000 * SECOND_MS)
        snprintf(text, CLOCK_TEXT_SIZE, "%lld ms", (long long)(us + 500) / 1000);
    else
        clock_span(us / 1000, text);
}

static void add_number(struct buffer *to, int64_t number)
{
    char text[32];

    out_number(number > 0 ? (uint64_t)number : 0, text);
    buffer_add_text(to, text);
}

/* ---- the first line ---- */

/* "no mail was delayed by us" is said only where every living host measured it. */
static void add_answers(const struct cli *cli, const struct status *status, struct buffer *line)
{
    char since[CLOCK_TEXT_SIZE], slowest[CLOCK_TEXT_SIZE], last[CLOCK_TEXT_SIZE];

    write_moment(cli, status->since, since);
    write_delay(status->slowest_us, slowest);
    if (status->unmeasured == status->living) {
        buffer_add_text(line, "whether mail was delayed by us is not known");
    } else if (status->unmeasured > 0) {
        buffer_addf(line, "whether mail was delayed by us is not known of %zu of them",
                    status->unmeasured);
    } else if (status->answers == 0) {
        buffer_addf(line, "no mail came yet since %s", since);
    } else if (status->answers_over_1s > 0) {
        write_moment(cli, status->answers_over_1s_at, last);
        add_number(line, status->answers_over_1s);
        buffer_add_text(line, " of ");
        add_number(line, status->answers);
        buffer_addf(line, " answers since %s took more than a second, the last at %s (slowest %s)",
                    since, last, slowest);
    } else {
        buffer_addf(line, "no mail was delayed by us (slowest answer %s of ", slowest);
        add_number(line, status->answers);
        buffer_addf(line, " since %s)", since);
    }
}

static void add_troubles(const struct status *status, struct buffer *line)
{
    size_t count = status->trouble_count;

    buffer_add_text(line, "Trouble: ");
    for (size_t i = 0; i < count && i < TROUBLES_IN_LINE; i++)
        buffer_addf(line, "%s%s", i > 0 ? "; " : "", status->troubles[i].what);
    if (count > TROUBLES_IN_LINE)
        buffer_addf(line, "; and %zu more", count - TROUBLES_IN_LINE);
    buffer_add_char(line, '.');
}

static bool is_well(const struct status *status)
{
    return status->living > 0 && status->trouble_count == 0;
}

static void add_summary(const struct cli *cli, const struct status *status, struct buffer *line)
{
    if (status->host_count == 0 && cli->request.host != NULL) {
        buffer_add_text(line, "Trouble: no mail server of the name '");
        escape_terminal(line, slice_of(cli->request.host));
        buffer_add_text(line, "' has ever written into this store.");
    } else if (status->host_count == 0) {
        buffer_add_text(line, "Trouble: no mail server has ever written into this store.");
    } else if (status->living == 0) {
        buffer_add_text(line, "Trouble: no mail server has written into this store for longer than "
                              "mails are kept.");
    } else if (status->trouble_count > 0) {
        add_troubles(status, line);
    } else {
        buffer_addf(line, "All is well: %zu mail server%s watched, ", status->living,
                    status->living == 1 ? "" : "s");
        add_answers(cli, status, line);
        buffer_add_char(line, '.');
    }
}

/* ---- what to do ---- */

static const char *advice_of(enum status_kind kind)
{
    switch (kind) {
    case STATUS_SILENT:
        return "look whether waybilld runs there (systemctl status waybill) and reaches Redis";
    case STATUS_SLOW:
    case STATUS_LOST:
        return "look at the disk of state_directory, and at the log of waybilld";
    case STATUS_RIVAL:
        return "give one of the two another 'node' in waybill.conf, then reload its waybilld";
    case STATUS_UNHEEDED:
    case STATUS_BEHIND:
        return "look whether waybilld may read the log that log_source names";
    case STATUS_WAITING:
        return "look at Redis, and at the log of waybilld";
    case STATUS_CLOCK:
        return "let the machine's clock be set by NTP (timedatectl set-ntp true)";
    }
    return "";
}

static void print_troubles(const struct cli *cli, const struct status *status)
{
    struct buffer line;

    if (status->trouble_count == 0)
        return;
    putchar('\n');
    out_heading(cli, "What to do");
    buffer_init(&line, 4096);
    for (size_t i = 0; i < status->trouble_count; i++) {
        const struct status_trouble *trouble = &status->troubles[i];

        buffer_clear(&line);
        buffer_addf(&line, "%s: %s, or run 'waybill doctor' on ", trouble->what,
                    advice_of(trouble->kind));
        escape_terminal(&line, slice_of(trouble->host->name));
        fputs("  ", stdout);
        out_folded(cli, 2, 4, line.data);
    }
    buffer_free(&line);
}

/* ---- the rows ---- */

static const struct table_column columns[] = {
    {"HOST", true, false},     {"SINCE", false, false},  {"HEARD", false, true},
    {"MAILS/H", false, true},  {"WAITING", false, true}, {"LOG UP TO", false, false},
    {"SLOWEST", false, true},
};

static bool in_trouble(const struct status *status, const struct status_host *host)
{
    for (size_t i = 0; i < status->trouble_count; i++)
        if (status->troubles[i].host == host)
            return true;
    return false;
}

static void write_log(const struct cli *cli, const struct sheet *sheet, char text[static WHEN_SIZE])
{
    if (sheet->log_until == SHEET_UNKNOWN)
        snprintf(text, WHEN_SIZE, "%s", sheet->logs[0] != '\0' ? "-" : "none");
    else if (sheet->log_until == 0)
        snprintf(text, WHEN_SIZE, "unreadable");
    else
        out_when(cli, sheet->log_until, text);
}

static void add_row(const struct cli *cli, struct table *table, const struct status *status,
                    const struct status_host *host)
{
    const struct sheet *sheet = &host->sheet;
    char since[WHEN_SIZE] = "-", heard[CLOCK_TEXT_SIZE + 8], mails[32] = "-", waiting[32] = "-";
    char log[WHEN_SIZE] = "-", slowest[CLOCK_TEXT_SIZE] = "-", span[CLOCK_TEXT_SIZE];
    struct buffer name;

    buffer_init(&name, 4 * sizeof host->name);
    escape_terminal(&name, slice_of(host->name));
    clock_span(host->silent_ms, span);
    snprintf(heard, sizeof heard, "%s ago", span);
    if (host->told) {
        out_when(cli, sheet->started, since);
        if (sheet->mails_hour >= 0)
            out_number((uint64_t)sheet->mails_hour, mails);
        if (sheet->journal_bytes >= 0)
            status_write_bytes(sheet->journal_bytes, waiting);
        write_log(cli, sheet, log);
    }
    if (sheet->answers > 0 && sheet->answer_slowest_us >= 0)
        write_delay(sheet->answer_slowest_us, slowest);
    const char *cells[] = {name.data, since, heard, mails, waiting, log, slowest};
    table_row(table, cells, 0,
              host->gone                 ? "dim"
              : in_trouble(status, host) ? "red"
                                         : "green",
              host->gone    ? "gone for longer than mails are kept: no trouble any more"
              : !host->told ? "tells nothing of itself: an older waybilld"
                            : NULL,
              2);
    buffer_free(&name);
}

static int print_status(const struct cli *cli, const struct status *status, const char *summary,
                        struct error *why)
{
    struct table *table;

    out_colour(cli, is_well(status) ? "green" : "red");
    out_folded(cli, 0, 2, summary);
    out_plain(cli);
    if (status->host_count == 0)
        return 0;
    status_print_store(cli);
    status_print_losses(cli, status);
    putchar('\n');
    table = table_new(cli, columns, sizeof columns / sizeof columns[0], true, why);
    if (table == NULL)
        return -1;
    for (size_t i = 0; i < status->host_count; i++)
        add_row(cli, table, status, &status->hosts[i]);
    if (table_print(&table, why) != 0)
        return -1;
    print_troubles(cli, status);
    return 0;
}

/* ---- for programs ---- */

static void put_number(struct json *json, const char *key, int64_t value)
{
    json_put_key(json, key);
    if (value == SHEET_UNKNOWN)
        json_put_null(json);
    else
        json_put_number(json, value);
}

static void put_text(struct json *json, const char *key, const char *value)
{
    json_member_text(json, key, value[0] != '\0' ? value : NULL);
}

/* 0 and what is not known are null. */
static void put_time(struct json *json, const char *key, int64_t at)
{
    waybill_json_time(json, key, at == SHEET_UNKNOWN ? 0 : at);
}

static void put_logs(struct json *json, const char *logs)
{
    struct slice rest = slice_of(logs), line;

    json_member_array(json, "logs");
    while (text_take_part(&rest, '\n', &line))
        json_put_string(json, line);
    json_end_array(json);
}

static void put_host(struct json *json, const struct status_host *host)
{
    const struct sheet *sheet = &host->sheet;

    json_begin_object(json);
    json_member_text(json, "host", host->name);
    put_number(json, "node", host->node);
    waybill_json_time(json, "heard", host->heard);
    put_number(json, "silent_ms", host->silent_ms);
    json_member_bool(json, "gone", host->gone);
    put_text(json, "version", sheet->version);
    put_text(json, "mta", sheet->mta);
    put_text(json, "listen", sheet->listen);
    put_time(json, "started", sheet->started);
    put_number(json, "generation", sheet->generation);
    put_number(json, "clock_ahead_ms", sheet->clock_ahead_ms);
    put_logs(json, sheet->logs);
    put_time(json, "log_until", sheet->log_until);
    put_number(json, "journal_bytes", sheet->journal_bytes);
    put_number(json, "journal_age_ms", sheet->journal_age_ms);
    put_number(json, "rewinds", sheet->rewinds);
    put_number(json, "days_shed", sheet->days_shed);
    put_number(json, "facts_lost", sheet->facts_lost);
    put_number(json, "mails", sheet->mails);
    put_number(json, "mails_hour", sheet->mails_hour);
    put_number(json, "answers", sheet->answers);
    put_number(json, "answers_over_1s", sheet->answers_over_1s);
    put_number(json, "answer_slowest_us", sheet->answer_slowest_us);
    put_text(json, "key_file", sheet->key_file);
    put_text(json, "key_file_before", sheet->key_file_before);
    json_end_object(json);
}

static void put_trouble(struct json *json, const struct status_trouble *trouble)
{
    json_begin_object(json);
    json_member_text(json, "trouble", status_kind_word(trouble->kind));
    json_member_text(json, "host", trouble->host->name);
    json_member_text(json, "what", trouble->what);
    json_member_text(json, "do", advice_of(trouble->kind));
    json_end_object(json);
}

static void put_answers(struct json *json, const struct status *status)
{
    json_member_object(json, "answers");
    waybill_json_time(json, "since", status->since);
    put_number(json, "count", status->answers);
    put_number(json, "over_1s", status->answers_over_1s);
    waybill_json_time(json, "over_1s_at", status->answers_over_1s_at);
    put_number(json, "slowest_us", status->slowest_us);
    put_number(json, "hosts_unmeasured", (int64_t)status->unmeasured);
    json_end_object(json);
}

static int print_json(const struct cli *cli, const struct status *status, const char *summary,
                      struct error *why)
{
    struct buffer line;
    struct json json;
    int result;

    buffer_init(&line, 4u << 20);
    json_init(&json, &line);
    json_begin_object(&json);
    json_member_text(&json, "object", "status");
    json_member_bool(&json, "well", is_well(status));
    json_member_text(&json, "summary", summary);
    waybill_json_time(&json, "now", status->now);
    put_answers(&json, status);
    status_put_store(cli, &json);
    json_member_array(&json, "hosts");
    for (size_t i = 0; i < status->host_count; i++)
        put_host(&json, &status->hosts[i]);
    json_end_array(&json);
    json_member_array(&json, "troubles");
    for (size_t i = 0; i < status->trouble_count; i++)
        put_trouble(&json, &status->troubles[i]);
    json_end_array(&json);
    json_end_object(&json);
    result = out_line(&line, why);
    buffer_free(&line);
    return result;
}

int status_run(struct cli *cli)
{
    struct status *status = NULL;
    struct buffer summary;
    struct error why;
    int code;

    if (status_read(&status, cli->store, cli->request.host, cli->settings->retention_days, &why) !=
        0) {
        status_free(&status);
        return complain_store(cli, &why);
    }
    buffer_init(&summary, 8192);
    add_summary(cli, status, &summary);
    code = is_well(status) ? STATUS_WELL : STATUS_TROUBLE;
    if ((cli->request.json ? print_json(cli, status, summary.data, &why)
                           : print_status(cli, status, summary.data, &why)) != 0) {
        complain("%s", why.text);
        code = CLI_UNREACHABLE;
    }
    buffer_free(&summary);
    status_free(&status);
    return code;
}
