/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * raw: all that stands in the store under one id, value by value, for people who look.
 *
 * A field a command, so that each answer tells its key and field. It is asked twice: the first
 * answers tell which dictionaries the second need.
 */
#include <stdlib.h>

#include "internal.h"

#define RAW_MAX (2u * (1u + APART_COUNT) * ID_NODES)

struct raw_place {
    struct key key;
    char field[FIELD_SIZE];
};

struct raw {
    struct store *store;
    struct raw_place *places; /* of each command */
    size_t count;
    bool telling;
    void (*found)(void *context, const struct store_raw *raw);
    void *context;
};

static void raw_tell(struct raw *raw, size_t index, struct slice value)
{
    struct store_raw told = {.key = key_slice(&raw->places[index].key),
                             .field = slice_of(raw->places[index].field),
                             .codec = codec_is_frame(value) ? "zstd" : "text",
                             .bytes = value.size};
    struct error why;

    if (codec_unpack(raw->store->packing.codec, raw->store->prefix, value, &told.text, &why) !=
        UNPACKED)
        told.why_not = why.text;
    if (raw->telling)
        raw->found(raw->context, &told);
}

static enum got raw_got(void *context, size_t index, const struct reply *reply)
{
    if (reply->type != REPLY_LIST || reply->count != 1)
        return GOT_ODD;
    if (reply->items[0]->type == REPLY_TEXT)
        raw_tell(context, index, reply->items[0]->text);
    return GOT_FINE;
}

static bool raw_refused(void *context, size_t index, enum store_trouble trouble,
                        struct slice words)
{
    const struct raw *raw = context;
    struct error why;

    if (trouble != STORE_FOREIGN)
        return false;
    error_set(&why, "%.*s", SLICE_ARGS(words));
    if (raw->telling)
        raw->found(raw->context, &(struct store_raw){.key = key_slice(&raw->places[index].key),
                                                     .field = slice_of(raw->places[index].field),
                                                     .codec = "foreign",
                                                     .why_not = why.text});
    return true;
}

/* The fields of one key: the waybill's own node, then all others that ever wrote. */
static void raw_place_key(struct raw *raw, uint64_t id, const struct key *key)
{
    for (unsigned i = 0; i <= ID_NODES && raw->count < RAW_MAX; i++) {
        unsigned node = i == 0 ? id_node(id) : i - 1;
        struct raw_place *place = &raw->places[raw->count];

        if (i > 0 && (node == id_node(id) || !raw->store->nodes[node]))
            continue;
        place->key = *key;
        record_field(id, node, place->field);
        raw->count++;
    }
}

static void raw_place_all(struct raw *raw, uint64_t id)
{
    struct key key;

    for (int refused = 0; refused <= 1; refused++) {
        key_records(&key, raw->store->prefix, id, refused);
        raw_place_key(raw, id, &key);
        for (unsigned kind = 0; kind < APART_COUNT; kind++) {
            key_records_apart(&key, raw->store->prefix, id, kind, refused);
            raw_place_key(raw, id, &key);
        }
    }
}

static int raw_run(struct raw *raw, bool telling, struct error *why)
{
    struct replies replies = {.context = raw, .got = raw_got, .refused = raw_refused};

    raw->telling = telling;
    for (size_t i = 0; i < raw->count; i++)
        PIPELINE_ADD(&raw->store->pipeline, WORD("HMGET"), key_slice(&raw->places[i].key),
                     slice_of(raw->places[i].field));
    return store_run(raw->store, &replies, "read a record", why);
}

int store_get_raw(struct store *store, uint64_t id,
                  void (*found)(void *context, const struct store_raw *raw), void *context,
                  struct error *why)
{
    struct raw raw = {.store = store, .found = found, .context = context};
    int result = -1;

    if (store_know_nodes(store, why))
        return -1;
    codec_forget_missing(store->packing.codec);
    raw.places = calloc(RAW_MAX, sizeof *raw.places);
    if (raw.places == NULL)
        return store_fail(store, STORE_UNREACHABLE, why, "no memory to read a record");
    raw_place_all(&raw, id);
    if (raw_run(&raw, false, why) == 0 && store_learn_dictionaries(store, why) == 0)
        result = raw_run(&raw, true, why);
    free(raw.places);
    return result;
}
