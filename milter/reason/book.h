/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * book: a phrasebook in memory, and how it is written: lines in (parse.c), then compiled once
 * (compile.c), then asked (ask.c).
 */
#ifndef REASON_BOOK_H
#define REASON_BOOK_H

#include "waybill/automaton.h"
#include "condition.h"
#include "waybill/buffer.h"
#include "waybill/reason.h"

#define PHRASEBOOK_WORDS_MAX 8192    /* bytes of a server's words that are looked at */
#define RULES_MAX 8192               /* of all files */
#define RULE_CHAINS_MAX 1536         /* of them with several phrases */
#define RULE_LINE_MAX 1000           /* bytes */
#define RULE_FILE_MAX (512 << 10)    /* bytes */
#define RULE_FILES_MAX 64            /* in the directory */
#define RULE_PHRASES_MAX 8           /* of one rule */
#define RULE_DISTANCE 80             /* bytes between two phrases of a rule that does not say */
#define PHRASE_MAX 200               /* bytes */
#define PHRASES_MAX 16384            /* of all rules */
#define PHRASE_BYTES_MAX (256 << 10) /* of all phrases */
#define RULE_NAMES_MAX (1 << 20)     /* bytes of all names of rules */
#define RULE_VALUES_MAX (64 << 10)   /* of all conditions of all rules */

#define BORDER_BEFORE 1 /* the phrase begins a word */
#define BORDER_AFTER 2  /* it ends one */
#define PLACE_NOT 255   /* the phrase must not occur */

struct span {
    uint32_t first, count;
};

struct rule {
    enum reason reason;
    uint8_t phrases;                    /* that must occur */
    uint16_t chain;                     /* its number, if there are several */
    uint16_t distance;                  /* between one and the next, at most */
    struct span conditions[CONDITIONS]; /* in the values; count 0: not asked */
    uint32_t name;                      /* in the names */
};

/* Where a phrase stands: the rule, and which of its phrases it is. */
struct use {
    uint32_t rule;
    uint8_t place;
};

/* A phrase as it is written down, before it is sorted. */
struct draft {
    uint32_t at, size; /* in the folded bytes */
    const char *text;  /* once no more are added */
    uint8_t borders;
    bool once; /* one occurrence tells all */
    struct use use;
};

/* A phrase, once, for all rules that have it. Uses before `later` need it once, the first time;
 * the others, of rules with several phrases, look at each occurrence. */
struct phrase {
    uint16_t size;
    uint8_t borders;
    uint8_t same; /* so many phrases follow that differ in their borders only */
    uint32_t first, later, end;
};

struct phrasebook {
    struct rule *rules;
    struct value *values;
    struct draft *drafts; /* while it is written */
    uint32_t rule_count, value_count, draft_count, chain_count;
    size_t rule_room, value_room, draft_room;
    struct buffer folded; /* texts of the drafts */
    struct buffer names;  /* of the rules, each with its NUL */
    char *files[RULE_FILES_MAX];
    size_t file_count;

    struct automaton automaton;
    struct phrase *phrases;
    uint32_t *text_phrases; /* the first phrase with that text */
    struct use *uses;
    uint32_t phrase_count;
    uint64_t always[RULES_MAX / 64]; /* rules that need no phrase */
};

/* An empty book, to be closed like any; NULL: no memory. */
struct phrasebook *book_new(void);
/* All lines of a file; `file` is its path, for errors. The text lives as long as the book. */
int book_parse(struct phrasebook *book, const char *file, struct slice text, struct error *why);
/* The book is complete. */
int book_compile(struct phrasebook *book, struct error *why);

/* Room for one more; NULL: no memory. */
void *book_grow(void *items, size_t *room, uint32_t count, size_t size);

/* Made of shipped.rules when the program is built. */
extern const unsigned char shipped_rules[];
extern const size_t shipped_rules_size;

#endif
