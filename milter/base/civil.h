/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * civil: dates of the Gregorian calendar as days since 1970-01-01, and back.
 */
#ifndef WAYBILL_BASE_CIVIL_H
#define WAYBILL_BASE_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

struct civil {
    int year, month, day; /* month and day from 1 */
};

int64_t floor_divide(int64_t value, int64_t by);
int64_t days_of_civil(const struct civil *date);
struct civil civil_of_days(int64_t days);
/* Does the month have that day? */
bool civil_valid(const struct civil *date);

#endif
