/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_floor: what a mail comes to at least, whatever the schema: each string of its facts once
 * a mail, its numbers as binary; and the same packed by zstd with a dictionary that was made from
 * other mails. An index needs eight bytes a posting beside it.
 */
#ifndef BENCH_STORE_FLOOR_H
#define BENCH_STORE_FLOOR_H

#include <stddef.h>
#include <stdint.h>

#include "store_traffic.h"

struct floors {
    uint64_t mails, raw, packed; /* bytes, without the index */
};
/* Of the next `count` mails of `traffic`; the dictionary comes from those of `others`. */
struct floors floors_of(struct traffic *traffic, uint64_t count, struct traffic *others);

#endif
