/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * form: most programs fill in a form: a fixed sentence, behind it the recipients, somewhere why it
 * failed. Such a dialect says what its form is, and needs no code of its own.
 *
 * Words are matched as in page_says; "one|another" are alternatives. Linear in the text.
 */
#ifndef REPORT_FORM_H
#define REPORT_FORM_H

#include "prose.h"

enum form_shape {
    FORM_ONE,    /* the first address behind the sentence, not far from it */
    FORM_EACH,   /* each line that says it names one, or the line below does; words follow */
    FORM_LIST,   /* the lines behind the sentence, up to the first that names nobody; it may be
                    said again */
    FORM_LINES,  /* as FORM_LIST, but in each line the words stand behind the address */
    FORM_BLOCKS, /* each recipient on a line of its own, the words on it below */
};
struct form {
    const char *names;   /* the sentence in front of the recipients */
    const char *until;   /* they stand before this; NULL: the text's end */
    const char *why;     /* where the words begin, anywhere; it is left out of them if it ends as a
                            label does (":", "-"); NULL: below the recipients */
    const char *end;     /* the words end before this; NULL: at the text's end */
    const char *delayed; /* the text says this: it is tried again; NULL: it never is */
    enum form_shape shape;
};

void form_read(const struct form *form, const struct page *page, struct findings *findings);

/* The recipients of a line that holds nothing else: "a@example.org, <b@example.org>",
 * "Ann (a@example.org)", "Ann <a@example.org>". False: it is no such line. */
bool form_add_line(struct slice line, enum report_action action, struct findings *findings);

/* The reader of a dialect, from its form. */
#define FORM_READ(function, ...)                                                                   \
    static void function(const struct page *page, struct findings *findings)                       \
    {                                                                                              \
        static const struct form form = {__VA_ARGS__};                                             \
        form_read(&form, page, findings);                                                          \
    }

#endif
