/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix: a Postfix instance, as its own postconf(1) tells of it. Promise: main.cf and master.cf
 * are never read here, so what is told is what Postfix would do, by whichever version.
 */
#include "setup.h"

#include <stdlib.h>
#include <string.h>

#include "waybill/run.h"

struct listing {
    const char *option; /* NULL: none */
    bool expand;
};

/* In the order of the texts. */
static const struct listing listings[TEXT_COUNT] = {
    [TEXT_WRITTEN] = {NULL, false},
    [TEXT_VALUES] = {NULL, true},
    [TEXT_SET] = {"-n", false},
    [TEXT_SET_VALUES] = {"-n", true},
    [TEXT_SERVICES] = {"-M", false},
    [TEXT_OVERRIDES] = {"-P", false},
    [TEXT_OVERRIDE_VALUES] = {"-P", true},
};

static int ask(struct mta *mta, size_t text, struct error *why)
{
    const char *words[6] = {"postconf", "-c", mta->where};
    size_t count = 3;

    if (listings[text].option != NULL)
        words[count++] = listings[text].option;
    if (listings[text].expand)
        words[count++] = "-x";
    /* It complains each time; the first time of both files. */
    return run_program_heard(words, &mta->texts[text], text == TEXT_WRITTEN ? &mta->warnings : NULL,
                             why);
}

static int find_place(struct mta *mta, const char *where, struct error *why)
{
    static const char *const words[] = {"postconf", "-d", "-h", "config_directory", NULL};
    struct buffer answer;
    struct slice place;
    int result = 0;

    if (where != NULL) {
        mta->where = realpath(where, NULL);
        return mta->where != NULL ? 0 : error_set(why, "there is no directory '%s'", where);
    }
    buffer_init(&answer, 4096);
    result = run_program(words, &answer, why);
    place = slice_trim(slice_make(answer.data, answer.size));
    if (result == 0) {
        mta->where = strndup(place.at, place.size);
        if (mta->where == NULL)
            result = error_set(why, "cannot ask postconf: no memory");
    }
    buffer_free(&answer);
    return result;
}

/* "name = value", where the value may be empty. */
static bool take_setting(struct slice line, struct slice *name, struct slice *value)
{
    if (!text_take_until(&line, '=', name))
        return false;
    *name = slice_trim(*name);
    *value = slice_trim(line);
    return name->size > 0;
}

typedef void take_parameter(struct parameter *known, struct slice value);

static void take_value(struct parameter *known, struct slice value)
{
    known->value = value;
}

static void take_set(struct parameter *known, struct slice value)
{
    known->written = value;
    known->set = true;
}

/* Parameters that are known get what this text says of them. */
static void fill_in(struct mta *mta, size_t text, take_parameter *take)
{
    struct slice rest = slice_make(mta->texts[text].data, mta->texts[text].size);
    struct slice line, name, value;

    while (text_take_part(&rest, '\n', &line)) {
        struct parameter *known;
        if (!take_setting(line, &name, &value))
            continue;
        known = (struct parameter *)setup_find(mta, name);
        if (known != NULL)
            take(known, value);
    }
}

/* Parameters that this text names and that are not known yet. */
static int add_unknown(struct mta *mta, size_t text)
{
    struct slice rest = slice_make(mta->texts[text].data, mta->texts[text].size);
    struct slice line, name, value;
    struct mta before = *mta; /* what is added now is not in order */

    while (text_take_part(&rest, '\n', &line)) {
        struct parameter *added;
        before.parameters = mta->parameters;
        if (!take_setting(line, &name, &value) || setup_find(&before, name) != NULL)
            continue;
        added = setup_add_parameter(mta);
        if (added == NULL)
            return -1;
        *added = (struct parameter){.name = name, .written = value, .value = value};
    }
    setup_sort(mta);
    return 0;
}

static int read_parameters(struct mta *mta)
{
    if (add_unknown(mta, TEXT_WRITTEN) < 0 || add_unknown(mta, TEXT_SET) < 0)
        return -1;
    fill_in(mta, TEXT_VALUES, take_value);
    fill_in(mta, TEXT_SET_VALUES, take_value);
    fill_in(mta, TEXT_SET, take_set);
    return 0;
}

/* Before Postfix 3.0, and where compatibility_level asks for its ways, a "-" meant "y". */
static bool chroot_by_default(const struct mta *mta)
{
    return slice_starts(mta_value(mta, "compatibility_level"), "0") ||
           slice_starts(mta_value(mta, "mail_version"), "2.");
}

/* name type private unpriv chroot wakeup maxproc command arguments */
static bool take_service(struct slice line, bool chroot, struct mta_service *service)
{
    struct slice columns[8], blanks;

    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        text_take_any(&line, " \t", &blanks);
        if (!text_take_word(&line, &columns[i]))
            return false;
    }
    *service = (struct mta_service){
        .name = columns[0],
        .type = columns[1],
        .private = !slice_is(columns[2], "n"),
        .chroot = slice_is(columns[4], "y") || (chroot && slice_is(columns[4], "-")),
        .command = columns[7],
    };
    return true;
}

static int read_services(struct mta *mta)
{
    struct slice rest = slice_make(mta->texts[TEXT_SERVICES].data, mta->texts[TEXT_SERVICES].size);
    bool chroot = chroot_by_default(mta);
    struct mta_service service, *added;
    struct slice line;

    while (text_take_part(&rest, '\n', &line)) {
        if (!take_service(line, chroot, &service))
            continue;
        added = setup_add_service(mta);
        if (added == NULL)
            return -1;
        *added = service;
    }
    return 0;
}

/* "127.0.0.1:10025/inet/smtpd_milters = value". Neither a type nor a parameter has a slash, so they
 * are taken from the end. */
static bool take_override(struct slice line, struct override *override)
{
    struct slice path;

    if (!take_setting(line, &path, &override->written))
        return false;
    override->service = path;
    return text_cut_last(&override->service, "/", &override->name) &&
           text_cut_last(&override->service, "/", &override->type);
}

static struct override *find_override(struct mta *mta, const struct override *like)
{
    for (size_t i = 0; i < mta->override_count; i++) {
        struct override *at = &mta->overrides[i];
        if (slice_equal(at->name, like->name) && slice_equal(at->service, like->service) &&
            slice_equal(at->type, like->type))
            return at;
    }
    return NULL;
}

static int read_overrides(struct mta *mta, size_t text)
{
    struct slice rest = slice_make(mta->texts[text].data, mta->texts[text].size);
    struct slice line;

    while (text_take_part(&rest, '\n', &line)) {
        struct override override = {0}, *known;
        if (!take_override(line, &override))
            continue;
        known = find_override(mta, &override);
        if (known == NULL) {
            known = setup_add_override(mta);
            if (known == NULL)
                return -1;
            *known = override;
        }
        known->value = override.written;
    }
    return 0;
}

int postfix_read(struct mta *mta, const char *where, struct error *why)
{
    if (!run_is_there("postconf"))
        return error_set(why, "Postfix is not installed here: there is no program 'postconf'");
    if (find_place(mta, where, why) < 0)
        return -1;
    for (size_t text = 0; text < TEXT_COUNT; text++)
        if (ask(mta, text, why) < 0)
            return -1;
    if (read_parameters(mta) < 0 || read_services(mta) < 0 ||
        read_overrides(mta, TEXT_OVERRIDES) < 0 || read_overrides(mta, TEXT_OVERRIDE_VALUES) < 0)
        return error_set(why, "cannot read what postconf says: no memory");
    return 0;
}
