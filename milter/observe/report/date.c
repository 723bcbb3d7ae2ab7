/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * date: word by word, since the order of the words differs: "Sat, 21 Nov 2026 20:41:04 +0100",
 * "21-Nov-2026 20:41:04 PST", "Sat Nov 21 20:41:04 2026".
 */
#include "date.h"

#include "value.h"
#include "waybill/clock.h"

#define WORDS_MAX 16

struct moment {
    unsigned year, month, day; /* 0: not yet */
    bool has_year, has_time;
    unsigned hour, minute, second;
    int zone; /* minutes east */
};

static bool take_pair(struct slice *from, unsigned most, unsigned *number)
{
    uint64_t value = 0;

    if (!text_take_number(from, &value) || value > most)
        return false;
    *number = (unsigned)value;
    return true;
}

static bool read_time(struct slice word, struct moment *moment)
{
    moment->has_time = take_pair(&word, 23, &moment->hour) && text_take_char(&word, ':') &&
                       take_pair(&word, 59, &moment->minute);
    if (moment->has_time && text_take_char(&word, ':'))
        moment->has_time = take_pair(&word, 60, &moment->second);
    return moment->has_time;
}

static bool read_offset(struct slice word, struct moment *moment)
{
    int sign = word.at[0] == '-' ? -1 : 1;
    uint64_t number = 0;

    if (word.size != 5 || !text_number(slice_make(word.at + 1, 4), 0, 9959, &number) ||
        number % 100 > 59)
        return false;
    moment->zone = sign * (int)(number / 100 * 60 + number % 100);
    return true;
}

static bool read_number(struct slice word, struct moment *moment)
{
    uint64_t number = 0;

    if (!text_number(word, 0, 9999, &number))
        return false;
    if (moment->day == 0 && word.size <= 2) {
        moment->day = (unsigned)number;
        return true;
    }
    if (moment->has_year)
        return true;
    moment->has_year = true;
    if (word.size == 2)
        number += number < 50 ? 2000 : 1900;
    else if (word.size == 3)
        number += 1900;
    moment->year = (unsigned)number;
    return true;
}

/* RFC 5322, 4.3; the military letters say nothing that could be trusted. */
static const struct {
    const char *name;
    int hours;
} zones[] = {{"EST", -5}, {"EDT", -4}, {"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6},
             {"PST", -8}, {"PDT", -7}, {"MET", 1},  {"CET", 1},  {"CEST", 2}, {"JST", 9}};

static void read_name(struct slice word, struct moment *moment)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int i = 0; i < 12 && moment->month == 0 && word.size >= 3; i++)
        if (slice_equal_nocase(slice_make(word.at, 3), slice_make(months + (ptrdiff_t)3 * i, 3))) {
            moment->month = (unsigned)i + 1;
            return;
        }
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
        if (slice_equal_nocase(word, slice_of(zones[i].name)))
            moment->zone = zones[i].hours * 60;
}

static void read_word(struct slice word, struct moment *moment)
{
    if (!moment->has_time && slice_find(word, ':') > 0 && read_time(word, moment))
        return;
    if (moment->has_time && (word.at[0] == '+' || word.at[0] == '-') && read_offset(word, moment))
        return;
    if (!read_number(word, moment))
        read_name(word, moment);
}

/* A hyphen divides only what comes before the time: behind it, it is the sign of a zone. */
static bool take_word(struct slice *rest, bool has_time, struct slice *word)
{
    const char *between = has_time ? " \t\r\n," : " \t\r\n,-";

    return value_take_word(rest, between, "", word);
}

/* Midnight of that day; 0: there is none, or it is of another century, when no mail of ours was. */
static int64_t midnight(const struct moment *moment)
{
    uint32_t number = (moment->year - 2000) * 10000 + moment->month * 100 + moment->day;
    int64_t ms;

    if (moment->year < 2000 || moment->year > 2099 || moment->month == 0)
        return 0;
    ms = clock_of_day(number, 0);
    return clock_day(ms, NULL) == number ? ms : 0;
}

int64_t date_read(struct slice value)
{
    struct moment moment = {.zone = 0};
    struct slice word;
    int64_t day;

    for (int words = 0; words < WORDS_MAX && take_word(&value, moment.has_time, &word); words++)
        read_word(word, &moment);
    day = midnight(&moment);
    if (!moment.has_time || day == 0)
        return 0;
    return day + ((int64_t)moment.hour * 3600 + moment.minute * 60 + moment.second) * SECOND_MS -
           moment.zone * MINUTE_MS;
}
