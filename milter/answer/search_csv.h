/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * search_csv: what a search found, as CSV (RFC 4180), the same for all who ask: a row for each
 * recipient that fits the query, and one for a mail without any. No cell is a formula.
 */
#ifndef WAYBILL_ANSWER_SEARCH_CSV_H
#define WAYBILL_ANSWER_SEARCH_CSV_H

#include "waybill/buffer.h"
#include "waybill/query.h"

/* The first row, with its line end. */
extern const char search_csv_headings[];
/* Adds the rows of a mail. -1: no room; what `to` holds is not to be told. */
int search_csv_mail(struct buffer *to, const struct query *query, const struct waybill *waybill,
                    struct error *why);

#endif
