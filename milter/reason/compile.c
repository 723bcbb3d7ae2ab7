/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compile: phrases of all rules sorted, each kept once, and the automaton made of their texts.
 */
#include "book.h"

#include <stdlib.h>
#include <string.h>

static int compare_texts(const struct draft *a, const struct draft *b)
{
    uint32_t least = a->size < b->size ? a->size : b->size;
    int order = memcmp(a->text, b->text, least);

    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

static bool same_phrase(const struct draft *a, const struct draft *b)
{
    return a->borders == b->borders && compare_texts(a, b) == 0;
}

static int compare_drafts(const void *one, const void *other)
{
    const struct draft *a = one, *b = other;
    int order = compare_texts(a, b);

    if (order == 0)
        order = a->borders - b->borders;
    if (order == 0)
        order = b->once - a->once;
    if (order == 0)
        order = (a->use.rule > b->use.rule) - (a->use.rule < b->use.rule);
    /* A later place first, or one occurrence would take two places of a rule. */
    return order != 0 ? order : b->use.place - a->use.place;
}

static void sort_drafts(struct phrasebook *book)
{
    for (uint32_t i = 0; i < book->draft_count; i++) {
        struct draft *draft = &book->drafts[i];

        draft->text = book->folded.data + draft->at;
        draft->once = draft->use.place == PLACE_NOT || book->rules[draft->use.rule].phrases == 1;
    }
    if (book->draft_count > 0)
        qsort(book->drafts, book->draft_count, sizeof *book->drafts, compare_drafts);
}

/* The drafts from `first` on that are one phrase become it. Returns where the next begins. */
static uint32_t join_drafts(struct phrasebook *book, uint32_t first)
{
    const struct draft *draft = &book->drafts[first];
    struct phrase *phrase = &book->phrases[book->phrase_count++];
    uint32_t end = first, later = first;

    for (; end < book->draft_count && same_phrase(draft, &book->drafts[end]); end++) {
        book->uses[end] = book->drafts[end].use;
        if (book->drafts[end].once)
            later = end + 1;
    }
    *phrase = (struct phrase){.size = (uint16_t)draft->size,
                              .borders = draft->borders,
                              .first = first,
                              .later = later,
                              .end = end};
    return end;
}

/* Fills the texts, each once, and where each has its first phrase. Returns how many. */
static uint32_t join_phrases(struct phrasebook *book, struct slice *texts)
{
    uint32_t count = 0;

    for (uint32_t at = 0; at < book->draft_count;) {
        const struct draft *draft = &book->drafts[at];

        if (at == 0 || compare_texts(draft - 1, draft) != 0) {
            book->text_phrases[count] = book->phrase_count;
            texts[count++] = slice_make(draft->text, draft->size);
        } else {
            book->phrases[book->text_phrases[count - 1]].same++;
        }
        at = join_drafts(book, at);
    }
    return count;
}

static void forget_drafts(struct phrasebook *book)
{
    free(book->drafts);
    book->drafts = NULL;
    buffer_free(&book->folded);
}

static void mark_always(struct phrasebook *book)
{
    for (uint32_t i = 0; i < book->rule_count; i++)
        if (book->rules[i].phrases == 0)
            book->always[i / 64] |= UINT64_C(1) << i % 64;
}

int book_compile(struct phrasebook *book, struct error *why)
{
    size_t room = book->draft_count + 1;
    struct slice *texts = calloc(room, sizeof *texts);
    int result = -1;

    book->phrases = calloc(room, sizeof *book->phrases);
    book->text_phrases = calloc(room, sizeof *book->text_phrases);
    book->uses = calloc(room, sizeof *book->uses);
    if (texts != NULL && book->phrases != NULL && book->text_phrases != NULL &&
        book->uses != NULL) {
        sort_drafts(book);
        result = automaton_build(&book->automaton, texts, join_phrases(book, texts));
    }
    forget_drafts(book);
    mark_always(book);
    free(texts);
    return result < 0 ? error_set(why, "rules: no memory") : 0;
}
