/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status: see status.h. A node that only imported old logs has neither a milter's beat nor a
 * sheet, and is nobody who watches.
 */
#include "status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/host.h"

#define SILENT_AFTER_MS MINUTE_MS
#define BEHIND_AFTER_MS (2 * MINUTE_MS) /* a log that is read up to now tells so every 10 s */
#define LOG_FOUND_MS MINUTE_MS          /* after a boot the log comes later than who reads it */
#define WAITING_AFTER_MS MINUTE_MS
#define CLOCK_OFF_MS (2 * SECOND_MS)
#define RECENT_MS HOUR_MS /* so long does something that is over stay a trouble */
#define KINDS (STATUS_CLOCK + 1)

const char *status_kind_word(enum status_kind kind)
{
    static const char *const words[KINDS] = {
        [STATUS_SILENT] = "silent",     [STATUS_SLOW] = "slow",
        [STATUS_RIVAL] = "rival",       [STATUS_LOST] = "facts_lost",
        [STATUS_UNHEEDED] = "log_blind", [STATUS_BEHIND] = "log_behind",
        [STATUS_WAITING] = "journal_waiting", [STATUS_CLOCK] = "clock",
    };
    return words[kind];
}

bool status_log_is_new(const struct sheet *sheet)
{
    return sheet->log_until == 0 && sheet->started != SHEET_UNKNOWN &&
           sheet->written - sheet->started < LOG_FOUND_MS;
}

/* ---- reading ---- */

struct reading {
    struct status *status;
    struct store_node nodes[STATUS_HOSTS_MAX];
    struct sheet sheets[STATUS_HOSTS_MAX]; /* by number, as the nodes */
};

static void keep_node(void *context, const struct store_node *node)
{
    struct reading *reading = context;

    if (node->node < STATUS_HOSTS_MAX)
        reading->nodes[node->node] = *node;
}

static void keep_sheet(void *context, const struct sheet *sheet)
{
    struct reading *reading = context;

    if (sheet->node < STATUS_HOSTS_MAX)
        reading->sheets[sheet->node] = *sheet;
}

/* When it was written, by the store's clock. */
static int64_t written_of(const struct sheet *sheet)
{
    int64_t ahead = sheet->clock_ahead_ms;

    if (sheet->written == SHEET_UNKNOWN)
        return 0;
    return ahead == SHEET_UNKNOWN ? sheet->written : sheet->written - ahead;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void read_host(struct status_host *host, const struct store_node *node,
                      const struct sheet *sheet, int64_t now, int64_t retention_days)
{
    const char *name = sheet->host[0] != '\0' ? sheet->host : node->host;

    *host = (struct status_host){.node = sheet->node,
                                 .told = sheet->written != SHEET_UNKNOWN,
                                 .sheet = *sheet};
    if (name[0] != '\0')
        snprintf(host->name, sizeof host->name, "%s", name);
    else
        snprintf(host->name, sizeof host->name, "node %02u", sheet->node);
    /* The beats are by the host's own clock, so the sheet knows better. */
    host->heard = host->told ? written_of(sheet) : later(node->milter, node->ship);
    host->silent_ms = later(now - host->heard, 0);
    host->gone = host->silent_ms > retention_days * DAY_MS;
}

static int host_order(const void *left, const void *right)
{
    const struct status_host *a = left, *b = right;
    int order = strcmp(a->name, b->name);

    return order != 0 ? order : a->node < b->node ? -1 : 1;
}

static void read_hosts(struct reading *reading, const char *name, int64_t retention_days)
{
    struct status *status = reading->status;

    for (unsigned node = 0; node < STATUS_HOSTS_MAX; node++) {
        struct status_host *host = &status->hosts[status->host_count];

        if (reading->nodes[node].milter == 0 && reading->sheets[node].written == SHEET_UNKNOWN)
            continue;
        reading->sheets[node].node = node;
        read_host(host, &reading->nodes[node], &reading->sheets[node], status->now,
                  retention_days);
        if (name != NULL && !host_same(slice_of(name), slice_of(host->name)))
            continue;
        status->host_count++;
        status->living += !host->gone;
    }
    qsort(status->hosts, status->host_count, sizeof status->hosts[0], host_order);
}

/* ---- troubles ---- */

static void add(struct status *status, enum status_kind kind, const struct status_host *host,
                int64_t amount, const char *format, ...) __attribute__((format(printf, 5, 6)));

static void add(struct status *status, enum status_kind kind, const struct status_host *host,
                int64_t amount, const char *format, ...)
{
    struct status_trouble *trouble = &status->troubles[status->trouble_count++];
    struct buffer words;
    va_list arguments;

    *trouble = (struct status_trouble){.kind = kind, .host = host, .amount = amount};
    buffer_init(&words, 4 * sizeof trouble->what);
    escape_terminal(&words, slice_of(host->name));
    va_start(arguments, format);
    buffer_addv(&words, format, arguments);
    va_end(arguments);
    slice_copy(slice_make(words.data, words.size), trouble->what, sizeof trouble->what);
    buffer_free(&words);
}

static bool recent(const struct status *status, int64_t at)
{
    return at > status->now - RECENT_MS;
}

/* None since its start: the moment is that of the run before. */
static void look_at_delays(struct status *status, const struct status_host *host)
{
    const struct sheet *sheet = &host->sheet;
    char span[CLOCK_TEXT_SIZE];

    clock_span(later(sheet->answer_slowest_us, 0) / 1000, span);
    if (sheet->answers_over_1s > 0)
        add(status, STATUS_SLOW, host, sheet->answers_over_1s,
            " let its mail server wait for more than a second, %lld times since its start, at most "
            "%s",
            (long long)sheet->answers_over_1s, span);
    else
        add(status, STATUS_SLOW, host, 0,
            " let its mail server wait for more than a second before its last start");
}

static void look_at_mail(struct status *status, const struct status_host *host)
{
    const struct sheet *sheet = &host->sheet;
    char span[CLOCK_TEXT_SIZE];

    if (recent(status, sheet->answers_over_1s_at))
        look_at_delays(status, host);
    if (recent(status, sheet->facts_lost_at) && sheet->facts_lost > 0)
        add(status, STATUS_LOST, host, sheet->facts_lost, " lost %lld facts since its start",
            (long long)sheet->facts_lost);
    else if (recent(status, sheet->facts_lost_at))
        add(status, STATUS_LOST, host, 0, " lost facts before its last start");
    if (sheet->journal_age_ms > WAITING_AFTER_MS) {
        clock_span(sheet->journal_age_ms, span);
        add(status, STATUS_WAITING, host, sheet->journal_age_ms,
            " has facts in its journal that have waited for the store for %s", span);
    }
}

static void look_at_log(struct status *status, const struct status_host *host)
{
    const struct sheet *sheet = &host->sheet;
    int64_t behind = sheet->written - sheet->log_until;
    char span[CLOCK_TEXT_SIZE];

    if (sheet->log_until == SHEET_UNKNOWN || status_log_is_new(sheet))
        return; /* none is to be followed, another generation does it, or it comes */
    if (sheet->log_until == 0) {
        add(status, STATUS_UNHEEDED, host, 0, " cannot read its mail log");
    } else if (behind > BEHIND_AFTER_MS) {
        clock_span(behind, span);
        add(status, STATUS_BEHIND, host, behind, " is %s behind in its mail log", span);
    }
}

static void look_at_identity(struct status *status, const struct status_host *host)
{
    const struct sheet *sheet = &host->sheet;
    int64_t ahead = sheet->clock_ahead_ms;
    char span[CLOCK_TEXT_SIZE];

    if (sheet->rival[0] != '\0')
        add(status, STATUS_RIVAL, host, 0, " shares its node number %u with another machine",
            host->node);
    if (ahead != SHEET_UNKNOWN && llabs(ahead) > CLOCK_OFF_MS) {
        clock_span(llabs(ahead), span);
        add(status, STATUS_CLOCK, host, llabs(ahead), "'s clock is %s %s that of the store", span,
            ahead > 0 ? "ahead of" : "behind");
    }
}

/* What a silent host said last is old news. */
static void look_at(struct status *status, const struct status_host *host)
{
    char span[CLOCK_TEXT_SIZE];

    if (host->gone)
        return;
    if (host->silent_ms > SILENT_AFTER_MS) {
        clock_span(host->silent_ms, span);
        add(status, STATUS_SILENT, host, host->silent_ms, " was not heard of for %s", span);
        return;
    }
    if (!host->told)
        return;
    look_at_mail(status, host);
    look_at_log(status, host);
    look_at_identity(status, host);
}

static int trouble_order(const void *left, const void *right)
{
    const struct status_trouble *a = left, *b = right;

    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->amount != b->amount)
        return a->amount > b->amount ? -1 : 1;
    return strcmp(a->host->name, b->host->name);
}

/* ---- answers ---- */

static void count_answers(struct status *status, const struct status_host *host)
{
    const struct sheet *sheet = &host->sheet;

    if (host->gone)
        return;
    if (sheet->answers == SHEET_UNKNOWN) {
        status->unmeasured++;
        return;
    }
    status->answers += sheet->answers;
    status->answers_over_1s += later(sheet->answers_over_1s, 0);
    status->answers_over_1s_at = later(status->answers_over_1s_at, sheet->answers_over_1s_at);
    status->slowest_us = later(status->slowest_us, sheet->answer_slowest_us);
    if (sheet->started > 0 && (status->since == 0 || sheet->started < status->since))
        status->since = sheet->started;
}

/* ---- all ---- */

static int read_all(struct reading *reading, struct store *store, struct error *why)
{
    int64_t server = 0;

    for (unsigned node = 0; node < STATUS_HOSTS_MAX; node++)
        sheet_clear(&reading->sheets[node]);
    if (store_get_nodes(store, keep_node, reading, why) != 0 ||
        store_get_sheets(store, &server, keep_sheet, reading, why) != 0)
        return -1;
    reading->status->now = server != 0 ? server : clock_now();
    return 0;
}

int status_read(struct status **read, struct store *store, const char *host,
                int64_t retention_days, struct error *why)
{
    struct reading *reading = calloc(1, sizeof *reading);
    struct status *status = *read = calloc(1, sizeof *status);
    int result;

    if (status != NULL)
        status->troubles = calloc((size_t)STATUS_HOSTS_MAX * KINDS, sizeof *status->troubles);
    if (reading == NULL || status == NULL || status->troubles == NULL) {
        free(reading);
        return error_set(why, "no memory to read the status");
    }
    reading->status = status;
    result = read_all(reading, store, why);
    if (result == 0)
        read_hosts(reading, host, retention_days);
    for (size_t i = 0; i < status->host_count; i++) {
        look_at(status, &status->hosts[i]);
        count_answers(status, &status->hosts[i]);
    }
    qsort(status->troubles, status->trouble_count, sizeof *status->troubles, trouble_order);
    free(reading);
    return result;
}

void status_free(struct status **status)
{
    if (*status != NULL)
        free((*status)->troubles);
    free(*status);
    *status = NULL;
}
