/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * entry: an entry of the systemd journal as journalctl writes it.
 *
 *     -o export   FIELD=text\n, or FIELD\n, 8 bytes of length (little endian), bytes, \n
 *     -o json     {"FIELD":"text", "FIELD":[1, 2, 3], ...}: an array has the bytes of what is no
 *                 UTF-8, or, for a field that was given several times, its texts
 *
 * The line's raw text is that of the follower of the journal (maillog/sdjournal.c), so the same
 * entry gives the same facts whichever way it comes. And like there it counts for a mail only
 * if journald says that a mail server wrote it: anybody may write under any identifier.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "octets.h"
#include "reader.h"
#include "waybill/unit.h"

#define ENTRY_MAX ((size_t)1 << 20)
#define RAW_EXTRA ((size_t)64) /* what the raw text has beside values: a number, blanks */
#define SYSTEM_UID_MOST 999
#define USEC_MOST UINT64_C(3850070400000000) /* the year 2091, as in any header */

#define WANTED(X)                                                                                  \
    X(TIME, "__REALTIME_TIMESTAMP") X(HOST, "_HOSTNAME") X(PROGRAM, "SYSLOG_IDENTIFIER")           \
    X(TOLD_PID, "SYSLOG_PID") X(PID, "_PID") X(UID, "_UID") X(UNIT, "_SYSTEMD_UNIT")               \
    X(MESSAGE, "MESSAGE") X(PASSED, "log") X(PASSED_TIME, "time")
enum wanted {
#define X(symbol, name) WANTED_##symbol,
    WANTED(X)
#undef X
        WANTED_COUNT
};

struct entry {
    struct slice value[WANTED_COUNT];
    char *room; /* for what is not in the text as it is; what is left of it */
};

bool entry_is_export(struct slice text)
{
    struct slice name;
    return slice_starts(text, "__") && text_take_until(&text, '=', &name) && name.size < 64 &&
           slice_find(name, ' ') < 0 && slice_find(name, '\n') < 0;
}

bool entry_is_json(struct slice text)
{
    return text.size > 0 && text.at[0] == '{';
}

/* The first of several counts: that is where journald puts its own. */
static void keep(struct entry *entry, struct slice name, struct slice value)
{
    static const char *const names[] = {
#define X(symbol, name) [WANTED_##symbol] = name,
        WANTED(X)
#undef X
    };
    for (size_t i = 0; i < WANTED_COUNT; i++)
        if (entry->value[i].at == NULL && slice_is(name, names[i]))
            entry->value[i] = value;
}

static bool take_binary(struct slice *rest, struct slice *value)
{
    if (rest->size < OCTETS)
        return false;
    uint64_t size = octets_load(rest->at);
    *rest = slice_make(rest->at + OCTETS, rest->size - OCTETS);
    if (size > rest->size)
        return false;
    *value = slice_make(rest->at, (size_t)size);
    *rest = slice_make(rest->at + size, rest->size - (size_t)size);
    return rest->size == 0 || text_take_char(rest, '\n');
}

static bool read_export(struct entry *entry, struct slice rest)
{
    struct slice line;

    while (text_take_part(&rest, '\n', &line)) {
        struct slice name, value = line;
        if (!text_take_until(&value, '=', &name)) {
            name = line;
            if (!take_binary(&rest, &value))
                return false;
        }
        keep(entry, name, value);
    }
    return true;
}

static void skip_white(struct slice *rest)
{
    while (rest->size > 0 && (rest->at[0] == ' ' || rest->at[0] == '\t'))
        *rest = slice_make(rest->at + 1, rest->size - 1);
}

static bool take_mark(struct slice *rest, char mark)
{
    skip_white(rest);
    return text_take_char(rest, mark);
}

static bool take_hex4(struct slice *rest, uint32_t *code)
{
    *code = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = i < rest->size ? text_hex(rest->at[i]) : -1;
        if (digit < 0)
            return false;
        *code = *code << 4 | (uint32_t)digit;
    }
    *rest = slice_make(rest->at + 4, rest->size - 4);
    return true;
}

static char *put_utf8(char *to, uint32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

/* Behind "\u": the character, of which a pair of surrogates makes one. It never needs more bytes
 * than its escape. */
static bool take_code(struct slice *rest, char **to)
{
    uint32_t code, low;
    struct slice behind;
    if (!take_hex4(rest, &code))
        return false;
    behind = *rest;
    if (code >= 0xd800 && code < 0xdc00 && text_take(&behind, "\\u") && take_hex4(&behind, &low) &&
        low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        *rest = behind;
    } else if (code >= 0xd800 && code < 0xe000) {
        code = 0xfffd; /* half a pair */
    }
    *to = put_utf8(*to, code);
    return true;
}

static bool take_escape(struct slice *rest, char **to)
{
    static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    if (rest->size == 0)
        return false;
    char letter = rest->at[0];
    *rest = slice_make(rest->at + 1, rest->size - 1);
    if (letter == 'u')
        return take_code(rest, to);
    const char *found = letter == '\0' ? NULL : strchr(letters, letter);
    if (found == NULL)
        return false;
    *(*to)++ = bytes[found - letters];
    return true;
}

/* Behind the opening quote; eats the closing one. A text without escapes is a view. */
static bool take_text(struct entry *entry, struct slice *rest, struct slice *text)
{
    size_t plain = 0;
    while (plain < rest->size && rest->at[plain] != '"' && rest->at[plain] != '\\')
        plain++;
    if (plain == rest->size)
        return false;
    *text = slice_make(rest->at, plain);
    if (rest->at[plain] == '"') {
        *rest = slice_make(rest->at + plain + 1, rest->size - plain - 1);
        return true;
    }
    char *to = entry->room;
    while (rest->size > 0) {
        char byte = rest->at[0];
        *rest = slice_make(rest->at + 1, rest->size - 1);
        if (byte == '"') {
            *text = slice_make(entry->room, (size_t)(to - entry->room));
            entry->room = to;
            return true;
        }
        if (byte != '\\')
            *to++ = byte;
        else if (!take_escape(rest, &to))
            return false;
    }
    return false;
}

/* Numbers to the end of the array, its first one not yet read. */
static bool take_bytes(struct entry *entry, struct slice *rest, struct slice *bytes)
{
    char *to = entry->room;
    uint64_t byte;
    do {
        skip_white(rest);
        if (!text_take_number(rest, &byte) || byte > 255)
            return false;
        *to++ = (char)(unsigned char)byte;
    } while (take_mark(rest, ','));
    *bytes = slice_make(entry->room, (size_t)(to - entry->room));
    entry->room = to;
    return take_mark(rest, ']');
}

/* Behind '['. Of several texts the first. */
static bool take_array(struct entry *entry, struct slice *rest, struct slice *value)
{
    struct slice more;
    if (take_mark(rest, ']'))
        return true;
    if (!take_mark(rest, '"'))
        return take_bytes(entry, rest, value);
    if (!take_text(entry, rest, value))
        return false;
    while (take_mark(rest, ','))
        if (!take_mark(rest, '"') || !take_text(entry, rest, &more))
            return false;
    return take_mark(rest, ']');
}

/* A null, which journalctl writes for what is too large, is an absent one. */
static bool take_value(struct entry *entry, struct slice *rest, struct slice *value)
{
    *value = SLICE_ABSENT;
    if (take_mark(rest, '"'))
        return take_text(entry, rest, value);
    if (take_mark(rest, '['))
        return take_array(entry, rest, value);
    if (text_take(rest, "null") || text_take(rest, "true") || text_take(rest, "false"))
        return true;
    return text_take_any(rest, "-+.0123456789eE", value);
}

static bool read_json(struct entry *entry, struct slice rest)
{
    struct slice name, value;
    if (!take_mark(&rest, '{'))
        return false;
    do {
        if (!take_mark(&rest, '"') || !take_text(entry, &rest, &name) || !take_mark(&rest, ':') ||
            !take_value(entry, &rest, &value))
            return false;
        keep(entry, name, value);
    } while (take_mark(&rest, ','));
    return take_mark(&rest, '}') && slice_trim(rest).size == 0;
}

/* Its unit alone proves nothing: commands out of a .forward run in it too, as their owner. What
 * has no uid did not come from a journald that trusted nobody. */
static bool is_doubtful(const struct entry *entry)
{
    uint64_t uid;
    if (entry->value[WANTED_UID].at == NULL)
        return false;
    if (!text_number(entry->value[WANTED_UID], 0, UINT32_MAX, &uid) || uid > SYSTEM_UID_MOST)
        return true;
    return uid != 0 && !unit_is_mta(entry->value[WANTED_UNIT]);
}

static struct slice append(struct entry *entry, struct slice value)
{
    char *at = entry->room;
    if (value.size > 0)
        memcpy(at, value.at, value.size);
    entry->room += value.size;
    return slice_make(at, value.size);
}

/* raw: "usec pid identifier message", as that of maillog/sdjournal.c. */
static void fill(struct entry *entry, uint64_t usec, struct logline *line)
{
    static const struct slice blank = {" ", 1};
    char digits[32];
    int size = snprintf(digits, sizeof digits, "%" PRIu64, usec);
    const char *start = entry->room;
    append(entry, slice_make(digits, (size_t)size));
    append(entry, blank);
    append(entry, entry->value[WANTED_PID]);
    append(entry, blank);
    line_set(line, LINE_PROGRAM, append(entry, entry->value[WANTED_PROGRAM]));
    append(entry, blank);
    line->body = append(entry, entry->value[WANTED_MESSAGE]);
    line->raw = slice_make(start, (size_t)(entry->room - start));
    line->time = (int64_t)(usec / 1000);
    line->doubtful = is_doubtful(entry);
    line_set(line, LINE_HOST, entry->value[WANTED_HOST]);
    line_set(line, LINE_PID, entry->value[WANTED_TOLD_PID].size > 0 ? entry->value[WANTED_TOLD_PID]
                                                                    : entry->value[WANTED_PID]);
}

/* What is decoded is no longer than the text, and the raw text repeats a part of it. */
static bool make_room(struct logline_reader *reader, size_t size)
{
    size_t room = 2 * size + RAW_EXTRA;
    if (size > ENTRY_MAX)
        return false;
    if (room <= reader->entry_room)
        return true;
    free(reader->entry);
    reader->entry = malloc(room);
    reader->entry_room = reader->entry == NULL ? 0 : room;
    return reader->entry != NULL;
}

bool entry_header(struct logline_reader *reader, struct slice text, struct logline *line)
{
    struct entry entry = {0};
    uint64_t usec;
    if (!entry_is_json(text) && !entry_is_export(text))
        return false;
    if (!make_room(reader, text.size))
        return false;
    entry.room = reader->entry;
    if (!(entry_is_json(text) ? read_json(&entry, text) : read_export(&entry, text)) ||
        !text_number(entry.value[WANTED_TIME], 0, USEC_MOST, &usec) ||
        entry.value[WANTED_PROGRAM].size == 0)
        return false;
    fill(&entry, usec, line);
    return true;
}

bool entry_passed(struct logline_reader *reader, struct slice text, struct slice *passed,
                  struct slice *time)
{
    struct entry entry = {0};
    if (!make_room(reader, text.size))
        return false;
    entry.room = reader->entry;
    if (!read_json(&entry, text) || entry.value[WANTED_PASSED].at == NULL)
        return false;
    *passed = entry.value[WANTED_PASSED];
    *time = entry.value[WANTED_PASSED_TIME];
    return true;
}
