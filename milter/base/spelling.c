/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spelling: see the header. Levenshtein's distance with neighbours swapped, of which three rows are
 * kept: what is asked about is bounded, so they lie on the stack.
 */
#include "waybill/spelling.h"

#include <string.h>

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned low = a < b ? a : b;

    return low < c ? low : c;
}

unsigned spelling_difference(struct slice a, struct slice b)
{
    unsigned rows[3][SPELLING_MAX + 1];
    unsigned *before = rows[0], *last = rows[1], *now = rows[2];

    if (a.size > SPELLING_MAX || b.size > SPELLING_MAX)
        return SPELLING_MAX;
    for (unsigned j = 0; j <= b.size; j++)
        last[j] = j;
    memcpy(before, last, sizeof rows[0]);
    for (unsigned i = 1; i <= a.size; i++) {
        unsigned *spare = before;

        now[0] = i;
        for (unsigned j = 1; j <= b.size; j++) {
            char x = text_lower(a.at[i - 1]), y = text_lower(b.at[j - 1]);

            now[j] = least(last[j] + 1, now[j - 1] + 1, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == text_lower(b.at[j - 2]) && text_lower(a.at[i - 2]) == y &&
                before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        before = last;
        last = now;
        now = spare;
    }
    return last[b.size];
}
