/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parameters of MAIL and RCPT. Promise: a value stands under its own key only if it has the
 * form that its standard gives it; everything else is kept, but not believed.
 */
#include "esmtp.h"

static bool is_flag(struct slice value)
{
    return value.at == NULL;
}

static bool is_size(struct slice value)
{
    uint64_t bytes;

    return text_number(value, 0, INT64_MAX, &bytes);
}

/* No blanks and no control characters; bytes of UTF-8 may stand raw (RFC 6533). */
static bool is_text(struct slice value)
{
    for (size_t i = 0; i < value.size; i++)
        if ((unsigned char)value.at[i] <= 0x20 || value.at[i] == 0x7f)
            return false;
    return value.size > 0;
}

static bool is_ret(struct slice value)
{
    return slice_equal_nocase(value, slice_of("FULL")) ||
           slice_equal_nocase(value, slice_of("HDRS"));
}

static bool is_event(struct slice word)
{
    return slice_equal_nocase(word, slice_of("SUCCESS")) ||
           slice_equal_nocase(word, slice_of("FAILURE")) ||
           slice_equal_nocase(word, slice_of("DELAY"));
}

static bool is_notify(struct slice value)
{
    struct slice word;

    if (slice_equal_nocase(value, slice_of("NEVER")))
        return true;
    while (text_take_until(&value, ',', &word))
        if (!is_event(word))
            return false;
    return is_event(value);
}

/* "addr-type;address" */
static bool is_original(struct slice value)
{
    return slice_find(value, ';') > 0 && is_text(value);
}

struct parameter {
    const char *name;
    enum fact_key key;
    bool (*fits)(struct slice value);
};

static const struct parameter of_mail[] = {
    {"SIZE", KEY_SIZE, is_size}, {"BODY", KEY_BODY, is_text},   {"SMTPUTF8", KEY_UTF8, is_flag},
    {"RET", KEY_RET, is_ret},    {"ENVID", KEY_ENVID, is_text}, {NULL, KEY_SIZE, NULL},
};

static const struct parameter of_rcpt[] = {
    {"NOTIFY", KEY_NOTIFY, is_notify},
    {"ORCPT", KEY_ORCPT, is_original},
    {NULL, KEY_SIZE, NULL},
};

static bool take_known(struct slice word, const struct parameter *row, struct fact *fact)
{
    struct slice name = word;
    struct slice value = SLICE_ABSENT;
    ptrdiff_t equals = slice_find(word, '=');

    if (equals >= 0) {
        name.size = (size_t)equals;
        value = slice_make(word.at + equals + 1, word.size - (size_t)equals - 1);
    }
    for (; row->name != NULL; row++) {
        if (!slice_equal_nocase(name, slice_of(row->name)))
            continue;
        if (!row->fits(value) || fact->value[row->key].at != NULL)
            return false;
        fact_set(fact, row->key, value.at == NULL ? slice_of("1") : value);
        return true;
    }
    return false;
}

static void read_words(char **words, const struct parameter *rows, struct fact *fact,
                       struct buffer *rest)
{
    for (; *words != NULL; words++) {
        struct slice word = slice_of(*words);

        if (word.size == 0 || take_known(word, rows, fact))
            continue;
        if (rest->size + 1 + word.size > rest->limit)
            continue;
        if (rest->size > 0)
            buffer_add_char(rest, ' ');
        buffer_add(rest, word.at, word.size);
    }
    if (rest->size > 0)
        fact_set(fact, KEY_PARAMETERS, slice_make(rest->data, rest->size));
}

void esmtp_read_mail(char **words, struct fact *fact, struct buffer *rest)
{
    read_words(words, of_mail, fact, rest);
}

void esmtp_read_rcpt(char **words, struct fact *fact, struct buffer *rest)
{
    read_words(words, of_rcpt, fact, rest);
}
