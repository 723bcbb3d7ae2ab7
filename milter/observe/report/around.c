/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * around: paragraphs, as empty lines cut them.
 */
#include "around.h"

#include "waybill/reason.h"

#define PARAGRAPHS_MAX 4 /* that are looked at for one address */

void places_find(struct places *places, struct slice text)
{
    struct slice rest = text, line;
    size_t paragraph = 0;

    places->text = text;
    places->count = 0;
    while (places->count < AROUND_MAX && page_line(&rest, &line)) {
        if (slice_trim(line).size == 0) {
            paragraph = (size_t)(rest.at - text.at);
            continue;
        }
        while (places->count < AROUND_MAX) {
            struct slice address = page_address(line);

            if (address.size == 0)
                break;
            places->of[places->count++] = (struct place){address, paragraph};
            line.size -= (size_t)(address.at + address.size - line.at);
            line.at = address.at + address.size;
        }
    }
}

/* From there to the next empty line; if that is no more than one line, with the next paragraph. */
static struct slice take_paragraph(struct slice text, size_t from)
{
    struct slice rest = slice_make(text.at + from, text.size - from), line;
    const char *begin = rest.at, *end = rest.at;
    int lines = 0, gaps = 0;

    while ((size_t)(end - begin) < REPORT_WORDS_MAX && page_line(&rest, &line)) {
        if (slice_trim(line).size > 0) {
            lines++;
            end = line.at + line.size;
        } else if (lines > 1 || ++gaps > 1) {
            break;
        }
    }
    if ((size_t)(end - begin) > REPORT_WORDS_MAX)
        end = begin + REPORT_WORDS_MAX;
    return slice_make(begin, (size_t)(end - begin));
}

struct slice places_around(const struct places *places, struct slice address)
{
    struct slice best = SLICE_ABSENT;
    int paragraphs = 0;

    for (size_t i = 0; i < places->count && paragraphs < PARAGRAPHS_MAX; i++) {
        struct slice found;

        if (!slice_equal_nocase(places->of[i].address, address) ||
            (best.at != NULL && best.at == places->text.at + places->of[i].paragraph))
            continue;
        paragraphs++;
        found = take_paragraph(places->text, places->of[i].paragraph);
        if (smtp_code_in(found) != 0)
            return found;
        if (best.at == NULL)
            best = found;
    }
    return best;
}

struct slice places_only(const struct places *places)
{
    for (size_t i = 1; i < places->count; i++)
        if (!slice_equal_nocase(places->of[i].address, places->of[0].address))
            return SLICE_ABSENT;
    return places->count > 0 ? places->of[0].address : SLICE_ABSENT;
}
