/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * latency: see latency.h. Promise: nothing is waited for; the clock is read without a system call.
 */
#include "latency.h"

#include <time.h>

static struct histogram phases[SMTP_PHASE_COUNT];
static _Atomic uint64_t slowest, slowest_ever; /* ns; since it was taken, since the start */

const char *smtp_phase_word(enum smtp_phase phase)
{
    static const char *const words[] = {
#define X(symbol, word) word,
        SMTP_PHASES(X)
#undef X
    };
    return words[phase];
}

int64_t latency_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void raise_to(_Atomic uint64_t *highest, uint64_t value)
{
    uint64_t known = atomic_load_explicit(highest, memory_order_relaxed);

    while (value > known && !atomic_compare_exchange_weak_explicit(
                                highest, &known, value, memory_order_relaxed, memory_order_relaxed))
        continue;
}

void latency_add(enum smtp_phase phase, int64_t began)
{
    int64_t span = latency_clock() - began;

    histogram_add(&phases[phase], span);
    raise_to(&slowest, span > 0 ? (uint64_t)span : 0);
}

void latency_clear(void)
{
    for (int phase = 0; phase < SMTP_PHASE_COUNT; phase++) {
        for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
            atomic_store(&phases[phase].bucket[i], 0);
        atomic_store(&phases[phase].nanoseconds, 0);
    }
    atomic_store(&slowest, 0);
    atomic_store(&slowest_ever, 0);
}

void smtp_read_latency(enum smtp_phase phase, struct histogram_reading *reading)
{
    histogram_read(&phases[phase], reading);
}

/* Rounded up: what took any time is not nothing. */
static uint64_t microseconds(uint64_t nanoseconds)
{
    return (nanoseconds + 999) / 1000;
}

uint64_t smtp_take_slowest(void)
{
    uint64_t taken;

    raise_to(&slowest_ever, atomic_load_explicit(&slowest, memory_order_relaxed));
    taken = atomic_exchange_explicit(&slowest, 0, memory_order_relaxed);
    raise_to(&slowest_ever, taken);
    return microseconds(taken);
}

uint64_t smtp_read_slowest(void)
{
    uint64_t now = atomic_load_explicit(&slowest, memory_order_relaxed);
    uint64_t before = atomic_load_explicit(&slowest_ever, memory_order_relaxed);

    return microseconds(now > before ? now : before);
}
