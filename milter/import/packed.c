/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packed: a head, then key and size of each value, then the bytes of all. Unaligned; never leaves
 * the process.
 */
#include "packed.h"

#include <string.h>

/* What is over is cut by whoever writes the fact as text; one byte more shows him that it is. */
#define VALUE_MAX (FACT_VALUE_MAX + 1u)

struct head {
    int64_t time;
    uint64_t id;
    uint64_t waybill;
    uint8_t kind, witness, count;
};

struct part {
    uint8_t key;
    uint16_t size;
};

_Static_assert(VALUE_MAX <= UINT16_MAX, "a value's size fits");

static size_t value_size(const struct fact *fact, int key)
{
    size_t size = fact->value[key].size;
    return size < VALUE_MAX ? size : VALUE_MAX;
}

static bool value_stands(const struct fact *fact, int key)
{
    return fact->value[key].at != NULL && !(PACKED_KEYS >> key & 1);
}

size_t packed_size(const struct fact *fact)
{
    size_t size = sizeof(struct head);
    for (int key = 0; key < FACT_KEY_COUNT; key++)
        if (value_stands(fact, key))
            size += sizeof(struct part) + value_size(fact, key);
    return size;
}

void packed_put(const struct fact *fact, char *to)
{
    struct head head = {.time = fact->time,
                        .id = fact->id,
                        .waybill = fact->waybill,
                        .kind = (uint8_t)fact->kind,
                        .witness = (uint8_t)fact->witness};
    char *at = to + sizeof head;
    for (int key = 0; key < FACT_KEY_COUNT; key++) {
        if (!value_stands(fact, key))
            continue;
        struct part part = {.key = (uint8_t)key, .size = (uint16_t)value_size(fact, key)};
        memcpy(at, &part, sizeof part);
        at += sizeof part;
        if (part.size > 0)
            memcpy(at, fact->value[key].at, part.size);
        at += part.size;
        head.count++;
    }
    memcpy(to, &head, sizeof head);
}

size_t packed_get(const char *from, struct fact *fact)
{
    struct head head;
    const char *at = from + sizeof head;
    memcpy(&head, from, sizeof head);
    fact_init(fact, (enum witness)head.witness, (enum fact_kind)head.kind, head.time);
    fact->id = head.id;
    fact->waybill = head.waybill;
    for (unsigned i = 0; i < head.count; i++) {
        struct part part;
        memcpy(&part, at, sizeof part);
        fact_set(fact, (enum fact_key)part.key, slice_make(at + sizeof part, part.size));
        at += sizeof part + part.size;
    }
    return (size_t)(at - from);
}
