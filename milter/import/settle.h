/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settle: mails that the store has as open and the queue has no more. The log lost their end.
 */
#ifndef IMPORT_SETTLE_H
#define IMPORT_SETTLE_H

#include "listing.h"
#include "waybill/import.h"
#include "waybill/store.h"

#define PRESENT_MAX 4000000u
/* Two moments of one mail's arrival may lie so far apart: client, queue file, log. */
#define PRESENT_NEAR_MS INT64_C(60000)

/* The mails of the listings. */
struct present {
    struct present_mail {
        uint64_t hash; /* of the queue id */
        int64_t arrival;
    } * mails;
    size_t count, room;
};
int present_add(struct present *present, struct slice queue_id, int64_t arrival, struct error *why);
void present_sort(struct present *present);
/* Is this mail, which came at that moment at the latest, among them? Only once sorted. */
bool present_has(const struct present *present, struct slice queue_id, int64_t arrived);

struct settle {
    struct import *import;
    struct store *store;
    const struct present *present;
    struct slice host, instance;
    bool strict;       /* not a mail of which no instance is known */
    int64_t taken;     /* ms: the listings were taken then, or later */
    int64_t since;     /* mails without any attempt are looked for from here on */
    uint64_t settled;  /* so many were */
};
/* Is it this queue's mail, so far as is told? */
bool settle_ours(const struct settle *settle, const struct waybill *waybill);
/* May it be settled once it is known to be out of the queue? It is this queue's for sure, open so
 * far as its facts tell, and was quiet for a while before the listings. */
bool settle_due(const struct settle *settle, const struct waybill *waybill);
/* One that is known to be out of the queue since then, at the latest. */
enum import_result settle_one(struct settle *settle, const struct waybill *waybill, int64_t since,
                              struct error *why);
enum import_result settle_all(struct settle *settle, struct error *why);

#endif
