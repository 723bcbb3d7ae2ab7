/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * histogram: see histogram.h. Promise: no lock, no loop that another thread can lengthen.
 */
#include "waybill/histogram.h"

const int64_t histogram_bounds[HISTOGRAM_BOUND_COUNT] = {
#define X(bound) bound,
    HISTOGRAM_BOUNDS(X)
#undef X
};

void histogram_add(struct histogram *histogram, int64_t nanoseconds)
{
    size_t place = 0;

    if (nanoseconds < 0)
        nanoseconds = 0;
    while (place < HISTOGRAM_BOUND_COUNT && nanoseconds > histogram_bounds[place] * 1000)
        place++;
    atomic_fetch_add_explicit(&histogram->bucket[place], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->nanoseconds, (uint64_t)nanoseconds,
                              memory_order_relaxed);
}

void histogram_read(struct histogram *histogram, struct histogram_reading *reading)
{
    reading->count = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        reading->bucket[i] =
            atomic_load_explicit(&histogram->bucket[i], memory_order_relaxed);
        reading->count += reading->bucket[i];
    }
    reading->nanoseconds = atomic_load_explicit(&histogram->nanoseconds, memory_order_relaxed);
}

uint64_t histogram_over(const struct histogram_reading *reading, int64_t microseconds)
{
    uint64_t over = reading->bucket[HISTOGRAM_BOUND_COUNT];

    for (size_t i = HISTOGRAM_BOUND_COUNT; i-- > 0 && histogram_bounds[i] > microseconds;)
        over += reading->bucket[i];
    return over;
}
