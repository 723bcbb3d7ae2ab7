/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * phrases: the automaton walks over symbols instead of bytes: one for a run of blanks, and another
 * for a letter that begins a word than for the same within one. So the rules of what is found are
 * in the symbols, and whatever the automaton finds is a phrase.
 */
#include "phrases.h"

#include <stdlib.h>
#include <string.h>

#include "waybill/automaton.h"

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static unsigned char fold(char byte)
{
    return (unsigned char)text_lower(byte);
}

static bool is_end(char byte)
{
    return byte == '\0' || byte == '|';
}

static bool in_word(char byte)
{
    unsigned char low = fold(byte);
    return (low >= 'a' && low <= 'z') || (byte >= '0' && byte <= '9');
}

static const char *next_alternative(const char *words)
{
    const char *bar = strchr(words, '|');
    return bar == NULL ? NULL : bar + 1;
}

/* ---- symbols ---- */

#define STRANGE 0x7f /* for controls, so that they are free for digits */

static unsigned char symbol_of(char byte, bool begins)
{
    if (is_blank(byte))
        return ' ';
    if (in_word(byte))
        return (unsigned char)(begins ? fold(byte) - 0x20 : fold(byte));
    return (unsigned char)byte < 0x20 ? STRANGE : (unsigned char)byte;
}

struct phrases {
    struct automaton automaton;
    uint32_t *first;               /* by text: in the numbers; one more for the end */
    uint16_t *numbers;             /* the phrases that have a text */
    unsigned char symbols[2][256]; /* 1: in a word that has begun */
    bool words[256];               /* is the next byte within a word? */
};

/* One alternative, in symbols, and whose it is. */
struct entry {
    struct slice text;
    uint16_t number;
};

static void set_symbols(struct phrases *phrases, bool within_words)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        phrases->symbols[0][byte] = symbol_of((char)byte, !within_words);
        phrases->symbols[1][byte] = symbol_of((char)byte, false);
        phrases->words[byte] = in_word((char)byte);
    }
}

static size_t write_symbols(const struct phrases *phrases, const char *words, char *to)
{
    size_t size = 0;
    bool inside = false;
    for (; !is_end(words[size]); size++) {
        to[size] = (char)phrases->symbols[inside][(unsigned char)words[size]];
        inside = in_word(words[size]);
    }
    return size;
}

/* ---- to compile ---- */

struct draft {
    struct entry *entries;
    struct slice *texts;
    char *bytes;
    uint32_t count;
    size_t size;
};

static void measure(const struct lexicon *lexicon, struct draft *draft)
{
    for (size_t i = 0; i < lexicon->count; i++)
        for (const char *words = lexicon->words(i); words != NULL;
             words = next_alternative(words)) {
            draft->count++;
            draft->size += strcspn(words, "|");
        }
}

static void list_entries(const struct lexicon *lexicon, const struct phrases *phrases,
                         struct draft *draft)
{
    struct entry *entry = draft->entries;
    char *to = draft->bytes;
    for (size_t i = 0; i < lexicon->count; i++)
        for (const char *words = lexicon->words(i); words != NULL;
             words = next_alternative(words)) {
            size_t size = write_symbols(phrases, words, to);
            *entry++ = (struct entry){slice_make(to, size), (uint16_t)i};
            to += size;
        }
}

static int compare_entries(const void *one, const void *other)
{
    const struct entry *a = one, *b = other;
    size_t least = a->text.size < b->text.size ? a->text.size : b->text.size;
    int order = memcmp(a->text.at, b->text.at, least);
    return order != 0 ? order : (a->text.size > b->text.size) - (a->text.size < b->text.size);
}

/* Each text once, with the numbers of all that have it. Returns how many texts. */
static uint32_t join_entries(struct phrases *phrases, struct draft *draft)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < draft->count; i++) {
        if (i == 0 || compare_entries(&draft->entries[i - 1], &draft->entries[i]) != 0) {
            phrases->first[count] = i;
            draft->texts[count++] = draft->entries[i].text;
        }
        phrases->numbers[i] = draft->entries[i].number;
    }
    phrases->first[count] = draft->count;
    return count;
}

static void phrases_free(struct phrases *phrases)
{
    automaton_free(&phrases->automaton);
    free(phrases->first);
    free(phrases->numbers);
    free(phrases);
}

static bool build(const struct lexicon *lexicon, struct phrases *phrases, struct draft *draft)
{
    measure(lexicon, draft);
    draft->entries = calloc(draft->count + 1, sizeof *draft->entries);
    draft->texts = calloc(draft->count + 1, sizeof *draft->texts);
    draft->bytes = malloc(draft->size + 1);
    phrases->first = calloc(draft->count + 1, sizeof *phrases->first);
    phrases->numbers = calloc(draft->count + 1, sizeof *phrases->numbers);
    if (draft->entries == NULL || draft->texts == NULL || draft->bytes == NULL ||
        phrases->first == NULL || phrases->numbers == NULL)
        return false;
    set_symbols(phrases, lexicon->within_words);
    list_entries(lexicon, phrases, draft);
    qsort(draft->entries, draft->count, sizeof *draft->entries, compare_entries);
    return automaton_build(&phrases->automaton, draft->texts, join_entries(phrases, draft)) == 0;
}

static struct phrases *compile(const struct lexicon *lexicon)
{
    struct draft draft = {.count = 0};
    struct phrases *phrases = calloc(1, sizeof *phrases);
    if (phrases != NULL && !build(lexicon, phrases, &draft)) {
        phrases_free(phrases);
        phrases = NULL;
    }
    free(draft.entries);
    free(draft.texts);
    free(draft.bytes);
    return phrases;
}

/* Two threads may compile at once; the later one drops its own. */
static const struct phrases *compiled(struct lexicon *lexicon)
{
    struct phrases *phrases = atomic_load(&lexicon->compiled), *other = NULL;
    if (phrases != NULL)
        return phrases;
    phrases = compile(lexicon);
    if (phrases != NULL && !atomic_compare_exchange_strong(&lexicon->compiled, &other, phrases)) {
        phrases_free(phrases);
        return other;
    }
    return phrases;
}

bool phrases_fit(const struct lexicon *lexicon)
{
    for (size_t i = 0; i < lexicon->count; i++)
        for (const char *words = lexicon->words(i); words != NULL;
             words = next_alternative(words)) {
            if (is_end(*words) || is_blank(*words))
                return false;
            for (; !is_end(*words); words++)
                if ((is_blank(*words) && (*words != ' ' || is_blank(words[1]))) ||
                    symbol_of(*words, false) == STRANGE)
                    return false;
        }
    return true;
}

/* ---- to seek ---- */

struct walk {
    const struct phrases *phrases;
    struct slice where;
    size_t at;
    uint32_t node;
    bool inside, blank;
};

/* On to the end of the next occurrence: its node. 0: there is no more. */
static uint32_t walk_on(struct walk *walk)
{
    const struct phrases *phrases = walk->phrases;
    const struct automaton *automaton = &phrases->automaton;
    uint32_t node = walk->node;

    while (walk->at < walk->where.size) {
        unsigned char byte = (unsigned char)walk->where.at[walk->at++];
        unsigned char symbol = phrases->symbols[walk->inside][byte];

        walk->inside = phrases->words[byte];
        if (symbol == ' ' && walk->blank)
            continue;
        walk->blank = symbol == ' ';
        node = automaton_step(automaton, node, symbol);
        if (automaton->nodes[node].report != 0) {
            walk->node = node;
            return node;
        }
    }
    return 0;
}

static void note_ends(const struct walk *walk, uint32_t node, uint32_t *ends)
{
    const struct phrases *phrases = walk->phrases;
    const struct automaton_node *nodes = phrases->automaton.nodes;

    for (uint32_t hit = nodes[node].report; hit != 0; hit = nodes[nodes[hit].fail].report) {
        uint32_t text = nodes[hit].text;
        for (uint32_t i = phrases->first[text]; i < phrases->first[text + 1]; i++)
            if (ends[phrases->numbers[i]] == 0)
                ends[phrases->numbers[i]] = (uint32_t)walk->at;
    }
}

bool phrases_seek(struct lexicon *lexicon, struct slice where, uint32_t *ends)
{
    struct walk walk = {.phrases = compiled(lexicon), .where = where};
    uint32_t node;

    memset(ends, 0, lexicon->count * sizeof *ends);
    if (walk.phrases == NULL)
        return false;
    while ((node = walk_on(&walk)) != 0)
        note_ends(&walk, node, ends);
    return true;
}

bool phrases_any(struct lexicon *lexicon, struct slice where)
{
    struct walk walk = {.where = where};

    if (where.size == 0)
        return false;
    walk.phrases = compiled(lexicon);
    return walk.phrases != NULL && walk_on(&walk) != 0;
}

/* ---- phrases that come and go ---- */

static size_t one_at(struct slice from, const char *words)
{
    size_t i = 0;
    for (; !is_end(*words); words++) {
        if (i >= from.size)
            return 0;
        if (*words == ' ') {
            if (!is_blank(from.at[i]))
                return 0;
            while (i < from.size && is_blank(from.at[i]))
                i++;
        } else if (fold(from.at[i++]) != fold(*words)) {
            return 0;
        }
    }
    return i;
}

size_t phrase_at(struct slice from, const char *words)
{
    size_t size = 0;
    for (; words != NULL && size == 0; words = next_alternative(words))
        size = one_at(from, words);
    return size;
}

/* May a phrase begin there? Not within a word. */
static bool may_begin(struct slice where, size_t at)
{
    return at == 0 || !in_word(where.at[at]) || !in_word(where.at[at - 1]);
}

#define ALTERNATIVES_MAX 255

/* Alternatives by their first byte. */
struct alternatives {
    const char *words[ALTERNATIVES_MAX];
    uint8_t next[ALTERNATIVES_MAX]; /* with the same first byte; from 1 */
    uint8_t first[256];             /* from 1 */
};

static void list_alternatives(struct alternatives *list, const char *words)
{
    uint8_t count = 0;
    memset(list->first, 0, sizeof list->first);
    for (; words != NULL && count < ALTERNATIVES_MAX; words = next_alternative(words)) {
        if (is_end(*words) || is_blank(*words))
            continue;
        uint8_t *first = &list->first[fold(*words)];
        list->words[count] = words;
        list->next[count] = *first;
        *first = ++count;
    }
}

struct slice phrase_find(struct slice where, const char *words)
{
    struct alternatives list;
    size_t longest = 0;
    if (where.size == 0)
        return SLICE_ABSENT;
    list_alternatives(&list, words);
    for (size_t i = 0; i < where.size; i++) {
        uint8_t number = list.first[fold(where.at[i])];
        if (number == 0 || !may_begin(where, i))
            continue;
        for (; number != 0; number = list.next[number - 1]) {
            size_t size = one_at(slice_make(where.at + i, where.size - i), list.words[number - 1]);
            if (size > longest)
                longest = size;
        }
        if (longest > 0)
            return slice_make(where.at + i, longest);
    }
    return SLICE_ABSENT;
}
