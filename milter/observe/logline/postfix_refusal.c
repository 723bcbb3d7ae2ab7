/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_refusal: what befell a command, a mail or a header at smtpd, postscreen and cleanup.
 *
 *     ACTION: STAGE from CLIENT: REPLY; from=<a> to=<b> proto=ESMTP helo=<c>
 *     ACTION: STAGE: REPLY; from=<a> to=<b> proto=ESMTP helo=<c>        (proxy-accept, ...)
 *     ACTION: header WORDS from CLIENT; from=<a> to=<b> proto=ESMTP helo=<c>: REPLY
 *
 * REPLY quotes addresses and may be a filter's or a block list's, and so holds a stranger's words:
 * it ends where the rest of the line is a whole tail, and only where nothing is at the first
 * beginning of one that stands in no angle brackets. WORDS is all a stranger's: what follows it
 * is looked for from the end, and only the administrator's REPLY is taken for one.
 */
#include "postfix.h"

static const struct slice after_from[] = {
    SLICE_LITERAL(" to=<"),    SLICE_LITERAL(" proto="), SLICE_LITERAL(", to=<"),
    SLICE_LITERAL(", proto="), SLICE_LITERAL(""),        {NULL, 0},
};
static const struct slice after_to[] = {SLICE_LITERAL(" proto="), SLICE_LITERAL(", proto="),
                                        SLICE_LITERAL(""), {NULL, 0}};

static bool starts_tail(struct slice text)
{
    return slice_starts(text, "; from=<") || slice_starts(text, "; proto=") ||
           slice_starts(text, "; to=<");
}

/* The next '<' or ';', or the end. */
static size_t next_mark(struct slice text, size_t at)
{
    while (at < text.size && text.at[at] != '<' && text.at[at] != ';')
        at++;
    return at;
}

/* smtpd parts the fields with a blank, postscreen with a comma and a blank. */
static bool take_name(struct slice *from, const char *name)
{
    struct slice rest = *from;
    text_take_char(&rest, ',');
    text_take_char(&rest, ' ');
    if (!text_take(&rest, name))
        return false;
    *from = rest;
    return true;
}

/* "<a@b>" up to its bracket. A local part in quotes may hold anything; no other has a bracket. */
static bool skip_bare_address(struct slice *rest)
{
    bool quoted = false;
    size_t i = 0;
    for (; i < rest->size; i++) {
        char c = rest->at[i];
        if (c == '\\')
            i++;
        else if (c == '"' && (quoted || i == 0))
            quoted = !quoted;
        else if (!quoted && (c == '<' || c == '>'))
            break;
    }
    if (i >= rest->size || rest->at[i] != '>')
        return false;
    *rest = slice_make(rest->at + i + 1, rest->size - i - 1);
    return true;
}

/* Postfix lets no bracket into a helo name. Where there is one all the same, that of a name which
 * imitates a tail is opened before it is closed. */
static bool skip_helo(struct slice *rest)
{
    size_t i = 0;
    while (i < rest->size && rest->at[i] != '<' && rest->at[i] != '>')
        i++;
    if (i < rest->size && rest->at[i] == '<' && slice_ends(*rest, ">")) {
        *rest = slice_make(rest->at + rest->size, 0);
        return true;
    }
    return skip_bare_address(rest);
}

/* Does a tail of the usual form fill all of `rest`? Linear in all calls together for one line:
 * each stops at the next bracket or the quote that is closed. */
static bool is_tail(struct slice rest)
{
    struct slice proto;
    text_take_char(&rest, ';');
    if (take_name(&rest, "from=<") && !skip_bare_address(&rest))
        return false;
    if (take_name(&rest, "to=<") && !skip_bare_address(&rest))
        return false;
    if (!take_name(&rest, "proto=") || !postfix_take_class(&rest, UPPER, &proto))
        return false;
    if (take_name(&rest, "helo=<") && !skip_helo(&rest))
        return false;
    if (take_name(&rest, "sasl_username=<") && !skip_bare_address(&rest))
        return false;
    return rest.size == 0;
}

/* Where a tail begins that is whole, or the end. */
static size_t find_whole_tail(struct slice text)
{
    const char *at = text.at, *end = text.at + text.size;
    for (; at < end && (at = memchr(at, ';', (size_t)(end - at))) != NULL; at++) {
        struct slice here = slice_make(at, (size_t)(end - at));
        if (starts_tail(here) && is_tail(here))
            return (size_t)(at - text.at);
    }
    return text.size;
}

/* Where something begins that may be a tail, cut or with more behind it, or the end. Each step
 * goes forward, and a bracket that is never closed is looked for only once. */
static size_t find_tail(struct slice text)
{
    bool brackets = true;
    size_t i = next_mark(text, 0);
    while (i < text.size) {
        struct slice here = slice_make(text.at + i, text.size - i), inside;
        if (here.at[0] == ';' && starts_tail(here))
            break;
        if (here.at[0] == '<' && brackets) {
            struct slice after = slice_make(here.at + 1, here.size - 1);
            brackets = postfix_take_address(&after, NULL, &inside);
            if (brackets)
                i += inside.size + 1;
        }
        i = next_mark(text, i + 1);
    }
    return i < text.size ? i : text.size;
}

/* Take the reply up to the tail; all of it if there is no tail. What a filter or a block list
 * answered may imitate the beginning of one, so the first that is whole counts. */
static struct slice take_reply(struct slice *from)
{
    size_t size = find_whole_tail(*from);
    if (size == from->size)
        size = find_tail(*from);
    struct slice reply = slice_make(from->at, size);
    *from = slice_make(from->at + size, from->size - size);
    return reply;
}

/* The client's own words up to the last '>'. A login name may follow; since the words may imitate
 * it, it is worth no more than they. */
static void take_helo(struct slice rest, struct logline *line)
{
    struct slice helo, login;
    const char *end = rest.size > 0 ? memrchr(rest.at, '>', rest.size) : NULL;
    if (end == NULL)
        return;
    helo = slice_make(rest.at, (size_t)(end - rest.at));
    if (text_cut_last(&helo, "> sasl_username=<", &login))
        line_set(line, LINE_SASL_USERNAME, login);
    line_set(line, LINE_HELO, helo);
}

/* False: it is cut. */
static bool read_tail(struct slice rest, struct logline *line)
{
    struct slice value;
    text_take_char(&rest, ';');
    if (take_name(&rest, "from=<")) {
        if (!postfix_take_address(&rest, after_from, &value))
            return false;
        line_set(line, LINE_FROM, value);
    }
    if (take_name(&rest, "to=<")) {
        if (!postfix_take_address(&rest, after_to, &value))
            return false;
        line_set(line, LINE_TO, value);
    }
    if (postfix_at_end(rest)) /* mail that came by no SMTP */
        return true;
    if (!take_name(&rest, "proto=") || !postfix_take_class(&rest, UPPER, &value))
        return false;
    line_set(line, LINE_PROTO, value);
    if (take_name(&rest, "helo=<"))
        take_helo(rest, line);
    return true;
}

/* CLIENT of a content line: "name[ip]"; "local" and "unknown" have no address. */
static void read_origin(struct slice words, struct logline *line)
{
    struct slice origin;
    struct peer peer;
    if (text_cut_last(&words, " from ", &origin) && postfix_take_peer(&origin, &peer))
        postfix_set_client(line, &peer);
}

/* The administrator's words stand last, behind ">: " of the helo name (or of to=, for mail that
 * came by no SMTP). There may be none. */
static bool read_content(struct slice all, struct logline *line)
{
    struct slice words = all, tail, reply;
    bool whole = text_cut_last(&words, "; from=<", &tail);
    line_set(line, LINE_MESSAGE, words);
    if (!whole)
        return false;
    read_origin(words, line);
    tail = slice_make(all.at + words.size, all.size - words.size);
    if (text_cut_last(&tail, ">: ", &reply)) {
        postfix_set_reply(line, reply);
        tail.size++; /* the '>' is the tail's */
    }
    return read_tail(tail, line);
}

static bool is_content(struct slice stage)
{
    static const char *const words[] = {"header", "body", "mime-header", "nested-header",
                                        "content"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (slice_is(stage, words[i]))
            return true;
    return false;
}

static bool is_level(struct slice action)
{
    return slice_is(action, "warning") || slice_is(action, "info");
}

/* `all` begins with the stage, `rest` behind it. */
static bool read_command(struct slice all, struct slice rest, struct slice action,
                         struct logline *line)
{
    struct peer peer;
    if (text_take(&rest, " from ")) {
        if (!postfix_take_peer(&rest, &peer))
            return false;
        postfix_set_client(line, &peer);
    }
    if (!text_take(&rest, ": "))
        return false;
    struct slice reply = take_reply(&rest);
    postfix_set_reply(line, reply);
    if (text_take(&action, "milter-")) {
        line_set(line, LINE_MILTER_ACTION, action);
        line_set(line, LINE_MILTER_MESSAGE,
                 slice_make(all.at, (size_t)(reply.at + reply.size - all.at)));
    } else if (is_level(action)) {
        line_set(line, LINE_MESSAGE,
                 slice_make(all.at, (size_t)(reply.at + reply.size - all.at)));
    } else if (text_take(&action, "proxy-")) {
        line_set(line, LINE_PROXY_ACTION, action);
        line_set(line, LINE_NEXT_QUEUE_ID, postfix_queued_as(reply, rest.size > 0));
    }
    return rest.size == 0 || read_tail(rest, line);
}

/* One that changes what becomes of a mail. */
static bool is_verdict(struct slice action)
{
    return slice_ends(action, "reject") || slice_ends(action, "hold") ||
           slice_ends(action, "discard");
}

bool postfix_refusal(struct slice rest, struct logline *line, enum line_understood *understood)
{
    struct slice action, stage;
    if (!postfix_take_class(&rest, LOWER | DASH | UNDERSCORE, &action) || !text_take(&rest, ": "))
        return false;
    struct slice all = rest;
    if (!postfix_take_class(&rest, UPPER | LOWER | DASH | DOT, &stage) ||
        !(slice_starts(rest, " ") || slice_starts(rest, ": ")))
        return false;
    bool content = is_content(stage), verdict = is_verdict(action);
    if (!content && !verdict && !slice_starts(rest, " from ") &&
        !slice_starts(action, "proxy-"))
        return false;
    line_set(line, LINE_ACTION, action);
    line_set(line, LINE_STAGE, stage);
    if (is_level(action))
        line_set(line, LINE_LEVEL, action);
    bool read = content ? read_content(all, line) : read_command(all, rest, action, line);
    line->shape = verdict ? SHAPE_REFUSAL : SHAPE_NONE;
    *understood = !verdict ? LINE_SAYS_NOTHING : read ? LINE_UNDERSTOOD : LINE_BROKEN;
    return true;
}
