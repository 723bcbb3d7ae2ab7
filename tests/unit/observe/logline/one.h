/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * one: reads one line for itself, as a log of a single line.
 */
#ifndef WAYBILL_TESTS_LOGLINE_ONE_H
#define WAYBILL_TESTS_LOGLINE_ONE_H

#include "waybill/logline.h"

/* The reader that the functions below use; made by the first of them, closed by one_close. */
extern struct logline_reader *one_reader;
void one_close(void);

/* Header and body. False: no header. */
bool one_line(struct slice text, int64_t until, struct logline *line);
/* 1: *fact is its first fact, with the id that the line would have in a log of its own; 0: it says
 * nothing; -1: it is broken. Values are views. */
int one_fact(struct slice text, int64_t until, struct fact *fact);

#endif
