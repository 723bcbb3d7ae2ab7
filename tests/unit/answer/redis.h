/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis: a private Redis for a test, in a directory of its own with a
 * Unix socket, so that no two tests meet, and a store that speaks to it.
 */
#ifndef WAYBILL_TEST_REDIS_H
#define WAYBILL_TEST_REDIS_H

#include <sys/types.h>

#include "waybill/store.h"

struct redis {
    pid_t pid;
    char directory[64], socket[80], config[96]; /* `config`: a waybill.conf that names it */
    struct settings *settings;
    struct store *store;
};

void redis_start(struct redis *redis); /* fails the test */
void redis_stop(struct redis *redis);
void redis_flush(struct redis *redis); /* FLUSHALL */

#endif
