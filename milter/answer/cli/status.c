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
#include "status_words.h"
#include "table.h"
#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/json.h"
#include "waybill/waybill_json.h"

enum { STATUS_WELL = 0, STATUS_TROUBLE = 1 };

/* ---- what to do ---- */

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
                    status_advice(trouble->kind));
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
        status_write_delay(sheet->answer_slowest_us, slowest);
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

    out_colour(cli, status_is_well(status) ? "green" : "red");
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
    json_member_text(json, "do", status_advice(trouble->kind));
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
    json_member_bool(&json, "well", status_is_well(status));
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
    status_add_summary(cli, status, &summary);
    code = status_is_well(status) ? STATUS_WELL : STATUS_TROUBLE;
    if ((cli->request.json ? print_json(cli, status, summary.data, &why)
                           : print_status(cli, status, summary.data, &why)) != 0) {
        complain("%s", why.text);
        code = CLI_UNREACHABLE;
    }
    buffer_free(&summary);
    status_free(&status);
    return code;
}
