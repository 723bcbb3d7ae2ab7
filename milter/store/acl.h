/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * acl: what each program may do in the store, as one table. The lines of `waybill doctor
 * --redis-acl` are printed from it, and the doctor tries the rights by it. The keys of each program
 * stand with the keys.
 */
#ifndef STORE_ACL_H
#define STORE_ACL_H

#include "keys.h"
#include "waybill/health.h"

#define RIGHT_WORDS 7

enum right_when { RIGHT_ALWAYS, RIGHT_SHED, RIGHT_SENTINEL, RIGHT_CLUSTER };
/* Tried on a key that is not there, or on the set of nodes: it exists, and is no hash. */
enum right_on { RIGHT_ON_NOTHING, RIGHT_ON_NODES };

struct right {
    const char *name;   /* as an ACL has it: "client|setname" */
    unsigned roles;     /* key_roles */
    enum right_when when;
    enum right_on on;
    const char *trial[RIGHT_WORDS]; /* "@" is the key; none: each connection gives it already, or
                                     * it cannot be given without doing what it does */
};
extern const struct right rights[];
extern const size_t right_count;

bool right_counts(const struct right *right, const struct settings *settings);
/* The words of an ACL for a row of keys: "%R~wb:tomb", "~wb:r:*"; false: it is not the roles'.
 * `old`: Redis 6 cannot tell reading from writing. */
bool key_row_pattern(const struct key_row *row, unsigned roles, const char *prefix, bool old,
                     struct buffer *to);

#endif
