/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refused: a small table of clients, a ring of the milter's refusals, a queue of the log's.
 * All are of fixed size: their makers are strangers. See refused.h.
 */
#include "refused.h"

#include <stdlib.h>
#include <string.h>

#include "waybill/address.h"
#include "waybill/clock.h"
#include "waybill/digest.h"

#define CLIENT_PROBES 8u

int refusals_init(struct refusals *refusals)
{
    memset(refusals, 0, sizeof *refusals);
    refusals->clients = calloc(REFUSED_CLIENTS, sizeof *refusals->clients);
    refusals->recent = calloc(REFUSED_RECENT, sizeof *refusals->recent);
    if (refusals->clients != NULL && refusals->recent != NULL)
        return 0;
    free(refusals->clients);
    free(refusals->recent);
    return -1;
}

void refusals_empty(struct refusals *refusals, struct pins *pins)
{
    while (refusals->first != NULL) {
        struct refusal *refusal = refusals_take(refusals);
        pins_release(pins, refusal->pin);
        free(refusal);
    }
    memset(refusals->clients, 0, REFUSED_CLIENTS * sizeof *refusals->clients);
    memset(refusals->recent, 0, REFUSED_RECENT * sizeof *refusals->recent);
}

void refusals_clear(struct refusals *refusals, struct pins *pins)
{
    refusals_empty(refusals, pins);
    free(refusals->clients);
    free(refusals->recent);
    memset(refusals, 0, sizeof *refusals);
}

/* The client's slot for this hour; else the one to give up: of another hour, or with the lowest
 * count. *known says which. */
static size_t client_slot(const struct refusals *refusals, const char *ip, int64_t hour,
                          uint64_t *who, bool *known)
{
    uint64_t hash = digest_here(0, ip, strlen(ip));
    size_t best = hash % REFUSED_CLIENTS;
    *who = hash;
    *known = false;
    for (size_t probe = 0; probe < CLIENT_PROBES; probe++) {
        size_t slot = (hash + probe) % REFUSED_CLIENTS;
        const struct client *client = &refusals->clients[slot], *least = &refusals->clients[best];
        if (client->who == hash && client->hour == hour) {
            *known = true;
            return slot;
        }
        if (least->hour == hour && (client->hour != hour || client->count < least->count))
            best = slot;
    }
    return best;
}

bool refusals_spent(const struct refusals *refusals, const char *ip, int64_t time, int64_t share)
{
    uint64_t who;
    bool known;
    size_t slot = client_slot(refusals, ip, time / HOUR_MS, &who, &known);
    return (known ? refusals->clients[slot].count : 0) >= share;
}

bool refusals_admit(struct refusals *refusals, const char *ip, int64_t time, int64_t share)
{
    uint64_t who;
    bool known;
    size_t slot = client_slot(refusals, ip, time / HOUR_MS, &who, &known);
    struct client *client = &refusals->clients[slot];
    if (!known)
        *client = (struct client){.who = who, .hour = time / HOUR_MS};
    if (client->count >= share)
        return false;
    client->count++;
    return true;
}

uint64_t refusal_of(const struct fact *fact, struct slice ip)
{
    char recipient[ADDRESS_MAX];
    struct slice client = fact->value[KEY_IP].size > 0 ? fact->value[KEY_IP] : ip;
    size_t size = address_normal(fact->value[KEY_TO], recipient);
    uint64_t hash = digest_here(0, recipient, size);
    return digest_here(hash, client.at, client.size);
}

static bool time_near(int64_t a, int64_t b)
{
    return a - b <= REFUSED_NEAR_MS && b - a <= REFUSED_NEAR_MS;
}

bool refusals_known(const struct refusals *refusals, uint64_t what, int64_t time)
{
    for (size_t i = 0; i < REFUSED_RECENT; i++)
        if (refusals->recent[i].what == what && time_near(refusals->recent[i].time, time))
            return true;
    return false;
}

size_t refusals_told(struct refusals *refusals, struct pins *pins, uint64_t what, int64_t time)
{
    size_t dropped = 0;
    refusals->recent[refusals->recent_next] = (struct recent){.what = what, .time = time};
    refusals->recent_next = (refusals->recent_next + 1) % REFUSED_RECENT;
    struct refusal *before = NULL;
    for (struct refusal **at = &refusals->first; *at != NULL;) {
        struct refusal *refusal = *at;
        if (refusal->what != what || !time_near(refusal->time, time)) {
            before = refusal;
            at = &refusal->next;
            continue;
        }
        *at = refusal->next;
        if (refusals->last == refusal)
            refusals->last = before;
        refusals->waiting--;
        pins_release(pins, refusal->pin);
        free(refusal);
        dropped++;
    }
    return dropped;
}

int refusals_wait(struct refusals *refusals, const struct fact *fact, struct slice line,
                  struct pin *pin, uint64_t what, int64_t now)
{
    struct refusal *refusal = malloc(sizeof *refusal + line.size);
    if (refusal == NULL)
        return -1;
    *refusal = (struct refusal){
        .pin = pin, .read_at = now, .time = fact->time, .what = what, .size = line.size};
    memcpy(refusal->line, line.at, line.size);
    if (refusals->last != NULL)
        refusals->last->next = refusal;
    else
        refusals->first = refusal;
    refusals->last = refusal;
    refusals->waiting++;
    return 0;
}

struct refusal *refusals_due(const struct refusals *refusals, int64_t until)
{
    struct refusal *refusal = refusals->first;
    if (refusal == NULL)
        return NULL;
    return refusal->read_at <= until || refusals->waiting > REFUSED_WAITING_MAX ? refusal : NULL;
}

struct refusal *refusals_take(struct refusals *refusals)
{
    struct refusal *refusal = refusals->first;
    refusals->first = refusal->next;
    if (refusals->first == NULL)
        refusals->last = NULL;
    refusals->waiting--;
    return refusal;
}
