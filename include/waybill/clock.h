/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock: moments in milliseconds since 1970-01-01 00:00 UTC, and how people write them.
 */
#ifndef WAYBILL_CLOCK_H
#define WAYBILL_CLOCK_H

#include <stdint.h>

#include "waybill/error.h"
#include "waybill/text.h"

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

int64_t clock_now(void);       /* wall clock, may be set back */
int64_t clock_monotonic(void); /* for waiting and measuring; no relation to clock_now */
void clock_sleep(int64_t ms);
void clock_sleep_until(int64_t ms); /* of clock_monotonic; to its beginning, and not less */

/* A UTC day as the number 251121 (2025-11-21) and the second within it, and back. */
uint32_t clock_day(int64_t ms, uint32_t *second_of_day);
int64_t clock_of_day(uint32_t day, uint32_t second_of_day);
/* The day `days` later (or earlier) than the number `day`. */
uint32_t clock_day_add(uint32_t day, int days);

#define CLOCK_TEXT_SIZE 40
/* "2025-11-21 14:03:09" in local time; with_ms adds ".123". */
void clock_text(int64_t ms, int with_ms, char text[static CLOCK_TEXT_SIZE]);
/* RFC 3339 in UTC with milliseconds: "2025-11-21T13:03:09.123Z". */
void clock_rfc3339(int64_t ms, char text[static CLOCK_TEXT_SIZE]);
/* A span for people: "0.4 s", "3 min 20 s", "2 h 5 min", "4 d 2 h". */
void clock_span(int64_t ms, char text[static CLOCK_TEXT_SIZE]);

/* What a person types for a moment: "2025-11-21", "2025-11-21 14:03[:09]" (local time, a T may
 * stand for the blank, a final Z or +HH:MM names another zone), "14:03" (today), "-2h", "-30m",
 * "-3d", "-1w" (before `now`), "now". -1 with the forms that are allowed in `why`. */
int clock_parse(struct slice text, int64_t now, int64_t *ms, struct error *why);

#endif
