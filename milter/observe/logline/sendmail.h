/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail: the dialect of Sendmail, read from left to right as far as its own words reach.
 *
 * A reader gets what follows "QID: " and fills the fields of the line. It returns 1 (understood),
 * 0 (it says nothing of a mail's fate), or -1 (it should, and is cut or not of its form). Values
 * are views into the line, or into the reader's memory until its next line.
 */
#ifndef LOGLINE_SENDMAIL_H
#define LOGLINE_SENDMAIL_H

#include "reader.h"

struct sendmail_reading {
    struct logline_reader *reader;
    struct logline *line;
    struct slice rest; /* what is still to be read */
};

/* Is it a line of Sendmail's? Known by its tag, or, under any other tag of one word, by the form
 * of a from= or to= line. All fields but the header's are set, and mta, shape, understood. */
bool sendmail_body(struct logline_reader *reader, struct logline *line);
/* See logline_fact. */
bool sendmail_fact(struct logline_reader *reader, const struct logline *line, unsigned number,
                   struct fact *fact);

/* to=..., stat=...: an attempt for one or more recipients. */
int sendmail_read_delivery(struct sendmail_reading *reading);
/* from=..., relay=...: a mail came in, or was to come in. */
int sendmail_read_sender(struct sendmail_reading *reading);
/* ruleset=, Milter:, milter=, <address>... words */
int sendmail_read_ruleset(struct sendmail_reading *reading);
int sendmail_read_milter(struct sendmail_reading *reading);
int sendmail_read_filter(struct sendmail_reading *reading);
int sendmail_read_user_error(struct sendmail_reading *reading);
/* AUTH, STARTTLS, a session that was cut, an attack, ... */
int sendmail_read_session(struct sendmail_reading *reading);

/* What the words behind stat= amount to, by the line's own status word; see sendmail_delivery.c. */
enum fact_kind sendmail_outcome(struct slice status);

/* ---- the shared pieces ---- */

/* A queue id of any version: AA12345, MAA03845, g1GLpqo12345, 6ALL81Qp014944. */
bool sendmail_take_queue_id(struct slice *from, struct slice *id);
/* A value up to the ", " (in a list: the comma) that stands outside of quotes, comments and angle
 * brackets, which is not eaten; or up to the end. False: quotes or brackets are left open. */
bool sendmail_take_item(struct slice *from, struct slice *item);
bool sendmail_take_list_item(struct slice *from, struct slice *item);
/* ", name=" at the front. Absent: no such thing, nothing is eaten. */
struct slice sendmail_take_name(struct slice *from);
/* "<a@b>" without the brackets. */
struct slice sendmail_bare(struct slice address);
/* "ident@name [ip]", "[ip]", "name" as name and address; absent what is not told. */
bool sendmail_take_host(struct slice *from, struct slice *name, struct slice *ip);
void sendmail_set_client(struct logline *line, struct slice text);
/* "550 5.7.1 words" as reject_code, reject_dsn, reject_reason; each may be missing. */
void sendmail_set_reply(struct logline *line, struct slice reply);

#endif
