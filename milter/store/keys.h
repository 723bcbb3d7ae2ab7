/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keys: every key that exists. No other file makes one.
 *
 * Each function writes a whole key, prefix and all. They cannot fail: a prefix has at most
 * KEY_PREFIX_MAX bytes, a term at most KEY_TERM_MAX.
 */
#ifndef STORE_KEYS_H
#define STORE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "waybill/clock.h"
#include "waybill/id.h"
#include "waybill/store.h"
#include "waybill/text.h"

#define KEY_PREFIX_MAX 64u
#define KEY_TERM_MAX 250u
#define KEY_MAX 384u

#define SLICE_MS (10 * MINUTE_MS) /* a bucket of records */
#define SLICES 144u               /* of them a day */

struct key {
    char text[KEY_MAX];
    size_t size;
};
static inline struct slice key_slice(const struct key *key)
{
    return slice_make(key->text, key->size);
}

unsigned slice_of_id(uint64_t id); /* the ten minutes of its day, 0..143 */
void key_records(struct key *key, const char *prefix, uint64_t id, bool refused);
void key_records_apart(struct key *key, const char *prefix, uint64_t id, enum apart kind,
                       bool refused);
void key_apart_of(struct key *key, const char *prefix, uint32_t day, unsigned slice, unsigned node,
                  enum apart kind, bool refused);
void key_records_of(struct key *key, const char *prefix, uint32_t day, unsigned slice,
                    unsigned node, bool refused);
/* The index: the exponents in use of a day, and shard `part` of 2^exponent. */
void key_shards(struct key *key, const char *prefix, uint32_t day, bool refused);
void key_shard(struct key *key, const char *prefix, uint32_t day, unsigned exponent, uint32_t part,
               bool refused);
/* Hot terms: the parts in use of a term, and one of them. */
void key_hot(struct key *key, const char *prefix, uint32_t day, enum term_kind kind,
             struct slice term, bool refused);
void key_hot_part(struct key *key, const char *prefix, uint32_t day, uint32_t part,
                  enum term_kind kind, struct slice term, bool refused);

void key_delayed(struct key *key, const char *prefix);

void key_nodes(struct key *key, const char *prefix);
void key_apart(struct key *key, const char *prefix);
void key_node(struct key *key, const char *prefix, unsigned node);
void key_beat(struct key *key, const char *prefix, unsigned node);
void key_sheet(struct key *key, const char *prefix, unsigned node);
/* A key that never exists. */
void key_nobody(struct key *key, const char *prefix);
void key_gaps(struct key *key, const char *prefix, uint32_t day);
void key_counters(struct key *key, const char *prefix, uint32_t day, unsigned hour, unsigned node);
void key_dictionary(struct key *key, const char *prefix, uint32_t number);
void key_tombs(struct key *key, const char *prefix);
void key_tomb(struct key *key, const char *prefix, const char *hash);
void key_audit(struct key *key, const char *prefix, uint32_t day, unsigned hour);
void key_token(struct key *key, const char *prefix, struct slice hash);
void key_tokens(struct key *key, const char *prefix);
void key_session(struct key *key, const char *prefix, struct slice hash);
void key_events(struct key *key, const char *prefix, unsigned stream);

/* Whose users log in, as bits: the programs, waybill-notify, which is to come, and all of them at a
 * sentinel. */
enum key_role {
    BY_WAYBILLD = 1,
    BY_WAYBILL = 2,
    BY_PRIVACY = 4, /* waybill forget, export-person, audit, token */
    BY_WEB = 8,
    BY_NOTIFY = 16,
    AT_SENTINEL = 32,
};

/* All keys, those of later programs too: what waybill-schema(7) and the rights of users follow. */
struct key_row {
    const char *form;
    const char *type;
    const char *holds;
    const char *life;
    unsigned writers, readers; /* enum key_role */
};
extern const struct key_row key_rows[];
extern const size_t key_row_count;

#endif
