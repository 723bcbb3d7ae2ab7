/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_pieces: what several kinds of Postfix's lines have in common: queue ids, addresses,
 * clients, status codes.
 */
#include "postfix.h"

#include <string.h>

#define QUEUE_ID_LEAST 6
#define QUEUE_ID_MOST 64

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z');
}

/* "warning", "statistics", "Deleted": letters of which only the first may be a capital. A queue id
 * has a digit or a capital further on. */
static bool is_plain_word(struct slice word)
{
    for (size_t i = 1; i < word.size; i++)
        if (!is_lower(word.at[i]))
            return false;
    return !is_digit(word.at[0]);
}

bool postfix_take_queue_id(struct slice *from, struct slice *id)
{
    size_t size = 0;
    while (size < from->size && size <= QUEUE_ID_MOST && is_alnum(from->at[size]))
        size++;
    struct slice word = slice_make(from->at, size);
    if (size < QUEUE_ID_LEAST || size > QUEUE_ID_MOST || is_plain_word(word) ||
        slice_is(word, "NOQUEUE"))
        return false;
    *id = word;
    *from = slice_make(from->at + size, from->size - size);
    return true;
}

/* Where the text after a quoted local part goes on; 0: there is none. What follows the closing
 * quote tells it from an opening one further on. */
static size_t after_quotes(struct slice text)
{
    if (text.size == 0 || text.at[0] != '"')
        return 0;
    for (size_t i = 1; i < text.size; i++) {
        if (text.at[i] == '\\')
            i++;
        else if (text.at[i] == '"')
            return i + 1 < text.size && (text.at[i + 1] == '@' || text.at[i + 1] == '>') ? i + 1 : 0;
    }
    return 0;
}

static bool follows(struct slice text, const char *const next[])
{
    for (size_t i = 0; next[i] != NULL; i++)
        if (slice_starts(text, next[i]))
            return true;
    return false;
}

bool postfix_take_address(struct slice *from, const char *const next[], struct slice *address)
{
    for (size_t i = after_quotes(*from); i < from->size; i++) {
        if (from->at[i] != '>')
            continue;
        struct slice rest = slice_make(from->at + i + 1, from->size - i - 1);
        if (follows(rest, next)) {
            *address = slice_make(from->at, i);
            *from = rest;
            return true;
        }
    }
    return false;
}

bool postfix_take_client(struct slice *from, struct fact *fact)
{
    struct slice rest = *from, name, ip, port;
    if (!text_take_until(&rest, '[', &name) || slice_find(name, ' ') >= 0 ||
        !text_take_until(&rest, ']', &ip) || ip.size == 0 || slice_find(ip, ' ') >= 0)
        return false;
    struct slice with_port = rest;
    if (text_take_char(&with_port, ':') && text_take_any(&with_port, "0123456789", &port)) {
        fact_set(fact, KEY_PORT, port);
        rest = with_port;
    }
    if (name.size > 0)
        fact_set(fact, KEY_CLIENT, name);
    fact_set(fact, KEY_IP, ip);
    *from = rest;
    return true;
}

struct slice postfix_reply_status(struct slice reply)
{
    struct slice rest = reply, code, part;
    if (text_take_any(&rest, "0123456789", &code) && code.size == 3 &&
        (text_take_char(&rest, ' ') || text_take_char(&rest, '-')))
        reply = rest;
    rest = reply;
    if (!text_take_any(&rest, "245", &part) || part.size != 1)
        return SLICE_ABSENT;
    for (int i = 0; i < 2; i++)
        if (!text_take_char(&rest, '.') || !text_take_any(&rest, "0123456789", &part) ||
            part.size > 3)
            return SLICE_ABSENT;
    if (rest.size > 0 && rest.at[0] != ' ')
        return SLICE_ABSENT;
    return slice_make(reply.at, (size_t)(rest.at - reply.at));
}
