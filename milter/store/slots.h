/* SPDX-License-Identifier: BSD-2-Clause */
/* slots: which of the 16,384 slots of a Cluster a key belongs to, and who has which slot. */
#ifndef STORE_SLOTS_H
#define STORE_SLOTS_H

#include "reply.h"

#define SLOTS 16384u

/* CRC16 (XMODEM) of the key, or of what stands between its first braces. */
unsigned slot_of_key(struct slice key);
/* Which word of a command is its key, its first one if it has several; 0: it has none. */
size_t key_of_command(const struct slice *words, size_t count);
/* The slot of that key; -1: it has none. */
int slot_of_command(const struct slice *words, size_t count);

/* Reads the reply to CLUSTER SLOTS. `seen` for each range with its master; host is empty where
 * the server means itself. Every number is in range and no slot comes twice. -1: it cannot be a
 * map of slots, or `seen` said so. */
int slots_read(const struct reply *reply,
               int (*seen)(void *context, unsigned first, unsigned last, struct slice host,
                           uint64_t port),
               void *context);

/* "MOVED 3999 10.0.0.7:6381", "ASK ...": -1 if it cannot be one. */
int slots_redirected(struct slice words, bool *asking, unsigned *slot, struct slice *host,
                     uint64_t *port);

#endif
