/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refused: what keeps strangers from filling the store. Each client's refused mails are counted
 * by the hour, and a refusal that the milter and the log both saw counts once.
 */
#ifndef SHIP_REFUSED_H
#define SHIP_REFUSED_H

#include "pins.h"
#include "waybill/fact.h"

#define REFUSED_CLIENTS 16384u    /* clients and hours that are counted at a time */
#define REFUSED_RECENT 4096u      /* refusals of the milter that are remembered */
#define REFUSED_WAITING_MAX 8192u /* refusals of the log that wait for the milter's */
#define REFUSED_NEAR_MS 5000      /* so far apart may the two witnesses be */

struct refusal { /* a NOQUEUE line of the log */
    struct refusal *next;
    struct pin *pin;
    int64_t read_at, time;
    uint64_t what; /* recipient and client, hashed */
    size_t size;
    char line[];
};

struct refusals {
    struct client {
        uint64_t who;
        int64_t hour;
        uint32_t count;
    } * clients; /* REFUSED_CLIENTS */
    struct recent {
        uint64_t what;
        int64_t time;
    } * recent; /* ring of REFUSED_RECENT */
    size_t recent_next;
    struct refusal *first, *last;
    size_t waiting;
};

int refusals_init(struct refusals *refusals); /* -1: no memory */
/* Forget what waits and what was counted; pins are released, the tables stay. */
void refusals_empty(struct refusals *refusals, struct pins *pins);
/* The same, and the tables go. */
void refusals_clear(struct refusals *refusals, struct pins *pins);

/* Count one more refused mail of the client in the hour of `time`. False: its share is used up. */
bool refusals_admit(struct refusals *refusals, const char *ip, int64_t time, int64_t share);
/* Is its share used up already? Counts nothing. */
bool refusals_spent(const struct refusals *refusals, const char *ip, int64_t time, int64_t share);

/* The refusal that a fact tells of, as a number; `ip` stands in where the fact has none. */
uint64_t refusal_of(const struct fact *fact, struct slice ip);
/* The milter saw this refusal: remember it, and drop the log's lines that tell of it. Returns
 * how many were dropped. */
size_t refusals_told(struct refusals *refusals, struct pins *pins, uint64_t what, int64_t time);
/* Did the milter tell of it? */
bool refusals_known(const struct refusals *refusals, uint64_t what, int64_t time);
/* Let a line of the log wait for the milter's fact. Owns the pin then. -1: no memory. */
int refusals_wait(struct refusals *refusals, const struct fact *fact, struct slice line,
                  struct pin *pin, uint64_t what, int64_t now);
/* The one that waits longest, if its time has come or too many wait; NULL: none. Stays in. */
struct refusal *refusals_due(const struct refusals *refusals, int64_t until);
/* Take out the one that waits longest; the caller frees it, and owns its pin. */
struct refusal *refusals_take(struct refusals *refusals);

#endif
