/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page: a mail as a person sees it, for those who have to understand plain words: its header and
 * its readable text. All slices are views into the page's memory, which lives as long as the
 * report; so whoever finds something in it only points at it.
 */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "waybill/buffer.h"
#include "waybill/report.h"

#define PAGE_HEADER_MAX 32768 /* bytes of header fields that are kept */

struct page {
    struct buffer header; /* "Name: value\n" each, unfolded, encoded words decoded */
    uint64_t names;       /* of the fields that are there, a bit each; several share one */
    struct buffer body;   /* all text lines, each ended by \n; UTF-8 */
    bool null_sender;     /* as the envelope or Return-Path says */
    bool multipart_report;
    bool partial; /* a field was left out, for there was no room */
    /* Set by page_split, once all is in: */
    struct slice text; /* the body up to the copy of the returned mail */
    struct slice copy; /* from there on, with the line that announces it; absent: none is in
                          the text */
};

void page_init(struct page *page);
void page_free(struct page *page);
void page_add_field(struct page *page, struct slice name, struct slice value);
/* False: the bound is reached. */
bool page_add_line(struct page *page, struct slice line);
/* Find where the text ends and the copy of the returned mail begins: at a line that says so, or
 * where a header of a mail stands in the text. */
void page_split(struct page *page);

/* The first field of that name (any case); absent: there is none. */
struct slice page_field(const struct page *page, const char *name);
/* Is `words` in it? ASCII letters fold; a blank in `words` stands for any run of blanks, tabs and
 * line breaks. */
bool page_says(struct slice where, const char *words);
/* Take the next line, without its end. False: there is no more. */
bool page_line(struct slice *rest, struct slice *line);
/* The first thing in the line that looks like a mail address: local part (quoted or not), @, a
 * domain or an address literal; IDN and UTF-8 too. Brackets, quotes and punctuation around it are
 * left out. Absent: none. */
struct slice page_address(struct slice line);

#endif
