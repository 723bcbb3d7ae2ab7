/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * charset: a line of text in any charset becomes UTF-8. Only charsets of a list are believed;
 * what says nothing, or nothing known, is UTF-8 if it can be.
 */
#ifndef REPORT_CHARSET_H
#define REPORT_CHARSET_H

#include "waybill/text.h"

#define CHARSET_ICONV_MAX (256u << 10) /* bytes that iconv is asked for; short lines make it slow */

enum charset_kind {
    CHARSET_GUESS,   /* none named: UTF-8, ISO-2022-JP by its escapes, or windows-1252 */
    CHARSET_UTF8,
    CHARSET_WESTERN, /* windows-1252, which ISO-8859-1 is a part of */
    CHARSET_BYTES,   /* each byte is a character, which iconv knows */
    CHARSET_ICONV,   /* iconv alone can read it */
    CHARSET_UNKNOWN, /* UTF-8 if it can be; else ASCII alone is kept */
};
struct charset {
    enum charset_kind kind;
    const char *name; /* for iconv; a constant */
    void *handle;     /* opened when the first line needs it */
    const char *opened; /* the name that `handle` is for; NULL: not open */
    size_t asked;     /* bytes of CHARSET_ICONV, in all texts */
    unsigned wrong;   /* sequences that could not be read */
    uint16_t high[128]; /* CHARSET_BYTES: what 0x80... mean; 0: not asked yet */
};

void charset_begin(struct charset *charset);
/* Close what is open; may be begun again. */
void charset_end(struct charset *charset);
/* From now on lines are in the charset of that name; absent or empty: none is named. */
void charset_choose(struct charset *charset, struct slice name);
/* The line in UTF-8, without NUL: itself, or a view of `to`. What does not fit into `room` is
 * left out and `cut` set (never reset). What cannot be read is U+FFFD. */
struct slice charset_line(struct charset *charset, struct slice line, char *to, size_t room,
                          bool *cut);
/* Append a code point; 0: no room. Surrogates and what is beyond Unicode become U+FFFD. */
size_t charset_put(char *to, size_t room, uint32_t code);

#endif
