/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix: the dialect of Postfix, read strictly from left to right; private to this room.
 *
 *     postfix.c           tag, queue id, which of the lines is it
 *     postfix_delivery.c  to=, relay=, ..., status=
 *     postfix_refusal.c   reject, hold, warning, ...: what befell a command or a header
 *     postfix_session.c   lines of connections: postscreen, smtpd, TLS, anvil; tries of smtp
 *     postfix_pieces.c    queue ids, addresses, peers, replies
 *     postfix_facts.c     the facts of a line whose fields are read
 *
 * A reader gets what follows the words that brought it here, and sets fields and shape. Values
 * are views into the line.
 */
#ifndef LOGLINE_POSTFIX_H
#define LOGLINE_POSTFIX_H

#include "octets.h"
#include "reader.h"

/* A line of a program of Postfix's: it is read. False: another's; nothing was changed. */
bool postfix_body(struct logline_reader *reader, struct logline *line);
/* As logline_fact, of a line that postfix_body has read. */
bool postfix_fact(struct logline_reader *reader, const struct logline *line, unsigned number,
                  struct fact *fact);

/* "<a@b>, relay=..": what a delivery agent says of one recipient. */
enum line_understood postfix_delivery(struct slice rest, struct logline *line);
/* "reject: RCPT from ...", "milter-hold: END-OF-MESSAGE from ...", "warning: header ...": with or
 * without a queue id. False: not of that form; nothing was changed. */
bool postfix_refusal(struct slice rest, struct logline *line, enum line_understood *understood);
/* The text of a line of the SMTP client that names its mail and says how a server took it: "host
 * X[ip] said: ...". False: it is none. */
bool postfix_try(struct slice rest, struct logline *line);
/* The text of a line that names no mail. False: of no known form. */
bool postfix_session(struct slice rest, struct logline *line);
/* "warning: words", "fatal: words", with or without a mail. False: no such word. */
bool postfix_complaint(struct slice rest, struct logline *line);

/* The shared pieces. */

enum {
    DIGIT = 1,
    UPPER = 2,
    LOWER = 4,
    DOT = 8,
    SLASH = 16,
    DASH = 32,
    UNDERSCORE = 64,
    BRACKET = 128, /* square, and the blank: what neither a host's name nor its address has */
};
/* One of these for each byte that has one. */
extern const unsigned char postfix_class[256];
/* The same of eight bytes. Where `classes` is a constant, only its own are asked for. */
static inline uint64_t postfix_marks(uint64_t octets, unsigned classes)
{
    return ((classes & DIGIT) != 0 ? octets_between(octets, '0', '9') : 0) |
           ((classes & UPPER) != 0 ? octets_between(octets, 'A', 'Z') : 0) |
           ((classes & LOWER) != 0 ? octets_between(octets, 'a', 'z') : 0) |
           ((classes & DOT) != 0 ? octets_equal(octets, '.') : 0) |
           ((classes & SLASH) != 0 ? octets_equal(octets, '/') : 0) |
           ((classes & DASH) != 0 ? octets_equal(octets, '-') : 0) |
           ((classes & UNDERSCORE) != 0 ? octets_equal(octets, '_') : 0) |
           ((classes & BRACKET) != 0 ? octets_equal(octets, '[') | octets_equal(octets, ']') |
                                           octets_equal(octets, ' ')
                                     : 0);
}
/* How many bytes at the front are of the classes (or, with `others`, are of none of them). */
static inline size_t postfix_run(struct slice text, unsigned classes, bool others)
{
    size_t size = 0;
    for (; size + OCTETS <= text.size; size += OCTETS) {
        uint64_t marks = postfix_marks(octets_load(text.at + size), classes);
        uint64_t ends = others ? marks : marks ^ OCTETS_MARKS;
        if (ends != 0)
            return size + octets_first(ends);
    }
    while (size < text.size &&
           ((postfix_class[(unsigned char)text.at[size]] & classes) != 0) != others)
        size++;
    return size;
}
/* Take one or more bytes of the classes. */
static inline bool postfix_take_class(struct slice *from, unsigned classes, struct slice *taken)
{
    size_t size = postfix_run(*from, classes, false);
    *taken = slice_make(from->at, size);
    *from = slice_make(from->at + size, from->size - size);
    return size > 0;
}

/* A queue id, short or long, and no word of the language. */
bool postfix_take_queue_id(struct slice *from, struct slice *id);
/* What stands up to the '>' that is followed by one of the words of `next` (an absent one ends them; ""
 * stands for the end of the line; no `next`: the first '>'). An address whose local part is quoted
 * may hold any of these.
 * The '>' is eaten, `next` is not. */
bool postfix_take_address(struct slice *from, const struct slice next[], struct slice *address);
/* What stands between "<" and the last '>' of all. Where what follows an address is Postfix's own
 * and has no '>', no address can imitate it. */
bool postfix_take_last_address(struct slice *from, struct slice *address);
/* Is this no address but the half of one, and behind it a line that another wrote into the same
 * file at the same moment, its "program[pid]: " and all? */
bool postfix_is_joint(struct slice address);
/* Nothing follows, or no more than the number that some syslog daemons append. */
bool postfix_at_end(struct slice rest);

/* The other side of a connection: "name[ip]", "name[ip]:port", "[ip]:port". */
struct peer {
    struct slice name, ip, port; /* name and port may be absent */
};
bool postfix_take_peer(struct slice *from, struct peer *peer);
/* The first that has an address, wherever it stands. */
bool postfix_find_peer(struct slice text, struct peer *peer);
/* "192.0.2.1", "2001:db8::1"; as far as its bytes tell. */
bool postfix_is_address(struct slice host);
void postfix_set_client(struct logline *line, const struct peer *peer);
void postfix_set_relay(struct logline *line, const struct peer *peer);

/* "550 5.7.1 <data>: reason" into reject_*; any part may be missing. */
void postfix_set_reply(struct logline *line, struct slice reply);
/* The next server's words "250 ... queued as X". A claim of the next server, worth no more.
 * `whole`: the words are not cut, so that X may stand at their end. */
struct slice postfix_queued_as(struct slice reply, bool whole);

#endif
