/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reason: why a mail was not delivered, as one word out of a list, and who can do something
 * about it.
 *
 * The words are those that the field knows from Sisimai. A phrasebook holds the rules that find
 * the reason: a row of conditions (status, SMTP code, remote host, phrases) and the reason that
 * they amount to. The first rule that fits decides. The rules that are shipped are built in
 * (milter/reason/shipped.rules); those of the administrator come before them.
 */
#ifndef WAYBILL_REASON_H
#define WAYBILL_REASON_H

#include <stdbool.h>

#include "waybill/error.h"
#include "waybill/text.h"

/* Who has to act. X(symbol, word) */
#define ACTORS(X)                                                                                  \
    X(NOBODY, "nobody")                                                                            \
    X(SENDER, "sender")                                                                            \
    X(RECIPIENT, "recipient")                                                                      \
    X(THEIRS, "postmaster")                                                                        \
    X(OURS, "us")                                                                                  \
    X(UNCLEAR, "unclear")

enum actor {
#define X(symbol, word) ACTOR_##symbol,
    ACTORS(X)
#undef X
    ACTOR_COUNT
};
const char *actor_word(enum actor actor);

/* HARD: the same mail to the same address will never go through. SOFT: it may, later or changed.
 * NONE: says nothing of a failure. */
enum hardness { HARDNESS_NONE, HARDNESS_SOFT, HARDNESS_HARD };

/* X(symbol, word, hardness, who has to act once it has failed, what it is) */
#define REASONS(X)                                                                                 \
    X(UNDEFINED, "undefined", NONE, UNCLEAR, "no rule knows the words")                            \
    X(ONHOLD, "onhold", SOFT, UNCLEAR, "there are no words to go by")                              \
    X(AUTHFAILURE, "authfailure", SOFT, OURS, "SPF, DKIM or DMARC does not pass")                  \
    X(BADREPUTATION, "badreputation", SOFT, OURS, "the reputation of our address or domain")       \
    X(BLOCKED, "blocked", SOFT, OURS, "our address or host name is not wanted there")              \
    X(CONTENTERROR, "contenterror", SOFT, SENDER, "the form of the header or body")                \
    X(DELIVERED, "delivered", NONE, NOBODY, "it was delivered")                                    \
    X(EXCEEDLIMIT, "exceedlimit", SOFT, SENDER, "a limit of that mailbox, most often size")        \
    X(EXPIRED, "expired", SOFT, THEIRS, "no success within the time in the queue")                 \
    X(FAILEDSTARTTLS, "failedstarttls", SOFT, OURS, "TLS could not be started")                    \
    X(FEEDBACK, "feedback", NONE, SENDER, "the recipient complained")                              \
    X(FILTERED, "filtered", SOFT, SENDER, "refused for that user, it may be by a filter")          \
    X(HASMOVED, "hasmoved", HARD, SENDER, "the recipient has another address now")                 \
    X(HOSTUNKNOWN, "hostunknown", HARD, SENDER, "there is no such domain")                         \
    X(MAILBOXFULL, "mailboxfull", SOFT, RECIPIENT, "the mailbox is full")                          \
    X(MAILERERROR, "mailererror", SOFT, THEIRS, "a program that should take the mail failed")      \
    X(MESGTOOBIG, "mesgtoobig", SOFT, SENDER, "larger than the server takes")                      \
    X(NETWORKERROR, "networkerror", SOFT, THEIRS, "DNS, routing or the connection")                \
    X(NORELAYING, "norelaying", SOFT, OURS, "that server does not serve the recipient")            \
    X(NOTACCEPT, "notaccept", HARD, SENDER, "that domain or host takes no mail at all")            \
    X(NOTCOMPLIANTRFC, "notcompliantrfc", SOFT, SENDER, "the mail breaks a rule of the standards") \
    X(POLICYVIOLATION, "policyviolation", SOFT, UNCLEAR, "a rule of that site")                    \
    X(RATELIMITED, "ratelimited", SOFT, OURS, "too much in too short a time")                      \
    X(REJECTED, "rejected", SOFT, SENDER, "the sender's address is not wanted")                    \
    X(REQUIREPTR, "requireptr", SOFT, OURS, "our address has no proper reverse DNS")               \
    X(SECURITYERROR, "securityerror", SOFT, UNCLEAR, "a security rule, login or encryption")       \
    X(SPAMDETECTED, "spamdetected", SOFT, SENDER, "taken for spam")                                \
    X(SPEEDING, "speeding", SOFT, OURS, "sent too fast")                                           \
    X(SUSPEND, "suspend", SOFT, RECIPIENT, "the account is switched off")                          \
    X(SYNTAXERROR, "syntaxerror", SOFT, OURS, "the servers misunderstood each other")              \
    X(SYSTEMERROR, "systemerror", SOFT, THEIRS, "a trouble of the server's own")                   \
    X(SYSTEMFULL, "systemfull", SOFT, THEIRS, "the server's disk is full")                         \
    X(TOOMANYCONN, "toomanyconn", SOFT, SENDER, "too many connections at once")                    \
    X(USERUNKNOWN, "userunknown", HARD, SENDER, "there is no such mailbox")                        \
    X(VACATION, "vacation", NONE, NOBODY, "an automatic answer")                                   \
    X(VIRUSDETECTED, "virusdetected", SOFT, SENDER, "taken for a virus")

enum reason {
#define X(symbol, word, hardness, actor, text) REASON_##symbol,
    REASONS(X)
#undef X
    REASON_COUNT
};
const char *reason_word(enum reason reason);
const char *reason_text(enum reason reason);
enum hardness reason_hardness(enum reason reason);
const char *hardness_word(enum hardness hardness); /* "none", "soft", "hard" */
enum actor reason_actor(enum reason reason);
int reason_of(struct slice word); /* -1: no such reason */

/* ---- codes in words ---- */

/* "5.1.1" and nothing else: class 2, 4 or 5, subject and detail below 1000 (RFC 3463). */
#define STATUS_ROOM 12
bool status_fits(struct slice text);
/* The enhanced status code that the words carry, where a server puts it (behind the SMTP code,
 * in front, "#5.1.1", "(5.1.1)"); never out of an IP address or a version number. */
bool status_in(struct slice words, char status[static STATUS_ROOM]);
/* The SMTP reply code (400..599) that the words carry, or 0. */
unsigned smtp_code_in(struct slice words);

/* ---- the rules ---- */

struct phrasebook;

/* Compile the shipped rules, with the files DIRECTORY / *.rules, in the order of their names, in
 * front of them. NULL, "" or a directory that is not there: shipped rules only. -1: `why` says
 * file:line, what is wrong and what is allowed. Immutable once open: any thread may ask. */
int phrasebook_open(struct phrasebook **book, const char *directory, struct error *why);
void phrasebook_close(struct phrasebook **book);
/* The text of the shipped rules, to read or to copy from. */
struct slice phrasebook_shipped(void);

/* What is known of one failure; absent or 0 where it is not. */
struct evidence {
    struct slice words;   /* what the server or the report said; UTF-8 or not */
    struct slice status;  /* 5.1.1; absent or x.0.0: looked for in the words */
    unsigned code;        /* 550; 0: looked for in the words */
    struct slice host;    /* who said it: name of the remote host or of the reporting MTA */
    struct slice command; /* SMTP command that was answered: CONN EHLO MAIL RCPT DATA ... */
    struct slice dialect; /* report's dialect, see report.h */
    bool delayed;         /* it is tried again */
};
struct decision {
    enum reason reason; /* REASON_UNDEFINED: words, but no rule; REASON_ONHOLD: no words either */
    const char *rule;   /* names the rule: "shipped:120 'mailbox is full'" or
                           "local.rules:7 status=5.1.1"; NULL: none. Lives as long as the book */
};
/* Time linear in the words (the first 8 KiB of them); takes no memory. */
void phrasebook_ask(const struct phrasebook *book, const struct evidence *evidence,
                    struct decision *decision);

#endif
