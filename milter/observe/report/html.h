/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * html: the text of an HTML part, line by line: tags, styles, scripts and comments are left out,
 * blocks and <br> end a line, entities are read, blanks are folded.
 */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "waybill/report.h"

#define HTML_TAG_MAX 128 /* bytes of a tag that are kept: its name, or an address in brackets */

enum html_state { HTML_TEXT, HTML_TAG, HTML_COMMENT };

struct html {
    enum html_state state;
    size_t size;     /* of `text` */
    size_t tag_size; /* of `tag` */
    unsigned dashes; /* that end a comment */
    bool hidden;     /* inside of style, script or title */
    char hidden_by[8]; /* its name */
    bool as_it_is;   /* inside of pre */
    bool blank;      /* a blank is due before the next text */
    bool any;        /* a line was told */
    bool gap;        /* an empty line is due before the next */
    char tag[HTML_TAG_MAX];
    char text[REPORT_LINE_MAX];
};
typedef void html_told(void *context, struct slice line);

void html_begin(struct html *html);
/* A line, or a part of one (`ends` is false); UTF-8. */
void html_line(struct html *html, struct slice line, bool ends, html_told *told, void *context);
void html_end(struct html *html, html_told *told, void *context);

#endif
