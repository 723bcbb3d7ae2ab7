/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * query: the one place that puts waybills together for an answer; asked by all readers.
 *
 * A query is a list of terms, all of which must hold, a span of time, an order and a limit. A
 * term is a field and one or several values, of which one must fit; or, if it is negated, none.
 * waybill-query(7) has the language in which people write it.
 *
 * A mail fits if each term of the mail holds and one recipient satisfies all terms of a recipient
 * together, the negated ones included. A mail without recipients counts as one recipient without
 * an address, in the state of waybill_state. Of a recipient `state`, `reason` and `status` are
 * those of the present outcome, as a table shows them; `remote` is the server of any attempt that
 * our mail server's log tells of, so that mail that went elsewhere at last is found too.
 *
 * None of this is for several threads at once, but for query_parse and query_fits*.
 */
#ifndef WAYBILL_QUERY_H
#define WAYBILL_QUERY_H

#include "waybill/error.h"
#include "waybill/messages.h"
#include "waybill/network.h"
#include "waybill/reason.h"
#include "waybill/store.h"
#include "waybill/waybill.h"

#define QUERY_TERMS_MAX 64
#define QUERY_VALUES_MAX 256  /* of all terms together */
#define QUERY_WORD_MAX 4096   /* bytes of one value */
#define QUERY_TEXT_MAX 65536  /* bytes of a query's text */
#define QUERY_SCAN_MAX 100000 /* records that one answer examines in vain, by itself */
#define QUERY_LIMIT_MAX 1000000

/* What the values of a field are. ADDRESS: a mail address, @example.org (that domain),
 * @.example.org (it and all below); MACHINE: an address, a network 192.0.2.0/24, a name, or
 * @example.org (all names in that domain); NAME: a name or @example.org, as before; PART: words
 * that occur. */
enum query_kind {
    QUERY_ADDRESS, QUERY_MESSAGE_ID, QUERY_QUEUE_ID, QUERY_ID, QUERY_MACHINE, QUERY_WORD,
    QUERY_STATE, QUERY_REASON, QUERY_STATUS, QUERY_NAME, QUERY_PART,
};

/* X(symbol, word, other words for it, kind, is it of a recipient, sentence for help) */
#define QUERY_FIELDS(X)                                                                            \
    X(WHO, "who", "person address user mail email", ADDRESS, false, "sender or any recipient")     \
    X(TO, "to", "recipient rcpt", ADDRESS, true, "recipient, before or after aliases")             \
    X(ORIGINAL, "original", "orig orcpt alias", ADDRESS, true, "recipient before aliases")         \
    X(FROM, "from", "sender mailfrom", ADDRESS, false, "envelope sender; <> for reports")          \
    X(HEADER_FROM, "header-from", "hfrom author", ADDRESS, false, "address in the header From")    \
    X(MESSAGE_ID, "message-id", "messageid msgid mid", MESSAGE_ID, false,                          \
      "Message-ID, with or without < >")                                                           \
    X(QUEUE_ID, "queue-id", "queueid qid queue", QUEUE_ID, false, "queue id in the mail server")   \
    X(ID, "id", "case code trace waybill", ID, false, "case code, or the number of 18 digits")     \
    X(CLIENT, "client", "ip", MACHINE, false, "who handed it in: address, network, name, @domain") \
    X(LOGIN, "login", "sasl auth username", WORD, false, "SASL login of the sender")               \
    X(REMOTE, "remote", "relay server mx nexthop", MACHINE, true,                                  \
      "server of an attempt: name, @domain, address, network")                                     \
    X(STATE, "state", "outcome result", STATE, true, "what became of it: the words below")        \
    X(REASON, "reason", "why cause", REASON, true, "why it failed or waits: the words below")     \
    X(STATUS, "status", "dsn", STATUS, true, "status code: 5.1.1, 5.1, 5 or 5.x.x")                \
    X(LIST, "list", "list-id listid", NAME, false, "List-Id of a mailing list, or @domain")        \
    X(HOST, "host", "mta", NAME, false, "our mail server, or @domain")                             \
    X(SUBJECT, "subject", "title", PART, false, "words in the subject, where it is stored")

enum query_field {
#define X(symbol, word, others, kind, recipient, text) QUERY_FIELD_##symbol,
    QUERY_FIELDS(X)
#undef X
    QUERY_FIELD_COUNT
};
/* The row of a field; the table has QUERY_FIELD_COUNT. */
struct query_row {
    const char *word, *others; /* `others`: divided by blanks */
    enum query_kind kind;
    bool recipient;
    const char *text;
};
extern const struct query_row query_rows[];

enum query_shape {
    QUERY_TEXT,    /* the same, as the field compares */
    QUERY_DOMAIN,  /* that domain */
    QUERY_BELOW,   /* that domain and all below */
    QUERY_NETWORK, /* an address, or all of a network */
    QUERY_NUMBER,  /* a state, a reason, or an id */
};
struct query_value {
    enum query_shape shape;
    struct slice text;  /* in the form in which it is compared; of a domain without '@' */
    struct slice given; /* as it was given; both in memory of the query */
    struct network network;
    uint64_t number;
};
struct query_term {
    enum query_field field;
    bool negated;
    struct query_value *values;
    size_t count;
};

/* What of the mails the asker may see; see access.h. */
struct query_lens {
    /* Takes out of a waybill what he may not see, before it is compared; false: for him it is not
     * there. */
    bool (*look)(const void *context, struct waybill *waybill);
    const void *context;
    const struct store_term *terms; /* all that he may see stands under one of them ... */
    size_t term_count;              /* ... unless there are none */
};

#define QUERY_CURSOR_SIZE 80
#define QUERY_MOMENT_SIZE 40
struct query {
    struct query_term *terms; /* by query_add */
    size_t count, values;
    int64_t since, until;     /* ms; the waybill's arrival lies in since..until */
    /* "-2d" as it was asked, or "": by default. A cursor is bound to these, and brings back what
     * they meant when its search began. */
    char since_given[QUERY_MOMENT_SIZE], until_given[QUERY_MOMENT_SIZE];
    bool oldest_first, ordered; /* `ordered`: the order was asked for */
    size_t limit;
    bool limited;             /* the limit was asked for */
    uint64_t after;           /* cursor: only ids beyond it, in this order; 0: from the front */
    /* Records examined: without a term that narrows the search all of them, with one those that do
     * not fit. Ids that the index has under one term but not under another count a little, too. */
    size_t scan_most;
    int64_t queue_lifetime;   /* ms, see waybill_read */
    const struct phrasebook *book; /* finds reasons; NULL: no recipient has one */
    const struct messages *messages; /* what is told beside the mails; NULL: English */
    const struct query_lens *lens; /* NULL: he sees all */
};
/* The last day, newest first, 50; owns nothing yet. */
void query_init(struct query *query);
void query_clear(struct query *query);

/* -1: no such field. Other words for one are taken too; letters of any case. */
int query_field_of(struct slice word);
/* Add a term with this one value, taken whole. -1: `why` says what the field allows; the query is
 * as it was. */
int query_add(struct query *query, enum query_field field, bool negated, struct slice value,
              struct error *why);
/* since or until, in words: those of clock_parse, today, yesterday. As `until` a day is meant to
 * its end. */
int query_set_moment(struct query *query, bool until, struct slice words, int64_t now,
                     struct error *why);
/* Is the reason of anything asked for? Then the query needs a book. */
bool query_asks_reason(const struct query *query);
/* Has it a term, or its lens, that leads to few mails by way of the index: not negated, and of no
 * state? */
bool query_is_narrow(const struct query *query);

/* since and until, where the asker said nothing of them: back 30 days if it is narrow, else one. */
#define QUERY_DAYS_NARROW 30
#define QUERY_DAYS_WIDE 1
void query_choose_span(struct query *query, int64_t now);

/* What is wrong with a text, and where in it. */
struct query_fault {
    struct error why;
    size_t at, size; /* bytes of the text that it is about; `size` may be 0: at the end */
};
/* Read the language of waybill-query(7) into a query that query_init made, on top of what it has.
 * -1: `fault`; the query is to be cleared all the same. */
int query_parse(struct query *query, struct slice text, int64_t now, struct query_fault *fault);
/* "column 7: ...", then the text with a caret below; escaped for a terminal, each line ended. */
void query_fault_show(const struct query_fault *fault, struct slice text, struct buffer *to);
/* The query in that language, terms only or with time, order and limit as they were asked for. */
void query_write(const struct query *query, bool terms_only, struct buffer *to);

/* Does this waybill satisfy the query (all but the cursor)? */
bool query_fits(const struct query *query, const struct waybill *waybill);
/* The terms of the mail alone, and the time. */
bool query_fits_mail(const struct query *query, const struct waybill *waybill);
/* Is it a recipient that the query asks for? NULL: the one that stands for none. */
bool query_fits_recipient(const struct query *query, const struct waybill *waybill,
                          const struct recipient *recipient);

/* As the lens of the query lets it be seen; false: it is cleared, for it is not to be seen. */
bool query_look(const struct query *query, struct waybill *waybill);

struct query_answer {
    struct waybill *waybills; /* in the order asked for */
    size_t count;
    uint64_t next;       /* for query.after, or for query_cursor; 0: no more */
    size_t unreadable;   /* records that could not be read, */
    struct error unreadable_why; /* why the first of them could not */
    size_t examined;     /* records that were looked at */
    size_t told;         /* mails, by query_each too */
    bool bounded;        /* the search stopped at its bound; `scanned_until`: how far it came */
    int64_t scanned_until;
    bool partly;         /* a master of a Cluster is away, or a key holds what is not ours; all else
                          * was asked */
    struct error away;   /* which, and why */
};
/* A reader's question. 0 also when nothing was found. -1: the store failed, wholly. */
int query_run(struct store *store, const struct query *query, struct query_answer *answer,
              struct error *why);
void query_answer_clear(struct query_answer *answer);
/* The same, told one by one, in memory that does not grow with the answer; `answer` gets all but
 * the waybills. `found` owns the waybill (or moves it), and returns 0: go on; 1: enough, `next`
 * leads on from here; -1: no memory. It must not use the store. */
typedef int query_found(void *context, struct waybill *waybill);
int query_each(struct store *store, const struct query *query, query_found *found, void *context,
               struct query_answer *answer, struct error *why);
/* One waybill by its id, following `see`. 1: found; 0: there is none; -1: the store failed, or
 * the record cannot be read (then store_last_trouble is STORE_FINE). */
int query_one(struct store *store, uint64_t id, int64_t queue_lifetime, struct waybill *waybill,
              struct error *why);

/* `next` as text that is good for this query alone: its terms, its order, and what was asked of
 * time; not its limit. `key`: 32 bytes of token_key's purpose "cursor", or NULL: then it shows
 * mistakes, and proves nothing. */
void query_cursor(const struct query *query, uint64_t next, const unsigned char *key,
                  char text[static QUERY_CURSOR_SIZE]);
/* Go on where it says: sets `after`, and since and until to what they were. -1: changed, or of
 * another query. */
int query_resume(struct query *query, struct slice cursor, const unsigned char *key,
                 struct error *why);

/* ---- counts ---- */

/* X(symbol, word, what it is) */
#define QUERY_GROUPS(X)                                                                            \
    X(STATE, "state", "what became of it")                                                         \
    X(REASON, "reason", "why it failed or waits")                                                  \
    X(STATUS, "status", "status code")                                                             \
    X(DOMAIN, "domain", "domain of the recipient")                                                 \
    X(TO, "to", "recipient")                                                                       \
    X(SENDER_DOMAIN, "sender-domain", "domain of the envelope sender")                             \
    X(FROM, "from", "envelope sender")                                                             \
    X(REMOTE, "remote", "server of the last attempt")                                              \
    X(CLIENT, "client", "address of who handed it in")                                             \
    X(LOGIN, "login", "SASL login")                                                                \
    X(HOST, "host", "our mail server")                                                             \
    X(LIST, "list", "List-Id")                                                                     \
    X(DAY, "day", "day of arrival, local time")                                                    \
    X(HOUR, "hour", "hour of arrival, local time")

enum query_by {
#define X(symbol, word, text) QUERY_BY_##symbol,
    QUERY_GROUPS(X)
#undef X
    QUERY_BY_COUNT
};
#define QUERY_BY_MAX 4 /* at once */
const char *query_by_word(enum query_by by);
int query_by_of(struct slice word); /* -1: no such group */

#define QUERY_GROUPS_MAX 10000
struct query_group {
    struct slice values[QUERY_BY_MAX]; /* folded to lower case; "": none */
    uint64_t mails, recipients;
};
struct query_groups {
    struct query_group *groups; /* most recipients first, then by their values */
    size_t count;
    uint64_t mails, recipients; /* of all that fit */
    uint64_t over;              /* recipients in none of `groups`: there were too many */
    struct query_answer answer; /* how far the count came */
};
/* Count recipients that fit, by up to QUERY_BY_MAX things (0: only the sums). The limit of the
 * query does not count. -1: the store failed, or no memory. Clear it in either case. */
int query_group(struct store *store, const struct query *query, const enum query_by *by,
                size_t by_count, struct query_groups *groups, struct error *why);
void query_groups_clear(struct query_groups *groups);

/* What was watched between two moments, for the answer "not seen". One line per node, e.g.
 * "mx1: milter and log, all the time", "mx2: log blind 10:03 to 10:07 (killed)". `messages` NULL:
 * in English. */
int query_coverage(struct store *store, int64_t since, int64_t until,
                   const struct messages *messages, struct buffer *text, struct error *why);

#endif
