/* SPDX-License-Identifier: BSD-2-Clause */
/* world: a private Redis, a configuration that names it, and a store that speaks to it. */
#ifndef WAYBILL_TEST_WORLD_H
#define WAYBILL_TEST_WORLD_H

#include "../../support/redis.h"
#include "waybill/store.h"

struct world {
    struct redis redis;
    char config[96]; /* a waybill.conf */
    struct settings *settings;
    struct store *store;
};

void world_open(struct world *world); /* fails the test */
void world_close(struct world *world);
void world_flush(struct world *world); /* FLUSHALL */

#endif
