/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dialect: bounces in plain words, as each mail server, relay or provider words them.
 *
 * A dialect is a row: the marks by which it is known, and how its text is read. The first dialect
 * in the table (dialects.c) whose marks are all there, and that finds a recipient, has it. Marks
 * must tell this writer from spam in its clothes: a From and a Subject prove nothing alone; the
 * sentence that only this program writes does. Helpers for the reading are in prose.h.
 */
#ifndef REPORT_DIALECT_H
#define REPORT_DIALECT_H

#include "page.h"

/* What was found on one recipient: views into the page. */
struct found {
    struct slice address;
    struct slice original;
    struct slice words; /* what the server or the text says of it; line breaks inside are fine */
    struct slice status, remote, command; /* absent: the assembler looks into the words */
    enum report_action action;
    uint32_t hash; /* of the address; findings_add knows it */
};
struct findings {
    struct found *of;
    size_t count, room;
    bool partial;    /* there were more than REPORT_RECIPIENTS_MAX, or no memory */
    uint16_t *slots; /* by hash of the address: number of the row, from 1 */
};
/* A new row, to be filled (valid until the next add); NULL: full. The same address again gives
 * its row, so that a text that names it twice makes one. An absent address is a row too: a bounce
 * that names nobody. */
struct found *findings_add(struct findings *findings, struct slice address);
/* The row of that address, ASCII letters folded; NULL: there is none. */
struct found *findings_find(const struct findings *findings, struct slice address);
/* Empty, memory given back; all zero is empty too. */
void findings_clear(struct findings *findings);

enum mark_place {
    MARK_NONE,
    MARK_FROM,    /* in From */
    MARK_SUBJECT, /* in Subject */
    MARK_FIELD,   /* in the field named by `field`; words "": it is there */
    MARK_TEXT,    /* in the text (page_says) */
    MARK_COPY,    /* in the text, the copy of the returned mail included */
};
/* It fits if one of the alternatives in `words`, separated by |, is there. */
struct mark {
    enum mark_place place;
    const char *words;
    const char *field;
};
#define DIALECT_MARKS 5

/* How the text is built, for most dialects; see prose_read_form. All phrases may have
 * alternatives, and may be absent. */
struct form {
    const char *begin; /* recipients are named below the line that says this, else from the top */
    const char *end;   /* and before this */
    const char *label; /* each is named behind this; absent: by the shapes */
    unsigned shapes;   /* PROSE_..., see prose.h */
    const char *why;   /* words that belong to no recipient begin behind this */
    const char *why_end;
    const char *delayed, *delivered; /* the text says so if it says this; else it failed */
    bool nobody;                     /* it is a bounce even where it names nobody */
};

struct dialect {
    const char *name;
    struct mark marks[DIALECT_MARKS];
    struct form form;
    /* Find the recipients in page->text; absent: by the form. */
    void (*read)(const struct page *page, struct findings *findings);
};

/* The dialect that read it, or NULL: nobody knows it. */
const struct dialect *dialect_read(const struct page *page, struct findings *findings);
/* What stands before its first mark, or before the first recipient if it has no mark there. */
struct slice dialect_opening(const struct dialect *dialect, const struct page *page,
                             const struct findings *findings);

#endif
