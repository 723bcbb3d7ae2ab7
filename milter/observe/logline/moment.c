/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * moment: see moment.h. Each line passes here, so bytes are looked at where they stand.
 */
#include "moment.h"

#include "waybill/clock.h"

static inline bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static inline void eat(struct slice *from, size_t size)
{
    *from = slice_make(from->at + size, from->size - size);
}

static inline bool take_two(struct slice *from, unsigned *number)
{
    if (from->size < 2 || !is_digit(from->at[0]) || !is_digit(from->at[1]))
        return false;
    *number = (unsigned)(from->at[0] - '0') * 10 + (unsigned)(from->at[1] - '0');
    eat(from, 2);
    return true;
}

static inline bool take_byte(struct slice *from, char byte)
{
    if (from->size == 0 || from->at[0] != byte)
        return false;
    eat(from, 1);
    return true;
}

/* Fractions of a second: any number of digits, of which three count. */
static bool take_fraction(struct slice *from, struct moment *moment)
{
    if (!take_byte(from, '.') && !take_byte(from, ','))
        return true;
    size_t digits = 0;
    unsigned ms = 0;
    for (; digits < from->size && is_digit(from->at[digits]); digits++)
        if (digits < 3)
            ms = ms * 10 + (unsigned)(from->at[digits] - '0');
    for (size_t i = digits; i < 3; i++)
        ms *= 10;
    moment->ms = ms;
    moment->whole_seconds = false;
    eat(from, digits);
    return digits > 0;
}

/* "20:55:43", to 60 for a leap second, and the fraction. */
static bool take_time(struct slice *from, struct moment *moment)
{
    moment->whole_seconds = true;
    return take_two(from, &moment->hour) && take_byte(from, ':') &&
           take_two(from, &moment->minute) && take_byte(from, ':') &&
           take_two(from, &moment->second) && moment->hour < 24 && moment->minute < 60 &&
           moment->second <= 60 && take_fraction(from, moment);
}

#define NAME(a, b, c) ((unsigned)(a) << 16 | (unsigned)(b) << 8 | (unsigned)(c))

static unsigned month_of(const char *name)
{
    switch (NAME((unsigned char)name[0], (unsigned char)name[1], (unsigned char)name[2])) {
    case NAME('J', 'a', 'n'): return 1;
    case NAME('F', 'e', 'b'): return 2;
    case NAME('M', 'a', 'r'): return 3;
    case NAME('A', 'p', 'r'): return 4;
    case NAME('M', 'a', 'y'): return 5;
    case NAME('J', 'u', 'n'): return 6;
    case NAME('J', 'u', 'l'): return 7;
    case NAME('A', 'u', 'g'): return 8;
    case NAME('S', 'e', 'p'): return 9;
    case NAME('O', 'c', 't'): return 10;
    case NAME('N', 'o', 'v'): return 11;
    case NAME('D', 'e', 'c'): return 12;
    default: return 0;
    }
}

static bool take_day(struct slice *from, unsigned *day)
{
    if (!take_byte(from, ' ') && take_two(from, day))
        return true;
    if (from->size == 0 || !is_digit(from->at[0]))
        return false;
    *day = (unsigned)(from->at[0] - '0');
    eat(from, 1);
    return true;
}

/* "Nov 21 20:55:43" */
static bool take_rfc3164(struct slice *from, struct moment *moment)
{
    if (from->size < 4 || from->at[3] != ' ' || (moment->month = month_of(from->at)) == 0)
        return false;
    eat(from, 4);
    return take_day(from, &moment->day) && moment->day >= 1 && moment->day <= 31 &&
           take_byte(from, ' ') && take_time(from, moment);
}

/* "Z", "+01:00", "+0100", or nothing: then it is local time. */
static bool take_zone(struct slice *from, struct moment *moment)
{
    unsigned hours = 0, minutes = 0;
    bool west = take_byte(from, '-');
    if (west || take_byte(from, '+')) {
        if (!take_two(from, &hours))
            return false;
        take_byte(from, ':');
        if (!take_two(from, &minutes) || hours > 23 || minutes > 59)
            return false;
    } else if (!take_byte(from, 'Z')) {
        return true;
    }
    moment->zoned = true;
    moment->offset = hours * HOUR_MS + minutes * MINUTE_MS;
    if (west)
        moment->offset = -moment->offset;
    return true;
}

bool moment_take(struct slice *from, struct moment *moment)
{
    struct slice rest = *from;
    unsigned century;
    bool good;
    *moment = (struct moment){0};
    if (!take_two(&rest, &century)) {
        good = take_rfc3164(&rest, moment);
    } else if (!take_two(&rest, &moment->year)) {
        return false;
    } else {
        moment->year += century * 100;
        if (moment->year == 0) /* it would stand for one that was not named */
            return false;
        if (take_byte(&rest, ' '))
            good = take_rfc3164(&rest, moment);
        else
            good = take_byte(&rest, '-') && take_two(&rest, &moment->month) &&
                   take_byte(&rest, '-') && take_two(&rest, &moment->day) &&
                   (take_byte(&rest, 'T') || take_byte(&rest, ' ')) && take_time(&rest, moment) &&
                   take_zone(&rest, moment);
    }
    if (good)
        *from = rest;
    return good;
}
