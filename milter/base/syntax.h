/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syntax: makes the text of a configuration file safe to give to libconfuse.
 */
#ifndef WAYBILL_BASE_SYNTAX_H
#define WAYBILL_BASE_SYNTAX_H

#include <stddef.h>

/* What is wrong with the text, and in which line; NULL: nothing. Comments become blanks. */
const char *syntax_prepare(char *text, size_t size, unsigned *line);
/* The last line up to `until` of a prepared text that says something; `until` if there is none. */
unsigned syntax_last_line(const char *text, unsigned until);

#endif
