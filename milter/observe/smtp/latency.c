/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * latency: see latency.h. Promise: nothing is waited for; the clock is read without a system call.
 */
#include "latency.h"

#include <time.h>

static struct histogram phases[SMTP_PHASE_COUNT];
static _Atomic uint64_t slowest; /* ns, since it was last taken */

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

static void keep_slowest(uint64_t span)
{
    uint64_t known = atomic_load_explicit(&slowest, memory_order_relaxed);

    while (span > known && !atomic_compare_exchange_weak_explicit(
                               &slowest, &known, span, memory_order_relaxed, memory_order_relaxed))
        continue;
}

void latency_add(enum smtp_phase phase, int64_t began)
{
    int64_t span = latency_clock() - began;

    histogram_add(&phases[phase], span);
    keep_slowest(span > 0 ? (uint64_t)span : 0);
}

void latency_clear(void)
{
    for (int phase = 0; phase < SMTP_PHASE_COUNT; phase++) {
        for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
            atomic_store(&phases[phase].bucket[i], 0);
        atomic_store(&phases[phase].nanoseconds, 0);
    }
    atomic_store(&slowest, 0);
}

void smtp_read_latency(enum smtp_phase phase, struct histogram_reading *reading)
{
    histogram_read(&phases[phase], reading);
}

/* Rounded up: what took any time is not nothing. */
uint64_t smtp_take_slowest(void)
{
    return (atomic_exchange_explicit(&slowest, 0, memory_order_relaxed) + 999) / 1000;
}
