/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings_file: one configuration file into a struct settings. Promise: success, or one line
 * that says where the fault is and what is allowed.
 *
 * libconfuse knows the grammar only. Each value comes to us as text through its callback and is
 * judged by the row of the option table, so that a message can name what is allowed.
 */
#include "settings_file.h"

#include <confuse.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "syntax.h"
#include "values.h"

#define FILE_LIMIT ((size_t)1 << 20)

struct reading {
    struct settings *settings;
    const char *path;
    const char *text; /* of the file */
    unsigned *lines;  /* per option: where it was set; 0: not yet */
    struct error *why;
    bool told; /* the first fault counts; libconfuse adds words of its own to ours */
};

/* libconfuse's callbacks have no argument for this. */
static _Thread_local struct reading *reading_now;

static int reading_fail(struct reading *reading, unsigned line, const char *what)
{
    if (!reading->told)
        error_set(reading->why, "%s:%u: %s", reading->path, line, what);
    reading->told = true;
    return -1;
}

static int set_from_file(struct reading *reading, const struct option *option, const char *value,
                         unsigned line)
{
    struct buffer text;
    enum verdict verdict = value_set(option, reading->settings, value);

    if (verdict == VALUE_GOOD)
        return 0;
    buffer_init(&text, 1000);
    if (verdict == VALUE_WRONG)
        value_say_allowed(option, value, &text);
    else if (verdict == VALUE_TOO_MANY)
        buffer_addf(&text, "%s: must be at most %d items", option->name, SETTINGS_LIST_MAX - 1);
    else
        buffer_add_text(&text, "no memory");
    reading_fail(reading, line, text.data);
    buffer_free(&text);
    return -1;
}

/* A value that is set twice is mostly a mistake, and the reader of the file looks at the first. */
static int begin_option(struct reading *reading, const struct option *option, unsigned line)
{
    unsigned *known = &reading->lines[option - options];
    char text[200];

    if (*known > 0) {
        snprintf(text, sizeof text, "%s: is set already in line %u", option->name, *known);
        return reading_fail(reading, line, text);
    }
    *known = line;
    if (option->type == OPTION_LIST)
        value_clear_list(option_text(option, reading->settings));
    return 0;
}

static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
    struct reading *reading = reading_now;
    const struct option *option = option_find(opt->name);
    unsigned line = (unsigned)cfg->line;
    bool first = opt->nvalues <= 1; /* it counts the one that it is about to set */

    *(const char **)result = value;
    if (reading == NULL) /* LIST_UNSET, while the parser is made */
        return 0;
    if (option == NULL || (first && begin_option(reading, option, line) < 0) ||
        set_from_file(reading, option, value, line) < 0)
        return -1;
    return 0;
}

static void say_unknown(const char *name, char *text, size_t room)
{
    const char *nearest = option_nearest(name);

    if (nearest != NULL)
        snprintf(text, room, "%.100s: no such option; did you mean '%s'?", name, nearest);
    else
        snprintf(text, room, "%.100s: no such option; waybill.conf(5) has them all", name);
}

static void on_error(cfg_t *cfg, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void on_error(cfg_t *cfg, const char *format, va_list arguments)
{
    char words[200], text[400];
    unsigned line = (unsigned)cfg->line;

    /* What is missed at the end is missed where the last thing stands. */
    if (strncmp(format, "premature", 9) == 0)
        line = syntax_last_line(reading_now->text, line);
    if (strcmp(format, "no such option '%s'") == 0) {
        say_unknown(va_arg(arguments, const char *), text, sizeof text);
    } else {
        vsnprintf(words, sizeof words, format, arguments);
        snprintf(text, sizeof text, "%s; write NAME = VALUE, a list as NAME = { A, B }", words);
    }
    reading_fail(reading_now, line, text);
}

/* What a list holds in libconfuse until the file sets it: so an empty list can be told from none,
 * since no callback is called for it. */
#define LIST_UNSET "{unset}"

static cfg_t *make_parser(void)
{
    cfg_opt_t *rows = calloc(option_count + 1, sizeof *rows);
    cfg_t *cfg;

    if (rows == NULL)
        return NULL;
    for (size_t i = 0; i < option_count; i++) {
        if (options[i].type == OPTION_LIST)
            rows[i] = (cfg_opt_t)CFG_STR_LIST_CB(options[i].name, LIST_UNSET, CFGF_NONE, on_value);
        else
            rows[i] = (cfg_opt_t)CFG_STR_CB(options[i].name, 0, CFGF_NODEFAULT, on_value);
    }
    rows[option_count] = (cfg_opt_t)CFG_END();
    cfg = cfg_init(rows, CFGF_NONE);
    free(rows); /* cfg_init copies them */
    if (cfg != NULL)
        cfg_set_error_function(cfg, on_error);
    return cfg;
}

static void take_empty_lists(cfg_t *cfg, struct settings *settings)
{
    for (size_t i = 0; i < option_count; i++)
        if (options[i].type == OPTION_LIST && cfg_size(cfg, options[i].name) == 0)
            value_clear_list(option_text(&options[i], settings));
}

static int parse(struct reading *reading, struct buffer *file)
{
    unsigned line;
    const char *fault = syntax_prepare(file->data, file->size, &line);
    cfg_t *cfg;
    int result;

    if (fault != NULL)
        return reading_fail(reading, line, fault);
    cfg = make_parser();
    if (cfg == NULL)
        return error_set(reading->why, "cannot read '%s': no memory", reading->path);
    reading->text = file->data;
    reading_now = reading;
    result = cfg_parse_buf(cfg, file->data);
    if (result != CFG_SUCCESS)
        reading_fail(reading, (unsigned)cfg->line, "is not understood; write NAME = VALUE");
    else
        take_empty_lists(cfg, reading->settings);
    reading_now = NULL;
    cfg_free(cfg);
    return result == CFG_SUCCESS ? 0 : -1;
}

/* Read it ourselves: libconfuse's scanner exits the process when it cannot read, as with a
 * directory. */
static int load_stream(FILE *from, struct buffer *file, const char *path, struct error *why)
{
    char block[4096];
    struct stat status;
    size_t size;

    if (fstat(fileno(from), &status) < 0)
        return error_set(why, "cannot read '%s': %s", path, strerror(errno));
    if (S_ISDIR(status.st_mode))
        return error_set(why, "cannot read '%s': it is a directory", path);
    while ((size = fread(block, 1, sizeof block, from)) > 0)
        buffer_add(file, block, size);
    if (ferror(from))
        return error_set(why, "cannot read '%s': %s", path, strerror(errno));
    buffer_add_char(file, '\n'); /* the last line may lack it */
    if (file->failed)
        return error_set(why, "cannot read '%s': it is longer than %zu bytes", path, FILE_LIMIT);
    return 0;
}

static int load(const char *path, struct buffer *file, struct error *why)
{
    FILE *from = fopen(path, "re");
    int result;

    if (from == NULL)
        return error_set(why, "cannot open '%s': %s", path, strerror(errno));
    result = load_stream(from, file, path, why);
    fclose(from);
    return result;
}

static int check_journal(struct reading *reading)
{
    const struct settings *settings = reading->settings;
    const struct option *max = option_find("journal_max_mb");
    const struct option *segment = option_find("journal_segment_mb");
    unsigned max_line = reading->lines[max - options];
    unsigned segment_line = reading->lines[segment - options];
    char text[200];

    if (settings->journal_max_mb >= 2 * settings->journal_segment_mb)
        return 0;
    if (max_line > segment_line)
        snprintf(text, sizeof text,
                 "journal_max_mb: must be at least twice journal_segment_mb, so %lld, not %lld",
                 (long long)(2 * settings->journal_segment_mb),
                 (long long)settings->journal_max_mb);
    else
        snprintf(text, sizeof text,
                 "journal_segment_mb: must be at most half of journal_max_mb, so %lld, not %lld",
                 (long long)(settings->journal_max_mb / 2),
                 (long long)settings->journal_segment_mb);
    return reading_fail(reading, max_line > segment_line ? max_line : segment_line, text);
}

/* What lives shorter than the record cannot live longer. */
static int check_retention(struct reading *reading, const char *name, int64_t days)
{
    unsigned line = reading->lines[option_find(name) - options];
    unsigned other = reading->lines[option_find("retention_days") - options];
    char text[200];

    if (days <= reading->settings->retention_days)
        return 0;
    snprintf(text, sizeof text, "%s: must be at most retention_days, so %lld, not %lld", name,
             (long long)reading->settings->retention_days, (long long)days);
    return reading_fail(reading, line > other ? line : other, text);
}

/* What no row can say alone. */
static int check_together(struct reading *reading)
{
    const struct settings *settings = reading->settings;

    if (check_journal(reading) ||
        check_retention(reading, "reply_retention_days", settings->reply_retention_days))
        return -1;
    return check_retention(reading, "subject_retention_days", settings->subject_retention_days);
}

int settings_file_read(struct settings *settings, const char *path, struct error *why)
{
    struct reading reading = {.settings = settings, .path = path, .why = why};
    struct buffer file;
    int result = -1;

    reading.lines = calloc(option_count, sizeof *reading.lines);
    if (reading.lines == NULL)
        return error_set(why, "cannot read '%s': no memory", path);
    buffer_init(&file, FILE_LIMIT);
    if (load(path, &file, why) == 0 && parse(&reading, &file) == 0)
        result = check_together(&reading);
    buffer_free(&file);
    free(reading.lines);
    return result;
}
