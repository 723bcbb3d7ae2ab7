/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explained_text: what a pasted text says that is no report: lines out of a mail server's log, or
 * what a server answered. It is told as a report would tell it.
 */
#ifndef WAYBILL_ANSWER_EXPLAINED_TEXT_H
#define WAYBILL_ANSWER_EXPLAINED_TEXT_H

#include "waybill/report.h"

#define EXPLAINED_TEXT_RECIPIENTS_MAX 200 /* the lines after them make it partial */

struct explained_text;

/* Dialect "log": an item for each attempt or refusal, in the order of the lines; "reply": one item
 * that names nobody; "": neither, REPORT_OTHER. `book` must outlive it. NULL: no memory. Linear. */
struct explained_text *explained_text_read(const struct phrasebook *book, struct slice text);
const struct report *explained_text_report(const struct explained_text *explained);
void explained_text_free(struct explained_text **explained);

#endif
