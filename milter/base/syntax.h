/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syntax: is the text of a configuration file safe to give to libconfuse?
 */
#ifndef WAYBILL_BASE_SYNTAX_H
#define WAYBILL_BASE_SYNTAX_H

#include <stddef.h>

/* What is wrong with the text, and in which line; NULL: nothing. */
const char *syntax_fault(const char *text, size_t size, unsigned *line);
/* The last line up to `until` that is neither empty nor a comment; `until` if there is none. */
unsigned syntax_last_line(const char *text, unsigned until);

#endif
