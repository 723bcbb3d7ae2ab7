/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unknown: see unknown.h. A table of hashes, open addressing, never more than half full.
 */
#include "unknown.h"

#include <stdlib.h>
#include <string.h>

#include "waybill/digest.h"
#include "waybill/reason.h"

#define SLOTS 4096 /* a power of two, twice UNKNOWN_MAX at least */

struct unknown {
    struct unknown_words words[UNKNOWN_MAX];
    size_t count;
    uint16_t slots[SLOTS]; /* index + 1 */
    uint64_t total, rest;
};

int unknown_new(struct unknown **unknown, struct error *why)
{
    *unknown = calloc(1, sizeof **unknown);
    return *unknown != NULL ? 0 : error_set(why, "cannot count words: no memory");
}

void unknown_free(struct unknown **unknown)
{
    struct unknown *old = *unknown;

    *unknown = NULL;
    for (size_t i = 0; old != NULL && i < old->count; i++) {
        free(old->words[i].key);
        free(old->words[i].example);
    }
    free(old);
}

/* ---- the common form ---- */

static bool has_digit(struct slice word)
{
    for (size_t i = 0; i < word.size; i++)
        if (word.at[i] >= '0' && word.at[i] <= '9')
            return true;
    return false;
}

static bool is_code(struct slice word)
{
    uint64_t code;

    if (word.size > 3 && word.at[3] == '-')
        word.size = 3;
    return (word.size == 3 && text_number(word, 400, 599, &code)) || status_fits(word);
}

int unknown_form(struct slice words, struct buffer *to)
{
    bool front = true;

    for (size_t i = 0; i < words.size; i++) {
        size_t start = i;
        while (i < words.size && strchr(" \t\r\n", words.at[i]) == NULL)
            i++;
        struct slice word = slice_make(words.at + start, i - start);
        if (word.size == 0)
            continue;
        front = front && is_code(word);
        if (to->size > 0)
            buffer_add_char(to, ' ');
        if (slice_find(word, '@') >= 0)
            buffer_add_char(to, '@');
        else if (has_digit(word) && !front)
            buffer_add_char(to, '#');
        else
            buffer_add(to, word.at, word.size);
    }
    return to->failed ? -1 : 0;
}

/* ---- the table ---- */

static char *copy_of(struct slice text, size_t most)
{
    size_t size = text.size < most ? text.size : most;
    char *copy = malloc(size + 1);

    if (copy != NULL)
        slice_copy(slice_make(text.at, size), copy, size + 1);
    return copy;
}

static int keep(struct unknown *unknown, size_t slot, struct slice key, struct slice words)
{
    struct unknown_words *row = &unknown->words[unknown->count];

    *row = (struct unknown_words){copy_of(key, UNKNOWN_KEY_MAX),
                                  copy_of(words, UNKNOWN_EXAMPLE_MAX), 1};
    if (row->key == NULL || row->example == NULL) {
        free(row->key);
        free(row->example);
        return -1;
    }
    unknown->slots[slot] = (uint16_t)++unknown->count;
    return 0;
}

static int count_form(struct unknown *unknown, struct slice key, struct slice words)
{
    size_t slot = digest_here(0, key.at, key.size) & (SLOTS - 1);

    while (unknown->slots[slot] != 0) {
        struct unknown_words *row = &unknown->words[unknown->slots[slot] - 1];
        if (slice_is(key, row->key)) {
            row->count++;
            return 0;
        }
        slot = (slot + 1) & (SLOTS - 1);
    }
    if (unknown->count < UNKNOWN_MAX && keep(unknown, slot, key, words) == 0)
        return 0;
    unknown->rest++;
    return unknown->count < UNKNOWN_MAX ? -1 : 0;
}

int unknown_add(struct unknown *unknown, struct slice words)
{
    struct buffer form;
    struct slice key;
    int result;

    unknown->total++;
    buffer_init(&form, 65536);
    unknown_form(words, &form);
    key = slice_make(form.data, form.size < UNKNOWN_KEY_MAX ? form.size : UNKNOWN_KEY_MAX);
    result = count_form(unknown, key, words);
    buffer_free(&form);
    return result;
}

static int compare(const void *a, const void *b)
{
    const struct unknown_words *x = a, *y = b;

    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return strcmp(x->key, y->key);
}

const struct unknown_words *unknown_sorted(struct unknown *unknown, size_t *count)
{
    qsort(unknown->words, unknown->count, sizeof unknown->words[0], compare);
    *count = unknown->count;
    return unknown->words;
}

uint64_t unknown_total(const struct unknown *unknown)
{
    return unknown->total;
}

uint64_t unknown_rest(const struct unknown *unknown)
{
    return unknown->rest;
}
