/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * words: what was meant by a word that is not known.
 */
#include <string.h>

#include "terms.h"
#include "waybill/buffer.h"
#include "waybill/spelling.h"

const char *words_state(int number)
{
    return state_word((enum recipient_state)number);
}

const char *words_reason(int number)
{
    return reason_word((enum reason)number);
}

const char *words_field(int number)
{
    static const char *const others[] = {"since", "until", "order", "limit"};

    return number < QUERY_FIELD_COUNT ? query_rows[number].word
                                      : others[number - QUERY_FIELD_COUNT];
}

int query_find_word(struct slice word, words_of *of, int count)
{
    for (int i = 0; i < count; i++)
        if (slice_equal_nocase(word, slice_of(of(i))))
            return i;
    return -1;
}

/* The beginning of a word counts as nearer than a letter that is wrong. */
int words_nearest(struct slice word, words_of *of, int count)
{
    unsigned lowest = word.size <= 3 ? 4 : word.size <= 6 ? 6 : 8; /* twice the letters */
    int nearest = -1;

    if (word.size < 2 || word.size > SPELLING_MAX)
        return -1;
    for (int i = 0; i < count; i++) {
        struct slice known = slice_of(of(i));
        unsigned far;

        far = 2 * spelling_difference(word, known);
        if (word.size < known.size &&
            slice_equal_nocase(word, slice_make(known.at, word.size)))
            far = 1;
        if (far < lowest) {
            lowest = far;
            nearest = i;
        }
    }
    return nearest;
}

bool words_is_joint(struct slice word)
{
    return slice_equal_nocase(word, slice_of("or")) || slice_equal_nocase(word, slice_of("and")) ||
           slice_equal_nocase(word, slice_of("not"));
}

const char *words_state_of_log(struct slice word)
{
    static const struct {
        const char *word;
        enum recipient_state state;
    } others[] = {{"bounced", STATE_FAILED},   {"deferred", STATE_DELAYED},
                  {"sent", STATE_DELIVERED},   {"queued", STATE_ACCEPTED},
                  {"refused", STATE_REJECTED}, {"deleted", STATE_CANCELED},
                  {"hold", STATE_HELD}};

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (slice_equal_nocase(word, slice_of(others[i].word)))
            return state_word(others[i].state);
    return NULL;
}

int words_unknown(struct slice word, const char *what, words_of *of, int count, struct error *why)
{
    int nearest = words_nearest(word, of, count);
    struct buffer all;

    if (nearest >= 0)
        return error_set(why, "there is no %s '%.*s'; did you mean %s?", what, SLICE_SHOWN(word),
                         of(nearest));
    buffer_init(&all, 400);
    for (int i = 0; i < count; i++)
        buffer_addf(&all, "%s%s", i == 0 ? "" : " ", of(i));
    error_set(why, "there is no %s '%.*s'; there are: %s", what, SLICE_SHOWN(word), all.data);
    buffer_free(&all);
    return -1;
}
