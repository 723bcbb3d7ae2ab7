/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * histogram: how long something took, counted by size. Nothing is ever waited for: an add is two
 * relaxed atomic additions, so it may be made where a mail is.
 *
 * Zero-initialised. Any thread may add, and read, at any time.
 */
#ifndef WAYBILL_HISTOGRAM_H
#define WAYBILL_HISTOGRAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Upper bounds in microseconds, each one included; behind the last there is one more bucket for
 * all that took longer. What is asked of them (histogram_over) is one of them. */
#define HISTOGRAM_BOUNDS(X)                                                                        \
    X(5) X(10) X(25) X(50) X(100) X(250) X(500) X(1000) X(2500) X(5000) X(10000) X(25000)          \
    X(50000) X(100000) X(250000) X(1000000)
enum {
#define X(bound) +1
    HISTOGRAM_BOUND_COUNT = 0 HISTOGRAM_BOUNDS(X),
#undef X
    HISTOGRAM_BUCKETS = HISTOGRAM_BOUND_COUNT + 1
};
extern const int64_t histogram_bounds[HISTOGRAM_BOUND_COUNT];

/* Begins a line of the cache: threads that add to two histograms are not in each other's way. */
struct histogram {
    _Alignas(64) _Atomic uint64_t bucket[HISTOGRAM_BUCKETS];
    _Atomic uint64_t nanoseconds;
};

struct histogram_reading {
    uint64_t bucket[HISTOGRAM_BUCKETS]; /* not cumulated */
    uint64_t count;                     /* the sum of the buckets, so that the two always agree */
    uint64_t nanoseconds;               /* may be a few adds ahead of, or behind, the count */
};

/* A negative span is one of no length. */
void histogram_add(struct histogram *histogram, int64_t nanoseconds);
void histogram_read(struct histogram *histogram, struct histogram_reading *reading);
/* How many took longer than one of the bounds. */
uint64_t histogram_over(const struct histogram_reading *reading, int64_t microseconds);

#endif
