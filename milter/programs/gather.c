/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gather: see gather.h. Each part tells its figures by its own contract, under locks that are held
 * for as long as it takes to copy them.
 */
#include "gather.h"

#include "families.h"
#include "service.h"
#include "waybill/clock.h"
#include "waybill/smtp.h"

#define LABEL(text) ((struct slice[]){slice_of(text)})

static void count(struct exposition *to, enum family family, uint64_t value)
{
    exposition_count(to, &families[family], NULL, value);
}

static void count_by(struct exposition *to, enum family family, const char *label, uint64_t value)
{
    exposition_count(to, &families[family], LABEL(label), value);
}

static void real(struct exposition *to, enum family family, double value)
{
    exposition_real(to, &families[family], NULL, value);
}

static double seconds(int64_t ms)
{
    return (double)ms / SECOND_MS;
}

/* A clock that was set back makes nothing younger than now. */
static double age(int64_t since)
{
    int64_t now = clock_now();

    return since == 0 || since > now ? 0 : seconds(now - since);
}

/* ---- the parts ---- */

static void tell_build(struct exposition *to, const struct service *service)
{
    char node[16], generation[16];

    exposition_count(to, &families[FAMILY_BUILD_INFO], LABEL(PACKAGE_VERSION), 1);
    snprintf(node, sizeof node, "%u", service->node.number);
    snprintf(generation, sizeof generation, "%u", journal_generation(service->journal));
    exposition_count(to, &families[FAMILY_NODE_INFO],
                     (struct slice[]){slice_of(node), slice_of(generation)}, 1);
}

static void tell_latency(struct exposition *to)
{
    struct histogram_reading reading;

    for (int phase = 0; phase < SMTP_PHASE_COUNT; phase++) {
        smtp_read_latency((enum smtp_phase)phase, &reading);
        exposition_histogram(to, &families[FAMILY_ANSWER_DURATION],
                             LABEL(smtp_phase_word((enum smtp_phase)phase)), &reading);
    }
    real(to, FAMILY_ANSWER_SLOWEST, (double)smtp_read_slowest() / 1e6);
}

static void tell_smtp(struct exposition *to, const struct smtp_stats *stats)
{
    count(to, FAMILY_EOM_LATE, stats->eom_late);
    count(to, FAMILY_SESSIONS, stats->sessions);
    count(to, FAMILY_OPEN_SESSIONS, stats->open_sessions);
    count(to, FAMILY_MAILS_BEGUN, stats->messages);
    count_by(to, FAMILY_MAILS, "queued", stats->queued);
    count_by(to, FAMILY_MAILS, "abandoned", stats->abandoned);
    count_by(to, FAMILY_RECIPIENTS, "taken", stats->recipients);
    count_by(to, FAMILY_RECIPIENTS, "refused", stats->refused);
    count(to, FAMILY_STAMPED, stats->stamped);
    count(to, FAMILY_STAMP_FAILURES, stats->stamp_failures);
    count_by(to, FAMILY_REPORTS, "bounce", stats->bounces);
    count_by(to, FAMILY_REPORTS, "complaint", stats->complaints);
    count_by(to, FAMILY_REPORTS, "receipt", stats->receipts);
    count_by(to, FAMILY_REPORTS, "autoreply", stats->autoreplies);
    count(to, FAMILY_REPORTS_PARTIAL, stats->reports_partial);
    count(to, FAMILY_REPORTS_UNREAD, stats->reports_unread);
}

static void tell_outcomes(struct exposition *to, const struct outcomes *outcomes)
{
    for (int state = 0; state < STATE_COUNT; state++)
        for (unsigned reason = 0; reason < OUTCOMES_REASONS; reason++) {
            const char *word =
                reason == OUTCOMES_NO_REASON ? "none" : reason_word((enum reason)reason);
            if (!outcomes_possible((enum recipient_state)state, reason))
                continue;
            exposition_count(
                to, &families[FAMILY_OUTCOMES],
                (struct slice[]){slice_of(state_word((enum recipient_state)state)), slice_of(word)},
                outcomes_told(outcomes, (enum recipient_state)state, reason));
        }
}

static void tell_journal(struct exposition *to, const struct service *service,
                         const struct smtp_stats *smtp, const struct ship_stats *ship)
{
    const struct settings *settings = service->at_start;
    struct journal_stats stats;

    journal_read_stats(service->journal, &stats);
    count_by(to, FAMILY_FACTS_LOST, "journal", stats.lost);
    count_by(to, FAMILY_FACTS_LOST, "memory", smtp->no_memory);
    count(to, FAMILY_JOURNAL_RECORDS, stats.appended);
    count(to, FAMILY_JOURNAL_WRITTEN, stats.bytes_written);
    count(to, FAMILY_JOURNAL_SYNCS, stats.syncs);
    count(to, FAMILY_JOURNAL_WRITE_FAILURES, stats.write_failures);
    count(to, FAMILY_JOURNAL_SYNC_FAILURES, stats.sync_failures);
    count(to, FAMILY_JOURNAL_TORN, stats.torn_tails);
    count(to, FAMILY_JOURNAL_QUARANTINED, stats.quarantined);
    count(to, FAMILY_JOURNAL_BYTES, stats.bytes_held);
    count(to, FAMILY_JOURNAL_LIMIT, (uint64_t)settings->journal_max_mb << 20);
    count(to, FAMILY_JOURNAL_WAITING, stats.waiting);
    count(to, FAMILY_JOURNAL_RING, (uint64_t)settings->journal_ring);
    count(to, FAMILY_JOURNAL_UNSHIPPED,
          ship->leading ? ship->backlog_bytes : journal_unshipped(service->journal));
    real(to, FAMILY_JOURNAL_OLDEST, age(ship->oldest_unshipped));
}

static void tell_ship(struct exposition *to, const struct ship_stats *stats)
{
    count(to, FAMILY_CONNECTED, stats->connected);
    real(to, FAMILY_SHIP_LAG, stats->lag_ms > 0 ? seconds(stats->lag_ms) : 0);
    real(to, FAMILY_SHIP_LATEST, seconds(stats->shipped_until));
    count(to, FAMILY_SHIP_FACTS, stats->facts);
    count(to, FAMILY_SHIP_RECORDS, stats->records);
    count(to, FAMILY_SHIP_BATCHES, stats->batches);
    count(to, FAMILY_SHIP_RETRIES, stats->retries);
    count(to, FAMILY_SHIP_REWINDS, stats->rewinds);
    count(to, FAMILY_SHIP_SHED_DAYS, stats->shed_days);
    for (int kind = STORE_FINE + 1; kind < STORE_TROUBLE_COUNT; kind++)
        count_by(to, FAMILY_STORE_ERRORS, store_trouble_word((enum store_trouble)kind),
                 stats->troubles[kind]);
    count(to, FAMILY_SHIP_HELD, stats->held);
    count(to, FAMILY_SHIP_ORPHANS, stats->orphans);
    count(to, FAMILY_SHIP_OVER_LIMIT, stats->over_limit);
    count(to, FAMILY_SHIP_REFUSED_OVER, stats->refused_over);
    count(to, FAMILY_SHIP_UNREAD, stats->unread);
    count(to, FAMILY_GAPS, stats->gaps);
}

/* What is asked too much is unmatched, too; here each recipient stands once. */
static void tell_reported(struct exposition *to, const struct ship_stats *stats)
{
    count_by(to, FAMILY_REPORTED, "matched", stats->reports_matched);
    count_by(to, FAMILY_REPORTED, "unmatched", stats->reports_unmatched - stats->reports_unasked);
    count_by(to, FAMILY_REPORTED, "unasked", stats->reports_unasked);
}

static void tell_readable(void *context, const struct maillog_source *source)
{
    count_by(context, FAMILY_LOG_READABLE, source->name, source->covered != 0);
}

static void tell_lag(void *context, const struct maillog_source *source)
{
    if (source->covered != 0)
        exposition_real(context, &families[FAMILY_LOG_LAG], LABEL(source->name),
                        age(source->covered));
}

static void tell_behind(void *context, const struct maillog_source *source)
{
    if (source->behind >= 0)
        count_by(context, FAMILY_LOG_BEHIND, source->name, (uint64_t)source->behind);
}

static void tell_log(struct exposition *to, struct maillog *maillog)
{
    struct maillog_stats stats = {0};

    if (maillog != NULL)
        maillog_read_stats(maillog, &stats);
    count_by(to, FAMILY_LOG_LINES, "used",
             stats.lines - stats.not_ours - stats.not_understood - stats.too_long);
    count_by(to, FAMILY_LOG_LINES, "other", stats.not_ours);
    count_by(to, FAMILY_LOG_LINES, "not_understood", stats.not_understood);
    count_by(to, FAMILY_LOG_LINES, "too_long", stats.too_long);
    count(to, FAMILY_LOG_FACTS, stats.facts);
    count(to, FAMILY_LOG_GAPS, stats.gaps);
    real(to, FAMILY_LOG_LATEST, seconds(stats.read_until));
    if (maillog == NULL)
        return;
    maillog_each_source(maillog, tell_readable, to);
    maillog_each_source(maillog, tell_lag, to);
    maillog_each_source(maillog, tell_behind, to);
}

static void tell_process(struct exposition *to, const struct service *service)
{
    struct process_figures figures;

    if (process_read(&figures) < 0)
        return;
    real(to, FAMILY_PROCESS_CPU, figures.cpu_seconds);
    count(to, FAMILY_PROCESS_RESIDENT, figures.resident_bytes);
    count(to, FAMILY_PROCESS_VIRTUAL, figures.virtual_bytes);
    real(to, FAMILY_PROCESS_START, seconds(service->started));
    count(to, FAMILY_PROCESS_FDS, figures.open_fds);
    count(to, FAMILY_PROCESS_MAX_FDS, figures.max_fds);
    count(to, FAMILY_PROCESS_THREADS, figures.threads);
}

/* In the order of the rows; on the server's thread. */
static void tell_all(void *context, struct exposition *to)
{
    struct service *service = context;
    struct smtp_stats smtp;
    struct ship_stats ship;

    smtp_read_stats(&smtp);
    ship_read_stats(service->ship, &ship);
    tell_build(to, service);
    count(to, FAMILY_LEADING, ship.leading);
    tell_latency(to);
    tell_smtp(to, &smtp);
    tell_reported(to, &ship);
    tell_outcomes(to, &service->outcomes);
    tell_journal(to, service, &smtp, &ship);
    tell_ship(to, &ship);
    tell_log(to, atomic_load(&service->maillog));
    tell_process(to, service);
}

/* ---- the server ---- */

void gather_look_after(struct service *service)
{
    const char *address = service->at_start->metrics;
    struct gather *gather = &service->gather;
    struct error why;

    if (address[0] == '\0' || gather->server != NULL)
        return;
    if (metrics_start(&gather->server, address, tell_all, service, &why) < 0)
        log_trouble_on(&gather->trouble, "%s; mails flow, and it is tried again", why.text);
    else
        log_trouble_off(&gather->trouble, "the metrics are served at '%s' now", address);
}

void gather_stop(struct service *service)
{
    metrics_stop(&service->gather.server);
}
