/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index: which mails of a day have a term: what a term is, and postings that wait.
 */
#include "index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
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
    text_put_hex(hash, SHA1_SIZE, room + 1);
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
    free(postings->placed);
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
    if (!postings->placed)
        postings->placed = calloc(PLACED_SLOTS, sizeof *postings->placed);
    if (!postings->days || !postings->often || !postings->parts || !postings->placed)
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
