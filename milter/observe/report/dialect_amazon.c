/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Amazon SES and WorkMail.
 */
#include "offices.h"
#include "prose.h"

#define AMAZON "An error occurred while trying to deliver the mail to the following recipients:"
const struct dialect dialect_amazon = {
    .name = "amazonses",
    .marks = {{MARK_TEXT, AMAZON, NULL}},
    .form = {.begin = AMAZON, .shapes = PROSE_LIST, .why = "Technical report:"},
};

/* The text behind the name of a member of JSON: its quotes may be escaped. */
static struct slice take_value(struct slice from)
{
    struct slice taken;
    if (!text_take_any(&from, "\\\": ", &taken) || !text_take_until(&from, '"', &taken))
        return SLICE_ABSENT;
    return slice_ends(taken, "\\") ? slice_make(taken.at, taken.size - 1) : taken;
}

/* A notification by SNS, mailed as JSON: only who bounced has a member of that name. */
static void read_notification(const struct page *page, struct findings *findings)
{
    struct slice rest = prose_from(page->text, "bouncedRecipients"), object;
    if (!text_take_until_text(&rest, "emailAddress", &object))
        return;
    do {
        bool last = !text_take_until_text(&rest, "emailAddress", &object);
        object = last ? rest : object;
        struct slice address = page_address(take_value(object));
        struct slice words = prose_from(object, "diagnosticCode");
        if (text_take(&words, "diagnosticCode"))
            words = take_value(words);
        if (address.at != NULL)
            (void)prose_add(findings, address, REPORTED_FAILED, words);
        rest.size = last ? 0 : rest.size;
    } while (rest.size > 0);
}
const struct dialect dialect_amazonsns = {
    .name = "amazonses",
    .marks = {{MARK_TEXT, "\"notificationType\":\"Bounce\"|\\\"notificationType\\\":\\\"Bounce\\\"",
               NULL},
              {MARK_TEXT, "bouncedRecipients", NULL}},
    .read = read_notification,
};
