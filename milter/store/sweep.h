/* SPDX-License-Identifier: BSD-2-Clause */
/* sweep: what sweep.c, which reads all records, and field.c, which tells them, share. */
#ifndef STORE_SWEEP_H
#define STORE_SWEEP_H

#include "internal.h"

/* Text 0 is the record, the others stand apart. */
#define TEXTS (1u + APART_COUNT)

/* A hash that is there. */
struct source {
    struct key key;
    unsigned node, text;
    bool refused;
    int64_t ends; /* ms; 0: never */
};

struct piece {
    size_t at, size; /* in page.bytes */
    bool there;
};

/* One field, in all hashes that have it. */
struct item {
    struct piece field, texts[TEXTS];
};

struct sweep {
    struct store *store;
    uint32_t day;
    void (*seen)(void *context, const struct store_field *field);
    void *context;
    struct source *sources;
    size_t count;
    const struct source *source; /* at hand; of a mail that is asked for: any of its class */
    uint64_t mail;               /* it is this one that is told; 0: all of them */
    const struct source *kin[TEXTS]; /* its own and those of the same node and class */
    char cursor[24];
    struct buffer bytes;
    struct item *items;
    size_t item_count, item_room;
    unsigned asked[TEXTS]; /* the text behind each reply */
};

struct slice piece_slice(const struct sweep *sweep, const struct piece *piece);
/* Something stands there that is no record. */
void sweep_foreign(struct sweep *sweep, struct slice field, const char *why_not);
/* Tell each item of the page. -1: the store failed. */
int sweep_tell(struct sweep *sweep, struct error *why);

#endif
