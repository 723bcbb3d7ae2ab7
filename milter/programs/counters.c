/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counters: the figures of all parts, under the names that `waybill stats` shows.
 */
#include "service.h"

#include "waybill/daemon.h"
#include "waybill/smtp.h"

static void tell_smtp(struct ship *ship, const struct smtp_stats *stats)
{
    ship_count(ship, "sessions", stats->sessions);
    ship_count(ship, "messages", stats->messages);
    ship_count(ship, "messages_queued", stats->queued);
    ship_count(ship, "messages_abandoned", stats->abandoned);
    ship_count(ship, "recipients", stats->recipients);
    ship_count(ship, "refused", stats->refused);
    ship_count(ship, "eom_late", stats->eom_late);
    ship_count(ship, "reports_bounces", stats->bounces);
    ship_count(ship, "reports_complaints", stats->complaints);
    ship_count(ship, "reports_receipts", stats->receipts);
    ship_count(ship, "reports_autoreplies", stats->autoreplies);
    ship_count(ship, "reports_partial", stats->reports_partial);
    ship_count(ship, "reports_unread", stats->reports_unread);
    ship_count(ship, "stamped", stats->stamped);
    ship_count(ship, "stamp_failures", stats->stamp_failures);
}

/* How long our callbacks kept the mail server: what `waybill status` rests on. */
static void tell_latency(struct ship *ship, struct answers *total)
{
    uint64_t answers = 0, over_100ms = 0, over_1s = 0, slowest = smtp_take_slowest();
    struct histogram_reading reading;

    for (int phase = 0; phase < SMTP_PHASE_COUNT; phase++) {
        smtp_read_latency((enum smtp_phase)phase, &reading);
        answers += reading.count;
        over_100ms += histogram_over(&reading, 100000);
        over_1s += histogram_over(&reading, 1000000);
    }
    ship_count(ship, "answers", answers);
    ship_count(ship, "answers_over_100ms", over_100ms);
    ship_count(ship, "answers_over_1s", over_1s);
    ship_count(ship, "answer_slowest_us", slowest);
    total->count = answers;
    total->over_1s = over_1s;
    if (slowest > total->slowest_us)
        total->slowest_us = slowest;
}

static void tell_journal(struct ship *ship, struct journal *journal)
{
    struct journal_stats stats;

    journal_read_stats(journal, &stats);
    ship_count(ship, "journal_appended", stats.appended);
    ship_count(ship, "journal_lost", stats.lost);
    ship_count(ship, "journal_write_failures", stats.write_failures);
    ship_count(ship, "journal_sync_failures", stats.sync_failures);
    ship_count(ship, "journal_torn_tails", stats.torn_tails);
    ship_count(ship, "journal_quarantined", stats.quarantined);
}

static void tell_maillog(struct ship *ship, struct maillog *maillog)
{
    struct maillog_stats stats;

    if (maillog == NULL)
        return;
    maillog_read_stats(maillog, &stats);
    ship_count(ship, "log_lines", stats.lines);
    ship_count(ship, "log_facts", stats.facts);
    ship_count(ship, "log_not_understood", stats.not_understood);
    ship_count(ship, "log_too_long", stats.too_long);
    ship_count(ship, "log_gaps", stats.gaps);
}

static const char *store_word(const struct ship_stats *ship)
{
    if (ship->connected)
        return "connected";
    return ship->retries == 0 ? "not asked yet" : "away";
}

void service_tell(struct service *service)
{
    struct smtp_stats smtp;
    struct ship_stats ship;

    smtp_read_stats(&smtp);
    tell_smtp(service->ship, &smtp);
    tell_latency(service->ship, &service->answers);
    tell_journal(service->ship, service->journal);
    tell_maillog(service->ship, atomic_load(&service->maillog));
    ship_read_stats(service->ship, &ship);
    daemon_notify("WATCHDOG=1\nSTATUS=%llu sessions open, %llu mails since start; the store is %s, "
                  "%llu bytes wait for it",
                  (unsigned long long)smtp.open_sessions, (unsigned long long)smtp.messages,
                  store_word(&ship), (unsigned long long)ship.backlog_bytes);
}
