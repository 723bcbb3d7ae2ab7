/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deadline: connections that end when they take too long, however busily they do so. Of one
 * thread, with a table of as many places as there may be connections; all zero, it is empty.
 */
#ifndef WAYBILL_DEADLINE_H
#define WAYBILL_DEADLINE_H

#include <stddef.h>
#include <stdint.h>

#define DEADLINE_NEVER INT64_MAX

struct deadline {
    int fd;
    int64_t at; /* clock_monotonic, ms; 0: the place is free */
};

/* A place, for whoever has the connection to keep; NULL: none is free. */
struct deadline *deadline_take(struct deadline *table, size_t count, int fd, int64_t at);
/* The connection is gone. NULL is nobody's. */
void deadline_free(struct deadline *place);
/* Shut those down whose time is over, and leave it to their owner to close them. How long (ms) none
 * is due, at most a second. */
int64_t deadline_end_late(struct deadline *table, size_t count, int64_t now);

#endif
