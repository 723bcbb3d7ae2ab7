/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * metrics: figures of a program in the text that Prometheus reads, and the small server that hands
 * it out.
 *
 * A program has one table of struct metric; what is exposed, its help and the manual all follow
 * its rows. Nothing here knows what a figure means.
 */
#ifndef WAYBILL_METRICS_H
#define WAYBILL_METRICS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "waybill/buffer.h"
#include "waybill/error.h"
#include "waybill/histogram.h"
#include "waybill/text.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

#define METRIC_LABELS_MAX 2

/* A name as Prometheus wants it: letters, digits and '_'; of a counter it ends in "_total"; the
 * unit is a base unit and stands in the name (_seconds, _bytes). */
struct metric {
    const char *name;
    enum metric_type type;
    const char *label[METRIC_LABELS_MAX]; /* NULL: no more */
    const char *help;                     /* a sentence without a full stop at its end */
};

/* ---- the text (format 0.0.4) ---- */

/* Samples of one metric stand together: tell all of them before the next. One thread. */
struct exposition {
    struct buffer text;          /* `failed`: over its limit, or out of memory: no exposition */
    const struct metric *latest; /* whose samples are being told */
};

void exposition_init(struct exposition *exposition, size_t limit);
void exposition_free(struct exposition *exposition);
/* One sample. `values` has one for each label of the metric, any bytes: what is no UTF-8 becomes
 * '?', what has a meaning in the format is escaped. NULL where the metric has no label. */
void exposition_count(struct exposition *exposition, const struct metric *metric,
                      const struct slice *values, uint64_t value);
void exposition_real(struct exposition *exposition, const struct metric *metric,
                     const struct slice *values, double value);
/* Of a METRIC_HISTOGRAM, in seconds: cumulated buckets, sum and count. */
void exposition_histogram(struct exposition *exposition, const struct metric *metric,
                          const struct slice *values, const struct histogram_reading *reading);

/* The rows as a list for the manual, in mdoc. */
void metrics_print_manual(FILE *to, const struct metric *rows, size_t count);

/* ---- this process ---- */

struct process_figures {
    double cpu_seconds;
    uint64_t resident_bytes, virtual_bytes, threads, open_fds, max_fds;
};
/* -1: /proc cannot be read. Any thread. */
int process_read(struct process_figures *figures);

/* ---- the server ---- */

struct metrics_server;

/* Serve GET and HEAD of /metrics at `address`: "unix:PATH" (mode 0660), "tcp:127.0.0.1:PORT" or
 * "tcp:[::1]:PORT". PATH is bound under a private name and moved over the public one, so a server
 * that is there goes on with the connections it has, and loses the name without a moment in which
 * nobody has it; a TCP port is shared with another process of the same user until that one stops.
 *
 * It has a thread of its own. `gather` is called there, at most ten times a second, to fill an
 * empty exposition; it may take locks that are held briefly, and must not wait. Clients are at
 * most 32 at a time, have 8 KiB for a request and five seconds from the first to the last byte.
 * -1: the address cannot be had. */
int metrics_start(struct metrics_server **server, const char *address,
                  void (*gather)(void *context, struct exposition *exposition), void *context,
                  struct error *why);
/* End the thread, let the address go; the name of a socket that another process took over stays.
 * `gather` is not called any more when this returns. Takes no longer than one gather. NULL: none
 * is running. */
void metrics_stop(struct metrics_server **server);

#endif
