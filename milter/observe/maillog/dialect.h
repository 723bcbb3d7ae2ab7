/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dialect: from a line whose header is read to a fact, by the first dialect that takes it.
 */
#ifndef MAILLOG_DIALECT_H
#define MAILLOG_DIALECT_H

#include "line.h"
#include "waybill/fact.h"

/* 1: *fact is filled in, but for its id; 0: nobody's, or nothing to say; -1: not understood. */
int line_read(const struct line *line, struct fact *fact);

#endif
