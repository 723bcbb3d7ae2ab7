/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * placed: places in the index of terms that came lately. To make a hash of a term costs more than
 * all else that is done for its posting, and half of the terms come again: domains, clients,
 * people who write much.
 */
#ifndef STORE_PLACED_H
#define STORE_PLACED_H

#include "waybill/store.h"
#include "waybill/text.h"

struct place {
    uint32_t fingerprint; /* 7 digits */
    uint32_t shard;       /* 20 bits */
};

#define PLACED_TERM 46u /* bytes of a term that is remembered */
#define PLACED_SLOTS 8192u
/* A term and its place; 64 bytes. */
struct placed {
    struct place place;
    uint8_t kind, size; /* 0: free */
    char term[PLACED_TERM];
    uint64_t hash;
};

/* As index_place. `table` has PLACED_SLOTS; `hash` is of kind and term: who comes to the slot of
 * another takes it, and the bytes decide whether it is the same. */
struct place placed_find(struct placed *table, uint64_t hash, enum term_kind kind,
                         struct slice term);

#endif
