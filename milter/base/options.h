/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: the one table of all options; private to the settings.
 */
#ifndef WAYBILL_BASE_OPTIONS_H
#define WAYBILL_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "waybill/settings.h"
#include "waybill/text.h"

enum option_type {
    OPTION_TEXT,   /* char * */
    OPTION_NUMBER, /* int64_t, least..most */
    OPTION_CHOICE, /* int64_t, the place of a word in `choices` */
    OPTION_LIST,   /* char *[SETTINGS_LIST_MAX], NULL at its end */
    OPTION_MODE,   /* int64_t, octal */
};

struct option {
    const char *name;
    enum option_type type;
    size_t at;                  /* offset in struct settings */
    const char *initial;        /* default, as it is written in the file */
    int64_t least, most;        /* number, mode */
    const char *const *choices; /* words, NULL at the end */
    /* Does a text, or a list's item, look right? NULL: anything does. */
    bool (*fits)(struct slice value);
    const char *allowed; /* what `fits` wants, after "must be" */
    bool live;           /* a reload applies it */
    const char *heading; /* begins a group */
    const char *text;    /* sentences of the manual */
};

extern const struct option options[];
extern const size_t option_count;

/* Where the option's value lies in a struct settings. */
static inline char **option_text(const struct option *option, const struct settings *in)
{
    return (char **)((char *)(uintptr_t)in + option->at);
}
static inline int64_t *option_number(const struct option *option, const struct settings *in)
{
    return (int64_t *)((char *)(uintptr_t)in + option->at);
}
/* The option of that name, or NULL. */
const struct option *option_find(const char *name);
/* The name that a mistyped one most resembles, or NULL: none does. */
const char *option_nearest(const char *name);

/* The shapes (shapes.c). */
bool shape_host(struct slice value);
bool shape_word(struct slice value);
bool shape_listen(struct slice value);
bool shape_redis(struct slice value);
bool shape_prefix(struct slice value);
bool shape_path(struct slice value);
bool shape_path_or_empty(struct slice value);
bool shape_secret(struct slice value);
bool shape_secret_or_empty(struct slice value);
bool shape_log_source(struct slice value);
bool shape_own_source(struct slice value);
bool shape_metrics(struct slice value);
bool shape_web_listen(struct slice value);
bool shape_web_url(struct slice value);
bool shape_header_name(struct slice value);

#endif
