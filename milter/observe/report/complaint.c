/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * complaint: what stands in the feedback report; the returned mail helps where the provider has
 * hidden the recipient there.
 */
#include "complaint.h"

#include "date.h"
#include "value.h"

static void add_recipient(struct complaint *complaint, struct slice address)
{
    if (address.at == NULL || complaint->count == COMPLAINT_RECIPIENTS)
        return;
    for (size_t i = 0; i < complaint->count; i++)
        if (slice_equal_nocase(complaint->recipients[i], address))
            return;
    complaint->recipients[complaint->count++] = address;
}

static bool is(struct slice name, const char *wanted)
{
    return slice_equal_nocase(name, slice_of(wanted));
}

void complaint_add_field(struct complaint *complaint, struct arena *arena, struct slice name,
                         struct slice value)
{
    if (is(name, "Feedback-Type")) {
        complaint->told = true;
        complaint->type = value_clean(arena, value, 64);
    } else if (is(name, "Original-Rcpt-To") || is(name, "Removal-Recipient")) {
        add_recipient(complaint, value_address(arena, value));
    } else if (is(name, "Original-Envelope-Id") && complaint->envelope_id.at == NULL) {
        complaint->envelope_id = value_xtext(arena, value);
    } else if (is(name, "Reporting-MTA") && complaint->reporting.at == NULL) {
        complaint->reporting = value_host(arena, value);
    } else if (is(name, "Arrival-Date") || is(name, "Received-Date")) {
        complaint->arrived = date_read(value);
    }
}

void complaint_add_returned(struct complaint *complaint, struct arena *arena, struct slice name,
                            struct slice value)
{
    if (is(name, "X-HmXmrOriginalRecipient") || is(name, "X-Original-To"))
        add_recipient(complaint, value_address(arena, value));
}

bool complaint_is_old_style(const struct page *page)
{
    struct slice from = page_field(page, "From"), subject = page_field(page, "Subject");

    if (page_field(page, "X-HmXmrOriginalRecipient").at != NULL)
        return true;
    if (page_says(subject, "complaint about message from"))
        return true;
    if (page_says(from, "scomp@") && page_says(subject, "Email Feedback Report for IP"))
        return true;
    return page_says(subject, "FBL") && page_says(page->text, "feedback loop") &&
           (page_says(from, "fbl") || page_says(from, "feedback") || page_says(from, "abuse"));
}
