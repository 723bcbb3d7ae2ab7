/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packed: a head, then key and size of each value, then the bytes of all. Unaligned; never leaves
 * the process.
 */
#include "packed.h"

#include <stddef.h>
#include <string.h>

/* What is over is cut by whoever writes the fact as text; one byte more shows him that it is. */
#define VALUE_MAX (FACT_VALUE_MAX + 1u)

struct head {
    int64_t time;
    uint64_t id;
    uint8_t kind, witness, count;
};
#define HEAD_SIZE (offsetof(struct head, count) + 1) /* without what fills it up */

struct part {
    uint16_t size;
    uint8_t key;
};
#define PART_SIZE (offsetof(struct part, key) + 1)

_Static_assert(VALUE_MAX <= UINT16_MAX, "a value's size fits");

static size_t value_size(const struct fact *fact, enum fact_key key)
{
    size_t size = fact->value[key].size;
    return size < VALUE_MAX ? size : VALUE_MAX;
}

struct packed_plan packed_plan(const struct fact *fact, uint64_t kept)
{
    struct packed_plan plan = {.size = HEAD_SIZE};
    for (uint64_t left = fact->keys & kept & ~PACKED_KEYS; left != 0;) {
        enum fact_key key = fact_take_key(&left);
        if (fact->value[key].at == NULL)
            continue;
        plan.keys |= UINT64_C(1) << key;
        plan.size += PART_SIZE + value_size(fact, key);
    }
    return plan;
}

void packed_put(const struct fact *fact, struct packed_plan plan, char *to)
{
    struct head head = {.time = fact->time,
                        .id = fact->id,
                        .kind = (uint8_t)fact->kind,
                        .witness = (uint8_t)fact->witness,
                        .count = (uint8_t)__builtin_popcountll(plan.keys)};
    memcpy(to, &head, HEAD_SIZE);
    to += HEAD_SIZE;
    for (uint64_t left = plan.keys; left != 0;) {
        enum fact_key key = fact_take_key(&left);
        struct part part = {.key = (uint8_t)key, .size = (uint16_t)value_size(fact, key)};
        memcpy(to, &part, PART_SIZE);
        to += PART_SIZE;
        if (part.size > 0)
            memcpy(to, fact->value[key].at, part.size);
        to += part.size;
    }
}

size_t packed_get(const char *from, struct fact *fact)
{
    struct head head;
    const char *at = from + HEAD_SIZE;
    memcpy(&head, from, HEAD_SIZE);
    fact_renew(fact, (enum witness)head.witness, (enum fact_kind)head.kind, head.time);
    fact->id = head.id;
    for (unsigned i = 0; i < head.count; i++) {
        struct part part;
        memcpy(&part, at, PART_SIZE);
        fact_set(fact, (enum fact_key)part.key, slice_make(at + PART_SIZE, part.size));
        at += PART_SIZE + part.size;
    }
    return (size_t)(at - from);
}
