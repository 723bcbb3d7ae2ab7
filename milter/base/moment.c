/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * moment: what a person types for a moment. Promise: a form that is not understood is refused
 * with the forms that are, never guessed.
 */
#include "waybill/clock.h"

#include <stdbool.h>
#include <time.h>

#include "civil.h"

struct typed {
    struct civil date;
    int hour, minute, second;
    bool has_date, has_zone;
    int64_t zone_ms; /* east of Greenwich */
};

/* Exactly `digits` digits, at most `most`. */
static bool take_digits(struct slice *from, int digits, int most, int *value)
{
    struct slice rest = *from;
    int sum = 0;

    for (int i = 0; i < digits; i++) {
        if (rest.size == 0 || rest.at[0] < '0' || rest.at[0] > '9')
            return false;
        sum = sum * 10 + (rest.at[0] - '0');
        rest.at++;
        rest.size--;
    }
    if (sum > most)
        return false;
    *value = sum;
    *from = rest;
    return true;
}

static bool take_date(struct slice *from, struct civil *date)
{
    return take_digits(from, 4, 9999, &date->year) && text_take_char(from, '-') &&
           take_digits(from, 2, 12, &date->month) && text_take_char(from, '-') &&
           take_digits(from, 2, 31, &date->day) && civil_valid(date);
}

static bool take_time(struct slice *from, struct typed *typed)
{
    if (!take_digits(from, 2, 23, &typed->hour) || !text_take_char(from, ':') ||
        !take_digits(from, 2, 59, &typed->minute))
        return false;
    return !text_take_char(from, ':') || take_digits(from, 2, 60, &typed->second);
}

static bool take_zone(struct slice *from, struct typed *typed)
{
    int hours, minutes, sign = 1;

    if (from->size == 0)
        return true;
    typed->has_zone = true;
    if (text_take_char(from, 'Z') || text_take_char(from, 'z'))
        return true;
    if (text_take_char(from, '-'))
        sign = -1;
    else if (!text_take_char(from, '+'))
        return false;
    if (!take_digits(from, 2, 23, &hours))
        return false;
    text_take_char(from, ':');
    if (!take_digits(from, 2, 59, &minutes))
        return false;
    typed->zone_ms = sign * (hours * HOUR_MS + minutes * MINUTE_MS);
    return true;
}

static bool read_typed(struct slice text, struct typed *typed)
{
    struct slice after_date = text;

    *typed = (struct typed){.has_date = false};
    if (take_date(&after_date, &typed->date)) {
        typed->has_date = true;
        text = after_date;
        if (text.size == 0)
            return true;
        if (!text_take_char(&text, ' ') && !text_take_char(&text, 'T') &&
            !text_take_char(&text, 't'))
            return false;
    }
    if (!take_time(&text, typed))
        return false;
    return take_zone(&text, typed) && text.size == 0 && (typed->has_date || !typed->has_zone);
}

static bool today(int64_t now, struct civil *date)
{
    time_t seconds = (time_t)floor_divide(now, SECOND_MS);
    struct tm local;

    if (localtime_r(&seconds, &local) == NULL)
        return false;
    *date = (struct civil){local.tm_year + 1900, local.tm_mon + 1, local.tm_mday};
    return true;
}

static bool resolve(struct typed *typed, int64_t now, int64_t *ms)
{
    struct tm local;
    time_t seconds;

    if (!typed->has_date && !today(now, &typed->date))
        return false;
    if (typed->has_zone) {
        *ms = days_of_civil(&typed->date) * DAY_MS + typed->hour * HOUR_MS +
              typed->minute * MINUTE_MS + typed->second * SECOND_MS - typed->zone_ms;
        return true;
    }
    local = (struct tm){.tm_year = typed->date.year - 1900,
                        .tm_mon = typed->date.month - 1,
                        .tm_mday = typed->date.day,
                        .tm_hour = typed->hour,
                        .tm_min = typed->minute,
                        .tm_sec = typed->second,
                        .tm_isdst = -1, /* the zone knows, we do not */
                        .tm_wday = -1}; /* set by mktime, so -1 afterwards is a failure */
    seconds = mktime(&local);
    if (local.tm_wday < 0)
        return false;
    *ms = (int64_t)seconds * SECOND_MS;
    return true;
}

static bool read_ago(struct slice text, int64_t now, int64_t *ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {
        {'s', SECOND_MS}, {'m', MINUTE_MS}, {'h', HOUR_MS}, {'d', DAY_MS}, {'w', 7 * DAY_MS}};
    uint64_t number;

    if (!text_take_char(&text, '-') || !text_take_number(&text, &number) || text.size != 1 ||
        number > 1000000)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (text.at[0] == units[i].unit) {
            *ms = now - (int64_t)number * units[i].ms;
            return true;
        }
    }
    return false;
}

int clock_parse(struct slice text, int64_t now, int64_t *ms, struct error *why)
{
    struct slice all = slice_trim(text);
    struct typed typed;

    if (slice_is(all, "now")) {
        *ms = now;
        return 0;
    }
    if (read_ago(all, now, ms))
        return 0;
    if (read_typed(all, &typed) && resolve(&typed, now, ms))
        return 0;
    return error_set(why,
                     "'%.*s' is no moment: write 2025-11-21, '2025-11-21 14:03:09' (with Z or "
                     "+01:00 for another zone), 14:03 for today, -30m, -2h, -3d, -1w or now",
                     SLICE_ARGS(text.size > 100 ? slice_make(text.at, 100) : text));
}
