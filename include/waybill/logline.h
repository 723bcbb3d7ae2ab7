/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline: one line of a mail server's log, read strictly from left to right.
 *
 *     text -> header -> body -> fields -> facts
 *             header.c  postfix*.c sendmail*.c losses.c
 *             entry.c
 *
 * The header gives time, host, program and pid, in whatever form the log was written:
 *
 *     RFC 3164, with and without <PRI>, the day padded by a blank, a zero or not at all
 *     RFC 3339 / ISO 8601 with and without a zone (rsyslog's default, postlogd's, ...)
 *     RFC 5424, with structured data and a byte order mark
 *     an entry of journalctl -o export (all its lines) or -o json (one line); one that journald
 *     knows to be no mail server's is read no further than its header
 *     the header of a container's line behind that of its host: the inner one counts
 *     a line as Docker's json-file driver or a Kubernetes node keeps it, with its own header
 *
 * The body is read by the dialect of the program that wrote it. What a remote server, a sender or
 * a local user may have written into it (everything behind the first bracket of a status, the
 * words of a header, ...) decides nothing: it is a value and no more.
 *
 * Linear in the length of the line, no memory is taken but for the reader's scratch, no
 * recursion. A reader belongs to one thread and to the lines of one log in their order.
 */
#ifndef WAYBILL_LOGLINE_H
#define WAYBILL_LOGLINE_H

#include "waybill/error.h"
#include "waybill/fact.h"

/* X(symbol, word): the words are those of `waybill explain --log`. */
#define LINE_FIELDS(X)                                                                             \
    X(HOST, "host") X(PROGRAM, "program") X(PID, "pid") X(QUEUE_ID, "queue_id")                    \
    X(MESSAGE_ID, "message_id") X(FROM, "from") X(TO, "to") X(ORIG_TO, "orig_to")                  \
    X(RELAY, "relay") X(RELAY_HOST, "relay_host") X(RELAY_IP, "relay_ip")                          \
    X(RELAY_PORT, "relay_port") X(RELAY_SERVICE, "relay_service") X(RELAY_PATH, "relay_path")      \
    X(CONN_USE, "conn_use") X(DELAY, "delay") X(DELAYS, "delays") X(DELAY_A, "delay_a")            \
    X(DELAY_B, "delay_b") X(DELAY_C, "delay_c") X(DELAY_D, "delay_d") X(DSN, "dsn")                \
    X(STATUS, "status") X(REPLY, "reply") X(SIZE, "size") X(NRCPT, "nrcpt") X(UID, "uid")          \
    X(CLIENT, "client") X(CLIENT_HOST, "client_host") X(CLIENT_IP, "client_ip")                    \
    X(CLIENT_PORT, "client_port") X(SERVER_IP, "server_ip") X(SERVER_PORT, "server_port")          \
    X(ORIG_CLIENT, "orig_client") X(ORIG_QUEUE_ID, "orig_queue_id") X(ORIG_ID, "orig_id")          \
    X(SASL_METHOD, "sasl_method") X(SASL_USERNAME, "sasl_username")                                \
    X(SASL_SENDER, "sasl_sender") X(HELO, "helo") X(PROTO, "proto") X(ACTION, "action")            \
    X(STAGE, "stage") X(REJECT_CODE, "reject_code") X(REJECT_DSN, "reject_dsn")                    \
    X(REJECT_REASON, "reject_reason") X(REJECT_DATA, "reject_data")                                \
    X(MILTER_ACTION, "milter_action") X(MILTER_MESSAGE, "milter_message")                          \
    X(PROXY_ACTION, "proxy_action") X(BOUNCE_QUEUE_ID, "bounce_queue_id")                          \
    X(BOUNCE_TYPE, "bounce_type") X(NEXT_QUEUE_ID, "next_queue_id") X(EVENT, "event")              \
    X(LEVEL, "level") X(MESSAGE, "message") X(TLS_TRUST, "tls_trust")                              \
    X(TLS_VERSION, "tls_version") X(TLS_CIPHER, "tls_cipher")                                      \
    X(TLS_CIPHER_BITS, "tls_cipher_bits") X(LOSTCONN, "lostconn")                                  \
    X(DNSBL_DOMAIN, "dnsbl_domain") X(DNSBL_RESULT, "dnsbl_result") X(DNSBL_RANK, "dnsbl_rank")    \
    X(POSTSCREEN_VIOLATION, "postscreen_violation") X(POSTSCREEN_ACCESS, "postscreen_access")      \
    X(ANVIL_CONN_COUNT, "anvil_conn_count") X(ANVIL_CONN_RATE, "anvil_conn_rate")                  \
    X(POSTFIX_VERSION, "postfix_version") X(MAILER, "mailer") X(PRI, "pri")                        \
    X(CTLADDR, "ctladdr") X(XDELAY, "xdelay") X(STAT, "stat") X(CLASS, "class")                    \
    X(DAEMON, "daemon") X(RULESET, "ruleset") X(QUARANTINE, "quarantine") X(NTRIES, "ntries")      \
    X(LOST, "lost")

enum line_field {
#define X(symbol, word) LINE_##symbol,
    LINE_FIELDS(X)
#undef X
        LINE_FIELD_COUNT
};
const char *line_field_word(enum line_field field);

/* Who wrote the line. */
enum line_mta { LINE_OTHER, LINE_POSTFIX, LINE_SENDMAIL, LINE_SYSLOG };

/* What the line tells, as far as it matters to a mail; see the dialects for each shape's fields. */
enum line_shape {
    SHAPE_NONE,         /* the header only, or words that speak of no mail */
    SHAPE_CLIENT,       /* smtpd: client= of a queue id; orig_queue_id= of a filter's second pass */
    SHAPE_PICKUP,       /* pickup: uid= from=; orig_id= of a requeue */
    SHAPE_CLEANUP,      /* message-id= */
    SHAPE_ACTIVE,       /* qmgr: from= size= nrcpt= */
    SHAPE_GIVEN_UP,     /* qmgr: from= status=expired, of all recipients that are left */
    SHAPE_DELIVERY,     /* an attempt for a recipient and its outcome */
    SHAPE_PROBE,        /* the same for an address that is only asked about */
    SHAPE_TRY,          /* one server's no within an attempt; the attempt's outcome follows */
    SHAPE_REMOVED,      /* the mail left the queue */
    SHAPE_HELD,         /* put on hold */
    SHAPE_RELEASED,     /* ... and let go */
    SHAPE_REQUEUED,     /* will go on under another queue id */
    SHAPE_NOTIFIED,     /* a report was made, bounce_queue_id */
    SHAPE_REFUSAL,      /* reject, hold, discard, ... by action and stage */
    SHAPE_WARNING,      /* warning: QID: ... */
    SHAPE_SENDER,       /* Sendmail: from= line */
    SHAPE_CLONE,        /* Sendmail: the mail goes on under another id for an owner's list */
    SHAPE_LOST,         /* the log itself says that lines were lost */
    SHAPE_COUNT
};

enum line_understood {
    LINE_SAYS_NOTHING, /* not an MTA's, or nothing of a mail's fate */
    LINE_UNDERSTOOD,
    LINE_BROKEN,       /* names a mail, and is cut, or not of the form that it should be */
};

struct logline {
    struct slice raw;  /* all of it without the newline; what its facts' ids are made from */
    int64_t time;      /* ms */
    bool whole_seconds; /* the header tells no fraction of a second */
    bool doubtful;      /* a journal's entry that no mail server wrote: its body is not read */
    struct slice body; /* what follows "program[pid]: " */
    enum line_mta mta;
    enum line_shape shape;
    enum line_understood understood;
    unsigned repeated;    /* how often the line stands for itself, 1 to 1000: rsyslog's "message
                             repeated" */
    struct slice instance; /* MTA instance as the log names it: postfix, postfix-out, sendmail */
    struct slice service;  /* the service: smtpd, qmgr, smtp, ...; absent for Sendmail */
    uint64_t has[2];       /* bit n: field n is there */
    struct slice field[LINE_FIELD_COUNT]; /* ask by line_value(): others are not initialised */
};

static inline bool line_has(const struct logline *line, enum line_field field)
{
    return (line->has[field / 64] >> (field % 64) & 1) != 0;
}
static inline struct slice line_value(const struct logline *line, enum line_field field)
{
    return line_has(line, field) ? line->field[field] : SLICE_ABSENT;
}
/* A value that is absent changes nothing. */
static inline void line_set(struct logline *line, enum line_field field, struct slice value)
{
    if (value.at != NULL) {
        line->field[field] = value;
        line->has[field / 64] |= UINT64_C(1) << (field % 64);
    }
}

struct logline_reader;
/* NULL: no memory. */
struct logline_reader *logline_open(void);
void logline_close(struct logline_reader **reader);
/* No line is much later than this moment (ms): it decides the year where a header names none.
 * For a file that grows: now, which it is until this is called; for an old one: when it was last
 * written. Local times are those of the zone (TZ) that the process has at its first line. */
void logline_until(struct logline_reader *reader, int64_t moment);
struct logfile;
/* The lines to come are those of `file` from where it stands. In a plain file whose lines name no
 * year the order of the dates then tells it, also where the log is longer than a year or ended
 * long before `until`; of another file nothing is learnt. Call it after logline_until, and after
 * logfile_open or logfile_skip. */
void logline_years(struct logline_reader *reader, struct logfile *file);

/* Read the header of `text` (without its newline). False: it has none of the known forms. The
 * views are into `text`, into the reader or constants, and valid until the next call. */
bool logline_header(struct logline_reader *reader, struct slice text, struct logline *line);
/* Begin a line whose header came by another way: `line` is emptied but for what the caller then
 * sets: raw, time, body, and the fields host, program and pid. */
void logline_begin(struct logline *line);
/* Read the body of a line whose header is read: mta, shape, understood, all other fields. */
void logline_body(struct logline_reader *reader, struct logline *line);

/* The line as facts: number 0, 1, ... until false. Most lines give one or none; one of Sendmail
 * gives one for each recipient that it names. The fact has no id yet: see fact_id_log, of which
 * `number` is the part. Views as those of the line. */
bool logline_fact(struct logline_reader *reader, const struct logline *line, unsigned number,
                  struct fact *fact);

#endif
