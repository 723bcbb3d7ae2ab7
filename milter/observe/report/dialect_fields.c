/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fields of RFC 3464 where they stand in the text: in a mail whose MIME structure was lost on
 * the way, that never had one, or that somebody pasted.
 */
#include "dialects.h"
#include "prose.h"

static bool take_field(struct slice line, const char *name, struct slice *value)
{
    if (!prose_label(line, name, value))
        return false;
    struct slice rest = *value, type;
    if (text_take_until(&rest, ';', &type) && slice_find(type, ' ') < 0)
        *value = slice_trim(rest);
    return true;
}

static enum report_action action_of(struct slice word)
{
    for (int i = REPORTED_FAILED; i <= REPORTED_EXPANDED; i++)
        if (phrase_at(word, report_action_word((enum report_action)i)) != 0)
            return (enum report_action)i;
    return REPORTED_FAILED;
}

/* A group of fields, until its recipient is known. */
struct group {
    struct found found;
    struct slice *folded; /* the next line may go on with it */
};

static void take_line(struct group *group, struct slice line)
{
    struct found *found = &group->found;
    struct slice value;
    group->folded = NULL;
    if (take_field(line, "Final-Recipient:", &value)) {
        struct slice address = page_address(value);
        found->address = address.at != NULL ? address : value;
    } else if (take_field(line, "Original-Recipient:", &value)) {
        found->original = page_address(value);
    } else if (take_field(line, "Action:", &value)) {
        found->action = action_of(value);
    } else if (take_field(line, "Status:", &value)) {
        (void)text_take_word(&value, &found->status);
    } else if (take_field(line, "Remote-MTA:", &value)) {
        found->remote = value;
    } else if (take_field(line, "Diagnostic-Code:", &value)) {
        found->words = value;
        group->folded = &found->words;
    }
}

static void end_group(struct group *group, struct findings *findings)
{
    struct found found = group->found;
    struct found *row = found.address.size > 0 ? findings_add(findings, found.address) : NULL;
    if (row != NULL && row->words.size == 0)
        *row = found;
    *group = (struct group){.folded = NULL};
}

static void read_fields(const struct page *page, struct findings *findings)
{
    struct slice rest = page->text, line;
    struct slice value;
    struct group group = {.folded = NULL};
    while (page_line(&rest, &line)) {
        if (prose_is_empty(line)) {
            end_group(&group, findings);
        } else if (group.folded != NULL && prose_is_indented(line)) {
            *group.folded = prose_span(*group.folded, line);
        } else {
            if (group.found.address.size > 0 && prose_label(line, "Final-Recipient:", &value))
                end_group(&group, findings);
            take_line(&group, line);
        }
    }
    end_group(&group, findings);
}

const struct dialect dialect_fields = {
    .name = "fields",
    .marks = {{MARK_TEXT, "Final-Recipient:", NULL}, {MARK_TEXT, "Action:", NULL}},
    .read = read_fields,
};
