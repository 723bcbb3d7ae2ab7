/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * part: the content of a leaf of a mail, from its transfer encoding to the lines that are told.
 */
#ifndef REPORT_PART_H
#define REPORT_PART_H

#include "charset.h"
#include "field.h"
#include "html.h"
#include "lines.h"
#include "mime.h"
#include "transfer.h"

#define PART_HOLD_MAX 8192 /* bytes of text outside of all parts that wait for their turn */

enum part_sink {
    PART_SKIPPED,
    PART_TEXT,
    PART_HTML,
    PART_HELD,     /* outside of all parts: text only if there is no other */
    PART_FIELDS,   /* groups of fields */
    PART_RETURNED, /* the header of a mail; what follows it is passed over */
    PART_GUESSED,  /* PART_RETURNED if it begins with a field; else `otherwise` */
};

struct part {
    mime_told *told;
    void *context;
    bool partial;     /* a limit was met; never reset */
    bool text_told;   /* a line that is not blank, in the whole mail */
    size_t text_size; /* of all text that was told */
    struct buffer held;
    struct charset charset;
    /* Of the part that is read: */
    enum part_sink sink, otherwise;
    enum mime_line fields;
    bool group; /* a field of this group was told */
    bool said;  /* a line of text that is not blank was told */
    enum transfer transfer;
    struct base64 base64;
    size_t line_size; /* of an unfinished decoded line */
    struct field field;
    struct html html;
    char line[REPORT_LINE_MAX];
    char decoded[REPORT_LINE_MAX + 1]; /* a piece of a line, and its end */
    char utf8[REPORT_LINE_MAX];
};

void part_open(struct part *part, mime_told *told, void *context);
void part_close(struct part *part);

/* A part begins, ends, and what comes between. */
void part_begin(struct part *part, enum part_sink sink, enum transfer transfer,
                struct slice charset);
void part_piece(struct part *part, const struct piece *piece);
void part_end(struct part *part);
/* The mail is over: what was held is told if there was nothing else. */
void part_tell_held(struct part *part);

#endif
