/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock: moments as milliseconds. UTC is computed here, without struct tm and without a time
 * zone; only what people read or type goes through the local zone.
 */
#include "waybill/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "civil.h"

static int64_t clock_read(clockid_t which)
{
    struct timespec now;

    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * SECOND_MS + now.tv_nsec / 1000000;
}

int64_t clock_now(void)
{
    return clock_read(CLOCK_REALTIME);
}

int64_t clock_monotonic(void)
{
    return clock_read(CLOCK_MONOTONIC);
}

void clock_sleep(int64_t ms)
{
    struct timespec rest;

    if (ms <= 0)
        return;
    rest.tv_sec = (time_t)(ms / SECOND_MS);
    rest.tv_nsec = (long)(ms % SECOND_MS) * 1000000;
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &rest, &rest) == EINTR)
        ;
}

void clock_sleep_until(int64_t ms)
{
    struct timespec end = {.tv_sec = (time_t)(ms / SECOND_MS),
                           .tv_nsec = (long)(ms % SECOND_MS) * 1000000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
        ;
}

/* The numbers of days have two digits for the year: 2000 to 2099. */
#define FIRST_DAY 10957
#define LAST_DAY 47481

static uint32_t day_number(int64_t days)
{
    struct civil date;

    if (days < FIRST_DAY)
        days = FIRST_DAY;
    if (days > LAST_DAY)
        days = LAST_DAY;
    date = civil_of_days(days);
    return (uint32_t)((date.year - 2000) * 10000 + date.month * 100 + date.day);
}

static int64_t days_of_number(uint32_t day)
{
    struct civil date = {.year = 2000 + (int)(day / 10000),
                         .month = (int)(day / 100 % 100),
                         .day = (int)(day % 100)};

    return days_of_civil(&date);
}

uint32_t clock_day(int64_t ms, uint32_t *second_of_day)
{
    int64_t days = floor_divide(ms, DAY_MS);

    if (second_of_day != NULL)
        *second_of_day = (uint32_t)((ms - days * DAY_MS) / SECOND_MS);
    return day_number(days);
}

int64_t clock_of_day(uint32_t day, uint32_t second_of_day)
{
    return days_of_number(day) * DAY_MS + second_of_day * SECOND_MS;
}

uint32_t clock_day_add(uint32_t day, int days)
{
    return day_number(days_of_number(day) + days);
}

void clock_text(int64_t ms, int with_ms, char text[static CLOCK_TEXT_SIZE])
{
    time_t seconds = (time_t)floor_divide(ms, SECOND_MS);
    int rest = (int)(ms - (int64_t)seconds * SECOND_MS);
    struct tm local;
    size_t size;

    text[0] = '\0';
    if (localtime_r(&seconds, &local) == NULL)
        return;
    size = strftime(text, CLOCK_TEXT_SIZE, "%Y-%m-%d %H:%M:%S", &local);
    if (with_ms)
        snprintf(text + size, CLOCK_TEXT_SIZE - size, ".%03d", rest);
}

static void put_digits(char *at, int value, int digits)
{
    for (at += digits; digits > 0; digits--, value /= 10)
        *--at = (char)('0' + value % 10);
}

/* A search writes hundreds of them. */
static void put_rfc3339(char *text, struct civil date, int rest)
{
    memcpy(text, "0000-00-00T00:00:00.000Z", 25);
    put_digits(text, date.year, 4);
    put_digits(text + 5, (int)date.month, 2);
    put_digits(text + 8, (int)date.day, 2);
    put_digits(text + 11, rest / 3600000, 2);
    put_digits(text + 14, rest / 60000 % 60, 2);
    put_digits(text + 17, rest / 1000 % 60, 2);
    put_digits(text + 20, rest % 1000, 3);
}

void clock_rfc3339(int64_t ms, char text[static CLOCK_TEXT_SIZE])
{
    int64_t days = floor_divide(ms, DAY_MS);
    int rest = (int)(ms - days * DAY_MS);
    struct civil date = civil_of_days(days);

    if (date.year >= 0 && date.year <= 9999) {
        put_rfc3339(text, date, rest);
        return;
    }
    snprintf(text, CLOCK_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", date.year, date.month,
             date.day, rest / 3600000, rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
}

static void span_pair(char *text, int64_t big, const char *big_unit, int64_t small,
                      const char *small_unit)
{
    if (small > 0)
        snprintf(text, CLOCK_TEXT_SIZE, "%lld %s %lld %s", (long long)big, big_unit,
                 (long long)small, small_unit);
    else
        snprintf(text, CLOCK_TEXT_SIZE, "%lld %s", (long long)big, big_unit);
}

/* Clocks of two machines differ, so a span may be negative: it is shown, not hidden. */
void clock_span(int64_t ms, char text[static CLOCK_TEXT_SIZE])
{
    if (ms < 0) {
        clock_span(ms == INT64_MIN ? INT64_MAX : -ms, text);
        memmove(text + 1, text, CLOCK_TEXT_SIZE - 2);
        text[0] = '-';
        text[CLOCK_TEXT_SIZE - 1] = '\0';
    } else if (ms < 9950) {
        snprintf(text, CLOCK_TEXT_SIZE, "%.1f s", (double)ms / 1000);
    } else if (ms < MINUTE_MS) {
        snprintf(text, CLOCK_TEXT_SIZE, "%d s", (int)(ms / SECOND_MS));
    } else if (ms < HOUR_MS) {
        span_pair(text, ms / MINUTE_MS, "min", ms / SECOND_MS % 60, "s");
    } else if (ms < DAY_MS) {
        span_pair(text, ms / HOUR_MS, "h", ms / MINUTE_MS % 60, "min");
    } else {
        span_pair(text, ms / DAY_MS, "d", ms / HOUR_MS % 24, "h");
    }
}
