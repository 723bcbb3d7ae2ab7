/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * civil: dates as numbers of days. The year is counted from March, so that the leap day is its
 * last one and a month's first day follows from (153 * month + 2) / 5; 400 years are one era of
 * 146,097 days.
 */
#include "civil.h"

#define ERA_DAYS 146097
#define DAYS_BEFORE_1970 719468 /* from 0000-03-01 */

int64_t floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0 ? 1 : 0);
}

int64_t days_of_civil(const struct civil *date)
{
    int64_t year = date->month <= 2 ? date->year - 1 : date->year;
    int64_t era = floor_divide(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t month = (date->month + 9) % 12;
    int64_t day_of_year = (153 * month + 2) / 5 + date->day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * ERA_DAYS + day_of_era - DAYS_BEFORE_1970;
}

struct civil civil_of_days(int64_t days)
{
    int64_t from_march = days + DAYS_BEFORE_1970;
    int64_t era = floor_divide(from_march, ERA_DAYS);
    int64_t day_of_era = from_march - era * ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (ERA_DAYS - 1)) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    struct civil date;

    date.day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    date.month = (int)(month < 10 ? month + 3 : month - 9);
    date.year = (int)(year_of_era + era * 400 + (date.month <= 2 ? 1 : 0));
    return date;
}

bool civil_valid(const struct civil *date)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (date->year % 4 == 0 && date->year % 100 != 0) || date->year % 400 == 0;

    if (date->month < 1 || date->month > 12 || date->day < 1)
        return false;
    return date->day <= lengths[date->month - 1] + (leap && date->month == 2 ? 1 : 0);
}
