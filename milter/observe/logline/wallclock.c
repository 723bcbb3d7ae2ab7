/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wallclock: see wallclock.h.
 *
 * The year: the latest one that does not put the line more than a day after `until`. So
 * December's lines read in January stay in December, and a clock that runs a little ahead over
 * New Year's Eve stays in the new year. That asks no line before, so a log that goes back in
 * time, or has two writers, cannot lead it astray. A log that is longer than a year, or ended long
 * before it was last written, needs the order of its lines: then a date is of the year in which
 * it is nearest to the line before.
 *
 * The zone is asked about a day once: most days have one offset, and the rest is arithmetic. On
 * the two others each line asks. A local time that does not exist is read by the offset before
 * the gap. One that comes twice is of the second pass if the first would lie more than a few
 * minutes before the line before.
 */
#include "wallclock.h"

#include <stdlib.h>
#include <time.h>

#include "waybill/clock.h"

#define YEAR_FIRST 2000u
#define YEAR_LAST 2091u
#define YEARS_BACK 9u           /* reach a leap year even over 2100 */
#define OFFSET_MOST 15          /* hours between any zone and UTC, and some */
#define JUMP_BACK (10 * MINUTE_MS) /* what lines of several programs are out of order at most */
#define JUMP_NIGHT (3 * HOUR_MS)   /* a jump back over more is another matter than the clocks' */

static bool leap(unsigned year)
{
    return year % 4 == 0; /* from 2000 to 2099 */
}

/* False: there is no such day. */
static bool day_of(unsigned year, unsigned month, unsigned day, int64_t *days)
{
    static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < YEAR_FIRST || year > YEAR_LAST || month < 1 || month > 12 || day < 1 ||
        day > lengths[month - 1] + (month == 2 && leap(year)))
        return false;
    *days = clock_of_day((year - YEAR_FIRST) * 10000 + month * 100 + day, 0) / DAY_MS;
    return true;
}

/* Seconds east of UTC at that moment. */
static int64_t offset_at(int64_t seconds)
{
    time_t at = (time_t)seconds;
    struct tm tm;
    return localtime_r(&at, &tm) == NULL ? 0 : tm.tm_gmtoff;
}

static unsigned packed(unsigned year, unsigned month, unsigned day)
{
    return year << 9 | month << 5 | day;
}

static int64_t of_day(const struct moment *moment)
{
    return (moment->hour * 60 + moment->minute) * MINUTE_MS + moment->second * SECOND_MS +
           moment->ms;
}

void wallclock_until(struct wallclock *clock, int64_t until)
{
    clock->until = until;
    if (clock->latest_year != 0 && clock->until_hour == until / HOUR_MS)
        return;
    clock->until_hour = until / HOUR_MS;
    clock->latest = until + DAY_MS + offset_at((until + DAY_MS) / SECOND_MS) * SECOND_MS;
    unsigned date = clock_day(clock->latest, NULL);
    clock->latest_year = YEAR_FIRST + date / 10000;
    clock->latest_date = packed(0, date / 100 % 100, date % 100);
}

bool wallclock_year(const struct wallclock *clock, const struct moment *moment, unsigned *year)
{
    int64_t days;
    for (unsigned back = 0; back < YEARS_BACK; back++) {
        *year = clock->latest_year - back;
        if (day_of(*year, moment->month, moment->day, &days) &&
            days * DAY_MS + of_day(moment) <= clock->latest)
            return true;
    }
    return false;
}

/* The year in which the date is nearest to the line before. */
static bool nearest_year(const struct wallclock *clock, const struct moment *moment,
                         unsigned *year)
{
    unsigned near = YEAR_FIRST + clock_day(clock->day * DAY_MS, NULL) / 10000;
    int64_t best = INT64_MAX, days;
    for (unsigned candidate = near - 1; candidate <= near + 1; candidate++)
        if (day_of(candidate, moment->month, moment->day, &days) &&
            llabs(days - clock->day) < best &&
            days * DAY_MS + of_day(moment) <= clock->latest) {
            best = llabs(days - clock->day);
            *year = candidate;
        }
    return best != INT64_MAX;
}

/* The answer for the day before stands, but on the latest one, where the hour counts. */
static bool find_day(struct wallclock *clock, const struct moment *moment)
{
    unsigned date = packed(moment->year, moment->month, moment->day), year = moment->year;
    int64_t day;
    if (date == clock->date && clock->date_until == clock->latest && date != clock->latest_date)
        return true;
    if (year == 0 && !(clock->ordered && nearest_year(clock, moment, &year)) &&
        !wallclock_year(clock, moment, &year))
        return false;
    if (!day_of(year, moment->month, moment->day, &day))
        return false;
    clock->date = date;
    clock->date_until = clock->latest;
    if (day == clock->day)
        return true;
    clock->day = day;
    clock->before = offset_at((day * 24 - OFFSET_MOST) * 3600);
    clock->after = offset_at((day * 24 + 24 + OFFSET_MOST) * 3600);
    return true;
}

void wallclock_begin(struct wallclock *clock, const struct moment *first)
{
    clock->date = 0;
    clock->ordered = find_day(clock, first);
}

static bool second_pass(const struct wallclock *clock, int64_t first, int64_t second)
{
    if (clock->last == 0) /* a follower's first line is written just now */
        return llabs(clock->until - second) < JUMP_BACK;
    return clock->last - first > JUMP_BACK && clock->last - first < JUMP_NIGHT;
}

/* A day on which the clocks change. */
static int64_t changing_ms(const struct wallclock *clock, int64_t local)
{
    int64_t before = local - clock->before * SECOND_MS, after = local - clock->after * SECOND_MS;
    bool is_before = offset_at(before / SECOND_MS) == clock->before;
    bool is_after = offset_at(after / SECOND_MS) == clock->after;
    if (is_before && is_after)
        return second_pass(clock, before, after) ? after : before;
    return is_after ? after : before;
}

bool wallclock_ms(struct wallclock *clock, const struct moment *moment, int64_t *ms)
{
    int64_t day, local;
    if (moment->zoned) { /* only RFC 3339 has one, and a year */
        if (!day_of(moment->year, moment->month, moment->day, &day))
            return false;
        *ms = day * DAY_MS + of_day(moment) - moment->offset;
        return true;
    }
    if (!find_day(clock, moment))
        return false;
    local = clock->day * DAY_MS + of_day(moment);
    *ms = clock->before == clock->after ? local - clock->before * SECOND_MS
                                        : changing_ms(clock, local);
    if (*ms > clock->last || clock->last - *ms > JUMP_NIGHT)
        clock->last = *ms;
    return true;
}
