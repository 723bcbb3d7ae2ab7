/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index: which mails of a day have a term: the writer's side.
 *
 * Postings wait as they were given; only when a batch goes out is it decided in which set each
 * belongs. A wrong guess (a table slot that two terms share, a restart) is never a wrong answer:
 * readers ask the shards of every K and all parts of a hot term, and drop what comes twice.
 */
#include "index.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "waybill/clock.h"
#include "waybill/digest.h"

#define TERMS_MAX ((size_t)64 << 20)
#define POSTINGS_MAX ((size_t)4 << 20)

size_t term_fold(struct slice term, char to[static TERM_MAX])
{
    size_t size = term.size < TERM_MAX - 1 ? term.size : TERM_MAX - 1;

    for (size_t i = 0; i < size; i++)
        to[i] = text_lower(term.at[i]);
    to[size] = '\0';
    return size;
}

struct slice index_term(struct slice term, char room[static 48])
{
    unsigned char hash[SHA1_SIZE];

    if (term.size <= KEY_TERM_MAX)
        return term;
    digest_sha1(term.at, term.size, hash);
    room[0] = '#';
    for (size_t i = 0; i < SHA1_SIZE; i++)
        snprintf(room + 1 + 2 * i, 3, "%02x", hash[i]);
    return slice_make(room, 1 + 2 * SHA1_SIZE);
}

struct place index_place(enum term_kind kind, struct slice term)
{
    unsigned char hash[SHA1_SIZE];
    char text[2 + KEY_TERM_MAX];
    uint32_t first;

    text[0] = (char)kind;
    text[1] = ':';
    if (term.size > 0)
        memcpy(text + 2, term.at, term.size);
    digest_sha1(text, 2 + term.size, hash);
    first = (uint32_t)hash[0] << 16 | (uint32_t)hash[1] << 8 | hash[2];
    return (struct place){
        .fingerprint = 1000000 + first % 8200000,
        .shard = ((uint32_t)hash[17] & 0x0f) << 16 | (uint32_t)hash[18] << 8 | hash[19],
    };
}

uint32_t index_hot_part(uint64_t ref, unsigned exponent)
{
    uint64_t mixed = ref * UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ mixed >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return (uint32_t)(mixed >> 40) & ((UINT32_C(1) << exponent) - 1);
}

/* ---- postings that wait ---- */

void postings_init(struct postings *postings)
{
    *postings = (struct postings){0};
    buffer_init(&postings->terms, TERMS_MAX);
    digest_random(&postings->seed, sizeof postings->seed);
}

void postings_free(struct postings *postings)
{
    buffer_free(&postings->terms);
    free(postings->list);
    free(postings->days);
    free(postings->often);
    *postings = (struct postings){0};
}

void postings_clear(struct postings *postings)
{
    buffer_clear(&postings->terms);
    postings->count = 0;
    postings->failed = false;
}

void postings_forget(struct postings *postings)
{
    if (postings->days)
        memset(postings->days, 0, DAY_SLOTS * sizeof *postings->days);
    if (postings->often)
        memset(postings->often, 0, HOT_SLOTS * sizeof *postings->often);
}

static bool postings_make_room(struct postings *postings)
{
    size_t room = postings->room ? postings->room * 2 : 1024;
    struct posting *list;

    if (!postings->days)
        postings->days = calloc(DAY_SLOTS, sizeof *postings->days);
    if (!postings->often)
        postings->often = calloc(HOT_SLOTS, sizeof *postings->often);
    if (!postings->days || !postings->often)
        return false;
    if (postings->count < postings->room)
        return true;
    list = room > POSTINGS_MAX ? NULL : reallocarray(postings->list, room, sizeof *list);
    if (!list)
        return false;
    postings->list = list;
    postings->room = room;
    return true;
}

void store_post_term(struct store *store, uint64_t id, enum term_kind kind, struct slice term,
                     bool refused)
{
    struct postings *postings = &store->postings;
    char room[48];
    struct slice kept = index_term(term, room);

    if (kept.size == 0 || !store_day_open(store, id_day(id), refused))
        return;
    if (!postings_make_room(postings) || postings->failed ||
        buffer_add(&postings->terms, kept.at, kept.size)) {
        postings->failed = true;
        return;
    }
    postings->list[postings->count++] =
        (struct posting){.id = id,
                         .term_at = (uint32_t)(postings->terms.size - kept.size),
                         .term_size = (uint16_t)kept.size,
                         .kind = (char)kind,
                         .refused = refused};
}

static struct slice posting_term(const struct postings *postings, const struct posting *posting)
{
    return slice_make(postings->terms.data + posting->term_at, posting->term_size);
}

/* ---- which family ---- */

static void family_begin(struct family *family, uint64_t tag, uint32_t day, unsigned exponent)
{
    *family = (struct family){.tag = tag, .day = day, .split.exponent = (uint8_t)exponent};
}

static struct family *family_of_day(struct postings *postings, const struct posting *posting)
{
    uint32_t day = id_day(posting->id);
    uint64_t number = (uint64_t)(clock_of_day(day, 0) / DAY_MS) * 2 + posting->refused;
    struct family *family = &postings->days[number % DAY_SLOTS];

    if (family->tag != number + 1)
        family_begin(family, number + 1, day, SPLIT_INDEX_FIRST);
    return family;
}

static uint64_t posting_tag(const struct postings *postings, const struct posting *posting)
{
    uint64_t seed = postings->seed + id_day(posting->id) * UINT64_C(1000003) +
                    (unsigned char)posting->kind * 2u + posting->refused;
    uint64_t tag = hash_of(seed, posting_term(postings, posting));

    return tag ? tag : 1;
}

static struct family *family_of_term(struct postings *postings, const struct posting *posting)
{
    uint64_t tag = posting_tag(postings, posting);
    struct family *family = &postings->often[tag % HOT_SLOTS];

    return family->tag == tag ? family : NULL;
}

/* Count the term. A slot that another term holds is worn down first, so that what comes often
 * stays and what comes once goes: memory is bounded whatever terms strangers think of. */
static struct family *family_count_term(struct postings *postings, const struct posting *posting)
{
    uint64_t tag = posting_tag(postings, posting);
    uint32_t day = id_day(posting->id);
    struct family *family = &postings->often[tag % HOT_SLOTS];

    if (family->tag != tag) {
        if (family->count > 1 && family->day >= day) {
            family->count--;
            return NULL;
        }
        family_begin(family, tag, day, SPLIT_HOT_FIRST);
    }
    family->count++;
    return family;
}

static struct family *posting_family(struct postings *postings, const struct posting *posting)
{
    struct family *family = posting->hot ? family_of_term(postings, posting) : NULL;

    return family ? family : family_of_day(postings, posting);
}

/* ---- placing a batch ---- */

static void postings_count(struct postings *postings)
{
    for (size_t i = 0; i < postings->count; i++) {
        struct posting *posting = &postings->list[i];
        struct family *family = family_count_term(postings, posting);

        posting->hot = family && family->count > HOT_AFTER;
        posting_family(postings, posting)->split.pending++;
    }
}

static size_t postings_list_looks(struct store *store, struct look *looks)
{
    struct postings *postings = &store->postings;
    unsigned nodes = store_node_count(store);
    size_t count = 0;

    for (size_t i = 0; i < postings->count; i++) {
        const struct posting *posting = &postings->list[i];
        struct family *family = posting_family(postings, posting);

        if (family->split.listed || !split_wants_look(&family->split, nodes))
            continue;
        family->split.listed = true;
        looks[count++] = (struct look){.split = &family->split,
                                       .day = id_day(posting->id),
                                       .refused = posting->refused,
                                       .hot = family != family_of_day(postings, posting),
                                       .kind = (enum term_kind)posting->kind,
                                       .term = posting_term(postings, posting)};
    }
    return count;
}

static int postings_look(struct store *store, struct error *why)
{
    struct look *looks = calloc(store->postings.count, sizeof *looks);
    size_t count;
    int result = 0;

    if (!looks)
        return store_fail(store, STORE_UNREACHABLE, why, "no memory to place %zu postings",
                          store->postings.count);
    count = postings_list_looks(store, looks);
    if (count > 0)
        result = split_look(store, looks, count, why);
    free(looks);
    return result;
}

/* Say that a family uses an exponent; once. */
static void post_exponent(struct store *store, struct key *key, unsigned exponent, struct life life)
{
    char text[4];
    struct slice number, family = key_slice(key);

    snprintf(text, sizeof text, "%u", exponent);
    number = slice_of(text);
    memcpy(key->text + key->size, text, number.size);
    if (marks_first(&store->marks, slice_make(key->text, key->size + number.size)))
        BATCH_ADD(&store->writes, VERB_SADD, family, life, number);
}

static void post_hot(struct store *store, const struct posting *posting, unsigned exponent)
{
    struct slice term = posting_term(&store->postings, posting);
    uint32_t day = id_day(posting->id);
    enum term_kind kind = (enum term_kind)posting->kind;
    struct life life = store_life(store, day, posting->refused);
    char member[24];
    struct key key;

    key_hot(&key, store->prefix, day, kind, term, posting->refused);
    post_exponent(store, &key, exponent, life);
    key_hot_part(&key, store->prefix, day, exponent, index_hot_part(id_ref(posting->id), exponent),
                 kind, term, posting->refused);
    snprintf(member, sizeof member, "%" PRIu64, id_ref(posting->id));
    BATCH_ADD(&store->writes, VERB_SADD, key_slice(&key), life, slice_of(member));
}

static void post_shard(struct store *store, const struct posting *posting, unsigned exponent)
{
    struct place place =
        index_place((enum term_kind)posting->kind, posting_term(&store->postings, posting));
    uint32_t day = id_day(posting->id), mask = (UINT32_C(1) << exponent) - 1;
    struct life life = store_life(store, day, posting->refused);
    char member[24];
    struct key key;

    key_shards(&key, store->prefix, day, posting->refused);
    post_exponent(store, &key, exponent, life);
    key_shard(&key, store->prefix, day, exponent, place.shard & mask, posting->refused);
    snprintf(member, sizeof member, "%" PRIu64, place.fingerprint * ID_REF + id_ref(posting->id));
    BATCH_ADD(&store->writes, VERB_SADD, key_slice(&key), life, slice_of(member));
}

int postings_place(struct store *store, struct error *why)
{
    struct postings *postings = &store->postings;
    int result;

    if (postings->count == 0)
        return 0;
    postings_count(postings);
    result = postings_look(store, why);
    for (size_t i = 0; i < postings->count; i++) {
        const struct posting *posting = &postings->list[i];
        struct family *family = posting_family(postings, posting);
        struct split *split = &family->split;

        split->since += split->pending;
        split->pending = 0;
        split->listed = false;
        if (result)
            continue;
        if (family == family_of_day(postings, posting))
            post_shard(store, posting, split->exponent);
        else
            post_hot(store, posting, split->exponent);
    }
    return result;
}
