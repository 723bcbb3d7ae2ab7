/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waybill: what the facts of a record mean: the envelope, the recipients and their states, the
 * timeline, the events. The one place that computes a state; nothing stores one as decided.
 *
 * The result depends on the set of facts and on `now` alone, not on the order of their arrival.
 */
#ifndef WAYBILL_WAYBILL_H
#define WAYBILL_WAYBILL_H

#include "waybill/record.h"

/* X(symbol, word). The sentence for the help desk is "state.WORD" of the messages. */
#define RECIPIENT_STATES(X)                                                                        \
    X(ACCEPTED, "accepted")                                                                        \
    X(DELAYED, "delayed")                                                                          \
    X(DELIVERED, "delivered")                                                                      \
    X(EXPANDED, "expanded")                                                                        \
    X(HELD, "held")                                                                                \
    X(FAILED, "failed")                                                                            \
    X(EXPIRED, "expired")                                                                          \
    X(CANCELED, "canceled")                                                                        \
    X(REJECTED, "rejected")                                                                        \
    X(DISCARDED, "discarded")                                                                      \
    X(ABANDONED, "abandoned")                                                                      \
    X(UNRESOLVED, "unresolved")

enum recipient_state {
#define X(symbol, word) STATE_##symbol,
    RECIPIENT_STATES(X)
#undef X
        STATE_COUNT
};
const char *state_word(enum recipient_state state);
/* -1: no such state. */
int state_of(struct slice word);
/* The state that a fact of this kind puts its recipient into; -1: none. */
int state_of_kind(enum fact_kind kind);
/* Will no attempt follow? (not accepted, delayed, held) */
bool state_final(enum recipient_state state);

/*
 * Whom a fact may be believed. What the milter and the log saw is our own. A report is
 *
 *   own      from our own MTA: it came in on the non-SMTP side and the log's notification line
 *            names it (notified, next=), or it came with the configured {daemon_name} of internal
 *            mail (side=internal);
 *   proved   it carries our token for this mail (token=1), and the recipient that it names is one
 *            of this mail's, and its client is where that recipient was sent: the address of the
 *            recorded relay, or a confirmed name of the same organisation as the relay or the
 *            recipient's domain;
 *   claimed  all else: shown, but it changes no state and makes no event.
 *
 * It follows from the facts together: one that comes later may complete a proof.
 */
#define TRUSTS(X)                                                                                  \
    X(CLAIMED, "claimed", "nothing proves it")                                                     \
    X(PROVED, "proved", "it carries our token, and comes from where the mail was sent")            \
    X(OWN, "own", "our own mail server says so")
enum trust {
#define X(symbol, word, text) TRUST_##symbol,
    TRUSTS(X)
#undef X
};
const char *trust_word(enum trust trust);
const char *trust_sentence(enum trust trust);

struct recipient {
    struct slice address;  /* as first named */
    struct slice original; /* before aliases; absent if the same */
    enum recipient_state state;
    int64_t since;         /* time of the fact that decided the state */
    int64_t tried;         /* time of the last attempt; 0: none */
    unsigned attempts;
    bool mailbox;          /* delivered: into a mailbox, not only to a next hop */
    bool named;            /* by the client, at RCPT */
    bool taken;            /* a witness saw it taken into the queue, or saw an attempt */
    bool at_rcpt;          /* rejected at RCPT */
    struct slice status;   /* 5.1.1 */
    struct slice reply;    /* words of the deciding fact */
    struct slice reason;   /* a word of reason.h, if a trusted report told one; else absent */
    struct slice relay;
    struct slice next;     /* next hop's queue id */
    struct slice via;
    size_t decided_by;     /* index into facts; SIZE_MAX: none */
};

struct waybill {
    uint64_t id;
    struct slice host, instance, queue_id;
    int64_t arrived; /* time of the first fact */
    struct slice from, header_from, message_id, subject_text, subject_hash, date;
    struct slice client, ip, port, helo, login, auth, tls, daemon, daemon_port;
    struct slice envid, list, automatic;
    int64_t size;     /* bytes; -1: not known */
    size_t size_from; /* how well it is known: 1 announced, 2 counted, 3 by the queue manager */
    bool has_from;
    bool seen_by_milter, queued, abandoned, removed;
    struct slice phase; /* abandoned in this phase */
    struct fact *facts; /* in the order in which they happened, as far as can be known */
    size_t fact_count;
    bool coarse_log;    /* the log's clock has whole seconds only: its facts stand last in theirs */
    uint32_t *subject;  /* facts[i] speaks of recipients[subject[i]]; SUBJECT_MAIL: of the mail;
                         * it stands in the memory of recipients */
    enum trust *trust;  /* of facts[i]; a claim whose recipient is not of this mail speaks of it */
    bool is_report;     /* this mail is a report itself */
    uint64_t about;     /* ... about the mail with this id; 0: none was found */
    struct recipient *recipients; /* in order of their first fact */
    size_t recipient_count;
    char *bytes; /* owns what the slices show */
};

#define SUBJECT_MAIL UINT32_MAX

/* Compute. `now` in ms and `queue_lifetime` in ms decide unresolved (0: never). -1: no memory.
 * The waybill owns what it shows; the record may go. */
int waybill_read(struct waybill *waybill, const struct record *record, int64_t now,
                 int64_t queue_lifetime, struct error *why);
/* The same of a record that is this text alone, quicker. 1: done; 0: the text is not plain (see
 * record_read): ask waybill_read; -1: no memory. */
int waybill_read_text(struct waybill *waybill, uint64_t id, struct slice text, int64_t now,
                      int64_t queue_lifetime, struct error *why);
/* The same of the facts of one mail that are in no record yet; id, host, instance and queue id stay
 * empty. `facts` come from malloc(3), in the order of record_order, each once; the waybill owns
 * them, also on -1, but not the bytes of their values, which must live as long. Recipients and
 * their states rest, where only the log tells, on the values of WAYBILL_STATE_KEYS alone. */
#define WAYBILL_STATE_KEYS                                                                         \
    (KEY_BIT(INSTANCE) | KEY_BIT(TO) | KEY_BIT(ORIGINAL) | KEY_BIT(PHASE) | KEY_BIT(RECIPIENTS))
int waybill_judge(struct waybill *waybill, struct fact *facts, size_t count, int64_t now,
                  int64_t queue_lifetime, struct error *why);
void waybill_clear(struct waybill *waybill);
/* The state that stands for all recipients: the one that most needs eyes. */
enum recipient_state waybill_state(const struct waybill *waybill);
/* No recipient was ever accepted (refused traffic, STORE.md). */
bool waybill_refused(const struct waybill *waybill);
/* Nothing more is expected: every recipient final, and the queue let it go. */
bool waybill_finished(const struct waybill *waybill);

/* X(symbol, word) */
#define EVENT_ACTIONS(X)                                                                           \
    X(MESSAGE_ACCEPTED, "message.accepted")                                                        \
    X(MESSAGE_ABANDONED, "message.abandoned")                                                      \
    X(RECIPIENT_REJECTED, "recipient.rejected")                                                    \
    X(DELIVERY_DELAYED, "delivery.delayed")                                                        \
    X(DELIVERY_DELIVERED, "delivery.delivered")                                                    \
    X(DELIVERY_EXPANDED, "delivery.expanded")                                                      \
    X(DELIVERY_HELD, "delivery.held")                                                              \
    X(DELIVERY_FAILED, "delivery.failed")                                                          \
    X(DELIVERY_EXPIRED, "delivery.expired")                                                        \
    X(DELIVERY_CANCELED, "delivery.canceled")                                                      \
    X(DELIVERY_DISCARDED, "delivery.discarded")                                                    \
    X(DELIVERY_UNRESOLVED, "delivery.unresolved")                                                  \
    X(REPORT_UNMATCHED, "report.unmatched")                                                        \
    X(COMPLAINT_RECEIVED, "complaint.received")                                                    \
    X(TRACE_GAP, "trace.gap")

enum event_action {
#define X(symbol, word) EVENT_##symbol,
    EVENT_ACTIONS(X)
#undef X
        EVENT_ACTION_COUNT
};
const char *event_word(enum event_action action);
/* The recipient's state that the action tells of; -1: it is of the whole mail, or of none. */
int event_state(enum event_action action);

struct event {
    uint64_t id;        /* hash of waybill, recipient, action, attempt; 60 bits as fact ids */
    uint64_t waybill;   /* 0: of no mail (trace.gap) */
    uint64_t recipient; /* recipient_hash; 0: the whole mail */
    enum event_action action;
    int64_t time;
    unsigned sequence;  /* place in the waybill's list of events */
};
/* 60-bit hash of a normalised address: names a recipient where no address may stand. */
uint64_t recipient_hash(struct slice address);

/* All events that the waybill's facts amount to, by time; the same facts give the same list. An
 * attempt is told apart by its time in whole seconds, a final outcome stands once. The caller
 * frees *events with free(). -1: no memory. */
int waybill_events(const struct waybill *waybill, struct event **events, size_t *count);
/* The event that a witness of a node was blind from that moment (ms) on. */
void event_of_gap(struct event *event, unsigned node, enum witness witness, int64_t from);

#endif
