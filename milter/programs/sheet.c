/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sheet: what this waybilld says of itself in the store; see waybill/sheet.h.
 */
#include "waybill/sheet.h"

#include "service.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "waybill/clock.h"
#include "waybill/digest.h"
#include "waybill/smtp.h"
#include "waybill/token.h"

static void word(char *to, size_t room, const char *from)
{
    slice_copy(slice_of(from), to, room);
}
#define WORD_OF(field, from) word((field), sizeof(field), (from))

/* Only once: a reload is the same run. */
static void describe_run(struct sheet *sheet)
{
    uint64_t number;

    if (sheet->run[0] != '\0')
        return;
    sheet_clear(sheet);
    digest_random(&number, sizeof number);
    snprintf(sheet->run, sizeof sheet->run, "%016" PRIx64, number);
}

/* A key that cannot be read was told where it is needed. */
void service_describe(struct service *service)
{
    const struct settings *settings = service_settings(service);
    struct sheet *sheet = &service->sheet;

    describe_run(sheet);
    sheet->started = service->started;
    WORD_OF(sheet->version, PACKAGE_VERSION);
    WORD_OF(sheet->host, settings->host);
    WORD_OF(sheet->listen, settings->listen);
    WORD_OF(sheet->redis_prefix, settings->redis_prefix);
    (void)token_fingerprint("key_file", settings->key_file, sheet->key_file, NULL);
    (void)token_fingerprint("key_file_before", settings->key_file_before, sheet->key_file_before,
                            NULL);
    sheet->generation = journal_generation(service->journal);
    sheet->retention_days = settings->retention_days;
    sheet->refused_retention_days = settings->refused_retention_days;
    sheet->reply_retention_days = settings->reply_retention_days;
    sheet->subject_retention_days = settings->subject_retention_days;
    sheet->queue_lifetime_hours = settings->queue_lifetime_hours;
    sheet->stamp_envid = settings->stamp_envid;
    sheet->subject = settings->subject;
}

/* How much was added to the total in the last hour, to the minute. */
static int64_t recent_of(struct recent *recent, uint64_t total)
{
    int64_t minute = clock_monotonic() / MINUTE_MS;
    unsigned steps = RECENT_MINUTES + 1;

    if (recent->minute == 0)
        recent->minute = minute;
    for (; recent->minute < minute && steps > 0; steps--)
        recent->total[++recent->minute % (RECENT_MINUTES + 1)] = total;
    recent->minute = minute;
    return (int64_t)(total - recent->total[(minute + 1) % (RECENT_MINUTES + 1)]);
}

/* When the total rose last, as near as we look. */
static int64_t rise_of(struct rise *rise, int64_t total)
{
    if (total > rise->total)
        rise->at = clock_now();
    rise->total = total;
    return rise->at;
}

/* service_tell has counted them just before. */
static void tell_answers(struct sheet *sheet, struct service *service)
{
    sheet->answers = (int64_t)service->answers.count;
    sheet->answers_over_1s = (int64_t)service->answers.over_1s;
    sheet->answers_over_1s_at = rise_of(&service->delays, sheet->answers_over_1s);
    sheet->answer_slowest_us = (int64_t)service->answers.slowest_us;
}

static void tell_source(void *context, const struct maillog_source *source)
{
    struct sheet *sheet = context;
    size_t used = strlen(sheet->logs), room = sizeof sheet->logs - used;

    /* Half a name is none, and one with a line break in it would be taken for two. */
    if (strlen(source->name) + 1 < room && strchr(source->name, '\n') == NULL)
        snprintf(sheet->logs + used, room, "%s%s", used > 0 ? "\n" : "", source->name);
    if (sheet->log_until == SHEET_UNKNOWN || source->covered < sheet->log_until)
        sheet->log_until = source->covered;
}

static void tell_log(struct sheet *sheet, struct maillog *maillog)
{
    struct maillog_stats stats;

    if (maillog == NULL)
        return;
    maillog_read_stats(maillog, &stats);
    WORD_OF(sheet->mta, stats.mta);
    maillog_each_source(maillog, tell_source, sheet);
}

static void tell_journal(struct sheet *sheet, struct service *service)
{
    struct journal_stats journal;
    struct ship_stats ship;

    journal_read_stats(service->journal, &journal);
    ship_read_stats(service->ship, &ship);
    sheet->facts_lost = (int64_t)journal.lost;
    sheet->journal_bytes = (int64_t)ship.backlog_bytes;
    sheet->rewinds = (int64_t)ship.rewinds;
    sheet->days_shed = (int64_t)ship.shed_days;
    sheet->journal_age_ms = ship.oldest_unshipped != 0 ? clock_now() - ship.oldest_unshipped : 0;
}

void service_tell_sheet(struct service *service)
{
    struct sheet sheet = service->sheet;
    struct smtp_stats smtp;

    smtp_read_stats(&smtp);
    sheet.mails = (int64_t)smtp.messages;
    sheet.mails_hour = recent_of(&service->mails, smtp.messages);
    tell_answers(&sheet, service);
    tell_journal(&sheet, service);
    sheet.facts_lost += (int64_t)smtp.no_memory;
    sheet.facts_lost_at = rise_of(&service->losses, sheet.facts_lost);
    tell_log(&sheet, atomic_load(&service->maillog));
    ship_sheet(service->ship, &sheet);
}
