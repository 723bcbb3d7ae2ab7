/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * around: the text that stands around an address: what a report tells people about a recipient
 * when its fields say little.
 */
#ifndef REPORT_AROUND_H
#define REPORT_AROUND_H

#include "page.h"

#define AROUND_MAX 512 /* places of addresses that are known */

struct places {
    struct slice text;
    struct place {
        struct slice address;
        uint32_t hash;    /* of the address */
        size_t line;      /* where its line begins in the text */
        size_t paragraph; /* where its paragraph begins */
        bool leads;       /* nothing but signs stands before it in its line */
        bool alone;       /* nor behind it */
    } of[AROUND_MAX];
    size_t count;
};

/* Where addresses stand in the text; one pass. */
void places_find(struct places *places, struct slice text);
/* The paragraph that names the address, the one with a reply code before others; a view into the
 * text. Where lines begin with addresses, what belongs to the others is left out. With the next
 * paragraph, if the address is all that its own says. Absent: the text has no word on it. */
struct slice places_around(const struct places *places, struct slice address);
/* The only mailbox that the text names; absent: none, or several. */
struct slice places_only(const struct places *places);

#endif
