/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * returned: its fields are strangers' words, kept as they are. Of too many hops the oldest stay:
 * the mail began there, with us.
 */
#include "returned.h"

#include "date.h"
#include "value.h"
#include "mime.h"
#include "page.h"

#define SHOWN_MAX 998 /* of a subject or an address field */

/* At the semicolon the words end. */
static bool take_word(struct slice *rest, struct slice *word)
{
    return value_take_word(rest, " \t\r\n", ";", word);
}

static void read_received(struct arena *arena, struct slice value, struct report_hop *hop)
{
    struct slice rest = value, word, *wanted = NULL;

    *hop = (struct report_hop){.time = 0};
    while (take_word(&rest, &word)) {
        if (wanted != NULL) {
            *wanted = value_host(arena, word);
            wanted = NULL;
        } else if (hop->by.at == NULL && slice_equal_nocase(word, slice_of("by"))) {
            wanted = &hop->by;
        } else if (hop->id.at == NULL && slice_equal_nocase(word, slice_of("id"))) {
            wanted = &hop->id;
        } else if (slice_equal_nocase(word, slice_of("from"))) {
            take_word(&rest, &word);
        }
    }
    for (size_t i = value.size; i > 0; i--)
        if (value.at[i - 1] == ';') {
            hop->time = date_read(slice_make(value.at + i, value.size - i));
            return;
        }
}

static void add_hop(struct report *report, struct arena *arena, struct slice value)
{
    struct report_hop hop;

    read_received(arena, value, &hop);
    if (hop.by.at == NULL && hop.id.at == NULL)
        return;
    if (report->hop_count == REPORT_HOPS_MAX) {
        report->hop_count--;
        report->partial = true;
        memmove(report->hops, report->hops + 1, report->hop_count * sizeof(hop));
    }
    report->hops[report->hop_count++] = hop;
}

static void set_once(struct slice *into, struct arena *arena, struct slice value)
{
    if (into->at == NULL)
        *into = value_words(arena, value, SHOWN_MAX);
}

void returned_add_field(struct report *report, struct arena *arena, struct slice name,
                        struct slice value)
{
    if (slice_equal_nocase(name, slice_of("Received")))
        add_hop(report, arena, value);
    else if (slice_equal_nocase(name, slice_of("Message-ID")) && report->message_id.at == NULL)
        report->message_id = value_id(arena, value);
    else if (slice_equal_nocase(name, slice_of("From")))
        set_once(&report->from, arena, value);
    else if (slice_equal_nocase(name, slice_of("To")))
        set_once(&report->to, arena, value);
    else if (slice_equal_nocase(name, slice_of("Subject")))
        set_once(&report->subject, arena, value);
    else if (slice_equal_nocase(name, slice_of("Date")) && report->date == 0)
        report->date = date_read(value);
}

/* "Name: value": a name of printable letters without blanks (RFC 5322, 2.2). */
static bool take_name(struct slice *line, struct slice *name)
{
    size_t length = 0;

    while (length < line->size && line->at[length] > ' ' && line->at[length] < 0x7f &&
           line->at[length] != ':')
        length++;
    if (length == 0 || length == line->size || line->at[length] != ':')
        return false;
    *name = slice_make(line->at, length);
    *line = slice_make(line->at + length + 1, line->size - length - 1);
    return true;
}

/* Does the next line belong to the field before it? */
static bool is_folded(struct slice rest)
{
    return rest.size > 1 && (rest.at[0] == ' ' || rest.at[0] == '\t') &&
           slice_trim(
               slice_make(rest.at, (size_t)(slice_find(rest, '\n') < 0 ? (ptrdiff_t)rest.size
                                                                       : slice_find(rest, '\n'))))
                   .size > 0;
}

void returned_read_copy(struct report *report, struct arena *arena, struct slice copy)
{
    struct slice line, name, more;
    bool begun = false;

    while (page_line(&copy, &line)) {
        if (slice_trim(line).size == 0 && begun)
            return;
        if (!take_name(&line, &name))
            continue;
        begun = true;
        while (is_folded(copy) && page_line(&copy, &more))
            line.size = (size_t)(more.at + more.size - line.at);
        returned_add_field(report, arena, name, slice_trim(line));
    }
}

/* "4mGprq8lpWzGsdv.1795298143/mx.example.org": queue id, second, host. */
struct slice returned_boundary_id(struct slice content_type)
{
    static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz";
    struct slice rest = content_type, skipped, id;
    uint64_t second = 0;

    if (!text_take_until_text(&rest, "boundary=\"", &skipped) ||
        !text_take_any(&rest, letters, &id) || id.size < 6 || id.size > 32 ||
        !text_take_char(&rest, '.') || !text_take_number(&rest, &second) ||
        !text_take_char(&rest, '/'))
        return SLICE_ABSENT;
    return id;
}
