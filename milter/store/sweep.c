/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sweep: every record of ten minutes, field by field, each with what stands apart of it.
 *
 *     PTTL of all hashes -> HSCAN of one -> HMGET of the same fields elsewhere -> dictionaries
 *
 * A page is kept until all of it is told, so that who is told may ask the store, too. What stands
 * apart of a record that is gone is told as well: nobody reads it, but it is there.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "waybill/clock.h"

#define SCAN_COUNT "500"
#define PAGE_BYTES (2 * REPLY_MAX)
#define ENDING_MS HOUR_MS

/* Text 0 is the record, the others stand apart. */
#define TEXTS (1u + APART_COUNT)

/* A hash that is there. */
struct source {
    struct key key;
    unsigned node, text;
    bool refused, ending;
};

struct piece {
    size_t at, size; /* in page.bytes */
    bool there;
};

/* One field, in all hashes that have it. */
struct item {
    struct piece field, texts[TEXTS];
};

struct sweep {
    struct store *store;
    uint32_t day;
    void (*seen)(void *context, const struct store_field *field);
    void *context;
    struct source *sources;
    size_t count;
    const struct source *source; /* at hand */
    const struct source *kin[TEXTS]; /* its own and those of the same node and class */
    char cursor[24];
    struct buffer bytes;
    struct item *items;
    size_t item_count, item_room;
    unsigned asked[TEXTS]; /* the text behind each reply */
};

static struct slice piece_slice(const struct sweep *sweep, const struct piece *piece)
{
    return slice_make(sweep->bytes.data + piece->at, piece->size);
}

static bool keep(struct sweep *sweep, struct slice text, struct piece *piece)
{
    *piece = (struct piece){.at = sweep->bytes.size, .size = text.size, .there = true};
    return buffer_add(&sweep->bytes, text.at, text.size) == 0;
}

/* ---- which hashes there are ---- */

static void source_name(struct sweep *sweep, struct source *source, unsigned slice)
{
    struct key *key = &source->key;

    if (source->text == 0)
        key_records_of(key, sweep->store->prefix, sweep->day, slice, source->node,
                       source->refused);
    else
        key_apart_of(key, sweep->store->prefix, sweep->day, slice, source->node,
                     (enum apart)(source->text - 1), source->refused);
}

static enum got life_got(void *context, size_t index, const struct reply *reply)
{
    struct sweep *sweep = context;
    const struct source *source = &sweep->sources[index];

    if (reply->type != REPLY_NUMBER)
        return GOT_ODD;
    if (reply->number == -2) /* it is not there */
        return GOT_FINE;
    sweep->sources[sweep->count] = *source;
    sweep->sources[sweep->count++].ending = reply->number >= 0 && reply->number < ENDING_MS;
    return GOT_FINE;
}

static int sources_find(struct sweep *sweep, unsigned slice, struct error *why)
{
    struct store *store = sweep->store;
    struct replies replies = {.context = sweep, .got = life_got};
    size_t count = 0;

    for (unsigned node = 0; node < ID_NODES; node++)
        for (unsigned part = 0; store->nodes[node] && part < 2 * TEXTS; part++) {
            struct source *source = &sweep->sources[count];

            *source = (struct source){.node = node, .text = part % TEXTS, .refused = part >= TEXTS};
            if (source->text > 0 && !apart_asked(store, (enum apart)(source->text - 1)))
                continue;
            source_name(sweep, source, slice);
            PIPELINE_ADD(&store->pipeline, WORD("PTTL"), key_slice(&source->key));
            count++;
        }
    sweep->count = 0;
    return count == 0 ? 0 : store_run(store, &replies, "look for records", why);
}

static void find_kin(struct sweep *sweep)
{
    memset(sweep->kin, 0, sizeof sweep->kin);
    for (size_t i = 0; i < sweep->count; i++) {
        const struct source *other = &sweep->sources[i];

        if (other->node == sweep->source->node && other->refused == sweep->source->refused)
            sweep->kin[other->text] = other;
    }
}

/* ---- telling ---- */

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

static void tell_foreign(struct sweep *sweep, struct slice field, const char *why_not)
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
        if (sweep->kin[text]->ending)
            field->ending |= 1u << text;
    }
    return true;
}

/* What stands apart was told with its record, where there is one. */
static bool item_is_told(const struct sweep *sweep, const struct item *item)
{
    return sweep->source->text > 0 && item->texts[0].there;
}

static bool item_tell(struct sweep *sweep, const struct item *item)
{
    struct store_field field = {.key = key_slice(&sweep->source->key),
                                .field = piece_slice(sweep, &item->field),
                                .refused = sweep->source->refused};
    struct record record;
    struct error why;
    bool read;

    if (item_is_told(sweep, item))
        return true;
    if (!field_read(field.field, sweep->day, &field.id, &field.node)) {
        tell_foreign(sweep, field.field, "the name of the field is none of ours");
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

static int page_tell(struct sweep *sweep, struct error *why)
{
    for (size_t i = 0; i < sweep->item_count;) {
        if (item_tell(sweep, &sweep->items[i]))
            i++;
        else if (store_learn_dictionaries(sweep->store, why))
            return -1;
    }
    return 0;
}

/* ---- a page ---- */

static struct item *item_add(struct sweep *sweep)
{
    if (sweep->item_count == sweep->item_room) {
        size_t room = sweep->item_room ? sweep->item_room * 2 : 512;
        struct item *items = reallocarray(sweep->items, room, sizeof *items);

        if (!items)
            return NULL;
        sweep->items = items;
        sweep->item_room = room;
    }
    sweep->items[sweep->item_count] = (struct item){.field.there = false};
    return &sweep->items[sweep->item_count++];
}

static enum got scan_got(void *context, size_t index, const struct reply *reply)
{
    struct sweep *sweep = context;
    const struct reply *pairs;

    (void)index;
    if (reply->type != REPLY_LIST || reply->count != 2 || reply->items[1]->type != REPLY_LIST ||
        reply->items[1]->count % 2 != 0 ||
        !slice_copy(reply->items[0]->text, sweep->cursor, sizeof sweep->cursor))
        return GOT_ODD;
    pairs = reply->items[1];
    for (size_t i = 0; i < pairs->count; i += 2) {
        struct item *item = item_add(sweep);

        if (!item || !keep(sweep, pairs->items[i]->text, &item->field) ||
            !keep(sweep, pairs->items[i + 1]->text, &item->texts[sweep->source->text]))
            return GOT_NO_MEMORY;
    }
    return GOT_FINE;
}

static bool sweep_refused(void *context, size_t index, enum store_trouble trouble,
                          struct slice words)
{
    struct sweep *sweep = context;
    struct error why;

    (void)index;
    if (trouble != STORE_FOREIGN)
        return false;
    error_set(&why, "%.*s", SLICE_ARGS(words));
    tell_foreign(sweep, SLICE_ABSENT, why.text);
    strcpy(sweep->cursor, "0");
    return true;
}

static enum got kin_got(void *context, size_t index, const struct reply *reply)
{
    struct sweep *sweep = context;
    unsigned text = sweep->asked[index];

    if (reply->type != REPLY_LIST || reply->count != sweep->item_count)
        return GOT_ODD;
    for (size_t i = 0; i < reply->count; i++)
        if (reply->items[i]->type == REPLY_TEXT &&
            !keep(sweep, reply->items[i]->text, &sweep->items[i].texts[text]))
            return GOT_NO_MEMORY;
    return GOT_FINE;
}

/* A hash that is none is told when it is its turn. */
static bool kin_refused(void *context, size_t index, enum store_trouble trouble,
                        struct slice words)
{
    (void)context, (void)index, (void)words;
    return trouble == STORE_FOREIGN;
}

static int page_complete(struct sweep *sweep, struct error *why)
{
    struct replies replies = {.context = sweep, .got = kin_got, .refused = kin_refused};
    struct slice *words = calloc(2 + sweep->item_count, sizeof *words);
    size_t asked = 0;

    if (!words)
        return error_set(why, "no memory to read all records");
    for (unsigned text = 0; text < TEXTS; text++) {
        if (!sweep->kin[text] || text == sweep->source->text)
            continue;
        words[0] = WORD("HMGET");
        words[1] = key_slice(&sweep->kin[text]->key);
        for (size_t i = 0; i < sweep->item_count; i++)
            words[2 + i] = piece_slice(sweep, &sweep->items[i].field);
        pipeline_add(&sweep->store->pipeline, words, 2 + sweep->item_count);
        sweep->asked[asked++] = text;
    }
    free(words);
    return asked == 0 ? 0 : store_run(sweep->store, &replies, "read all records", why);
}

static int page_go(struct sweep *sweep, struct error *why)
{
    struct replies replies = {.context = sweep, .got = scan_got, .refused = sweep_refused};

    sweep->item_count = 0;
    buffer_clear(&sweep->bytes);
    PIPELINE_ADD(&sweep->store->pipeline, WORD("HSCAN"), key_slice(&sweep->source->key),
                 slice_of(sweep->cursor), WORD("COUNT"), WORD(SCAN_COUNT));
    if (store_run(sweep->store, &replies, "read all records", why))
        return -1;
    if (sweep->item_count == 0)
        return 0;
    return page_complete(sweep, why) || page_tell(sweep, why) ? -1 : 0;
}

static int sweep_go(struct sweep *sweep, unsigned slice, struct error *why)
{
    if (sources_find(sweep, slice, why))
        return -1;
    for (size_t i = 0; i < sweep->count; i++) {
        sweep->source = &sweep->sources[i];
        find_kin(sweep);
        strcpy(sweep->cursor, "0");
        do {
            if (page_go(sweep, why))
                return -1;
        } while (strcmp(sweep->cursor, "0") != 0);
    }
    return 0;
}

int store_scan_slice(struct store *store, uint32_t day, unsigned slice,
                     void (*seen)(void *context, const struct store_field *field), void *context,
                     struct error *why)
{
    struct sweep sweep = {.store = store, .day = day, .seen = seen, .context = context};
    int result;

    if (store_know_nodes(store, why))
        return -1;
    codec_forget_missing(store->packing.codec);
    sweep.sources = calloc(2u * TEXTS * ID_NODES, sizeof *sweep.sources);
    if (!sweep.sources)
        return error_set(why, "no memory to read all records");
    buffer_init(&sweep.bytes, PAGE_BYTES);
    result = sweep_go(&sweep, slice, why);
    buffer_free(&sweep.bytes);
    free(sweep.items);
    free(sweep.sources);
    return result;
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

/* Each hash keeps the end that it has: this host may not be the one whose settings made it. One
 * that is about to end would be made anew, without an end. */
static int text_rewrite(struct store *store, const struct store_field *field, unsigned text,
                        uint64_t keys, struct buffer *scratch)
{
    char room[FIELD_SIZE];
    struct slice name = record_field(field->id, field->node, room);
    struct key key;

    buffer_clear(scratch);
    if (record_format(field->record, keys, scratch))
        return -1;
    text_key(store, field, text, &key);
    if (field->ending >> text & 1 || (text > 0 && !memchr(scratch->data, '\n', scratch->size)))
        BATCH_ADD(&store->writes, VERB_HDEL, key_slice(&key), LIFE_ENDLESS, name);
    else
        BATCH_ADD(&store->writes, VERB_HSET, key_slice(&key), LIFE_ENDLESS, name,
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
