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

enum { MARK_NONE, MARK_DROPPED, MARK_LEAST };

/* The place of `hash`, or the free one behind all where it may be. */
static size_t mark_place(const struct marks *marks, uint64_t hash)
{
    size_t place = hash % MARKS_SIZE;

    while (marks->at[place] != MARK_NONE && marks->at[place] != hash)
        place = (place + 1) % MARKS_SIZE;
    return place;
}

static uint64_t mark_of(const struct marks *marks, struct slice what)
{
    uint64_t hash = hash_of(marks->seed, what);

    return hash < MARK_LEAST ? hash + MARK_LEAST : hash;
}

bool marks_first(struct marks *marks, struct slice what)
{
    uint64_t hash;
    size_t place;

    if (!marks->at && !marks_start(marks))
        return true;
    hash = mark_of(marks, what);
    place = mark_place(marks, hash);
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

void marks_drop(struct marks *marks, struct slice what)
{
    uint64_t hash;
    size_t place;

    if (!marks->at)
        return;
    hash = mark_of(marks, what);
    place = mark_place(marks, hash);
    if (marks->at[place] == hash)
        marks->at[place] = MARK_DROPPED;
}

void marks_lapse(struct marks *marks, int64_t now)
{
    if (now < marks->lapse_at)
        return;
    marks_clear(marks);
    marks->lapse_at = now + MINUTE_MS;
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
