/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * charset: to UTF-8, line by line. Promise: what comes out is valid UTF-8 without NUL, whatever
 * the line held; iconv is only asked for charsets of the list below, and no more once it has
 * refused too often, since a refusal is slow.
 */
#include "charset.h"

#include <iconv.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define REPLACEMENT 0xfffd
#define WRONG_MAX 256 /* sequences in one text; beyond, the charset's name was a lie */
#define ESCAPE 0x1bu

/* What a line holds that is not plain ASCII. */
#define NEEDS_CHARSET 1u
#define NEEDS_NUL 2u
#define NEEDS_ESCAPE 4u

static const struct {
    const char *label;
    enum charset_kind kind;
    const char *name; /* as iconv has it */
} labels[] = {
    {"utf-8", CHARSET_UTF8, NULL},
    {"utf8", CHARSET_UTF8, NULL},
    {"us-ascii", CHARSET_GUESS, NULL},
    {"ascii", CHARSET_GUESS, NULL},
    {"iso-8859-1", CHARSET_WESTERN, NULL},
    {"iso8859-1", CHARSET_WESTERN, NULL},
    {"latin1", CHARSET_WESTERN, NULL},
    {"windows-1252", CHARSET_WESTERN, NULL},
    {"cp1252", CHARSET_WESTERN, NULL},
    {"iso-8859-2", CHARSET_BYTES, "ISO-8859-2"},
    {"iso-8859-3", CHARSET_BYTES, "ISO-8859-3"},
    {"iso-8859-4", CHARSET_BYTES, "ISO-8859-4"},
    {"iso-8859-5", CHARSET_BYTES, "ISO-8859-5"},
    {"iso-8859-6", CHARSET_BYTES, "ISO-8859-6"},
    {"iso-8859-7", CHARSET_BYTES, "ISO-8859-7"},
    {"iso-8859-8", CHARSET_BYTES, "ISO-8859-8"},
    {"iso-8859-8-i", CHARSET_BYTES, "ISO-8859-8"},
    {"iso-8859-9", CHARSET_BYTES, "ISO-8859-9"},
    {"iso-8859-10", CHARSET_BYTES, "ISO-8859-10"},
    {"iso-8859-11", CHARSET_BYTES, "ISO-8859-11"},
    {"iso-8859-13", CHARSET_BYTES, "ISO-8859-13"},
    {"iso-8859-14", CHARSET_BYTES, "ISO-8859-14"},
    {"iso-8859-15", CHARSET_BYTES, "ISO-8859-15"},
    {"iso-8859-16", CHARSET_BYTES, "ISO-8859-16"},
    {"windows-1250", CHARSET_BYTES, "CP1250"},
    {"windows-1251", CHARSET_BYTES, "CP1251"},
    {"cp1251", CHARSET_BYTES, "CP1251"},
    {"windows-1253", CHARSET_BYTES, "CP1253"},
    {"windows-1254", CHARSET_BYTES, "CP1254"},
    {"windows-1255", CHARSET_BYTES, "CP1255"},
    {"windows-1256", CHARSET_BYTES, "CP1256"},
    {"windows-1257", CHARSET_BYTES, "CP1257"},
    {"windows-1258", CHARSET_BYTES, "CP1258"},
    {"koi8-r", CHARSET_BYTES, "KOI8-R"},
    {"koi8-u", CHARSET_BYTES, "KOI8-U"},
    {"iso-2022-jp", CHARSET_ICONV, "ISO-2022-JP"},
    {"shift_jis", CHARSET_ICONV, "CP932"},
    {"shift-jis", CHARSET_ICONV, "CP932"},
    {"sjis", CHARSET_ICONV, "CP932"},
    {"x-sjis", CHARSET_ICONV, "CP932"},
    {"cp932", CHARSET_ICONV, "CP932"},
    {"windows-31j", CHARSET_ICONV, "CP932"},
    {"euc-jp", CHARSET_ICONV, "EUC-JP"},
    {"gb2312", CHARSET_ICONV, "GB18030"},
    {"gbk", CHARSET_ICONV, "GB18030"},
    {"gb18030", CHARSET_ICONV, "GB18030"},
    {"big5", CHARSET_ICONV, "BIG5"},
    {"euc-kr", CHARSET_ICONV, "CP949"},
    {"ks_c_5601-1987", CHARSET_ICONV, "CP949"},
    {"ks_c_5601", CHARSET_ICONV, "CP949"},
    {"cp949", CHARSET_ICONV, "CP949"},
};

void charset_begin(struct charset *charset)
{
    *charset = (struct charset){.kind = CHARSET_GUESS};
}

void charset_end(struct charset *charset)
{
    if (charset->opened != NULL)
        iconv_close(charset->handle);
    charset_begin(charset);
}

void charset_choose(struct charset *charset, struct slice name)
{
    name = slice_trim(name);
    charset->kind = name.size == 0 ? CHARSET_GUESS : CHARSET_UNKNOWN;
    charset->name = NULL;
    charset->wrong = 0;
    if (name.size == 0)
        return;
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (slice_equal_nocase(name, slice_of(labels[i].label))) {
            charset->kind = labels[i].kind;
            charset->name = labels[i].name;
            return;
        }
}

/* An open handle is kept while texts in one charset follow each other. */
static bool open_converter(struct charset *charset, const char *name)
{
    iconv_t handle;

    if (charset->opened == name)
        return true;
    if (charset->opened != NULL)
        iconv_close(charset->handle);
    charset->opened = NULL;
    handle = iconv_open("UTF-8", name);
    if (handle == (iconv_t)-1)
        return false;
    charset->handle = handle;
    charset->opened = name;
    memset(charset->high, 0, sizeof charset->high);
    return true;
}

size_t charset_put(char *to, size_t room, uint32_t code)
{
    size_t size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return charset_put(to, room, REPLACEMENT);
    if (size > room)
        return 0;
    if (size == 1) {
        to[0] = (char)code;
        return 1;
    }
    for (size_t i = size - 1; i > 0; i--, code >>= 6)
        to[i] = (char)(0x80u | (code & 0x3fu));
    to[0] = (char)((0xf00u >> size & 0xf0u) | code);
    return size;
}

/* Not 0: one of the eight bytes is zero. */
static uint64_t zero_bytes(uint64_t word)
{
    return (word - 0x0101010101010101u) & ~word & 0x8080808080808080u;
}

/* Nearly all lines are plain ASCII, which eight bytes at a time can tell. */
struct needs {
    uint64_t high, nul, escape;
};

static void look_at_word(struct needs *needs, uint64_t word)
{
    needs->high |= word & 0x8080808080808080u;
    needs->nul |= zero_bytes(word);
    needs->escape |= zero_bytes(word ^ (0x0101010101010101u * ESCAPE));
}

static unsigned line_needs(struct slice line)
{
    struct needs needs = {.high = 0};
    uint64_t word;
    size_t i = 0;

    for (; line.size - i >= sizeof word; i += sizeof word) {
        memcpy(&word, line.at + i, sizeof word);
        look_at_word(&needs, word);
    }
    for (; i < line.size; i++)
        look_at_word(&needs, 0x0101010101010101u * (unsigned char)line.at[i]);
    return (needs.high != 0 ? NEEDS_CHARSET : 0) | (needs.nul != 0 ? NEEDS_NUL : 0) |
           (needs.escape != 0 ? NEEDS_ESCAPE : 0);
}

static bool is_utf8(struct slice line)
{
    while (line.size > 0) {
        size_t size = (line.at[0] & 0x80) == 0 ? 1 : text_utf8(line, NULL);
        if (size == 0)
            return false;
        line = slice_make(line.at + size, line.size - size);
    }
    return true;
}

static bool has_japanese_escape(struct slice line)
{
    return slice_find_text(line, "\x1b$") >= 0 || slice_find_text(line, "\x1b(") >= 0;
}

static uint16_t western_code(unsigned char byte)
{
    static const uint16_t c1[32] = {
        0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
    };

    return byte < 0xa0 ? c1[byte - 0x80] : byte;
}

/* Some converters hold a letter back for an accent that may follow: the last call gets it out. */
static uint16_t ask_code(struct charset *charset, unsigned char byte)
{
    char in[1] = {(char)byte}, out[8], *from = in, *to = out;
    size_t left = sizeof in, room = sizeof out;
    uint32_t code = REPLACEMENT;

    iconv(charset->handle, NULL, NULL, NULL, NULL);
    if (iconv(charset->handle, &from, &left, &to, &room) == (size_t)-1 ||
        iconv(charset->handle, NULL, NULL, &to, &room) == (size_t)-1 ||
        text_utf8(slice_make(out, (size_t)(to - out)), &code) == 0 || code > UINT16_MAX)
        return REPLACEMENT;
    return (uint16_t)code;
}

static uint32_t byte_code(struct charset *charset, enum charset_kind kind, unsigned char byte)
{
    uint16_t *known = &charset->high[byte & 0x7fu];

    if (byte == 0)
        return REPLACEMENT;
    if (byte < 0x80)
        return byte;
    if (kind == CHARSET_WESTERN)
        return western_code(byte);
    if (kind != CHARSET_BYTES)
        return REPLACEMENT;
    if (*known == 0)
        *known = ask_code(charset, byte);
    return *known;
}

static size_t from_bytes(struct charset *charset, enum charset_kind kind, struct slice line,
                         char *to, size_t room, bool *cut)
{
    size_t size = 0;

    for (size_t i = 0; i < line.size; i++) {
        size_t put = charset_put(to + size, room - size,
                                 byte_code(charset, kind, (unsigned char)line.at[i]));
        *cut = *cut || put == 0;
        if (put == 0)
            break;
        size += put;
    }
    return size;
}

static size_t from_utf8(struct slice line, char *to, size_t room, bool *cut)
{
    size_t size = 0;

    while (line.size > 0) {
        size_t taken = line.at[0] == '\0' ? 0 : text_utf8(line, NULL), put = taken;
        if (taken > 0 && taken <= room - size)
            memcpy(to + size, line.at, taken);
        else
            put = taken > 0 ? 0 : charset_put(to + size, room - size, REPLACEMENT);
        *cut = *cut || put == 0;
        if (put == 0)
            break;
        size += put;
        taken = taken > 0 ? taken : 1;
        line = slice_make(line.at + taken, line.size - taken);
    }
    return size;
}

/* A NUL or a wrong sequence is one byte that iconv does not see. */
static size_t from_iconv(struct charset *charset, struct slice line, char *to, size_t room,
                         bool *cut)
{
    char *in = (char *)(uintptr_t)line.at, *out = to;
    size_t left = line.size, free = room, put;

    iconv(charset->handle, NULL, NULL, NULL, NULL);
    while (left > 0 && iconv(charset->handle, &in, &left, &out, &free) == (size_t)-1) {
        put = errno == E2BIG ? 0 : charset_put(out, free, REPLACEMENT);
        *cut = *cut || put == 0;
        if (put == 0 || left == 0)
            break;
        out += put;
        free -= put;
        in++;
        left--;
        if (++charset->wrong >= WRONG_MAX) {
            charset->kind = CHARSET_UNKNOWN;
            out += from_bytes(charset, CHARSET_UNKNOWN, slice_make(in, left), out, free, cut);
            break;
        }
    }
    return (size_t)(out - to);
}

/* NUL passes through iconv as a character. */
static struct slice without_nul(char *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (at[i] == '\0')
            at[i] = ' ';
    return slice_make(at, size);
}

static struct slice convert(struct charset *charset, enum charset_kind kind, const char *name,
                            struct slice line, char *to, size_t room, bool *cut)
{
    size_t size;

    if ((kind == CHARSET_ICONV || kind == CHARSET_BYTES) && !open_converter(charset, name))
        kind = CHARSET_UNKNOWN;
    if (kind == CHARSET_ICONV && charset->asked + line.size > CHARSET_ICONV_MAX) {
        kind = CHARSET_UNKNOWN;
        *cut = true;
    }
    if (kind == CHARSET_ICONV) {
        charset->asked += line.size;
        return without_nul(to, from_iconv(charset, line, to, room, cut));
    }
    if (kind == CHARSET_UTF8)
        size = from_utf8(line, to, room, cut);
    else
        size = from_bytes(charset, kind, line, to, room, cut);
    return slice_make(to, size);
}

struct slice charset_line(struct charset *charset, struct slice line, char *to, size_t room,
                          bool *cut)
{
    enum charset_kind kind = charset->kind;
    const char *name = charset->name;
    unsigned needs = line.size == 0 ? 0 : line_needs(line);

    if (kind == CHARSET_GUESS && (needs & NEEDS_ESCAPE) != 0 && has_japanese_escape(line)) {
        kind = CHARSET_ICONV;
        name = "ISO-2022-JP";
    }
    if ((needs & (NEEDS_CHARSET | NEEDS_NUL)) == 0 &&
        (kind != CHARSET_ICONV || (needs & NEEDS_ESCAPE) == 0))
        return line;
    if (kind == CHARSET_WESTERN || kind == CHARSET_BYTES || kind == CHARSET_ICONV)
        return convert(charset, kind, name, line, to, room, cut);
    if (!is_utf8(line))
        kind = kind == CHARSET_GUESS ? CHARSET_WESTERN : kind;
    else if ((needs & NEEDS_NUL) == 0)
        return line;
    else
        kind = CHARSET_UTF8;
    return convert(charset, kind, name, line, to, room, cut);
}
