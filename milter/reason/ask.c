/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ask: one walk of the automaton over the words marks the rules whose phrases are all there, in
 * their order; of these, and of those that need none, the first whose conditions fit decides.
 */
#include "book.h"

#include <string.h>

#include "fold.h"

#define SET(bits, at) ((bits)[(at) / 64] |= UINT64_C(1) << (at) % 64)
#define IS_SET(bits, at) (((bits)[(at) / 64] >> (at) % 64 & 1) != 0)

/* How far a rule with several phrases has come. */
struct chain {
    uint16_t end;    /* of the last phrase that was found */
    uint16_t before; /* if that is the first phrase: of the occurrence before, or 0 */
    uint8_t found;   /* phrases */
};

struct walk {
    const struct phrasebook *book;
    struct slice words;
    uint64_t fits[RULES_MAX / 64], spoilt[RULES_MAX / 64], seen[PHRASES_MAX / 64];
    struct chain chains[RULE_CHAINS_MAX];
};

static bool word_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
           (unsigned char)byte >= 0x80;
}

static bool borders_hold(struct slice words, size_t start, size_t end, uint8_t borders)
{
    if ((borders & BORDER_BEFORE) != 0 && start > 0 && word_byte(words.at[start - 1]))
        return false;
    return (borders & BORDER_AFTER) == 0 || end == words.size || !word_byte(words.at[end]);
}

static bool follows(size_t start, size_t end, const struct rule *rule)
{
    return start >= end && start - end <= rule->distance;
}

/* The first phrase makes the rule begin anew, because from a later one more of what follows is
 * near enough; but what follows may overlap it, so the one before is remembered, too. */
static void begin_chain(struct chain *chain, size_t end, const struct rule *rule)
{
    if (chain->found > 1 && end - chain->end <= rule->distance)
        return;
    chain->before = chain->found == 1 ? chain->end : 0;
    chain->end = (uint16_t)end;
    chain->found = 1;
}

static void use_phrase(struct walk *walk, struct use use, size_t start, size_t end)
{
    const struct rule *rule = &walk->book->rules[use.rule];
    struct chain *chain = &walk->chains[rule->chain];

    if (use.place == PLACE_NOT) {
        SET(walk->spoilt, use.rule);
    } else if (rule->phrases == 1) {
        SET(walk->fits, use.rule);
    } else if (use.place == 0) {
        if (chain->found < rule->phrases)
            begin_chain(chain, end, rule);
    } else if (chain->found == use.place &&
               (follows(start, chain->end, rule) ||
                (chain->before > 0 && follows(start, chain->before, rule)))) {
        *chain = (struct chain){.end = (uint16_t)end, .found = (uint8_t)(use.place + 1)};
        if (chain->found == rule->phrases)
            SET(walk->fits, use.rule);
    }
}

static void see_phrase(struct walk *walk, uint32_t number, size_t end)
{
    const struct phrase *phrase = &walk->book->phrases[number];
    size_t start = end - phrase->size;
    bool again = IS_SET(walk->seen, number);

    if ((again && phrase->later == phrase->end) ||
        !borders_hold(walk->words, start, end, phrase->borders))
        return;
    SET(walk->seen, number);
    for (uint32_t use = again ? phrase->later : phrase->first; use < phrase->end; use++)
        use_phrase(walk, walk->book->uses[use], start, end);
}

static void walk_words(struct walk *walk)
{
    const struct phrasebook *book = walk->book;
    const struct automaton_node *nodes = book->automaton.nodes;
    uint32_t node = 0;

    for (size_t at = 0; at < walk->words.size; at++) {
        node = automaton_step(&book->automaton, node, (unsigned char)walk->words.at[at]);
        for (uint32_t hit = nodes[node].report; hit != 0; hit = nodes[nodes[hit].fail].report) {
            uint32_t first = book->text_phrases[nodes[hit].text];

            for (uint32_t i = 0; i <= book->phrases[first].same; i++)
                see_phrase(walk, first + i, at + 1);
        }
    }
}

static bool rule_fits(const struct phrasebook *book, const struct rule *rule,
                      const struct asked *asked)
{
    for (int condition = 0; condition < CONDITIONS; condition++) {
        const struct span *span = &rule->conditions[condition];
        bool fits = span->count == 0;

        for (uint32_t i = 0; i < span->count && !fits; i++)
            fits = condition_fits(condition, &book->values[span->first + i], asked);
        if (!fits)
            return false;
    }
    return true;
}

static const struct rule *first_that_fits(const struct walk *walk, const struct asked *asked)
{
    const struct phrasebook *book = walk->book;

    for (uint32_t block = 0; block * 64 < book->rule_count; block++) {
        uint64_t bits = (walk->fits[block] | book->always[block]) & ~walk->spoilt[block];

        for (; bits != 0; bits &= bits - 1) {
            const struct rule *rule = &book->rules[block * 64 + (uint32_t)__builtin_ctzll(bits)];

            if (rule_fits(book, rule, asked))
                return rule;
        }
    }
    return NULL;
}

/* Inlined, its frame and that of the words would be one that is too large. */
__attribute__((noinline)) static const struct rule *
find_rule(const struct phrasebook *book, struct slice folded, const struct asked *asked)
{
    struct walk walk;

    walk.book = book;
    walk.words = folded;
    memset(walk.fits, 0, sizeof walk.fits);
    memset(walk.spoilt, 0, sizeof walk.spoilt);
    memset(walk.seen, 0, sizeof walk.seen);
    memset(walk.chains, 0, book->chain_count * sizeof walk.chains[0]);
    walk_words(&walk);
    return first_that_fits(&walk, asked);
}

/* "mx.example.org[192.0.2.1]." */
static struct slice cut_host(struct slice host)
{
    size_t size = 0;

    while (size < host.size && strchr(" \t[(", host.at[size]) == NULL)
        size++;
    while (size > 0 && host.at[size - 1] == '.')
        size--;
    return slice_make(host.at, size);
}

/* A status x.0.0 says no more than the class, so the words may know better. */
static void look_at_codes(struct asked *asked, const struct evidence *evidence, struct slice words)
{
    char status[STATUS_ROOM];
    uint16_t *numbers = asked->status;

    asked->code = (uint16_t)(evidence->code > 0 ? evidence->code : smtp_code_in(words));
    (void)condition_status(slice_trim(evidence->status), numbers);
    if ((numbers[0] == 0 || (numbers[1] == 0 && numbers[2] == 0)) && status_in(words, status))
        (void)condition_status(slice_of(status), numbers);
}

void phrasebook_ask(const struct phrasebook *book, const struct evidence *evidence,
                    struct decision *decision)
{
    char folded[PHRASEBOOK_WORDS_MAX];
    struct slice words = evidence->words;
    const struct rule *rule;
    struct asked asked = {.delayed = evidence->delayed,
                          .host = cut_host(evidence->host),
                          .command = evidence->command,
                          .dialect = evidence->dialect};

    if (words.size > PHRASEBOOK_WORDS_MAX)
        words.size = PHRASEBOOK_WORDS_MAX;
    look_at_codes(&asked, evidence, words);
    words = slice_make(folded, fold_words(words, folded, PHRASEBOOK_WORDS_MAX));
    rule = find_rule(book, words, &asked);
    if (rule != NULL)
        *decision = (struct decision){rule->reason, book->names.data + rule->name};
    else
        *decision = (struct decision){words.size > 0 ? REASON_UNDEFINED : REASON_ONHOLD, NULL};
}
