/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packing: frames are written only with a dictionary that the store has.
 *
 * The writer offers his (SET NX), reads what stands there, and goes on with that: another host may
 * have been first, with another version of zstd. He asks anew on each connection, and once a
 * minute, since a store may have been emptied; then his copy goes in again, before the next frame.
 */
#include "packing.h"

#include <inttypes.h>

#include "internal.h"
#include "waybill/clock.h"

#define SURE_MS MINUTE_MS
#define AGAIN_MS (5 * SECOND_MS)

int packing_init(struct packing *packing)
{
    buffer_init(&packing->dictionary, DICTIONARY_MAX);
    packing->codec = codec_open();
    return packing->codec ? 0 : -1;
}

void packing_free(struct packing *packing)
{
    codec_close(&packing->codec);
    buffer_free(&packing->dictionary);
}

void packing_restart(struct packing *packing)
{
    packing->sure_until = packing->again_at = 0;
}

void store_compress(struct store *store, bool compress)
{
    store->packing.wanted = compress;
}

/* ---- the writer's ---- */

struct offer {
    struct packing *packing;
    struct error why;
    bool changed, none;
};

static enum got offer_got(void *context, size_t index, const struct reply *reply)
{
    struct offer *offer = context;
    struct packing *packing = offer->packing;

    if (index == 0) /* SET NX: OK, or nil if one is there */
        return reply->type == REPLY_STATUS || reply->type == REPLY_NIL ? GOT_FINE : GOT_ODD;
    if (reply->type != REPLY_TEXT)
        return GOT_ODD;
    if (slice_equal(reply->text, slice_make(packing->dictionary.data, packing->dictionary.size)))
        return GOT_FINE;
    offer->changed = true;
    offer->none = codec_write_with(packing->codec, reply->text, &offer->why) != 0;
    buffer_clear(&packing->dictionary);
    if (offer->none)
        return GOT_FINE;
    return buffer_add(&packing->dictionary, reply->text.at, reply->text.size) ? GOT_NO_MEMORY
                                                                              : GOT_FINE;
}

static int offer_ask(struct store *store, struct slice dictionary, struct offer *offer,
                     struct error *why)
{
    struct replies replies = {.context = offer, .got = offer_got};
    struct key key;

    key_dictionary(&key, store->prefix, dictionary_number());
    PIPELINE_ADD(&store->pipeline, WORD("SET"), key_slice(&key), dictionary, WORD("NX"));
    PIPELINE_ADD(&store->pipeline, WORD("GET"), key_slice(&key));
    if (store_run(store, &replies, "keep the dictionary", why))
        return -1;
    if (offer->none)
        return store_fail(store, STORE_FOREIGN, why,
                          "cannot compress: the key '%.*s' holds no dictionary: %s",
                          SLICE_ARGS(key_slice(&key)), offer->why.text);
    store->packing.sure_until = clock_monotonic() + SURE_MS;
    return 0;
}

/* *changed: frames that were made before are not to be written any more. */
static int packing_confirm(struct store *store, bool *changed, struct error *why)
{
    struct packing *packing = &store->packing;
    struct offer offer = {.packing = packing};
    struct buffer made;
    int result = 0;

    buffer_init(&made, DICTIONARY_MAX);
    if (packing->dictionary.size == 0)
        result = dictionary_make(&made, why);
    else if (buffer_add(&made, packing->dictionary.data, packing->dictionary.size))
        result = error_set(why, "no memory for the dictionary");
    if (result == 0)
        result = offer_ask(store, slice_make(made.data, made.size), &offer, why);
    buffer_free(&made);
    *changed = offer.changed;
    return result;
}

static bool packing_ready(struct store *store)
{
    struct packing *packing = &store->packing;
    int64_t now = clock_monotonic();
    struct error why = {""};
    bool changed;

    if (now < packing->sure_until)
        return true;
    if (packing->used || now < packing->again_at) /* what is queued has to be right first */
        return packing->used;
    if (packing_confirm(store, &changed, &why) == 0) {
        log_trouble_off(&packing->trouble, "records are compressed again");
        return true;
    }
    packing->again_at = now + AGAIN_MS;
    log_trouble_on(&packing->trouble, "records are written as text for now: %s", why.text);
    return false;
}

struct slice store_pack(struct store *store, struct slice text)
{
    struct slice frame;

    if (!store->packing.wanted || !packing_ready(store) ||
        !codec_pack(store->packing.codec, text, &frame))
        return text;
    store->packing.used = true;
    return frame;
}

int store_packs(struct store *store, struct error *why)
{
    struct packing *packing = &store->packing;
    bool changed = false;

    if (!packing->used || clock_monotonic() < packing->sure_until)
        return 0;
    if (packing_confirm(store, &changed, why))
        return -1;
    if (changed)
        return store_fail(store, STORE_BUSY, why,
                          "the store has another dictionary now; the records are made anew");
    return 0;
}

/* ---- the reader's ---- */

struct learning {
    struct codec *codec;
    uint32_t numbers[CODEC_DICTIONARIES];
};

static enum got learning_got(void *context, size_t index, const struct reply *reply)
{
    struct learning *learning = context;

    if (reply->type != REPLY_TEXT && reply->type != REPLY_NIL)
        return GOT_ODD;
    codec_tell(learning->codec, learning->numbers[index],
               reply->type == REPLY_TEXT ? reply->text : SLICE_ABSENT);
    return GOT_FINE;
}

static bool learning_refused(void *context, size_t index, enum store_trouble trouble,
                             struct slice words)
{
    struct learning *learning = context;

    (void)words;
    if (trouble == STORE_FOREIGN)
        codec_tell(learning->codec, learning->numbers[index], WORD(""));
    return trouble == STORE_FOREIGN;
}

int store_learn_dictionaries(struct store *store, struct error *why)
{
    struct learning learning = {.codec = store->packing.codec};
    struct replies replies = {
        .context = &learning, .got = learning_got, .refused = learning_refused};
    size_t count = codec_wanted(learning.codec, learning.numbers);

    for (size_t i = 0; i < count; i++) {
        struct key key;

        key_dictionary(&key, store->prefix, learning.numbers[i]);
        PIPELINE_ADD(&store->pipeline, WORD("GET"), key_slice(&key));
    }
    return count == 0 ? 0 : store_run(store, &replies, "read the dictionaries of records", why);
}
