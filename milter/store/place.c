/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * place: in which set each posting of a batch belongs; decided when the batch goes out.
 *
 * A wrong guess (a table slot that two terms share, a restart) is never a wrong answer: readers
 * ask the shards of every K and all parts of a hot term, and drop what comes twice.
 */
#include "index.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "waybill/clock.h"

static struct slice posting_term(const struct postings *postings, const struct posting *posting)
{
    return slice_make(postings->terms.data + posting->term_at, posting->term_size);
}

/* ---- which family ---- */

static struct layout *layout_of(struct postings *postings, const struct posting *posting)
{
    uint32_t day = id_day(posting->id);
    struct layout *layout = postings->last;

    /* What day of the calendar it is need not be found out for each. */
    if (layout != NULL && layout->day == day && layout->refused == posting->refused)
        return layout;
    uint64_t number = (uint64_t)(clock_of_day(day, 0) / DAY_MS) * 2 + posting->refused;
    layout = postings->last = &postings->days[number % DAY_SLOTS];
    if (layout->day != day || layout->refused != posting->refused)
        *layout = (struct layout){
            .day = day, .refused = posting->refused, .exponent = SPLIT_FIRST};
    return layout;
}

static uint64_t posting_hash(const struct postings *postings, const struct posting *posting)
{
    /* Mixed: a hash begins with seed xor first byte. */
    uint64_t seed =
        (postings->seed ^ (unsigned char)posting->kind) * UINT64_C(0xd6e8feb86659fd93);

    return hash_of(seed, posting_term(postings, posting));
}

static uint64_t posting_tag(const struct posting *posting)
{
    uint64_t of = (uint64_t)id_day(posting->id) * 2 + posting->refused;
    uint64_t tag = (posting->hash ^ of) * UINT64_C(0xd6e8feb86659fd93);

    tag ^= tag >> 32;
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

        posting->hash = posting_hash(postings, posting);
        posting->tag = posting_tag(posting);
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
    part->asked = store->postings.pass;
    part->fill = part->since = 0;
    questions_add(store, &store->postings.questions, &key, false, &part->fill);
}

/* Several writers share the room, since none knows what the others are about to add. */
static bool part_has_room(const struct part *part, unsigned nodes)
{
    uint64_t full = part->fill + part->since;

    return full < PART_FILL && part->pending <= (PART_FILL - full) / nodes;
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

        part->pending++;
        if (!part->asked || (part->asked < postings->first_pass &&
                             part->since + part->pending > SPLIT_GROWTH / nodes))
            ask_part(store, posting, number, part);
        posting->part = number;
        if (part_has_room(part, nodes) || level + PART_STEP > PART_MOST)
            return;
    }
}

/* ---- placing a batch ---- */

/* What must be asked before each posting has its place: at most these round trips. Whoever has
 * none by then (a burst that fills one part after the other) goes where the last one led. */
#define PASSES 6u

void postings_forget(struct postings *postings)
{
    if (postings->days)
        memset(postings->days, 0, DAY_SLOTS * sizeof *postings->days);
    if (postings->parts)
        memset(postings->parts, 0, PART_SLOTS * sizeof *postings->parts);
    for (size_t i = 0; postings->often && i < TERM_SLOTS; i++)
        postings->often[i].asked = false;
    postings->questions.failed = false;
}

static void postings_step(struct store *store, unsigned nodes)
{
    struct postings *postings = &store->postings;

    postings->pass++; /* five times a second for 27 years */
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

    postings->first_pass = postings->pass + 1;
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
    char member[TEXT_DIGITS_MAX];
    struct key key;

    if (part->told != store->postings.pass) {
        key_hot(&key, store->prefix, day, kind, term, posting->refused);
        post_number(store, &key, posting->part, life);
    }
    part->told = store->postings.pass;
    part->since++;
    key_hot_part(&key, store->prefix, day, posting->part, kind, term, posting->refused);
    BATCH_ADD(&store->writes, VERB_SADD, key_slice(&key), life,
              slice_make(member, text_digits(id_ref(posting->id), member)));
}

static void post_shard(struct store *store, const struct posting *posting)
{
    struct place place = placed_find(store->postings.placed, posting->hash,
                                     (enum term_kind)posting->kind,
                                     posting_term(&store->postings, posting));
    struct layout *layout = layout_of(&store->postings, posting);
    uint32_t day = id_day(posting->id), mask = (UINT32_C(1) << layout->exponent) - 1;
    struct life life = store_life(store, day, posting->refused);
    char member[TEXT_DIGITS_MAX];
    struct key key;

    if (layout->told != store->postings.pass) {
        key_shards(&key, store->prefix, day, posting->refused);
        post_number(store, &key, layout->exponent, life);
    }
    layout->told = store->postings.pass;
    layout->since++;
    layout->pending = 0;
    key_shard(&key, store->prefix, day, layout->exponent, place.shard & mask, posting->refused);
    BATCH_ADD(&store->writes, VERB_SADD, key_slice(&key), life,
              slice_make(member, text_digits(place.fingerprint * ID_REF + id_ref(posting->id),
                                             member)));
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
