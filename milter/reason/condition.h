/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * condition: what a rule asks besides its phrases, NAME=VALUE[,VALUE...]; one of the values has to
 * fit. A row in condition.c is a condition.
 */
#ifndef REASON_CONDITION_H
#define REASON_CONDITION_H

#include <stdint.h>

#include "waybill/error.h"
#include "waybill/text.h"

#define CONDITIONS 6
#define CONDITION_VALUES_MAX 32 /* of one condition */

/* Numbers from low to high (class, subject, detail; a code; 0 or 1), or a text. */
struct value {
    uint16_t low[3], high[3];
    struct slice text;
};

/* The evidence, as conditions look at it. */
struct asked {
    uint16_t status[3]; /* class 0: none */
    uint16_t code;
    bool delayed;
    struct slice host, command, dialect;
};

/* Which condition has this name? -1: none. */
int condition_find(struct slice name);
/* -1: `why` says what is allowed. The value keeps a view of `text`. */
int condition_read(int condition, struct slice text, struct value *value, struct error *why);
bool condition_fits(int condition, const struct value *value, const struct asked *asked);

/* "5.1.1" in numbers; false: it is none. */
bool condition_status(struct slice text, uint16_t numbers[static 3]);

#endif
