/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sweep: every record of ten minutes, field by field, each with what stands apart of it.
 *
 *     PTTL of all hashes -> HSCAN of one -> HMGET of the same fields elsewhere -> dictionaries
 *
 * A page is kept until all of it is told, so that who is told may ask the store, too. What stands
 * apart of a record that is gone is told as well: nobody reads it, but it is there. One mail is
 * read the same way, without HSCAN: which fields it may have is known.
 */
#include "sweep.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"

#define SCAN_COUNT "500"
#define PAGE_BYTES (2 * REPLY_MAX)

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
    sweep->sources[sweep->count++].ends = reply->number >= 0 ? clock_now() + reply->number : 0;
    return GOT_FINE;
}

static bool sweep_asks(const struct sweep *sweep, unsigned node)
{
    return sweep->mail != 0 ? node == id_node(sweep->mail) : sweep->store->nodes[node];
}

static int sources_find(struct sweep *sweep, unsigned slice, struct error *why)
{
    struct store *store = sweep->store;
    struct replies replies = {.context = sweep, .got = life_got};
    size_t count = 0;

    for (unsigned node = 0; node < ID_NODES; node++)
        for (unsigned part = 0; sweep_asks(sweep, node) && part < 2 * TEXTS; part++) {
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
    sweep_foreign(sweep, SLICE_ABSENT, why.text);
    slice_copy(WORD("0"), sweep->cursor, sizeof sweep->cursor);
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

static int page_complete(struct sweep *sweep, struct error *why)
{
    /* a hash that is none is told when it is its turn */
    struct replies replies = {.context = sweep, .got = kin_got, .refused = pipeline_foreign};
    struct slice *words = calloc(2 + sweep->item_count, sizeof *words);
    size_t asked = 0;

    if (!words)
        return error_set(why, "no memory to read all records");
    for (unsigned text = 0; text < TEXTS; text++) {
        if (!sweep->kin[text] || (sweep->mail == 0 && text == sweep->source->text))
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
    return page_complete(sweep, why) || sweep_tell(sweep, why) ? -1 : 0;
}

static int sweep_go(struct sweep *sweep, unsigned slice, struct error *why)
{
    if (sources_find(sweep, slice, why))
        return -1;
    for (size_t i = 0; i < sweep->count; i++) {
        sweep->source = &sweep->sources[i];
        find_kin(sweep);
        slice_copy(WORD("0"), sweep->cursor, sizeof sweep->cursor);
        do {
            if (page_go(sweep, why))
                return -1;
        } while (strcmp(sweep->cursor, "0") != 0);
    }
    return 0;
}

/* ---- one mail ---- */

static bool mail_item(struct sweep *sweep, unsigned node)
{
    char room[FIELD_SIZE];
    struct item *item = item_add(sweep);

    return item && keep(sweep, record_field(sweep->mail, node, room), &item->field);
}

static int mail_page(struct sweep *sweep, struct error *why)
{
    sweep->item_count = 0;
    buffer_clear(&sweep->bytes);
    find_kin(sweep);
    for (unsigned node = 0; node < ID_NODES; node++)
        if ((node == id_node(sweep->mail) || sweep->store->nodes[node]) && !mail_item(sweep, node))
            return error_set(why, "no memory to read a record");
    return page_complete(sweep, why) || sweep_tell(sweep, why) ? -1 : 0;
}

static int mail_go(struct sweep *sweep, struct error *why)
{
    for (unsigned refused = 0; refused < 2; refused++) {
        sweep->source = NULL;
        for (size_t i = 0; i < sweep->count; i++)
            if (sweep->sources[i].refused == (refused == 1))
                sweep->source = &sweep->sources[i];
        if (sweep->source && mail_page(sweep, why))
            return -1;
    }
    return 0;
}

/* ---- for all ---- */

static int sweep_begin(struct sweep *sweep, struct error *why)
{
    if (store_know_nodes(sweep->store, why))
        return -1;
    codec_forget_missing(sweep->store->packing.codec);
    sweep->sources = calloc(2u * TEXTS * ID_NODES, sizeof *sweep->sources);
    if (!sweep->sources)
        return error_set(why, "no memory to read all records");
    buffer_init(&sweep->bytes, PAGE_BYTES);
    return 0;
}

static void sweep_end(struct sweep *sweep)
{
    buffer_free(&sweep->bytes);
    free(sweep->items);
    free(sweep->sources);
}

int store_scan_slice(struct store *store, uint32_t day, unsigned slice,
                     void (*seen)(void *context, const struct store_field *field), void *context,
                     struct error *why)
{
    struct sweep sweep = {.store = store, .day = day, .seen = seen, .context = context};
    int result;

    if (sweep_begin(&sweep, why))
        return -1;
    result = sweep_go(&sweep, slice, why);
    sweep_end(&sweep);
    return result;
}

int store_scan_mail(struct store *store, uint64_t id,
                    void (*first)(void *context, const struct store_field *field),
                    void (*then)(void *context, const struct store_field *field), void *context,
                    struct error *why)
{
    struct sweep sweep = {.store = store, .day = id_day(id), .mail = id, .context = context};
    int result;

    if (sweep_begin(&sweep, why))
        return -1;
    result = sources_find(&sweep, slice_of_id(id), why);
    sweep.seen = first;
    if (result == 0)
        result = mail_go(&sweep, why);
    sweep.seen = then;
    if (result == 0)
        result = mail_go(&sweep, why);
    sweep_end(&sweep);
    return result;
}
