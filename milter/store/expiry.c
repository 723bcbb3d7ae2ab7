/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expiry: when a key goes.
 *
 * Whole keys expire, never single members, so that retention costs nothing. The jitter spreads
 * the end of a day over an hour, because the server removes expired keys between its commands.
 */
#include "expiry.h"

#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"
#include "waybill/digest.h"

#define JITTER_SECONDS 3600u

static int64_t day_gone(uint32_t day, int64_t days)
{
    return clock_of_day(day, 0) + (days + 1) * DAY_MS;
}

int64_t expiry_of(struct slice key, uint32_t day, int64_t days)
{
    return day_gone(day, days) / SECOND_MS +
           text_hash(TEXT_HASH, key) % JITTER_SECONDS;
}

int64_t expiry_closes(uint32_t day, int64_t days)
{
    return day_gone(day, days) - HOUR_MS;
}

bool expiry_open(uint32_t day, int64_t days, int64_t now)
{
    return now < expiry_closes(day, days);
}

bool expiry_over(uint32_t day, int64_t days, int64_t now)
{
    return now > day_gone(day, days) + JITTER_SECONDS * SECOND_MS;
}

/* ---- marks ---- */

uint64_t hash_of(uint64_t seed, struct slice bytes)
{
    return digest_here(seed, bytes.at, bytes.size);
}

static bool marks_start(struct marks *marks)
{
    marks->at = calloc(MARKS_SIZE, sizeof *marks->at);
    digest_random(&marks->seed, sizeof marks->seed);
    return marks->at != NULL;
}

bool marks_first(struct marks *marks, struct slice what)
{
    uint64_t hash;
    size_t place;

    if (!marks->at && !marks_start(marks))
        return true;
    hash = hash_of(marks->seed, what);
    hash += hash == 0;
    for (place = hash % MARKS_SIZE; marks->at[place] != 0; place = (place + 1) % MARKS_SIZE)
        if (marks->at[place] == hash)
            return false;
    if (marks->count >= MARKS_SIZE / 4 * 3) {
        marks_clear(marks);
        place = hash % MARKS_SIZE;
    }
    marks->at[place] = hash;
    marks->count++;
    return true;
}

void marks_clear(struct marks *marks)
{
    if (marks->at)
        memset(marks->at, 0, MARKS_SIZE * sizeof *marks->at);
    marks->count = 0;
}

void marks_free(struct marks *marks)
{
    free(marks->at);
    *marks = (struct marks){0};
}
