/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * families: the metrics of waybilld, a row each. The exposition, waybill-metrics(7) and what the
 * tests want of dashboard and alerts follow the rows, in their order.
 */
#ifndef WAYBILLD_FAMILIES_H
#define WAYBILLD_FAMILIES_H

#include "waybill/metrics.h"

#define LABELS(...) {__VA_ARGS__}

/* clang-format off */
/* X(symbol, name, type, labels, help) */
#define FAMILIES(X)                                                                                \
    X(BUILD_INFO, "waybill_build_info", GAUGE, LABELS("version"),                                  \
      "Always 1; the label tells which version runs")                                              \
    X(NODE_INFO, "waybill_node_info", GAUGE, LABELS("node", "generation"),                         \
      "Always 1; the labels tell the number of this machine among those that share a store, and "  \
      "the part of the journal that this process writes")                                          \
    X(LEADING, "waybill_leading", GAUGE, LABELS(NULL),                                             \
      "1 if this process follows the log and ships the journal, 0 if another process of this "     \
      "machine does")                                                                              \
    X(ANSWER_DURATION, "waybill_answer_duration_seconds", HISTOGRAM, LABELS("phase"),              \
      "How long our answers to the mail server took, by phase of SMTP, from the entry of our "     \
      "callback to its return; this is the time by which we delay a mail")                         \
    X(ANSWER_SLOWEST, "waybill_answer_slowest_seconds", GAUGE, LABELS(NULL),                       \
      "The slowest of these answers since the start")                                              \
    X(EOM_LATE, "waybill_eom_late_total", COUNTER, LABELS(NULL),                                   \
      "Mails whose end was answered, after eom_wait_ms, before the journal had their facts")       \
    X(SESSIONS, "waybill_sessions_total", COUNTER, LABELS(NULL), "SMTP sessions seen")             \
    X(OPEN_SESSIONS, "waybill_open_sessions", GAUGE, LABELS(NULL), "SMTP sessions that are open")  \
    X(MAILS_BEGUN, "waybill_mails_begun_total", COUNTER, LABELS(NULL),                             \
      "Mails that began with MAIL")                                                                \
    X(MAILS, "waybill_mails_total", COUNTER, LABELS("outcome"),                                    \
      "Mails by what became of them at the door: queued, or abandoned by the client or refused "   \
      "before the end")                                                                            \
    X(RECIPIENTS, "waybill_recipients_total", COUNTER, LABELS("outcome"),                          \
      "Recipients by what became of them at the door: taken or refused; a refused sender or "      \
      "session counts as one")                                                                     \
    X(STAMPED, "waybill_stamped_mails_total", COUNTER, LABELS(NULL),                               \
      "Mails that got an envelope id of ours")                                                     \
    X(STAMP_FAILURES, "waybill_stamp_failures_total", COUNTER, LABELS(NULL),                       \
      "Envelope ids that the mail server did not take")                                            \
    X(REPORTS, "waybill_reports_total", COUNTER, LABELS("kind"),                                   \
      "Mails that were reports, by kind: bounce (with delay warnings and success reports), "       \
      "complaint, receipt, autoreply")                                                             \
    X(REPORTS_PARTIAL, "waybill_reports_partial_total", COUNTER, LABELS(NULL),                     \
      "Reports that could be read in part only")                                                   \
    X(REPORTS_UNREAD, "waybill_reports_unread_total", COUNTER, LABELS(NULL),                       \
      "Mails that passed unread for want of memory")                                               \
    X(REPORTED, "waybill_reported_recipients_total", COUNTER, LABELS("match"),                     \
      "Recipients in reports: matched with a mail of ours, unmatched, or unasked, because their "  \
      "sender sent too many to look for")                                                          \
    X(OUTCOMES, "waybill_outcomes_total", COUNTER, LABELS("state", "reason"),                      \
      "States that recipients came into, as told to the store; each failed attempt is one more "   \
      "delayed; reason is none where a state needs none; an event that is told again after a "     \
      "crash counts again")                                                                        \
    X(FACTS_LOST, "waybill_facts_lost_total", COUNTER, LABELS("cause"),                            \
      "Facts that are lost: journal (it took no more, and the ring was full) or memory (there "    \
      "was none to word them)")                                                                    \
    X(JOURNAL_RECORDS, "waybill_journal_records_total", COUNTER, LABELS(NULL),                     \
      "Records given to the journal")                                                              \
    X(JOURNAL_WRITTEN, "waybill_journal_written_bytes_total", COUNTER, LABELS(NULL),               \
      "Bytes written to the journal")                                                              \
    X(JOURNAL_SYNCS, "waybill_journal_syncs_total", COUNTER, LABELS(NULL),                         \
      "Times that the journal was forced to the disk")                                             \
    X(JOURNAL_WRITE_FAILURES, "waybill_journal_write_failures_total", COUNTER, LABELS(NULL),       \
      "Writes to the journal that failed")                                                         \
    X(JOURNAL_SYNC_FAILURES, "waybill_journal_sync_failures_total", COUNTER, LABELS(NULL),         \
      "Syncs of the journal that failed")                                                          \
    X(JOURNAL_TORN, "waybill_journal_torn_tails", GAUGE, LABELS(NULL),                             \
      "Torn ends that were cut off the journal when it was opened")                                \
    X(JOURNAL_QUARANTINED, "waybill_journal_quarantined_segments", GAUGE, LABELS(NULL),            \
      "Damaged segments that were put aside when the journal was opened")                          \
    X(JOURNAL_BYTES, "waybill_journal_bytes", GAUGE, LABELS(NULL),                                 \
      "Size of the journal on the disk, what is shipped but not yet removed included")             \
    X(JOURNAL_LIMIT, "waybill_journal_limit_bytes", GAUGE, LABELS(NULL),                           \
      "Size that the journal may grow to (journal_max_mb)")                                        \
    X(JOURNAL_WAITING, "waybill_journal_waiting_records", GAUGE, LABELS(NULL),                     \
      "Records in memory that wait for the disk")                                                  \
    X(JOURNAL_RING, "waybill_journal_ring_records", GAUGE, LABELS(NULL),                           \
      "Records that may wait in memory (journal_ring)")                                            \
    X(JOURNAL_UNSHIPPED, "waybill_journal_unshipped_bytes", GAUGE, LABELS(NULL),                   \
      "Bytes of the journal that are not in the store yet; where another process leads, those of " \
      "this process alone")                                                                        \
    X(JOURNAL_OLDEST, "waybill_journal_oldest_unshipped_seconds", GAUGE, LABELS(NULL),             \
      "Age of the oldest fact that is not in the store yet, without those that are held for "      \
      "their mail; 0 if all are")                                                                  \
    X(CONNECTED, "waybill_ship_connected", GAUGE, LABELS(NULL),                                    \
      "1 if the store took what was last sent")                                                    \
    X(SHIP_LAG, "waybill_ship_lag_seconds", GAUGE, LABELS(NULL),                                   \
      "How long the first fact of the latest batch took from the journal into the store")          \
    X(SHIP_LATEST, "waybill_ship_last_fact_timestamp_seconds", GAUGE, LABELS(NULL),                \
      "Time of the latest fact that is in the store; a heartbeat is a fact, so it is never much "  \
      "older than ten seconds")                                                                    \
    X(SHIP_FACTS, "waybill_ship_facts_total", COUNTER, LABELS(NULL),                               \
      "Facts brought into the store")                                                              \
    X(SHIP_RECORDS, "waybill_ship_records_total", COUNTER, LABELS(NULL),                           \
      "Records written into the store")                                                            \
    X(SHIP_BATCHES, "waybill_ship_batches_total", COUNTER, LABELS(NULL), "Batches shipped")        \
    X(SHIP_RETRIES, "waybill_ship_retries_total", COUNTER, LABELS(NULL),                           \
      "Batches that had to be tried again")                                                        \
    X(SHIP_REWINDS, "waybill_ship_rewinds_total", COUNTER, LABELS(NULL),                           \
      "Times that another run of Redis answered, and was sent again what the journal kept")        \
    X(SHIP_SHED_DAYS, "waybill_ship_shed_total", COUNTER, LABELS(NULL),                       \
      "Days that were given up because Redis was full (when_full = shed)")                         \
    X(STORE_ERRORS, "waybill_store_errors_total", COUNTER, LABELS("kind"),                         \
      "Failures of the store: unreachable, busy, full (it takes no writes), readonly (it is a "    \
      "replica), denied (password or rights), foreign (a key is another's), protocol")             \
    X(SHIP_HELD, "waybill_ship_held_facts", GAUGE, LABELS(NULL),                                   \
      "Facts that wait for their mail")                                                            \
    X(SHIP_ORPHANS, "waybill_ship_orphaned_facts_total", COUNTER, LABELS(NULL),                    \
      "Facts of which no mail was found")                                                          \
    X(SHIP_OVER_LIMIT, "waybill_ship_over_limit_facts_total", COUNTER, LABELS(NULL),               \
      "Facts for which the record of their mail had no room")                                      \
    X(SHIP_REFUSED_OVER, "waybill_ship_refused_over_mails_total", COUNTER, LABELS(NULL),           \
      "Refused mails that were only counted, for their client had too many")                       \
    X(SHIP_UNREAD, "waybill_ship_unread_records_total", COUNTER, LABELS(NULL),                     \
      "Records of the journal that this version cannot read")                                      \
    X(GAPS, "waybill_gaps_total", COUNTER, LABELS(NULL),                                           \
      "Gaps in what was watched that were told to the store; see waybill stats --coverage")        \
    X(LOG_LINES, "waybill_log_lines_total", COUNTER, LABELS("result"),                             \
      "Lines of the log: used, other (of other programs, or not of a mail), not_understood "       \
      "(names a mail, in a form that we do not know) or too_long")                                 \
    X(LOG_FACTS, "waybill_log_facts_total", COUNTER, LABELS(NULL),                                 \
      "Facts made of lines of the log")                                                            \
    X(LOG_GAPS, "waybill_log_gaps_total", COUNTER, LABELS(NULL), "Gaps in the log")                \
    X(LOG_LATEST, "waybill_log_last_line_timestamp_seconds", GAUGE, LABELS(NULL),                  \
      "Time of the last line that was read; 0 if there was none since the start")                  \
    X(LOG_READABLE, "waybill_log_source_readable", GAUGE, LABELS("source"),                        \
      "1 if this source of the log can be read; a source that is followed has a row")              \
    X(LOG_LAG, "waybill_log_source_lag_seconds", GAUGE, LABELS("source"),                          \
      "Seconds by which our place in this source lies behind; a source that cannot be read has "   \
      "no row")                                                                                    \
    X(LOG_BEHIND, "waybill_log_source_behind_bytes", GAUGE, LABELS("source"),                      \
      "Bytes of this file that are not read yet; no row where that cannot be known")               \
    X(PROCESS_CPU, "process_cpu_seconds_total", COUNTER, LABELS(NULL),                             \
      "CPU time of this process")                                                                  \
    X(PROCESS_RESIDENT, "process_resident_memory_bytes", GAUGE, LABELS(NULL), "Resident memory")   \
    X(PROCESS_VIRTUAL, "process_virtual_memory_bytes", GAUGE, LABELS(NULL), "Virtual memory")      \
    X(PROCESS_START, "process_start_time_seconds", GAUGE, LABELS(NULL),                            \
      "When this process started, in seconds since 1970")                                          \
    X(PROCESS_FDS, "process_open_fds", GAUGE, LABELS(NULL), "Open file descriptors")               \
    X(PROCESS_MAX_FDS, "process_max_fds", GAUGE, LABELS(NULL),                                     \
      "File descriptors that may be open")                                                         \
    X(PROCESS_THREADS, "process_threads", GAUGE, LABELS(NULL), "Threads")
/* clang-format on */

enum family {
#define X(symbol, name, type, labels, help) FAMILY_##symbol,
    FAMILIES(X)
#undef X
        FAMILY_COUNT
};
extern const struct metric families[FAMILY_COUNT];

#endif
