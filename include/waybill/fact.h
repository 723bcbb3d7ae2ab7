/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fact: what a witness saw. Small, immutable, dated.
 *
 * A fact is one line of text, in the journal as in the store:
 *
 *     1795298143051 mAb3dEf9012 rcpt w=261121575430100007 to=bob@example.com
 *     time in ms    | witness and fact id         values, escaped by escape_value
 *                   kind
 *
 * The order of values is that of enum fact_key; absent ones are left out; so equal facts have
 * equal lines. Unknown kinds and keys are kept by whoever passes a line on (record.h) and left
 * out by whoever decodes it.
 */
#ifndef WAYBILL_FACT_H
#define WAYBILL_FACT_H

#include <stdbool.h>
#include <stdint.h>

#include "waybill/buffer.h"
#include "waybill/error.h"
#include "waybill/text.h"

enum witness {
    WITNESS_MILTER = 'm',
    WITNESS_REPORT = 'r',
    WITNESS_LOG = 'l',
    WITNESS_QUEUE = 'q',
    WITNESS_ADMIN = 'a',
};
/* "milter", "report", ... or "unknown". */
const char *witness_name(enum witness witness);

/* X(symbol, word, what it says) */
#define FACT_KINDS(X)                                                                              \
    X(MAIL, "mail", "a sender was named at MAIL: client, login, TLS, envelope")                    \
    X(RCPT, "rcpt", "a recipient was taken")                                                       \
    X(REFUSED, "refused", "a recipient, a sender or a whole session was refused")                  \
    X(HEADER, "header", "the header fields that are kept")                                         \
    X(QUEUED, "queued", "end of message was reached and answered")                                 \
    X(ABANDONED, "abandoned", "the client went away, or began anew, before the end")               \
    X(CLIENT, "client", "log: smtpd names the client of a queue id")                               \
    X(CLEANUP, "cleanup", "log: cleanup names the Message-ID")                                     \
    X(ACTIVE, "active", "log: qmgr takes the mail up: sender, size, recipients")                   \
    X(DELIVERED, "delivered", "a next server, a mailbox or a program took the mail")               \
    X(DELAYED, "delayed", "an attempt failed; more will follow")                                   \
    X(FAILED, "failed", "refused for good, or bounced")                                            \
    X(EXPIRED, "expired", "given up for its age")                                                  \
    X(EXPANDED, "expanded", "an alias: the mail went on to others, or under another id")           \
    X(DISCARDED, "discarded", "thrown away by a rule")                                             \
    X(HELD, "held", "put on hold")                                                                 \
    X(RELEASED, "released", "log: let go after a hold")                                            \
    X(REQUEUED, "requeued", "log: put through the queue anew; it goes on under another id")        \
    X(CANCELED, "canceled", "deleted by an administrator")                                         \
    X(REJECTED, "rejected", "refused by a later milter or by cleanup, after our answer")           \
    X(NOTIFIED, "notified", "log: a report was sent to the sender, under its own queue id")        \
    X(REMOVED, "removed", "log: the mail left the queue")                                          \
    X(REMARK, "remark", "a report that tells of no outcome: complaint, receipt, automatic answer") \
    X(REPORT, "report", "this mail is a report; about= names the mail that it speaks of")          \
    X(GAP, "gap", "a witness was blind, or facts were lost")                                       \
    X(BEAT, "beat", "a witness is alive")

enum fact_kind {
    FACT_UNKNOWN,
#define X(symbol, word, text) FACT_##symbol,
    FACT_KINDS(X)
#undef X
        FACT_KIND_COUNT
};
const char *fact_kind_word(enum fact_kind kind);
enum fact_kind fact_kind_of(struct slice word);

/* X(symbol, word, what it holds) */
#define FACT_KEYS(X)                                                                               \
    X(WAYBILL, "w", "waybill id, decimal; in the journal only")                                    \
    X(HOST, "host", "MTA host; in the journal only, the record has it in its first line")          \
    X(INSTANCE, "inst", "MTA instance as its log names it (postfix, postfix-out); same")           \
    X(QUEUE, "q", "queue id; same")                                                                \
    X(TO, "to", "recipient, no brackets")                                                          \
    X(ORIGINAL, "orig", "recipient before aliases (orig_to=)")                                     \
    X(FROM, "from", "envelope sender, no brackets; empty: the null sender")                        \
    X(CLIENT, "client", "client's name; unknown if it has none")                                   \
    X(IP, "ip", "client's address")                                                                \
    X(PORT, "port", "client's port")                                                               \
    X(HELO, "helo", "what the client called itself")                                               \
    X(DAEMON, "daemon", "{daemon_name} at CONNECT")                                                \
    X(DAEMON_PORT, "dport", "{daemon_port}")                                                       \
    X(LOGIN, "login", "SASL login name")                                                           \
    X(AUTH, "auth", "SASL mechanism")                                                              \
    X(TLS, "tls", "TLS version and cipher: TLSv1.3:TLS_AES_256_GCM_SHA384:256")                    \
    X(SIZE, "size", "bytes: announced (mail), counted (queued), by qmgr (active)")                 \
    X(BODY, "body", "BODY= of MAIL")                                                               \
    X(UTF8, "utf8", "1: SMTPUTF8")                                                                 \
    X(RET, "ret", "RET= of MAIL")                                                                  \
    X(ENVID, "envid", "ENVID= of MAIL, as given (xtext)")                                          \
    X(NOTIFY, "notify", "NOTIFY= of RCPT")                                                         \
    X(ORCPT, "orcpt", "ORCPT= of RCPT, as given")                                                  \
    X(PARAMETERS, "param", "ESMTP parameters that have no key of their own, blank-separated")      \
    X(MESSAGE_ID, "id", "Message-ID without brackets")                                             \
    X(DATE, "date", "header Date")                                                                 \
    X(HEADER_FROM, "hfrom", "header From")                                                         \
    X(SUBJECT, "subject", "header Subject")                                                        \
    X(SUBJECT_HASH, "subjhash", "keyed hash of the subject")                                       \
    X(AUTO, "auto", "header Auto-Submitted")                                                       \
    X(LIST, "list", "header List-Id")                                                              \
    X(PHASE, "phase", "SMTP phase: connect helo mail rcpt data header body eom")                   \
    X(STATUS, "dsn", "enhanced status code, RFC 3463")                                             \
    X(RELAY, "relay", "next server as logged: name[address]:port; none; local; ...")               \
    X(DELAYS, "delays", "seconds before queue / in queue / connecting / sending; or [d+]hh:mm:ss")  \
    X(DELAY, "delay", "seconds since arrival")                                                     \
    X(VIA, "via", "service that made the attempt: smtp, lmtp, local, virtual, pipe, error, ...")   \
    X(NEXT, "next", "queue id under which the mail goes on: queued as, forwarded as, notification") \
    X(RECIPIENTS, "nrcpt", "number of recipients by qmgr")                                         \
    X(CONNECTION, "conn", "conn_use: deliveries over this connection")                             \
    X(REPLY, "reply", "the words that the outcome rests on, as logged or as given")                \
    X(UNTIL, "until", "end of a gap, ms")                                                          \
    X(COUNT, "count", "how many: facts lost, refusals of one client")                              \
    X(CAUSE, "cause", "why: of a gap (disk-full, killed, truncated, unread), of a cancel")         \
    X(ACTION, "action", "report: RFC 3464's word: failed delayed delivered relayed expanded")      \
    X(REASON, "reason", "report: why, a word of waybill-rules(5)")                                 \
    X(REPORT_KIND, "report", "what kind of report: bounce, complaint, mdn, autoreply")             \
    X(DIALECT, "dialect", "report: who wrote it, as far as its form tells: rfc3464, exim, ...")    \
    X(SIDE, "side", "how the report came in: smtp, local, internal; see waybill-reports(7)")       \
    X(TOKEN, "token", "1: the report carries our token for this waybill, and it is genuine")       \
    X(BY_WAYBILL, "by", "waybill id of the report itself, decimal")                                \
    X(BY_QUEUE, "bq", "queue id of the report itself")                                             \
    X(ABOUT, "about", "waybill id of the mail that this report speaks of, decimal; 0: none found") \
    X(ARRIVED, "arrived", "ms: when the mail that the report speaks of came in, as the report says") \
    X(UID, "uid", "user id of who handed the mail in on this machine")                             \
    X(PREVIOUS, "prev", "queue id that the mail had before: requeued, or through a filter")

enum fact_key {
#define X(symbol, word, text) KEY_##symbol,
    FACT_KEYS(X)
#undef X
        FACT_KEY_COUNT
};
const char *fact_key_word(enum fact_key key);

struct fact {
    enum fact_kind kind;
    enum witness witness;
    uint64_t id;    /* fact id, 60 bits; see fact_id_* */
    int64_t time;   /* ms */
    uint64_t waybill; /* KEY_WAYBILL in the text; 0: only host, instance, queue id are known */
    uint64_t keys;    /* KEY_BIT of each value that was ever set: what is not here is absent */
    struct slice value[FACT_KEY_COUNT]; /* views; absent: at == NULL; KEY_WAYBILL is unused; set by
                                         * fact_set only */
};
#define KEY_BIT(symbol) (UINT64_C(1) << KEY_##symbol)

#define FACT_LINE_MAX 16384 /* longest line; the encoder cuts values over 64 bytes to fit */
#define FACT_VALUE_MAX 2048 /* longest value; longer ones are cut (on a UTF-8 border) */

void fact_init(struct fact *fact, enum witness witness, enum fact_kind kind, int64_t time);
static inline void fact_set(struct fact *fact, enum fact_key key, struct slice value)
{
    fact->value[key] = value;
    fact->keys |= (uint64_t)(value.at != NULL) << key;
}
/* Take the lowest key out of a set of them, which is not empty. */
static inline enum fact_key fact_take_key(uint64_t *keys)
{
    int key = __builtin_ctzll(*keys);
    *keys &= *keys - 1;
    return (enum fact_key)key;
}
/* As fact_init, of a fact that is one already: clears no more than was set since. */
void fact_renew(struct fact *fact, enum witness witness, enum fact_kind kind, int64_t time);

/* Fact ids: 60 bits, printed as 10 characters of [0-9A-Za-z_-]. */
#define FACT_ID_SIZE 11
void fact_id_text(uint64_t id, char text[static FACT_ID_SIZE]);
bool fact_id_parse(struct slice text, uint64_t *id);
/* milter: the waybill and the number of the fact in it (0, 1, ...; below 2^20). Ids of one
 * waybill sort by that number. */
uint64_t fact_id_milter(uint64_t waybill, unsigned number);
/* log: the raw line, how often the same line stood before it, and which of the facts that the line
 * gives it is (0, 1, ...). */
uint64_t fact_id_log(struct slice raw_line, unsigned occurrence, unsigned part);
/* The same of the line whose fact_id_log(line, 0, 0) is `first`, which is dear. */
uint64_t fact_id_again(uint64_t first, unsigned occurrence, unsigned part);
/* report: what the report says of one recipient; the same report read twice gives the same id.
 * `words` is all that tells this report from another one about the same recipient. */
uint64_t fact_id_report(struct slice recipient, enum fact_kind kind, struct slice words);

/* Append the line, without a newline. -1 only if the buffer failed. */
int fact_encode(const struct fact *fact, struct buffer *to);
/* Read a line. The values are views into `line`, which is changed (unescaped in place) and must
 * live as long. -1: not a fact line. Unknown keys are skipped; an unknown kind is FACT_UNKNOWN. */
int fact_decode(char *line, size_t size, struct fact *fact, struct error *why);

#endif
