/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * around: paragraphs, as empty lines cut them.
 */
#include "around.h"

#include <string.h>

#include "value.h"
#include "waybill/reason.h"

#define PARAGRAPHS_MAX 4 /* that are looked at for one address */

static bool is_sign(char c)
{
    return (unsigned char)c <= ' ' || strchr("<>[](){}*-'\":,;.=|", c) != NULL;
}

static bool only_signs(const char *from, const char *to)
{
    for (; from < to; from++)
        if (!is_sign(*from))
            return false;
    return true;
}

static void find_in_line(struct places *places, struct slice line, size_t paragraph)
{
    struct slice rest = line;

    while (places->count < AROUND_MAX) {
        struct slice address = page_address(rest);
        bool leads; /* only the first of a line can */

        if (address.size == 0)
            return;
        leads = rest.at == line.at && only_signs(line.at, address.at);
        places->of[places->count++] = (struct place){
            .address = address,
            .hash = value_hash(address),
            .line = (size_t)(line.at - places->text.at),
            .paragraph = paragraph,
            .leads = leads,
            .alone = leads && only_signs(address.at + address.size, line.at + line.size),
        };
        rest.size -= (size_t)(address.at + address.size - rest.at);
        rest.at = address.at + address.size;
    }
}

void places_find(struct places *places, struct slice text)
{
    struct slice rest = text, line;
    size_t paragraph = 0;

    places->text = text;
    places->count = 0;
    while (places->count < AROUND_MAX && page_line(&rest, &line)) {
        if (slice_trim(line).size == 0)
            paragraph = (size_t)(rest.at - text.at);
        else
            find_in_line(places, line, paragraph);
    }
}

/* Where the words of somebody else begin, who leads a later line. Told apart by the hash alone:
 * who forges one that is the same only gets more words around his own address. */
static size_t next_leader(const struct places *places, size_t i)
{
    const struct place *place = &places->of[i];

    if (place->leads)
        for (size_t k = i + 1; k < places->count; k++)
            if (places->of[k].leads && places->of[k].line > place->line &&
                places->of[k].hash != place->hash)
                return places->of[k].line;
    return places->text.size;
}

/* Up to an empty line, or to the `gaps`-th. */
static struct slice take_paragraphs(struct slice rest, int gaps)
{
    struct slice line;
    const char *begin = rest.at, *end = rest.at;
    bool open = false;

    while ((size_t)(end - begin) < REPORT_WORDS_MAX && page_line(&rest, &line)) {
        if (slice_trim(line).size > 0) {
            open = true;
            end = line.at + line.size;
        } else if (open && --gaps == 0) {
            break;
        } else {
            open = false;
        }
    }
    if ((size_t)(end - begin) > REPORT_WORDS_MAX)
        end = begin + REPORT_WORDS_MAX;
    return slice_make(begin, (size_t)(end - begin));
}

static struct slice around_place(const struct places *places, size_t i)
{
    const struct place *place = &places->of[i];
    size_t from = place->leads ? place->line : place->paragraph;

    struct slice rest = slice_make(places->text.at + from, next_leader(places, i) - from);
    struct slice one = take_paragraphs(rest, 1);

    return place->alone && slice_find(one, '\n') < 0 ? take_paragraphs(rest, 2) : one;
}

struct slice places_around(const struct places *places, struct slice address)
{
    struct slice best = SLICE_ABSENT;
    uint32_t hash = value_hash(address);
    int paragraphs = 0;

    for (size_t i = 0; i < places->count && paragraphs < PARAGRAPHS_MAX; i++) {
        struct slice found;

        if (places->of[i].hash != hash || !slice_equal_nocase(places->of[i].address, address))
            continue;
        paragraphs++;
        found = around_place(places, i);
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
