/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status_words: see status_words.h.
 */
#include "status_words.h"

#include <string.h>

#include "out.h"
#include "waybill/escape.h"

#define TROUBLES_IN_LINE 2 /* the others stand below */

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

void status_write_delay(int64_t us, char text[static CLOCK_TEXT_SIZE])
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

/* "no mail was delayed by us" is said only where every living host measured it. */
static void add_answers(const struct cli *cli, const struct status *status, struct buffer *line)
{
    char since[CLOCK_TEXT_SIZE], slowest[CLOCK_TEXT_SIZE], last[CLOCK_TEXT_SIZE];

    write_moment(cli, status->since, since);
    status_write_delay(status->slowest_us, slowest);
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

bool status_is_well(const struct status *status)
{
    return status->living > 0 && status->trouble_count == 0;
}

void status_add_summary(const struct cli *cli, const struct status *status, struct buffer *line)
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

const char *status_advice(enum status_kind kind)
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
