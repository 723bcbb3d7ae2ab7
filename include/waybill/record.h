/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record: all facts of one mail, as one value of text; a union of sets.
 *
 *     2 mx1 4mGprq8lpWzGsdv
 *     51 from=shop@example.org pc.example[192.0.2.7]:50001 login=#0 TLS_AES_256_GCM_SHA384 size=9
 *     9 to=bob@example.com
 *     9 id=77.1@ date=-2+0100 "Ann Lee <#0>
 *     9 size=2088
 *     42 l20uQz active
 *     1380 laB3xY #1 mx.example.com[198.51.100.4] .1/.02/.3/1 "250 2.0.0 Ok: queued as 4Rx9kQ2tz
 *     3 l9kf_2 removed
 *
 * First line: format version (2), host, instance (left out if it is postfix), queue id; "-" where
 * not known. Or "2 see=<id>": this mail's record stands under another id. Every further line is a
 * fact as in fact.h without the values that the first line, the record's place or the fact's other
 * values say (waybill-schema(7) has the forms), its time counted from the line before, the first
 * from the second in the id. Format 1, which has "offset witness-id kind key=value ..." with each
 * value and all of the id, is read as well, and both may be merged.
 *
 * Lines are sorted by time, witness, rank of the kind (only of the log, whose clock may have no
 * more than seconds: taken up, then tried, then removed), fact id, kind and recipient: the same
 * set of facts gives the same bytes, in whatever order they came. Facts of the log that only
 * repeat what the milter told (client, cleanup, active after the first) are left out once the
 * milter's are there; a client line that names an earlier queue id or a user stays. Of the first
 * active only that it was stays, and its size if the milter's end tells none, once the milter saw
 * the end of the message: who reads the log on after a restart has to know that it began with
 * this mail.
 */
#ifndef WAYBILL_RECORD_H
#define WAYBILL_RECORD_H

#include "waybill/fact.h"

#define RECORD_MAX (1u << 20)      /* bytes of a record's text; facts over it are refused */
#define RECORD_FACTS_MAX 20000u
/* What may come without end (attempts, refusals, reports) fills at most half of both, so that the
 * ends of the recipients still find room; reports of strangers an eighth, beside what is there. */

struct record_line {
    int64_t time;   /* ms, absolute */
    uint64_t fact;  /* record_fact_id */
    uint32_t who;   /* hash of kind and recipient: what an id of 30 bits may not tell apart */
    char witness;
    uint8_t rank;   /* of its kind, among the log's lines of one moment */
    uint8_t kind;   /* enum fact_kind */
    bool known;     /* kind and all keys are words of fact.h's */
    char *text;     /* "kind key=value ..." as in the journal, owned */
    uint32_t size;
};

struct record {
    uint64_t id;
    uint64_t see;     /* not 0: the record stands there */
    char *host;       /* NULL: not known */
    char *instance;
    char *queue_id;
    struct record_line *lines; /* sorted */
    size_t count, room;
    size_t bytes;     /* of the text */
};

void record_init(struct record *record, uint64_t id);
void record_clear(struct record *record);
/* Add what `text` (a value out of the store, not changed) says. -1: not a record of ours or of a
 * newer format; the record is as it was. Facts that are there already stay. */
int record_parse(struct record *record, struct slice text, struct error *why);

/* What the facts of one text say, for who adds nothing and writes nothing. */
struct record_facts {
    struct fact *facts; /* in the record's order, each once; of malloc(3), with room for one more */
    size_t count;       /* > 0 */
    struct slice host, instance, queue_id;
    char *bytes;        /* of malloc(3); the values are views into it */
};
/* Read a text as record_format leaves it, at a third of what record_parse and decoding its lines
 * take. 1: they are what a record with this text alone holds. 0: it is not plain (format 1, `see`,
 * out of order, very long, broken): ask record_parse; *read is all zero. */
int record_read(struct record_facts *read, uint64_t id, struct slice text);

/* Add one fact. 1: new; 0: known already, or it says nothing new; -1: over a limit or no memory.
 * The mail's key is taken into the first line; a key that differs from the one there is -1. */
int record_add(struct record *record, const struct fact *fact, struct error *why);
/* Is this fact among its lines? */
bool record_knows(const struct record *record, const struct fact *fact);
/* Is it so full that a fact like this may not fit? Then -1 was no want of memory. */
bool record_full(const struct record *record, const struct fact *fact);
/* Add all that `other` has (same id). The number of new facts, or -1. */
int record_merge(struct record *record, const struct record *other, struct error *why);
/* The text for the store, of format 2, with the values alone whose KEY_BIT is in `keys`
 * (UINT64_MAX: all; KEY_TO is always among them). What a value that is left out would have said of
 * others is written. With KEY_BIT(TO) in `keys` the text has a line for each fact, without it only
 * for those that have one of the values; both texts read into one record are the whole again. -1
 * only if the buffer failed or there is no memory. */
int record_format(const struct record *record, uint64_t keys, struct buffer *to);
/* The same for who has decoded the lines just now: facts[i] is what line i says. */
int record_format_facts(const struct record *record, const struct fact *facts, uint64_t keys,
                        struct buffer *to);
/* The id by which a record knows the fact: 30 bits of a fact of the log or of a report, else all.
 * Facts out of a record have that one. */
uint64_t record_fact_id(const struct fact *fact);

/* The order of two facts in a record: negative, 0 (they are the same one), positive. */
int record_order(const struct fact *a, const struct fact *b);

/* Decode line `index`; values are views into *scratch, which is cleared first and must live as
 * long as the fact is used. Host, instance, queue id and waybill are filled in. */
int record_fact(const struct record *record, size_t index, struct fact *fact,
                struct buffer *scratch);

#endif
