/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packing: which codec a record goes out with, and the dictionaries that both sides need, in the
 * store under dict:V.
 */
#ifndef STORE_PACKING_H
#define STORE_PACKING_H

#include "codec.h"
#include "waybill/buffer.h"
#include "waybill/log.h"

struct packing {
    struct codec *codec;
    bool wanted;             /* compression = zstd */
    bool used;               /* by a record that is queued */
    int64_t sure_until;      /* clock_monotonic: until then the store has `dictionary`; 0: ask */
    int64_t again_at;        /* it could not be asked: text until then; 0: it could */
    struct buffer dictionary; /* the store's copy that frames are made with */
    struct log_trouble trouble;
};

/* -1: no memory. */
int packing_init(struct packing *packing);
void packing_free(struct packing *packing);
/* A new connection: it may be another store. */
void packing_restart(struct packing *packing);

struct store;
/* The value for the text of a record; valid until the next call. Asks the store when it must, and
 * if that fails the text is the value: the flush will tell what is wrong. */
struct slice store_pack(struct store *store, struct slice text);
/* Before a flush: has the store the dictionary of what is queued? -1: not any more; the caller
 * queues the same anew. */
int store_packs(struct store *store, struct error *why);
/* Fetch the dictionaries that codec_unpack wanted. */
int store_learn_dictionaries(struct store *store, struct error *why);

#endif
