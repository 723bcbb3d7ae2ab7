/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * field: one field of a node's records, out of the texts in which it stands, and back into them.
 */
#include <inttypes.h>
#include <string.h>

#include "sweep.h"
#include "waybill/clock.h"

#define ENDING_MS HOUR_MS /* a key with less than that gets nothing more */

/* ---- telling ---- */

struct slice piece_slice(const struct sweep *sweep, const struct piece *piece)
{
    return slice_make(sweep->bytes.data + piece->at, piece->size);
}

/* "576320300412" or "576320300412+07" */
static bool field_read(struct slice field, uint32_t day, uint64_t *id, unsigned *node)
{
    uint64_t ref, other;

    if (!text_take_number(&field, &ref) || ref >= ID_REF)
        return false;
    *id = id_make(day, ref);
    *node = id_node(*id);
    if (field.size == 0)
        return true;
    if (!text_take_char(&field, '+') || !text_number(field, 0, ID_NODES - 1, &other))
        return false;
    *node = (unsigned)other;
    return true;
}

void sweep_foreign(struct sweep *sweep, struct slice field, const char *why_not)
{
    sweep->seen(sweep->context,
                &(struct store_field){
                    .key = key_slice(&sweep->source->key), .field = field, .why_not = why_not});
}

/* False: a dictionary has to be fetched first. */
static bool item_read(struct sweep *sweep, const struct item *item, struct store_field *field,
                      struct error *why)
{
    for (unsigned text = 0; text < TEXTS; text++) {
        struct slice plain;
        struct error bad;
        enum unpacked unpacked;

        if (!item->texts[text].there)
            continue;
        unpacked = codec_unpack(sweep->store->packing.codec, sweep->store->prefix,
                                piece_slice(sweep, &item->texts[text]), &plain, &bad);
        if (unpacked == UNPACK_WANTS)
            return false;
        if (unpacked == UNPACK_BROKEN || record_parse(field->record, plain, &bad)) {
            *why = bad;
            field->key = key_slice(&sweep->kin[text]->key);
            field->why_not = why->text;
            continue;
        }
        field->texts |= 1u << text;
        field->ends[text] = sweep->kin[text]->ends;
    }
    return true;
}

/* What stands apart was told with its record, where there is one. Of a mail that is asked for, not
 * each node has a field. */
static bool item_is_none(const struct sweep *sweep, const struct item *item)
{
    bool there = false;

    for (unsigned text = 0; text < TEXTS; text++)
        there = there || item->texts[text].there;
    return !there || (sweep->mail == 0 && sweep->source->text > 0 && item->texts[0].there);
}

static bool item_tell(struct sweep *sweep, const struct item *item)
{
    struct store_field field = {.key = key_slice(&sweep->source->key),
                                .field = piece_slice(sweep, &item->field),
                                .refused = sweep->source->refused};
    struct record record;
    struct error why;
    bool read;

    if (item_is_none(sweep, item))
        return true;
    if (!field_read(field.field, sweep->day, &field.id, &field.node)) {
        sweep_foreign(sweep, field.field, "the name of the field is none of ours");
        return true;
    }
    record_init(&record, field.id);
    field.record = &record;
    read = item_read(sweep, item, &field, &why);
    if (read)
        sweep->seen(sweep->context, &field);
    record_clear(&record);
    return read;
}

int sweep_tell(struct sweep *sweep, struct error *why)
{
    for (size_t i = 0; i < sweep->item_count;) {
        if (item_tell(sweep, &sweep->items[i]))
            i++;
        else if (store_learn_dictionaries(sweep->store, why))
            return -1;
    }
    return 0;
}

/* ---- writing back ---- */

static void text_key(const struct store *store, const struct store_field *field, unsigned text,
                     struct key *key)
{
    if (text == 0)
        key_records(key, store->prefix, field->id, field->refused);
    else
        key_records_apart(key, store->prefix, field->id, (enum apart)(text - 1), field->refused);
}

_Static_assert(sizeof((struct store_field){0}.ends) / sizeof(int64_t) == TEXTS, "one a text");

/* Each hash keeps the end that it has: this host may not be the one whose settings made it. It is
 * said again, since the hash may have been emptied meanwhile, or given up with its day. */
static int text_rewrite(struct store *store, const struct store_field *field, unsigned text,
                        uint64_t keys, struct buffer *scratch)
{
    char room[FIELD_SIZE];
    struct slice name = record_field(field->id, field->node, room);
    struct life life = {.until = (field->ends[text] + SECOND_MS - 1) / SECOND_MS};
    bool ending = field->ends[text] != 0 && field->ends[text] < clock_now() + ENDING_MS;
    struct key key;

    buffer_clear(scratch);
    if (record_format(field->record, keys, scratch))
        return -1;
    text_key(store, field, text, &key);
    if (ending || (text > 0 && !memchr(scratch->data, '\n', scratch->size)))
        BATCH_ADD(&store->writes, VERB_HDEL, key_slice(&key), LIFE_ENDLESS, name);
    else
        BATCH_ADD(&store->writes, VERB_HSET, key_slice(&key), life, name,
                  store_pack(store, slice_make(scratch->data, scratch->size)));
    return 0;
}

int store_rewrite_field(struct store *store, const struct store_field *field,
                        struct buffer *scratch)
{
    uint64_t stays = UINT64_MAX;

    for (unsigned text = 1; text < TEXTS; text++) {
        uint64_t keys = apart_keys((enum apart)(text - 1));

        if (!(field->texts >> text & 1))
            continue;
        stays &= ~keys;
        if (text_rewrite(store, field, text, keys, scratch))
            return -1;
    }
    return field->texts & 1 ? text_rewrite(store, field, 0, stays, scratch) : 0;
}
