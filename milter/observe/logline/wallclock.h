/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wallclock: local times as logs write them, made moments: which year, which of the two hours in
 * autumn. Kept between the lines of one log; private to this room. One thread, one time zone.
 */
#ifndef LOGLINE_WALLCLOCK_H
#define LOGLINE_WALLCLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct moment {
    unsigned year, month, day; /* month 1..12; year 0: not named */
    unsigned hour, minute, second, ms;
    bool whole_seconds; /* no fraction was named */
    bool zoned;         /* `offset` was named */
    int64_t offset;     /* ms east of UTC */
};

struct wallclock {
    int64_t until;       /* ms, see logline_until */
    int64_t until_hour;  /* the hour for which the next two were found */
    int64_t latest;      /* no line without a year is later; local time, ms since 1970 */
    unsigned latest_year, latest_date; /* of that day, packed like `date` */
    bool ordered;        /* years follow the order of the lines, see logline_years */
    unsigned date;       /* the date last asked for, packed; 0: none */
    int64_t date_until;  /* ... as `latest` was then */
    int64_t day;         /* ... is this day */
    int64_t before, after; /* seconds east of UTC around that day; equal: all the day */
    int64_t last;        /* ms: the line before, but for small jumps back; 0: none */
};

void wallclock_until(struct wallclock *clock, int64_t until);
/* The first line to come is of this date, with its year; from there the order tells. */
void wallclock_begin(struct wallclock *clock, const struct moment *first);
/* Milliseconds since 1970. False: there is no such day. */
bool wallclock_ms(struct wallclock *clock, const struct moment *moment, int64_t *ms);
/* The year that a date without one gets by `until` alone. False: there is no such day. */
bool wallclock_year(const struct wallclock *clock, const struct moment *moment, unsigned *year);

#endif
