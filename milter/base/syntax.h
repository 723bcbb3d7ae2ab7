/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * syntax: is the text of a configuration file safe to give to libconfuse?
 */
#ifndef WAYBILL_BASE_SYNTAX_H
#define WAYBILL_BASE_SYNTAX_H

#include <stddef.h>

/* What is wrong with the text, and in which line; NULL: nothing. */
const char *syntax_fault(const char *text, size_t size, unsigned *line);

#endif
