/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_pieces: what several kinds of Postfix's lines have in common.
 */
#include "postfix.h"

#define QUEUE_ID_LEAST 6
#define QUEUE_ID_MOST 64

const unsigned char postfix_class[256] = {
    ['0'] = DIGIT, ['1'] = DIGIT, ['2'] = DIGIT, ['3'] = DIGIT, ['4'] = DIGIT, ['5'] = DIGIT,
    ['6'] = DIGIT, ['7'] = DIGIT, ['8'] = DIGIT, ['9'] = DIGIT, ['A'] = UPPER, ['B'] = UPPER,
    ['C'] = UPPER, ['D'] = UPPER, ['E'] = UPPER, ['F'] = UPPER, ['G'] = UPPER, ['H'] = UPPER,
    ['I'] = UPPER, ['J'] = UPPER, ['K'] = UPPER, ['L'] = UPPER, ['M'] = UPPER, ['N'] = UPPER,
    ['O'] = UPPER, ['P'] = UPPER, ['Q'] = UPPER, ['R'] = UPPER, ['S'] = UPPER, ['T'] = UPPER,
    ['U'] = UPPER, ['V'] = UPPER, ['W'] = UPPER, ['X'] = UPPER, ['Y'] = UPPER, ['Z'] = UPPER,
    ['a'] = LOWER, ['b'] = LOWER, ['c'] = LOWER, ['d'] = LOWER, ['e'] = LOWER, ['f'] = LOWER,
    ['g'] = LOWER, ['h'] = LOWER, ['i'] = LOWER, ['j'] = LOWER, ['k'] = LOWER, ['l'] = LOWER,
    ['m'] = LOWER, ['n'] = LOWER, ['o'] = LOWER, ['p'] = LOWER, ['q'] = LOWER, ['r'] = LOWER,
    ['s'] = LOWER, ['t'] = LOWER, ['u'] = LOWER, ['v'] = LOWER, ['w'] = LOWER, ['x'] = LOWER,
    ['y'] = LOWER, ['z'] = LOWER, ['.'] = DOT,   ['/'] = SLASH, ['-'] = DASH,  ['_'] = UNDERSCORE,
    ['['] = BRACKET, [']'] = BRACKET, [' '] = BRACKET,
};

/* "warning", "statistics", "Deleted": letters of which only the first may be a capital are a word
 * of the language. A queue id has a digit or a capital further on. */
static bool is_word(struct slice word)
{
    unsigned classes = postfix_class[(unsigned char)word.at[0]] & DIGIT;
    for (size_t i = 1; i < word.size && (classes & (DIGIT | UPPER)) == 0; i++)
        classes |= postfix_class[(unsigned char)word.at[i]];
    return (classes & (DIGIT | UPPER)) == 0;
}

bool postfix_take_queue_id(struct slice *from, struct slice *id)
{
    struct slice rest = *from, word;
    if (!postfix_take_class(&rest, DIGIT | UPPER | LOWER, &word) || word.size < QUEUE_ID_LEAST ||
        word.size > QUEUE_ID_MOST)
        return false;
    if (is_word(word) || slice_is(word, "NOQUEUE"))
        return false;
    *id = word;
    *from = rest;
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

static bool follows(struct slice text, const struct slice next[])
{
    for (size_t i = 0; next[i].at != NULL; i++)
        if (next[i].size == 0 ? postfix_at_end(text) : slice_starts_with(text, next[i]))
            return true;
    return false;
}

bool postfix_take_address(struct slice *from, const struct slice next[], struct slice *address)
{
    const char *end = from->at + from->size, *at = from->at + after_quotes(*from);
    while (at < end && (at = memchr(at, '>', (size_t)(end - at))) != NULL) {
        struct slice rest = slice_make(at + 1, (size_t)(end - at) - 1);
        if (next == NULL || follows(rest, next)) {
            *address = slice_make(from->at, (size_t)(at - from->at));
            *from = rest;
            return true;
        }
        at++;
    }
    return false;
}

bool postfix_take_last_address(struct slice *from, struct slice *address)
{
    struct slice rest = *from;
    const char *end = rest.size > 0 ? memrchr(rest.at, '>', rest.size) : NULL;
    if (end == NULL || rest.at[0] != '<')
        return false;
    *address = slice_make(rest.at + 1, (size_t)(end - rest.at) - 1);
    *from = slice_make(end + 1, rest.size - (size_t)(end - rest.at) - 1);
    return true;
}

bool postfix_is_joint(struct slice address)
{
    return !slice_starts(address, "\"") && slice_find_text(address, "]: ") >= 0;
}

bool postfix_at_end(struct slice rest)
{
    struct slice digits;
    if (rest.size == 0)
        return true;
    rest = slice_trim(rest);
    return rest.size == 0 || (postfix_take_class(&rest, DIGIT, &digits) && rest.size == 0);
}

static size_t before_bracket(struct slice text)
{
    return postfix_run(text, BRACKET, true);
}

bool postfix_take_peer(struct slice *from, struct peer *peer)
{
    size_t size = before_bracket(*from);
    if (size == from->size || from->at[size] != '[')
        return false;
    struct slice rest = slice_make(from->at + size + 1, from->size - size - 1), port;
    peer->name = size > 0 ? slice_make(from->at, size) : SLICE_ABSENT;
    size = before_bracket(rest);
    if (size == 0 || size == rest.size || rest.at[size] != ']')
        return false;
    peer->ip = slice_make(rest.at, size);
    peer->port = SLICE_ABSENT;
    rest = slice_make(rest.at + size + 1, rest.size - size - 1);
    *from = rest;
    if (text_take_char(&rest, ':') && postfix_take_class(&rest, DIGIT, &port)) {
        peer->port = port;
        *from = rest;
    } else {
        text_take(from, ":unknown"); /* the client was gone before it was asked for */
    }
    return true;
}

bool postfix_is_address(struct slice host)
{
    bool dots = false, colons = false, letters = false;
    for (size_t i = 0; i < host.size; i++) {
        char c = host.at[i];
        dots |= c == '.';
        colons |= c == ':';
        letters |= c > '9' && c != ':';
        if (c != '.' && c != ':' && text_hex(c) < 0)
            return false;
    }
    return colons || (dots && !letters);
}

bool postfix_find_peer(struct slice text, struct peer *peer)
{
    struct slice word = text, skipped;
    do {
        struct slice rest = word;
        if (postfix_take_peer(&rest, peer) && postfix_is_address(peer->ip))
            return true;
    } while (text_take_until(&word, ' ', &skipped));
    return false;
}

void postfix_set_client(struct logline *line, const struct peer *peer)
{
    line_set(line, LINE_CLIENT_HOST, peer->name);
    line_set(line, LINE_CLIENT_IP, peer->ip);
    line_set(line, LINE_CLIENT_PORT, peer->port);
}

/* Behind a relay's brackets stands a socket's path where there is no address. */
void postfix_set_relay(struct logline *line, const struct peer *peer)
{
    line_set(line, LINE_RELAY_HOST, peer->name);
    if (postfix_run(peer->ip, SLASH, true) == peer->ip.size) {
        line_set(line, LINE_RELAY_IP, peer->ip);
    } else {
        line_set(line, LINE_RELAY_PATH, peer->ip);
        line_set(line, LINE_RELAY_SERVICE, peer->ip);
    }
    line_set(line, LINE_RELAY_PORT, peer->port);
}

/* RFC 3463: "5.7.1" and then a blank or the end. */
static bool take_enhanced(struct slice *from, struct slice *dsn)
{
    struct slice rest = *from, part;
    if (rest.size == 0 || (rest.at[0] != '2' && rest.at[0] != '4' && rest.at[0] != '5'))
        return false;
    rest = slice_make(rest.at + 1, rest.size - 1);
    for (int i = 0; i < 2; i++)
        if (!text_take_char(&rest, '.') || !postfix_take_class(&rest, DIGIT, &part) ||
            part.size > 3)
            return false;
    *dsn = slice_make(from->at, (size_t)(rest.at - from->at));
    if (rest.size > 0 && !text_take_char(&rest, ' '))
        return false;
    *from = rest;
    return true;
}

/* "<a@b>: reason", or "Service unavailable; client [192.0.2.1] blocked using ...". */
static void set_reason(struct logline *line, struct slice text)
{
    static const struct slice colon[] = {SLICE_LITERAL(": "), {NULL, 0}};
    struct slice rest = text, data;
    if (text_take_char(&rest, '<') && postfix_take_address(&rest, colon, &data)) {
        text_take(&rest, ": ");
        line_set(line, LINE_REJECT_DATA, data);
        text = rest;
    } else if (text_take(&rest, "Service unavailable; ") && text_take_until(&rest, '[', &data) &&
               text_take_until(&rest, ']', &data) && text_take_char(&rest, ' ')) {
        line_set(line, LINE_REJECT_DATA, data);
        text = rest;
    }
    line_set(line, LINE_REJECT_REASON, text);
}

void postfix_set_reply(struct logline *line, struct slice reply)
{
    struct slice rest = reply, code, dsn;
    line_set(line, LINE_REPLY, reply);
    if (postfix_take_class(&rest, DIGIT, &code) && code.size == 3 &&
        (text_take_char(&rest, ' ') || text_take_char(&rest, '-')))
        line_set(line, LINE_REJECT_CODE, code);
    else
        rest = reply;
    if (take_enhanced(&rest, &dsn))
        line_set(line, LINE_REJECT_DSN, dsn);
    set_reason(line, rest);
}

struct slice postfix_queued_as(struct slice reply, bool whole)
{
    struct slice id, before;
    if (!slice_starts(reply, "2") || !text_take_until_text(&reply, "queued as ", &before) ||
        !postfix_take_class(&reply, DIGIT | UPPER | LOWER | DASH | UNDERSCORE | DOT, &id) ||
        (reply.size == 0 && !whole))
        return SLICE_ABSENT;
    while (id.size > 0 && id.at[id.size - 1] == '.')
        id.size--;
    return id.size > 0 ? id : SLICE_ABSENT;
}
