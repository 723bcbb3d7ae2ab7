/* SPDX-License-Identifier: BSD-2-Clause */
/* record_set: what the files of a record share: the set of its lines (record.c), which of them stay
 * (record_settle.c), two texts of one (record_join.c), and all as text (record_text.c) and back
 * (record_parse.c). */
#ifndef WAYBILL_FACT_RECORD_SET_H
#define WAYBILL_FACT_RECORD_SET_H

#include "body.h"
#include "waybill/record.h"

#define RECORD_ID_BITS 30 /* of a fact of the log or of a report */
#define RECORD_ID_MASK ((UINT64_C(1) << RECORD_ID_BITS) - 1)
#define RECORD_KEY_MAX 512 /* host, instance, queue id */

/* ---- of the text ---- */

#define FORMAT_NOW 2
#define ID_SHORT_SIZE 5 /* characters of 30 bits */
#define NUMBER_END (UINT64_C(1) << 20)
#define DEFAULT_INSTANCE "postfix"

/* The milter's facts of a waybill are numbered from 0 on: what its ids begin with, and the number
 * that the next one has. */
struct numbers {
    uint64_t front, next;
    bool known;
};

/* ---- of the lines ---- */

/* A line for the fact, without its text. */
struct record_line line_of(const struct fact *fact, struct slice kind);
/* In which order two lines stand; 0: they are one. */
int line_order(const struct record_line *a, const struct record_line *b);
/* Bytes that count against RECORD_MAX. */
size_t line_cost(const struct record_line *line);
static inline bool line_is(const struct record_line *line, enum witness witness, enum fact_kind kind)
{
    return line->witness == (char)witness && line->kind == kind;
}
/* The log's `active` without what the milter told. */
bool line_is_bare(const struct record_line *line);
/* Only these kinds can leave another line out, or be left out. */
bool kind_settles(enum fact_kind kind);
/* Leave out what says nothing new. */
void record_settle(struct record *record);
/* The line gets what the other one has besides. 1: it is another now; -1: no memory. */
int line_join(struct record *record, struct record_line *line, const struct record_line *other);
/* Take ownership of line.text. 1: it told something; 0: was there; -1: no room. */
int record_insert(struct record *record, struct record_line line, struct error *why);
/* A terminated copy, or NULL. */
char *text_copy(const char *text, size_t size);

#endif
