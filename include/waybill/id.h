/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * id: the number of a waybill.
 *
 * A 64-bit number whose decimal digits read YYMMDD SSSSS NN QQQQQ: UTC day, second of that day,
 * node, sequence. It sorts by time. The first digit of the sequence is the generation of the
 * daemon (0..7); 8 and 9 are for ids made from the log. 0 is no id. The last 12 digits are the
 * `ref` inside a day. Good from 2000 to 2091.
 */
#ifndef WAYBILL_ID_H
#define WAYBILL_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "waybill/text.h"

#define ID_REF UINT64_C(1000000000000)
#define ID_NODES 100
#define ID_GENERATIONS 8

static inline uint32_t id_day(uint64_t id)
{
    return (uint32_t)(id / ID_REF);
}
static inline uint64_t id_ref(uint64_t id)
{
    return id % ID_REF;
}
static inline unsigned id_node(uint64_t id)
{
    return (unsigned)(id / 100000 % 100);
}
static inline uint64_t id_make(uint32_t day, uint64_t ref)
{
    return day * ID_REF + ref;
}
/* The moment in its digits, in ms (whole seconds). */
int64_t id_time(uint64_t id);
/* True if the digits can be an id at all: a real date, second below 86400. */
bool id_valid(uint64_t id);

/* Mints ids. One for a process; not locked: the caller serialises. */
struct id_mint {
    unsigned node;
    unsigned generation; /* 0..7 */
    uint64_t last;       /* the last id given, or the last one known from the journal */
};
/* The next id, later than `last` whatever the clock says: second = max(now, second of last), and
 * the second after when 10,000 were given in one. After a restart the second following `last`
 * is used first, so no id is given twice. */
void id_mint_init(struct id_mint *mint, unsigned node, unsigned generation, uint64_t last);
uint64_t id_mint_next(struct id_mint *mint, int64_t now);

/* The id for a mail that only the log knows: the same from the same arguments. `attempt` 0, 1, ..
 * gives the next candidate when a foreign mail has the number already. */
uint64_t id_from_log(unsigned node, struct slice host, struct slice instance,
                     struct slice queue_id, int64_t first_seen, unsigned attempt);

/* The case code: 12 Crockford base32 digits and a check character in groups of four,
 * "77XH-339H-SXC1-E". The check is a sum over GF(32) with a different weight for each place, so
 * each wrong character and each swap of neighbours is caught. */
#define ID_CODE_SIZE 17
void id_code(uint64_t id, char code[static ID_CODE_SIZE]);
/* Reads a case code (any case, I and L as 1, O as 0, hyphens and blanks anywhere) or 18 digits.
 * False: not one, or the check character does not fit. */
bool id_parse(struct slice text, uint64_t *id);

/* Has it the form of a case code (12 to 14 digits and letters), and is none? */
bool id_mistyped(struct slice text);
/* The ids whose codes differ from such a text in one character that is wrong, missing or too many,
 * or in two neighbours that are swapped. Most of them are nobody's. Returns how many. */
#define ID_NEAR_MAX 32
size_t id_near(struct slice text, uint64_t near[static ID_NEAR_MAX]);

#endif
