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

static const char *trouble_advice(enum store_trouble kind)
{
    switch (kind) {
    case STORE_UNREACHABLE:
        return "is it running, and is the option redis right?";
    case STORE_BUSY:
        return "it is loading, failing over or busy; this passes by itself";
    case STORE_FULL:
        return "it takes no writes: give it more memory or disk, or keep waybills for fewer days";
    case STORE_READONLY:
        return "it is a replica now: let the option redis name the master";
    case STORE_DENIED:
        return "check redis_user, redis_password_file and the rights of that user";
    case STORE_FOREIGN:
        return "a key of ours holds something else: does another program use the same prefix?";
    case STORE_PROTOCOL:
        return "it answers what Redis never would: is it a Redis at all?";
    default:
        return "trying again";
    }
}

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
    ship->stats.connected = kind != STORE_UNREACHABLE && kind != STORE_DENIED && ship->stats.connected;
    /* The reason's words may differ each time; the name of the trouble decides. */
    if (kind != trouble->kind || trouble->text[0] == '\0')
        snprintf(trouble->text, sizeof trouble->text, "the store is %s: %s; facts wait in the "
                 "journal", store_trouble_word(kind), trouble_advice(kind));
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
