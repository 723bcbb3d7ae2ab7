/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shed: Redis has had no memory for some seconds, and the settings let us make room: the oldest day
 * goes. What is new waits in the journal meanwhile; nothing is queued while a day goes.
 */
#include "room.h"

#include "waybill/clock.h"

#define FULL_MS (5 * SECOND_MS) /* so long it must have been full */

static bool may_go_on(void *context)
{
    struct ship *ship = context;
    pthread_mutex_lock(&ship->lock);
    bool stopping = ship->stopping;
    pthread_mutex_unlock(&ship->lock);
    return !stopping;
}

static void shed_one(struct ship *ship)
{
    struct store_shed shed;
    struct error why;
    int result = store_shed_day(ship->store, ship->node, ship->limits.shed_keep_days, may_go_on,
                                ship, &shed, &why);
    if (result < 0)
        log_trouble_on(&ship->trouble.shed, "no day can be given up to make room: %s", why.text);
    else if (result == 0)
        log_trouble_on(&ship->trouble.shed,
                       "Redis is full, and no day is older than shed_keep_days (%lld)",
                       (long long)ship->limits.shed_keep_days);
    if (result <= 0)
        return;
    log_warning("Redis is full: %s of the day %06u are given up, %llu keys",
                shed.refused ? "the refused mails" : "the records", (unsigned)shed.day,
                (unsigned long long)shed.keys);
    ship->stats.shed_days++;
}

void shed_if_full(struct ship *ship)
{
    int64_t now = clock_monotonic();
    if (store_last_trouble(ship->store) != STORE_FULL || !ship->limits.shed) {
        ship->full_since = 0;
        return;
    }
    if (ship->full_since == 0)
        ship->full_since = now;
    if (now < ship->full_since + FULL_MS)
        return;
    shed_one(ship);
    ship->trouble.pause = 0; /* is there room now? */
}

void shed_over(struct ship *ship)
{
    ship->full_since = 0;
    log_trouble_off(&ship->trouble.shed, "there is room in Redis again");
}
