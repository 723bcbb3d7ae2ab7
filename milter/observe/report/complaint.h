/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * complaint: a recipient calls a mail spam: the fields of RFC 5965, and the marks of the feedback
 * loops that are older than it.
 */
#ifndef REPORT_COMPLAINT_H
#define REPORT_COMPLAINT_H

#include "arena.h"
#include "page.h"

#define COMPLAINT_RECIPIENTS 16

struct complaint {
    bool told; /* it has a Feedback-Type */
    struct slice type, reporting, envelope_id;
    struct slice recipients[COMPLAINT_RECIPIENTS];
    size_t count;
    int64_t arrived;
};

void complaint_add_field(struct complaint *complaint, struct arena *arena, struct slice name,
                         struct slice value);
/* A field of the returned mail that names whom a provider had it delivered to. */
void complaint_add_returned(struct complaint *complaint, struct arena *arena, struct slice name,
                            struct slice value);
/* A complaint without machine-readable fields, by what only a feedback loop writes. */
bool complaint_is_old_style(const struct page *page);

#endif
