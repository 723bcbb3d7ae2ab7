/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trouble: what the operator is told when the store does not take what we have, and how long we
 * pause. Told once by its name; facts wait in the journal meanwhile.
 */
#include "room.h"

#include <stdio.h>

#include "waybill/digest.h"

#define PAUSE_FIRST_MS 100
#define PAUSE_LAST_MS 5000

static const struct {
    const char *what, *advice;
} troubles[] = {
    [STORE_FINE] = {"the store failed", "trying again"},
    [STORE_UNREACHABLE] = {"the store cannot be reached", "is it running, is redis= right?"},
    [STORE_BUSY] = {"the store is busy", "this passes by itself"},
    [STORE_FULL] = {"the store takes no writes", "it needs memory or disk, or a shorter retention"},
    [STORE_READONLY] = {"the store is a replica now", "redis= has to name the master"},
    [STORE_DENIED] = {"the store denies us", "check redis_user, its password file and its rights"},
    [STORE_FOREIGN] = {"a key of ours is another's", "does a program use the same redis_prefix?"},
    [STORE_PARTLY] = {"a part of the store cannot be reached", "a master of the Cluster is away"},
    [STORE_PROTOCOL] = {"the store answers nonsense", "is it a Redis, and a sound one?"},
};

static int64_t trouble_pause(struct trouble *trouble)
{
    uint32_t random;
    digest_random(&random, sizeof random);
    if (trouble->pause == 0)
        trouble->pause = PAUSE_FIRST_MS;
    int64_t pause = trouble->pause / 2 + random % (uint32_t)(trouble->pause / 2 + 1);
    trouble->pause = trouble->pause * 2 < PAUSE_LAST_MS ? trouble->pause * 2 : PAUSE_LAST_MS;
    return pause;
}

void trouble_memory(struct ship *ship)
{
    log_trouble_on(&ship->trouble.memory, "no memory to ship facts; they wait in the journal");
    ship->trouble.no_memory = true;
}

int64_t trouble_met(struct ship *ship)
{
    struct trouble *trouble = &ship->trouble;
    ship->stats.retries++;
    if (trouble->no_memory) {
        trouble->no_memory = false;
        return trouble_pause(trouble);
    }
    enum store_trouble kind = store_last_trouble(ship->store);
    ship->stats.troubles[kind]++;
    ship->stats.connected =
        kind != STORE_UNREACHABLE && kind != STORE_DENIED && ship->stats.connected;
    /* The reason's words may differ each time; the name of the trouble decides. */
    if (kind != trouble->kind || trouble->text[0] == '\0')
        snprintf(trouble->text, sizeof trouble->text, "%s; facts wait in the journal; %s (%.100s)",
                 troubles[kind].what, troubles[kind].advice, trouble->why.text);
    trouble->kind = kind;
    log_trouble_on(&trouble->store, "%s", trouble->text);
    return trouble_pause(trouble);
}

void trouble_over(struct ship *ship)
{
    struct trouble *trouble = &ship->trouble;
    log_trouble_off(&trouble->memory, "there is memory to ship facts again");
    trouble->pause = 0;
    if (!ship->reached)
        return;
    log_trouble_off(&trouble->store, "the store takes facts again");
    trouble->kind = STORE_FINE;
    trouble->text[0] = '\0';
    ship->stats.connected = true;
}
