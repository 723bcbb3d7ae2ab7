/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * html: reads HTML just well enough for the text of a bounce. Promise: one pass, fixed memory, no
 * nesting is followed; whatever is broken, the text behind it comes through.
 */
#include "html.h"

#include <string.h>

#include "charset.h"

void html_begin(struct html *html)
{
    memset(html, 0, offsetof(struct html, tag));
}

/* Who tells the lines that are made. */
struct teller {
    html_told *told;
    void *context;
};

/* An empty line is told only between two that are not. */
static void end_line(struct html *html, bool even_empty, const struct teller *teller)
{
    if (html->size > 0) {
        if (html->gap)
            teller->told(teller->context, slice_make("", 0));
        teller->told(teller->context, slice_make(html->text, html->size));
        html->any = true;
        html->gap = false;
    } else if (even_empty) {
        html->gap = html->any;
    }
    html->size = 0;
    html->blank = false;
}

static void put(struct html *html, const char *at, size_t size, const struct teller *teller)
{
    if (html->blank && html->size > 0)
        html->text[html->size++] = ' ';
    html->blank = false;
    /* One byte stays free for the blank above. */
    if (size >= sizeof html->text - html->size)
        end_line(html, false, teller);
    memcpy(html->text + html->size, at, size);
    html->size += size;
}

/* ---- entities ---- */

static uint32_t named_entity(struct slice name)
{
    static const struct {
        const char *name;
        uint32_t code;
    } entities[] = {
        {"lt", '<'},        {"gt", '>'},       {"amp", '&'},      {"quot", '"'},
        {"apos", '\''},     {"nbsp", ' '},     {"copy", 0xa9},    {"reg", 0xae},
        {"laquo", 0xab},    {"raquo", 0xbb},   {"middot", 0xb7},  {"bull", 0x2022},
        {"hellip", 0x2026}, {"ndash", 0x2013}, {"mdash", 0x2014}, {"lsquo", 0x2018},
        {"rsquo", 0x2019},  {"ldquo", 0x201c}, {"rdquo", 0x201d}, {"trade", 0x2122},
        {"rarr", 0x2192},   {"auml", 0xe4},    {"ouml", 0xf6},    {"uuml", 0xfc},
        {"Auml", 0xc4},     {"Ouml", 0xd6},    {"Uuml", 0xdc},    {"szlig", 0xdf},
        {"agrave", 0xe0},   {"aacute", 0xe1},  {"acirc", 0xe2},   {"atilde", 0xe3},
        {"ccedil", 0xe7},   {"egrave", 0xe8},  {"eacute", 0xe9},  {"Eacute", 0xc9},
        {"ecirc", 0xea},    {"euml", 0xeb},    {"igrave", 0xec},  {"iacute", 0xed},
        {"icirc", 0xee},    {"iuml", 0xef},    {"ntilde", 0xf1},  {"ograve", 0xf2},
        {"oacute", 0xf3},   {"ocirc", 0xf4},   {"otilde", 0xf5},  {"oslash", 0xf8},
        {"ugrave", 0xf9},   {"uacute", 0xfa},  {"ucirc", 0xfb},   {"aring", 0xe5},
        {"aelig", 0xe6},    {"iquest", 0xbf},  {"iexcl", 0xa1},   {"commat", '@'},
        {"period", '.'},    {"colon", ':'},    {"lpar", '('},     {"rpar", ')'},
    };

    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
        if (slice_is(name, entities[i].name))
            return entities[i].code;
    return 0;
}

static uint32_t numeric_entity(struct slice digits)
{
    uint32_t code = 0, base = 10;

    if (slice_starts(digits, "x") || slice_starts(digits, "X")) {
        base = 16;
        digits = slice_make(digits.at + 1, digits.size - 1);
    }
    if (digits.size == 0 || digits.size > 7)
        return 0;
    for (size_t i = 0; i < digits.size; i++) {
        char byte = digits.at[i], low = (char)(byte | 0x20);
        uint32_t value = byte >= '0' && byte <= '9' ? (uint32_t)(byte - '0')
                         : low >= 'a' && low <= 'f' ? (uint32_t)(low - 'a' + 10)
                                                    : base;
        if (value >= base)
            return 0;
        code = code * base + value;
    }
    return code == 0xa0 || code < ' ' ? ' ' : code;
}

#define ENTITY_MAX 12 /* bytes between & and ; */

/* The entity at the front, which begins with "&": its size and what it means; 0: there is none. */
static size_t entity_size(struct slice from, uint32_t *code)
{
    size_t most = from.size < ENTITY_MAX ? from.size : ENTITY_MAX, size = 1;
    struct slice name;

    while (size < most && ((from.at[size] >= '0' && from.at[size] <= '9') ||
                           ((from.at[size] | 0x20) >= 'a' && (from.at[size] | 0x20) <= 'z') ||
                           from.at[size] == '#'))
        size++;
    name = slice_make(from.at + 1, size - 1);
    *code = text_take_char(&name, '#') ? numeric_entity(name) : named_entity(name);
    if (*code == 0)
        return 0;
    return size < from.size && from.at[size] == ';' ? size + 1 : size;
}

/* ---- tags ---- */

enum tag_effect { TAG_NONE, TAG_BLANK, TAG_LINE, TAG_PARAGRAPH, TAG_PRE, TAG_HIDES };

static enum tag_effect tag_effect(struct slice name)
{
    static const struct {
        const char *name;
        enum tag_effect effect;
    } tags[] = {
        {"td", TAG_BLANK},     {"th", TAG_BLANK},        {"div", TAG_LINE},
        {"tr", TAG_LINE},      {"li", TAG_LINE},         {"ul", TAG_LINE},
        {"ol", TAG_LINE},      {"dt", TAG_LINE},         {"dd", TAG_LINE},
        {"dl", TAG_LINE},      {"center", TAG_LINE},     {"body", TAG_LINE},
        {"section", TAG_LINE}, {"br", TAG_PARAGRAPH},    {"p", TAG_PARAGRAPH},
        {"hr", TAG_PARAGRAPH}, {"table", TAG_PARAGRAPH}, {"blockquote", TAG_PARAGRAPH},
        {"h1", TAG_PARAGRAPH}, {"h2", TAG_PARAGRAPH},    {"h3", TAG_PARAGRAPH},
        {"h4", TAG_PARAGRAPH}, {"h5", TAG_PARAGRAPH},    {"h6", TAG_PARAGRAPH},
        {"pre", TAG_PRE},      {"style", TAG_HIDES},     {"script", TAG_HIDES},
        {"title", TAG_HIDES},
    };

    if (name.size == 0)
        return TAG_NONE;
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if ((name.at[0] | 0x20) == tags[i].name[0] &&
            slice_equal_nocase(name, slice_of(tags[i].name)))
            return tags[i].effect;
    return TAG_NONE;
}

static struct slice tag_name(const struct html *html, bool *closes)
{
    struct slice tag = slice_make(html->tag, html->tag_size);
    size_t size = 0;

    *closes = text_take_char(&tag, '/');
    while (size < tag.size && (((tag.at[size] | 0x20) >= 'a' && (tag.at[size] | 0x20) <= 'z') ||
                               (tag.at[size] >= '0' && tag.at[size] <= '9')))
        size++;
    return slice_make(tag.at, size);
}

/* Bounces that are made carelessly hold <user@example.org> as it is. */
static bool tag_is_address(const struct html *html)
{
    struct slice tag = slice_make(html->tag, html->tag_size);

    return html->tag_size < HTML_TAG_MAX && slice_find(tag, '@') > 0 && slice_find(tag, ' ') < 0 &&
           slice_find(tag, '=') < 0;
}

static void tag_ends(struct html *html, const struct teller *teller)
{
    bool closes;
    struct slice name = tag_name(html, &closes);
    bool address = tag_is_address(html);
    enum tag_effect effect = address ? TAG_NONE : tag_effect(name);

    html->state = HTML_TEXT;
    if (html->hidden) {
        html->hidden = !(closes && slice_equal_nocase(name, slice_of(html->hidden_by)));
        return;
    }
    if (address) {
        put(html, "<", 1, teller);
        put(html, html->tag, html->tag_size, teller);
        put(html, ">", 1, teller);
    }
    if (effect == TAG_BLANK)
        html->blank = true;
    if (effect == TAG_LINE || effect == TAG_PARAGRAPH || effect == TAG_PRE) {
        /* </p> and <p> both end the line; the blank line between comes once. */
        bool ended = html->size > 0;
        end_line(html, false, teller);
        if (effect != TAG_LINE && !ended)
            end_line(html, true, teller);
    }
    if (effect == TAG_PRE)
        html->as_it_is = !closes;
    html->hidden = effect == TAG_HIDES && !closes;
    if (html->hidden)
        (void)slice_copy(name, html->hidden_by, sizeof html->hidden_by);
}

/* ---- the three states: each takes what it can from the front ---- */

static void take(struct slice *from, size_t size)
{
    from->at += size;
    from->size -= size;
}

static void take_comment(struct html *html, struct slice *from)
{
    size_t i = 0;

    while (i < from->size && html->state == HTML_COMMENT) {
        if (from->at[i] == '>' && html->dashes >= 2)
            html->state = HTML_TEXT;
        if (from->at[i] != '-')
            html->dashes = 0;
        else if (html->dashes < 2)
            html->dashes++;
        i++;
    }
    take(from, i);
}

static void keep_tag(struct html *html, struct slice bytes)
{
    size_t room = HTML_TAG_MAX - html->tag_size;

    if (bytes.size > room)
        bytes.size = room;
    memcpy(html->tag + html->tag_size, bytes.at, bytes.size);
    html->tag_size += bytes.size;
}

/* A "<" inside of a tag begins another: the first was none, or was never closed. */
static void take_tag(struct html *html, struct slice *from, const struct teller *teller)
{
    size_t before = html->tag_size, size = 0;

    while (size < from->size && from->at[size] != '<' && from->at[size] != '>')
        size++;
    keep_tag(html, slice_make(from->at, size));
    if (before < 3 && html->tag_size >= 3 && memcmp(html->tag, "!--", 3) == 0) {
        size = 3 - before; /* the dashes behind may close it */
        html->state = HTML_COMMENT;
        html->dashes = 2; /* "<!-->" is one, too */
    } else if (size < from->size) {
        if (from->at[size++] == '>')
            tag_ends(html, teller);
        else
            html->tag_size = 0;
    }
    take(from, size);
}

static bool tag_may_begin(struct slice from)
{
    char next = from.size > 1 ? from.at[1] : ' ', low = (char)(next | 0x20);

    return (low >= 'a' && low <= 'z') || next == '/' || next == '!' || next == '?';
}

/* The bytes at the front that are neither a blank nor special. */
static size_t run_size(struct slice from)
{
    size_t size = 0;

    while (size < from.size && (unsigned char)from.at[size] > ' ' && from.at[size] != '<' &&
           from.at[size] != '&')
        size++;
    return size;
}

static void put_run(struct html *html, struct slice run, const struct teller *teller)
{
    const size_t most = REPORT_LINE_MAX / 2;

    while (run.size > most) {
        size_t size = most;
        while (size > most - 4 && ((unsigned char)run.at[size] & 0xc0u) == 0x80u)
            size--;
        put(html, run.at, size, teller);
        take(&run, size);
    }
    put(html, run.at, run.size, teller);
}

static void put_code(struct html *html, uint32_t code, const struct teller *teller)
{
    char bytes[4];

    if (code == ' ')
        html->blank = true;
    else
        put(html, bytes, charset_put(bytes, sizeof bytes, code), teller);
}

static void take_text(struct html *html, struct slice *from, const struct teller *teller)
{
    uint32_t code = 0;
    size_t size = run_size(*from);

    if (size > 0) {
        if (!html->hidden)
            put_run(html, slice_make(from->at, size), teller);
    } else if (from->at[0] == '<' && tag_may_begin(*from)) {
        size = 1;
        html->state = HTML_TAG;
        html->tag_size = 0;
    } else if (from->at[0] == '&' && !html->hidden && (size = entity_size(*from, &code)) > 0) {
        put_code(html, code, teller);
    } else {
        size = 1;
        if ((unsigned char)from->at[0] <= ' ')
            html->blank = true;
        else if (!html->hidden)
            put(html, from->at, 1, teller);
    }
    take(from, size);
}

void html_line(struct html *html, struct slice line, bool ends, html_told *told, void *context)
{
    const struct teller teller = {told, context};

    while (line.size > 0) {
        if (html->state == HTML_COMMENT)
            take_comment(html, &line);
        else if (html->state == HTML_TAG)
            take_tag(html, &line, &teller);
        else
            take_text(html, &line, &teller);
    }
    if (!ends)
        return;
    if (html->state == HTML_TAG && html->tag_size < HTML_TAG_MAX)
        html->tag[html->tag_size++] = ' ';
    if (html->as_it_is && !html->hidden && html->state == HTML_TEXT)
        end_line(html, true, &teller);
    else
        html->blank = true;
}

void html_end(struct html *html, html_told *told, void *context)
{
    const struct teller teller = {told, context};

    end_line(html, false, &teller);
}
