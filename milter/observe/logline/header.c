/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header: time, host, program and pid in front of a log message, whatever dialect follows.
 *
 *     Nov 21 20:55:43 mx postfix/smtpd[27735]: message
 *     <22>Nov  1 20:55:43 mx postfix/smtpd[27735]: message
 *     2026-11-21T20:55:43.123456+01:00 mx postfix/smtpd[27735]: message
 *
 * RFC 3164 names neither year nor zone. The year is the latest one that does not put the line
 * more than a day after `now`; so December's lines read in January stay in December, and a clock
 * that runs a little ahead over New Year's Eve stays in the new year.
 */
#include "reader.h"

#include <string.h>
#include <time.h>

#include "waybill/clock.h"

struct moment {
    unsigned year, month, day; /* month 1..12; year 0: not named */
    unsigned hour, minute, second, ms;
};

static bool take_digits(struct slice *from, unsigned count, unsigned *number)
{
    if (from->size < count)
        return false;
    unsigned n = 0;
    for (unsigned i = 0; i < count; i++) {
        if (from->at[i] < '0' || from->at[i] > '9')
            return false;
        n = n * 10 + (unsigned)(from->at[i] - '0');
    }
    *number = n;
    *from = slice_make(from->at + count, from->size - count);
    return true;
}

static bool take_time(struct slice *from, struct moment *moment)
{
    return take_digits(from, 2, &moment->hour) && text_take_char(from, ':') &&
           take_digits(from, 2, &moment->minute) && text_take_char(from, ':') &&
           take_digits(from, 2, &moment->second) && moment->hour < 24 && moment->minute < 60 &&
           moment->second <= 60;
}

/* Local time to ms. False: no such day in that year (February 29th). */
static bool local_ms(const struct moment *moment, unsigned year, int64_t *ms)
{
    struct tm tm = {
        .tm_year = (int)year - 1900,
        .tm_mon = (int)moment->month - 1,
        .tm_mday = (int)moment->day,
        .tm_hour = (int)moment->hour,
        .tm_min = (int)moment->minute,
        .tm_isdst = -1,
    };
    time_t at = mktime(&tm);
    if (tm.tm_mday != (int)moment->day)
        return false;
    *ms = (int64_t)at * SECOND_MS;
    return true;
}

static bool guess_year(const struct moment *moment, int64_t now, int64_t *ms)
{
    time_t seconds = (time_t)(now / SECOND_MS);
    struct tm tm;
    if (localtime_r(&seconds, &tm) == NULL)
        return false;
    unsigned year = (unsigned)(tm.tm_year + 1900);
    /* Eight years back reach a leap year even over 2100. */
    for (unsigned back = 0; back <= 9; back++)
        if (local_ms(moment, year + 1 - back, ms) && *ms <= now + DAY_MS)
            return true;
    return false;
}

/* mktime() looks at the zone file each time it is asked, so the answer for the minute that most
 * lines share with the line before is kept. */
static bool local_time(const struct moment *moment, int64_t now, int64_t *ms)
{
    static _Thread_local struct {
        struct moment moment;
        int64_t hour;
        int64_t ms;
    } last;
    struct moment minute = *moment;
    minute.second = minute.ms = 0;
    if (last.ms == 0 || last.hour != now / HOUR_MS ||
        memcmp(&last.moment, &minute, sizeof minute) != 0) {
        int64_t found;
        if (!(minute.year != 0 ? local_ms(&minute, minute.year, &found)
                               : guess_year(&minute, now, &found)))
            return false;
        last.moment = minute;
        last.hour = now / HOUR_MS;
        last.ms = found;
    }
    *ms = last.ms + moment->second * SECOND_MS + moment->ms;
    return true;
}

/* "Nov 21 20:55:43", the day padded by a blank, by a zero, or not at all. */
static bool take_rfc3164(struct slice *from, int64_t now, int64_t *ms)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct moment moment = {0};
    if (from->size < 4 || from->at[3] != ' ')
        return false;
    for (unsigned i = 0; i < 12 && moment.month == 0; i++)
        if (memcmp(from->at, names + 3 * i, 3) == 0)
            moment.month = i + 1;
    if (moment.month == 0)
        return false;
    struct slice rest = slice_make(from->at + 4, from->size - 4);
    bool padded = text_take_char(&rest, ' ');
    if ((padded || !take_digits(&rest, 2, &moment.day)) && !take_digits(&rest, 1, &moment.day))
        return false;
    if (moment.day == 0 || moment.day > 31 || !text_take_char(&rest, ' ') ||
        !take_time(&rest, &moment) || !local_time(&moment, now, ms))
        return false;
    *from = rest;
    return true;
}

/* Fractions of a second: any number of digits, of which three count. */
static bool take_fraction(struct slice *from, unsigned *ms)
{
    struct slice digits;
    if (!text_take_any(from, "0123456789", &digits))
        return false;
    *ms = 0;
    for (size_t i = 0; i < 3; i++)
        *ms = *ms * 10 + (i < digits.size ? (unsigned)(digits.at[i] - '0') : 0);
    return true;
}

/* "Z", "+01:00", "+0100". */
static bool take_zone(struct slice *from, int64_t *offset)
{
    struct slice rest = *from;
    unsigned hours = 0, minutes = 0;
    bool west = text_take_char(&rest, '-');
    if (west || text_take_char(&rest, '+')) {
        if (!take_digits(&rest, 2, &hours))
            return false;
        text_take_char(&rest, ':');
        if (!take_digits(&rest, 2, &minutes) || hours > 23 || minutes > 59)
            return false;
    } else if (!text_take_char(&rest, 'Z')) {
        return false;
    }
    *offset = hours * HOUR_MS + minutes * MINUTE_MS;
    if (west)
        *offset = -*offset;
    *from = rest;
    return true;
}

static bool date_exists(const struct moment *moment)
{
    static const unsigned days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (moment->year < 2000 || moment->year > 2091 || moment->month < 1 || moment->month > 12 ||
        moment->day < 1 || moment->day > days[moment->month - 1])
        return false;
    return moment->month != 2 || moment->day < 29 || moment->year % 4 == 0;
}

/* "2026-11-21T20:55:43[.123456][+01:00]"; without a zone it is local time. */
static bool take_rfc3339(struct slice *from, int64_t now, int64_t *ms)
{
    struct slice rest = *from;
    struct moment moment = {0};
    int64_t offset;
    if (!take_digits(&rest, 4, &moment.year) || !text_take_char(&rest, '-') ||
        !take_digits(&rest, 2, &moment.month) || !text_take_char(&rest, '-') ||
        !take_digits(&rest, 2, &moment.day) || !date_exists(&moment))
        return false;
    if ((!text_take_char(&rest, 'T') && !text_take_char(&rest, ' ')) ||
        !take_time(&rest, &moment))
        return false;
    if (text_take_char(&rest, '.') && !take_fraction(&rest, &moment.ms))
        return false;
    if (take_zone(&rest, &offset)) {
        uint32_t day = (moment.year - 2000) * 10000 + moment.month * 100 + moment.day;
        uint32_t second = (moment.hour * 60 + moment.minute) * 60 + moment.second;
        *ms = clock_of_day(day, second) + moment.ms - offset;
    } else if (!local_time(&moment, now, ms)) {
        return false;
    }
    *from = rest;
    return true;
}

static void skip_priority(struct slice *from)
{
    struct slice rest = *from, digits;
    if (text_take_char(&rest, '<') && text_take_any(&rest, "0123456789", &digits) &&
        digits.size <= 3 && text_take_char(&rest, '>'))
        *from = rest;
}

/* "program[pid]: " or "program: ". */
static bool take_tag(struct slice *from, struct logline *line)
{
    size_t end = 0;
    while (end < from->size && from->at[end] != '[' && from->at[end] != ':' &&
           from->at[end] != ' ')
        end++;
    if (end == 0)
        return false;
    line_set(line, LINE_PROGRAM, slice_make(from->at, end));
    *from = slice_make(from->at + end, from->size - end);
    struct slice pid = SLICE_ABSENT;
    if (text_take_char(from, '[') && (!text_take_any(from, "0123456789", &pid) ||
                                      !text_take_char(from, ']')))
        return false;
    line_set(line, LINE_PID, pid);
    if (!text_take_char(from, ':'))
        return false;
    text_take_char(from, ' ');
    return true;
}

bool logline_header(struct logline_reader *reader, struct slice text, struct logline *line)
{
    struct slice rest = text, host;
    while (rest.size > 0 && (rest.at[rest.size - 1] == '\n' || rest.at[rest.size - 1] == '\r'))
        rest.size--;
    logline_begin(line);
    line->raw = text;
    skip_priority(&rest);
    if (!take_rfc3339(&rest, reader->until, &line->time) &&
        !take_rfc3164(&rest, reader->until, &line->time))
        return false;
    if (!text_take_char(&rest, ' ') || !text_take_word(&rest, &host) ||
        !text_take_char(&rest, ' ') || !take_tag(&rest, line))
        return false;
    line_set(line, LINE_HOST, host);
    line->body = rest;
    return true;
}
