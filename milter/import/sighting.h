/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sighting: a fact of witness queue. Its id follows from what was seen, not from when: the same
 * listing, and the next one if nothing changed, give the same ids.
 */
#ifndef IMPORT_SIGHTING_H
#define IMPORT_SIGHTING_H

#include "waybill/waybill.h"

/* Whom it is of. */
struct sighted {
    struct slice host, instance, queue_id;
    int64_t arrival;  /* ms */
    uint64_t waybill; /* 0: only host, instance, queue id and time tell */
    unsigned settled; /* how often it was settled before: then what comes is news again */
};
/* How often the listing of the queue ended this mail. */
unsigned sighting_settled(const struct waybill *waybill);
/* `to` and `reply` may be absent; the fact shows all of it. -1: no memory. */
int sighting_fact(struct fact *fact, const struct sighted *mail, enum fact_kind kind, int64_t time,
                  struct slice to, struct slice reply);

#endif
