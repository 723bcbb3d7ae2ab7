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
    free(postings->parts);
    questions_free(&postings->questions);
    *postings = (struct postings){0};
}

void postings_clear(struct postings *postings)
{
    buffer_clear(&postings->terms);
    postings->count = 0;
    postings->failed = false;
}

static bool postings_make_room(struct postings *postings)
{
    size_t room = postings->room ? postings->room * 2 : 1024;
    struct posting *list;

    if (!postings->days)
        postings->days = calloc(DAY_SLOTS, sizeof *postings->days);
    if (!postings->often)
        postings->often = calloc(TERM_SLOTS, sizeof *postings->often);
    if (!postings->parts)
        postings->parts = calloc(PART_SLOTS, sizeof *postings->parts);
    if (!postings->days || !postings->often || !postings->parts)
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

static struct layout *layout_of(struct postings *postings, const struct posting *posting)
{
    uint32_t day = id_day(posting->id);
    uint64_t number = (uint64_t)(clock_of_day(day, 0) / DAY_MS) * 2 + posting->refused;
    struct layout *layout = &postings->days[number % DAY_SLOTS];

    if (layout->day != day || layout->refused != posting->refused)
        *layout = (struct layout){
            .day = day, .refused = posting->refused, .exponent = SPLIT_FIRST};
    return layout;
}

static uint64_t posting_tag(const struct postings *postings, const struct posting *posting)
{
    uint64_t seed = postings->seed + id_day(posting->id) * UINT64_C(1000003) +
                    (unsigned char)posting->kind * 2u + posting->refused;
    uint64_t tag = hash_of(seed, posting_term(postings, posting));

    return tag ? tag : 1;
}

/* Count the term. A slot that another term holds is worn down first, so that what comes often
 * stays and what comes once goes: memory is bounded whatever terms strangers think of. */
static bool posting_is_hot(struct postings *postings, const struct posting *posting, unsigned nodes)
{
    uint32_t day = id_day(posting->id);
    struct often *often = &postings->often[posting->tag % TERM_SLOTS];

    if (often->tag != posting->tag) {
        if (often->count > 1 && often->day >= day) {
            often->count--;
            return false;
        }
        *often = (struct often){.tag = posting->tag, .day = day};
    }
    if (often->count < UINT32_MAX)
        often->count++;
    return often->count > HOT_AFTER / (nodes ? nodes : 1);
}

static void postings_count(struct postings *postings, unsigned nodes)
{
    for (size_t i = 0; i < postings->count; i++) {
        struct posting *posting = &postings->list[i];

        posting->tag = posting_tag(postings, posting);
        posting->hot = posting_is_hot(postings, posting, nodes);
        if (!posting->hot)
            layout_of(postings, posting)->pending++;
    }
}

/* ---- the part of a hot posting ---- */

static struct part *part_slot(struct postings *postings, const struct posting *posting,
                              uint32_t number)
{
    uint64_t tag = (posting->tag ^ number) * UINT64_C(0x9e3779b97f4a7c15);
    struct part *part;

    tag = (tag ^ tag >> 29) | 1;
    part = &postings->parts[(tag >> 8) % PART_SLOTS];
    if (part->tag != tag)
        *part = (struct part){.tag = tag};
    if (part->pass != postings->pass)
        part->pending = 0;
    part->pass = postings->pass;
    return part;
}

/* Where the way down begins: half as many parts as the day before had in all, so that it stays
 * short, and a term that comes less often from then on has fewer. */
static unsigned often_level(const struct often *often)
{
    unsigned level = 0;

    while (level < PART_MOST && often->before >> (level + 2))
        level++;
    return level;
}

static void ask_before(struct store *store, const struct posting *posting, struct often *often)
{
    struct key key;

    key_hot(&key, store->prefix, clock_day_add(id_day(posting->id), -1),
            (enum term_kind)posting->kind, posting_term(&store->postings, posting),
            posting->refused);
    often->asked = true;
    questions_add(store, &store->postings.questions, &key, false, &often->before);
}

static void ask_part(struct store *store, const struct posting *posting, uint32_t number,
                     struct part *part)
{
    struct key key;

    key_hot_part(&key, store->prefix, id_day(posting->id), number, (enum term_kind)posting->kind,
                 posting_term(&store->postings, posting), posting->refused);
    part->asked = true;
    part->fill = part->since = 0;
    questions_add(store, &store->postings.questions, &key, false, &part->fill);
}

/* The first part with room on the way down to the posting's moment. One that must be asked for
 * ends the way for now. */
static void posting_descend(struct store *store, struct posting *posting, unsigned nodes)
{
    struct postings *postings = &store->postings;
    struct often *often = &postings->often[posting->tag % TERM_SLOTS];
    uint64_t ref = id_ref(posting->id);
    unsigned level;

    if (often->tag == posting->tag && !often->asked) {
        ask_before(store, posting, often);
        return;
    }
    for (level = often->tag == posting->tag ? often_level(often) : 0;; level += PART_STEP) {
        uint32_t number = part_of(ref, level);
        struct part *part = part_slot(postings, posting, number);

        if (!part->asked || part->since > SPLIT_GROWTH / nodes)
            ask_part(store, posting, number, part);
        part->pending++;
        posting->part = number;
        if (part->fill + part->since + part->pending <= PART_FILL || level + PART_STEP > PART_MOST)
            return;
    }
}

/* ---- placing a batch ---- */

/* What must be asked before each posting has its place: at most these round trips. Whoever has
 * none by then (a burst that fills one part after the other) goes where the last one led. */
#define PASSES 6u

/* Nothing that was asked for is known. */
static void postings_forget(struct postings *postings)
{
    memset(postings->days, 0, DAY_SLOTS * sizeof *postings->days);
    memset(postings->parts, 0, PART_SLOTS * sizeof *postings->parts);
    for (size_t i = 0; i < TERM_SLOTS; i++)
        postings->often[i].asked = false;
    postings->questions.failed = false;
}

static void postings_step(struct store *store, unsigned nodes)
{
    struct postings *postings = &store->postings;

    postings->pass += postings->pass == UINT32_MAX ? 2 : 1;
    for (size_t i = 0; i < postings->count; i++) {
        struct posting *posting = &postings->list[i];
        struct layout *layout;

        if (posting->hot) {
            posting_descend(store, posting, nodes);
            continue;
        }
        layout = layout_of(postings, posting);
        if (layout->pass != postings->pass)
            layout_step(store, &postings->questions, layout, nodes);
        layout->pass = postings->pass;
    }
}

static int postings_choose(struct store *store, unsigned nodes, struct error *why)
{
    struct postings *postings = &store->postings;

    for (unsigned round = 0; round < PASSES; round++) {
        postings_step(store, nodes);
        if (postings->questions.count == 0)
            return 0;
        if (questions_run(store, &postings->questions, why)) {
            postings_forget(postings);
            return -1;
        }
    }
    return 0;
}

/* Say that a set has a number in use; once. */
static void post_number(struct store *store, struct key *key, uint32_t number, struct life life)
{
    char text[12];
    struct slice word, family = key_slice(key);

    /* The 0 keeps "a1", 2 apart from "a", 12. */
    text[0] = '\0';
    snprintf(text + 1, sizeof text - 1, "%" PRIu32, number);
    word = slice_of(text + 1);
    memcpy(key->text + key->size, text, 1 + word.size);
    if (marks_first(&store->marks, slice_make(key->text, key->size + 1 + word.size)))
        BATCH_ADD(&store->writes, VERB_SADD, family, life, word);
}

static void post_hot(struct store *store, const struct posting *posting)
{
    struct slice term = posting_term(&store->postings, posting);
    uint32_t day = id_day(posting->id);
    enum term_kind kind = (enum term_kind)posting->kind;
    struct life life = store_life(store, day, posting->refused);
    struct part *part = part_slot(&store->postings, posting, posting->part);
    char member[24];
    struct key key;

    if (part->told != store->postings.pass) {
        key_hot(&key, store->prefix, day, kind, term, posting->refused);
        post_number(store, &key, posting->part, life);
    }
    part->told = store->postings.pass;
    part->since++;
    key_hot_part(&key, store->prefix, day, posting->part, kind, term, posting->refused);
    snprintf(member, sizeof member, "%" PRIu64, id_ref(posting->id));
    BATCH_ADD(&store->writes, VERB_SADD, key_slice(&key), life, slice_of(member));
}

static void post_shard(struct store *store, const struct posting *posting)
{
    struct place place =
        index_place((enum term_kind)posting->kind, posting_term(&store->postings, posting));
    struct layout *layout = layout_of(&store->postings, posting);
    uint32_t day = id_day(posting->id), mask = (UINT32_C(1) << layout->exponent) - 1;
    struct life life = store_life(store, day, posting->refused);
    char member[24];
    struct key key;

    if (layout->told != store->postings.pass) {
        key_shards(&key, store->prefix, day, posting->refused);
        post_number(store, &key, layout->exponent, life);
    }
    layout->told = store->postings.pass;
    layout->since++;
    layout->pending = 0;
    key_shard(&key, store->prefix, day, layout->exponent, place.shard & mask, posting->refused);
    snprintf(member, sizeof member, "%" PRIu64, place.fingerprint * ID_REF + id_ref(posting->id));
    BATCH_ADD(&store->writes, VERB_SADD, key_slice(&key), life, slice_of(member));
}

int postings_place(struct store *store, struct error *why)
{
    struct postings *postings = &store->postings;
    unsigned nodes = store_node_count(store);

    if (postings->count == 0)
        return 0;
    nodes += nodes == 0;
    postings_count(postings, nodes);
    if (postings_choose(store, nodes, why))
        return -1;
    for (size_t i = 0; i < postings->count; i++) {
        const struct posting *posting = &postings->list[i];

        if (posting->hot)
            post_hot(store, posting);
        else
            post_shard(store, posting);
    }
    return 0;
}
