/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: reads a mail that may be a report on another mail (a bounce, a delay warning, a success
 * report, a complaint, a receipt, an automatic answer) and says what it tells.
 *
 * Bytes go in as they come, in chunks of any size; the result does not depend on where they were
 * cut. Memory is bounded, whatever comes (see the limits), time is linear, nothing recurses. What
 * could be read is kept, and `partial` says that a limit or the end of a torn mail was met.
 *
 * The reader believes nothing: it tells what the mail says. Whether that is true, and of which
 * mail, is for others to find out (waybill.h: trust).
 */
#ifndef WAYBILL_REPORT_H
#define WAYBILL_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "waybill/error.h"
#include "waybill/reason.h"
#include "waybill/text.h"

/* Limits; beyond them the reader leaves out, and says `partial`. */
#define REPORT_DEPTH_MAX 32         /* parts within parts */
#define REPORT_PARTS_MAX 1000       /* parts in all */
#define REPORT_BOUNDARY_MAX 200     /* bytes of a boundary (RFC 2046: 70) */
#define REPORT_LINE_MAX 8192        /* bytes of a line, after decoding; more of it is left out */
#define REPORT_FIELD_MAX 16384      /* bytes of a header field, unfolded */
#define REPORT_TEXT_MAX 65536       /* bytes of readable text that are kept */
#define REPORT_RECIPIENTS_MAX 1000
#define REPORT_WORDS_MAX 2048       /* bytes of the words kept for one recipient */
#define REPORT_BYTES_MAX (8u << 20) /* bytes of a body that are looked at at all */

/* X(symbol, word, what it is) */
#define REPORT_KINDS(X)                                                                            \
    X(OTHER, "other", "no report: any other mail")                                                 \
    X(BOUNCE, "bounce", "tells the fate of a mail: failed, delayed, delivered")                    \
    X(COMPLAINT, "complaint", "a recipient calls a mail spam (RFC 5965)")                          \
    X(MDN, "mdn", "what a recipient did with a mail (RFC 8098)")                                   \
    X(AUTOREPLY, "autoreply", "an automatic answer: vacation, ticket, challenge (RFC 3834)")

enum report_kind {
#define X(symbol, word, text) REPORT_##symbol,
    REPORT_KINDS(X)
#undef X
};
const char *report_kind_word(enum report_kind kind);

/* RFC 3464, 2.3.3 */
#define REPORT_ACTIONS(X)                                                                          \
    X(FAILED, "failed")                                                                            \
    X(DELAYED, "delayed")                                                                          \
    X(DELIVERED, "delivered")                                                                      \
    X(RELAYED, "relayed")                                                                          \
    X(EXPANDED, "expanded")
enum report_action {
#define X(symbol, word) REPORTED_##symbol,
    REPORT_ACTIONS(X)
#undef X
};
const char *report_action_word(enum report_action action);

/* Everything is UTF-8 or plain bytes without NUL; absent where the report does not say it. */
struct report_recipient {
    struct slice address;  /* Final-Recipient, no type, no brackets; absent: nobody is named */
    struct slice original; /* Original-Recipient, xtext decoded */
    enum report_action action;
    struct slice status;   /* "5.1.1": field, else from the words; always fits RFC 3463 */
    unsigned code;         /* SMTP reply code, or 0 */
    struct slice remote;   /* Remote-MTA's name, or whom the words name */
    struct slice command;  /* SMTP command that was answered: RCPT, DATA, ... */
    struct slice words;    /* Diagnostic-Code without its type, or the text on this recipient */
    int64_t tried;         /* Last-Attempt-Date, ms; 0: not told */
    int64_t until;         /* Will-Retry-Until, ms; 0: not told */
    enum reason reason;    /* delivered, relayed, expanded: REASON_DELIVERED */
    const char *rule;      /* what decided, see reason.h; lives as long as the phrasebook */
};

/* A Received field of the returned mail: where it was, under which id, when. */
struct report_hop {
    struct slice by, id;
    int64_t time; /* ms; 0: not told */
};
#define REPORT_HOPS_MAX 12

struct report {
    enum report_kind kind;
    const char *dialect;   /* "rfc3464", "exim", ...: a constant; "": none */
    bool partial;
    struct slice reporting; /* Reporting-MTA's name */
    struct slice envelope_id; /* Original-Envelope-Id, as it stands there (decoded xtext) */
    struct slice queue_id; /* of the mail it speaks of, from X-...-Queue-ID or Postfix's boundary */
    int64_t arrived;       /* Arrival-Date, ms; 0: not told */
    /* Of the mail that it speaks of, from its returned header: */
    struct slice message_id; /* no brackets; for an automatic answer: In-Reply-To */
    struct slice from, to, subject;
    int64_t date;          /* ms; 0: not told */
    struct report_hop hops[REPORT_HOPS_MAX]; /* newest first */
    size_t hop_count;
    struct report_recipient *recipients;
    size_t count;
    struct slice text;     /* readable text, as far as kept: what a person would read */
};

struct report_reader;

/* `book` must outlive the reader and the report. NULL: no memory. One thread at a time. */
struct report_reader *report_open(const struct phrasebook *book);
void report_close(struct report_reader **reader);

/* A header field of the mail itself, as libmilter shows it: the value may be folded. Once
 * without memory, the reader only says that it is partial. */
void report_header(struct report_reader *reader, struct slice name, struct slice value);
/* Once all fields are in: may this mail be a report at all? If not, its body need not be read.
 * Cheap. The reader remembers the null sender, which tells bounces from talk about them. */
bool report_expected(struct report_reader *reader, bool null_sender);
/* A chunk of the body. False: nothing more that comes can matter. */
bool report_body(struct report_reader *reader, const void *bytes, size_t size);
/* A chunk of a whole mail out of a file: header, empty line, body; or a pasted text that begins
 * anywhere. Not to be mixed with the two above. False as above. */
bool report_mail(struct report_reader *reader, const void *bytes, size_t size);

/* The end of the mail. The report is a part of the reader and lives as long. Never fails: what
 * it could not understand is REPORT_OTHER. */
const struct report *report_end(struct report_reader *reader);

#endif
