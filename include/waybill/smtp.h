/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * smtp: the witness of the SMTP phases, by libmilter.
 *
 * Its callbacks answer continue, accept or skip, whatever happens, and wait for nothing but, at
 * EOM, `eom_wait_ms` for the journal. They may run on any thread of libmilter's, one session at
 * a time; a session has no thread of its own.
 */
#ifndef WAYBILL_SMTP_H
#define WAYBILL_SMTP_H

#include "waybill/error.h"
#include "waybill/histogram.h"
#include "waybill/journal.h"
#include "waybill/settings.h"

struct smtp_stats {
    uint64_t sessions, open_sessions, messages, queued, abandoned, recipients, refused;
    uint64_t eom_late;  /* EOM answered before the journal had it */
    uint64_t no_memory; /* facts lost because there was no memory to word them */
    uint64_t bounces, complaints, receipts, autoreplies; /* reports read, by kind */
    uint64_t reports_partial; /* of these, read in part: a limit, or a torn mail */
    uint64_t reports_unread;  /* mails that passed unread because there was no memory */
    uint64_t stamped, stamp_failures; /* mails that got an envelope id of ours, or could not */
};

/* The phases in which the MTA hands something over and goes on when our callback has returned:
 * X(symbol, word). What is measured is the callback from its entry to its return. */
#define SMTP_PHASES(X)                                                                             \
    X(NEGOTIATE, "negotiate") X(CONNECT, "connect") X(HELO, "helo") X(MAIL, "mail")                \
    X(RCPT, "rcpt") X(DATA, "data") X(HEADER, "header") X(EOH, "eoh") X(BODY, "body")              \
    X(EOM, "eom")
enum smtp_phase {
#define X(symbol, word) SMTP_##symbol,
    SMTP_PHASES(X)
#undef X
        SMTP_PHASE_COUNT
};
const char *smtp_phase_word(enum smtp_phase phase);

/* Bind the socket; a unix socket that nobody serves any more is replaced, one that is served only
 * if we `take_over` (else -1): who connects from then on comes to us, who has connected stays with
 * the process before us. Connections wait for smtp_run. `node` and `generation` go into the ids;
 * `last_id` is the highest id known from the journal (facts and the note "id"). The journal and the
 * settings must outlive smtp_run. After 0, smtp_close. */
int smtp_open(const struct settings *settings, struct journal *journal, unsigned node,
              unsigned generation, uint64_t last_id, bool take_over, struct error *why);
/* Serve until SIGTERM or SIGINT (libmilter takes them, and SIGHUP) or smtp_stop. 0, or -1:
 * libmilter failed. */
int smtp_run(struct error *why);
/* Remove the unix socket's names that are still ours. When no other thread asks for the socket. */
void smtp_close(void);
/* Can another process take this socket over? Only a unix socket has a name that can be replaced. */
bool smtp_can_hand_over(const struct settings *settings);

/* Between smtp_open and smtp_close; one thread. */
/* If the unix socket's name is gone or leads to nobody, put it back. */
void smtp_look_after(const struct settings *settings);
/* Did another process put its socket in the place of our unix socket, and serves it? */
bool smtp_replaced(void);
/* Connections of the MTA's, with those that wait and those that said nothing yet. -1: it cannot be
 * told. */
int smtp_connections(void);
/* Have smtp_run return, within five seconds; sessions that are open are cut off. */
void smtp_stop(void);

/* New settings for sessions that begin from now on; if they cannot be used (key_file, rules), the
 * log says why and the old ones stay. Any thread. The old ones may be freed only after smtp_run has
 * returned. */
void smtp_reload(const struct settings *settings);
void smtp_read_stats(struct smtp_stats *stats);
/* How long the callbacks of a phase took, since the start. Any thread. */
void smtp_read_latency(enum smtp_phase phase, struct histogram_reading *reading);
/* Microseconds of the slowest callback since the last call; 0: there was none. One caller. */
uint64_t smtp_take_slowest(void);
/* The same since the start. Any thread. */
uint64_t smtp_read_slowest(void);

#endif
