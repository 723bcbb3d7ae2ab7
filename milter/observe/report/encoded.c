/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * encoded: the encoded words of header fields (RFC 2047). Promise: one pass; what is no encoded
 * word stays as it is; a character that is torn between two words is whole again.
 */
#include <string.h>

#include "charset.h"
#include "mime.h"
#include "transfer.h"

#define WORDS_MAX 1024 /* bytes of neighbouring words in one charset that are read as one */

struct word {
    struct slice charset, text;
    bool base64;
    size_t size; /* of all of it */
};

/* Bytes that wait for the rest of their character. */
struct pending {
    struct charset charset;
    struct slice name; /* of the charset; absent: nothing waits */
    size_t size;
    char bytes[WORDS_MAX];
};

/* Where an encoded word may begin; the size: nowhere. */
static size_t find_word(struct slice from)
{
    const char *at = from.at, *end = at + from.size;

    while (at < end && (at = memchr(at, '=', (size_t)(end - at))) != NULL) {
        if (end - at > 1 && at[1] == '?')
            return (size_t)(at - from.at);
        at++;
    }
    return from.size;
}

/* The encoded word at the front. Its text holds no "?", so that looking for its end is linear. */
static bool read_word(struct slice from, struct word *word)
{
    struct slice rest = from, encoding, language;

    if (!text_take(&rest, "=?") || !text_take_until(&rest, '?', &word->charset) ||
        !text_take_until(&rest, '?', &encoding) || !text_take_until(&rest, '?', &word->text) ||
        !text_take_char(&rest, '='))
        return false;
    if (encoding.size != 1 || word->charset.size == 0 || word->charset.size > 60)
        return false;
    language = word->charset;
    (void)text_take_until(&language, '*', &word->charset);
    word->base64 = (encoding.at[0] | 0x20) == 'b';
    word->size = from.size - rest.size;
    return word->base64 || (encoding.at[0] | 0x20) == 'q';
}

static int flush(struct pending *pending, struct buffer *to)
{
    char text[3 * WORDS_MAX];
    bool cut = false;
    struct slice line;

    if (pending->size == 0)
        return 0;
    charset_choose(&pending->charset, pending->name);
    line = charset_line(&pending->charset, slice_make(pending->bytes, pending->size), text,
                        sizeof text, &cut);
    pending->size = 0;
    return buffer_add(to, line.at, line.size);
}

static int add_word(struct pending *pending, const struct word *word, struct buffer *to)
{
    struct base64 state = {0};
    struct slice text = word->text;

    if (!slice_equal_nocase(pending->name, word->charset) ||
        text.size > sizeof pending->bytes - pending->size) {
        if (flush(pending, to) < 0)
            return -1;
    }
    pending->name = word->charset;
    while (text.size > 0) {
        size_t part = text.size < sizeof pending->bytes ? text.size : sizeof pending->bytes;
        struct slice piece = slice_make(text.at, part);
        char *at = pending->bytes + pending->size;
        pending->size +=
            word->base64 ? base64_decode(&state, piece, at) : quoted_decode(piece, true, at);
        text = slice_make(text.at + part, text.size - part);
        if (text.size > 0 && flush(pending, to) < 0)
            return -1;
    }
    return 0;
}

static size_t blanks_size(struct slice from)
{
    size_t size = 0;

    while (size < from.size && memchr(" \t\r\n", from.at[size], 4) != NULL)
        size++;
    return size;
}

static int decode(struct pending *pending, struct slice value, struct buffer *to)
{
    struct word word;
    size_t blanks;

    while (value.size > 0) {
        size_t plain = find_word(value);
        if (plain < value.size &&
            !read_word(slice_make(value.at + plain, value.size - plain), &word)) {
            plain += 2;
        } else if (plain == 0) {
            if (add_word(pending, &word, to) < 0)
                return -1;
            value = slice_make(value.at + word.size, value.size - word.size);
            /* Blanks between two words are not part of the text. */
            blanks = blanks_size(value);
            if (read_word(slice_make(value.at + blanks, value.size - blanks), &word))
                value = slice_make(value.at + blanks, value.size - blanks);
            continue;
        }
        if (flush(pending, to) < 0 || buffer_add(to, value.at, plain) < 0)
            return -1;
        pending->name = SLICE_ABSENT;
        value = slice_make(value.at + plain, value.size - plain);
    }
    return flush(pending, to);
}

int mime_decode_words(struct slice value, struct buffer *to)
{
    struct pending pending;
    int result;

    if (find_word(value) == value.size)
        return value.size == 0 ? 0 : buffer_add(to, value.at, value.size);
    charset_begin(&pending.charset);
    pending.name = SLICE_ABSENT;
    pending.size = 0;
    result = decode(&pending, value, to);
    charset_end(&pending.charset);
    return result;
}
