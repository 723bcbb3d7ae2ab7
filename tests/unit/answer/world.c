/* SPDX-License-Identifier: BSD-2-Clause */
/* world: see world.h. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static void write_config(struct world *world)
{
    FILE *file;

    snprintf(world->config, sizeof world->config, "%s/waybill.conf", world->redis.directory);
    file = fopen(world->config, "w");
    assert_non_null(file);
    /* Longer than the span of the mails that the tests make. */
    fprintf(file, "redis = \"%s\"\nrefused_retention_days = 20\n", world->redis.address);
    assert_int_equal(fclose(file), 0);
}

void world_open(struct world *world)
{
    struct error why;

    redis_prepare(&world->redis);
    redis_start(&world->redis, NULL, true);
    write_config(world);
    if (settings_read(&world->settings, world->config, &why) != 0 ||
        store_open(&world->store, world->settings, &why) != 0 ||
        store_connect(world->store, &why) != 0)
        fail_msg("%s", why.text);
}

void world_close(struct world *world)
{
    store_close(&world->store);
    settings_free(&world->settings);
    redis_remove(&world->redis);
}

void world_flush(struct world *world)
{
    free(redis_ask(&world->redis, "FLUSHALL"));
    /* What the writer knows of the keys in use is gone with them. */
    store_close(&world->store);
    assert_int_equal(store_open(&world->store, world->settings, NULL), 0);
}
