/* SPDX-License-Identifier: BSD-2-Clause */
/* record_join: one fact out of two texts, which may have different values of it. */
#include <stdlib.h>
#include <string.h>

#include "record_set.h"

/* Of two values for one key the longer, or the greater: the same whoever came first. */
static bool is_better(struct slice a, struct slice b)
{
    if (a.size != b.size)
        return a.size > b.size;
    return a.size > 0 && memcmp(a.at, b.at, a.size) > 0;
}

static void join_values(struct body *all, const struct body *other)
{
    for (uint64_t keys = other->fact.keys; keys != 0;) {
        enum fact_key key = fact_take_key(&keys);
        if (all->fact.value[key].at == NULL ||
            is_better(other->fact.value[key], all->fact.value[key]))
            fact_set(&all->fact, key, other->fact.value[key]);
    }
    for (size_t i = 0; i < other->more_count; i++) {
        bool there = false;
        for (size_t k = 0; k < all->more_count; k++)
            there = there || slice_equal(all->more[k], other->more[i]);
        if (!there)
            body_keep(all, other->more[i]);
    }
}

int line_join(struct record *record, struct record_line *line, const struct record_line *other)
{
    struct buffer one, two, all;
    struct body a = {0}, b = {0};
    int result = -1;
    buffer_init(&one, FACT_LINE_MAX + 1);
    buffer_init(&two, FACT_LINE_MAX + 1);
    buffer_init(&all, FACT_LINE_MAX + 1);
    if (buffer_add(&one, line->text, line->size) == 0 &&
        buffer_add(&two, other->text, other->size) == 0 &&
        body_decode_all(one.data, one.size, &a) == 0 &&
        body_decode_all(two.data, two.size, &b) == 0) {
        join_values(&a, &b);
        result = body_encode_all(&a, BODY_PLACE_KEYS, 32, &all);
    }
    if (result == 0 && (all.size != line->size || memcmp(all.data, line->text, all.size) != 0)) {
        char *text = text_copy(all.data, all.size);
        result = text != NULL ? 1 : -1;
        if (text != NULL) {
            free(line->text);
            record->bytes = record->bytes - line->size + all.size;
            line->text = text;
            line->size = (uint32_t)all.size;
            line->known = line->known && other->known;
        }
    }
    buffer_free(&one);
    buffer_free(&two);
    buffer_free(&all);
    return result;
}
