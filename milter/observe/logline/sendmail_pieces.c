/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail_pieces: what several kinds of Sendmail's lines have in common: queue ids, values that
 * end at a comma, hosts, replies.
 */
#include "sendmail.h"

#define QUEUE_ID_LEAST 7
#define QUEUE_ID_MOST 31
#define QUEUE_ID_DIGITS 5 /* it ends with the process id, of five digits at least */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (text_lower(c) >= 'a' && text_lower(c) <= 'z');
}

bool sendmail_take_queue_id(struct slice *from, struct slice *id)
{
    size_t size = 0, digits = 0;
    for (; size < from->size && is_alnum(from->at[size]); size++)
        digits = is_digit(from->at[size]) ? digits + 1 : 0;
    if (size < QUEUE_ID_LEAST || size > QUEUE_ID_MOST || digits < QUEUE_ID_DIGITS)
        return false;
    *id = slice_make(from->at, size);
    *from = slice_make(from->at + size, from->size - size);
    return true;
}

/* Where one stands within an address, as RFC 822 has it. */
struct lexer {
    bool quoted, angled;
    unsigned comments;
};

static void lexer_step(struct lexer *lexer, char c)
{
    if (c == '"' && lexer->comments == 0)
        lexer->quoted = !lexer->quoted;
    else if (lexer->quoted)
        return;
    else if (c == '(')
        lexer->comments++;
    else if (c == ')' && lexer->comments > 0)
        lexer->comments--;
    else if (lexer->comments > 0)
        return;
    else if (c == '<')
        lexer->angled = true;
    else if (c == '>')
        lexer->angled = false;
}

static bool lexer_outside(const struct lexer *lexer)
{
    return !lexer->quoted && !lexer->angled && lexer->comments == 0;
}

static bool take_item(struct slice *from, bool list, struct slice *item)
{
    struct lexer lexer = {0};
    size_t end = 0;
    for (; end < from->size; end++) {
        char c = from->at[end];
        bool last = end + 1 == from->size;
        if (c == ',' && lexer_outside(&lexer) && (list || (!last && from->at[end + 1] == ' ')))
            break;
        if (c == '\\')
            end += !last;
        else
            lexer_step(&lexer, c);
    }
    if (!lexer_outside(&lexer))
        return false;
    *item = slice_make(from->at, end);
    *from = slice_make(from->at + end, from->size - end);
    return true;
}

bool sendmail_take_item(struct slice *from, struct slice *item)
{
    return take_item(from, false, item);
}

bool sendmail_take_list_item(struct slice *from, struct slice *item)
{
    return take_item(from, true, item);
}

struct slice sendmail_take_name(struct slice *from)
{
    struct slice rest = *from, name;
    if (!text_take(&rest, ", ") ||
        !text_take_any(&rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-",
                       &name) ||
        !text_take_char(&rest, '='))
        return SLICE_ABSENT;
    *from = rest;
    return name;
}

struct slice sendmail_bare(struct slice address)
{
    if (address.size >= 2 && address.at[0] == '<' && slice_ends(address, ">"))
        return slice_make(address.at + 1, address.size - 2);
    return address;
}

static bool take_address(struct slice *from, struct slice *ip)
{
    struct slice rest = *from;
    if (!text_take_char(&rest, '[') || !text_take_until(&rest, ']', ip))
        return false;
    text_take(ip, "IPv6:");
    *from = rest;
    return true;
}

bool sendmail_take_host(struct slice *from, struct slice *name, struct slice *ip)
{
    struct slice rest = *from, address, before;
    *name = *ip = SLICE_ABSENT;
    if (!take_address(&rest, ip)) {
        if (!text_take_word(&rest, name))
            return false;
        while (text_take_until(name, '@', &before))
            continue;
    }
    *from = rest;
    if (text_take_char(&rest, ' ') && take_address(&rest, &address)) {
        *ip = address;
        *from = rest;
    }
    return true;
}

void sendmail_set_client(struct logline *line, struct slice text)
{
    struct slice name, ip;
    if (!sendmail_take_host(&text, &name, &ip))
        return;
    line_set(line, LINE_CLIENT_HOST, name);
    line_set(line, LINE_CLIENT_IP, ip);
}

static bool take_code(struct slice *from, struct slice *code)
{
    struct slice rest = *from;
    if (!text_take_any(&rest, "0123456789", code) || code->size != 3 ||
        (rest.size > 0 && !text_take_char(&rest, ' ')))
        return false;
    *from = rest;
    return true;
}

static bool take_status(struct slice *from, struct slice *status)
{
    struct slice rest = *from;
    if (!text_take_any(&rest, "0123456789.", status) || status->size < 5 ||
        status->at[1] != '.' || (rest.size > 0 && !text_take_char(&rest, ' ')))
        return false;
    *from = rest;
    return true;
}

void sendmail_set_reply(struct logline *line, struct slice reply)
{
    struct slice code, status;
    if (take_code(&reply, &code))
        line_set(line, LINE_REJECT_CODE, code);
    if (take_status(&reply, &status))
        line_set(line, LINE_REJECT_DSN, status);
    line_set(line, LINE_REJECT_REASON, reply);
}
