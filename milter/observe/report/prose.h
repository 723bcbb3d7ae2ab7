/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prose: the shapes in which bounces in plain words name recipients and say what is the matter.
 *
 * Words are matched as in page_says; "one|another" are alternatives. Everything is linear in the
 * text, and views it.
 */
#ifndef REPORT_PROSE_H
#define REPORT_PROSE_H

#include "dialect.h"
#include "phrases.h"

/* From the line behind the one in which the words end; absent: they are not there. */
struct slice prose_after(struct slice text, const char *words);
/* From the words on, they included; absent: they are not there. */
struct slice prose_from(struct slice text, const char *words);
/* What stands before the words; all, if they are not there. */
struct slice prose_before(struct slice text, const char *words);
/* What stands between: after the line that says `begin`, before `end`; absent: no `begin`. */
struct slice prose_between(struct slice text, const char *begin, const char *end);
/* From the first byte of `first` to the last of `last`, trimmed; both view the same text. */
struct slice prose_span(struct slice first, struct slice last);
/* The lines up to an empty one; empty lines in front are passed over. False: no more. */
bool prose_paragraph(struct slice *rest, struct slice *paragraph);

bool prose_is_empty(struct slice line);    /* nothing but blanks */
bool prose_is_indented(struct slice line); /* begins with a blank or tab */

/* The address in a line that holds nothing else: brackets, quotes, "mailto:", bullets, a colon or
 * full stop behind it and a remark in round brackets are nothing. Absent: it is no such line. */
struct slice prose_alone(struct slice line);
/* "<a@example.org>: words", "a@example.org - words", "<a@example.org>... words": the address at
 * the front, and what follows the colon, dash or dots. */
bool prose_headed(struct slice line, struct slice *address, struct slice *words);
/* What follows the label, if the line begins with it ("Recipient address:"); trimmed. */
bool prose_label(struct slice line, const char *label, struct slice *value);
/* All addresses of the line, one by one. */
bool prose_address(struct slice *rest, struct slice *address);

/* How a line names a recipient; what follows, up to the next such line, are the words on it. A
 * line that is indented deeper than the first that named one is words, whatever it looks like. */
enum prose_shape {
    PROSE_ALONE = 1,     /* as prose_alone */
    PROSE_HEADED = 2,    /* as prose_headed */
    PROSE_FRONT = 4,     /* at the front of the line; the words are the rest */
    PROSE_TAIL = 8,      /* at the end of the line, behind some words */
    PROSE_ALL = 16,      /* every address of the text, wherever it stands; no words */
    PROSE_BRACKETS = 32, /* only in <> */
    PROSE_INDENTED = 64, /* only lines that begin with a blank */
    PROSE_FLUSH = 128,   /* only lines that do not */
    PROSE_GAP = 256,     /* the words end at an empty line */
    PROSE_BARE = 512,    /* the lines below are no words */
    PROSE_LIST = 1024,   /* as prose_list_line, up to the first line that names nobody; the words
                            on all are below that */
};
/* Read such blocks from the whole text. A remark in the line or in its block, "(expanded from:
 * <a@example.org>)", gives the original recipient. */
void prose_read_blocks(struct slice text, unsigned shapes, enum report_action action,
                       struct findings *findings);
/* Read the recipients that are named behind the label, in its line or in the next; the
 * words go from there to the next label or to an empty line behind some. */
void prose_read_labels(struct slice text, const char *label, enum report_action action,
                       struct findings *findings);
/* Read the lines of such a list. The text behind it. */
struct slice prose_read_lines(struct slice text, enum report_action action,
                              struct findings *findings);
/* Add the recipients of a line that holds nothing else: "a@example.org, <b@example.org>",
 * "Ann (a@example.org)", "\"Bee, Bob\" <b@example.org>". False: it is no such line. */
bool prose_list_line(struct slice line, enum report_action action, struct findings *findings);
/* Add a row for each address of the text. */
void prose_read_list(struct slice text, enum report_action action, struct findings *findings);
/* Rows without words get those that the text has on them: from a line that names them, or below
 * one that does nothing else, to the next that names somebody or an empty line. */
void prose_read_words(struct slice text, struct findings *findings);
/* Rows that have no words yet get these. */
void prose_fill_words(struct findings *findings, struct slice words);
/* The whole: recipients and action by the form, and the words where `why` says. */
void prose_read_form(struct slice text, const struct form *form, struct findings *findings);
/* Add with action and words; words that are there already stay. NULL: full. */
struct found *prose_add(struct findings *findings, struct slice address, enum report_action action,
                        struct slice words);
/* What the line says of where the recipient came from, into row->original. */
void prose_read_origin(struct slice line, struct found *row);

#endif
