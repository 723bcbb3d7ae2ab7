/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What was read, by name and by number.
 */
#include "waybill/mta.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "waybill/run.h"
#include "setup.h"

#define WARNINGS_MAX ((size_t)16 << 10)

int mta_open(struct mta **mta, enum mta_kind kind, const char *where, struct error *why)
{
    struct mta *fresh = calloc(1, sizeof *fresh);
    int result;

    *mta = NULL;
    if (fresh == NULL)
        return error_set(why, "cannot read the mail server's set-up: no memory");
    fresh->kind = kind;
    fresh->usual = where == NULL;
    for (size_t i = 0; i < TEXT_COUNT; i++)
        buffer_init(&fresh->texts[i], RUN_OUTPUT_MAX);
    buffer_init(&fresh->warnings, WARNINGS_MAX);
    result =
        kind == MTA_POSTFIX ? postfix_read(fresh, where, why) : sendmail_read(fresh, where, why);
    if (result < 0) {
        mta_close(&fresh);
        return -1;
    }
    *mta = fresh;
    return 0;
}

void mta_close(struct mta **mta)
{
    if (*mta == NULL)
        return;
    for (size_t i = 0; i < TEXT_COUNT; i++)
        buffer_free(&(*mta)->texts[i]);
    buffer_free(&(*mta)->warnings);
    free((*mta)->parameters);
    free((*mta)->services);
    free((*mta)->overrides);
    free((*mta)->where);
    free(*mta);
    *mta = NULL;
}

enum mta_kind mta_kind(const struct mta *mta)
{
    return mta->kind;
}

const char *mta_where(const struct mta *mta)
{
    return mta->where;
}

/* The place behind the last one of a list of `count` things of `size` bytes. */
static void *grow(void **list, size_t *count, size_t *room, size_t size)
{
    if (*count == *room) {
        size_t more = *room == 0 ? 64 : 2 * *room;
        void *fresh = reallocarray(*list, more, size);
        if (fresh == NULL)
            return NULL;
        *list = fresh;
        *room = more;
    }
    return memset((char *)*list + (*count)++ * size, 0, size);
}

struct parameter *setup_add_parameter(struct mta *mta)
{
    void *list = mta->parameters;
    struct parameter *added =
        grow(&list, &mta->parameter_count, &mta->parameter_room, sizeof *added);

    mta->parameters = list;
    return added;
}

struct mta_service *setup_add_service(struct mta *mta)
{
    void *list = mta->services;
    struct mta_service *added = grow(&list, &mta->service_count, &mta->service_room, sizeof *added);

    mta->services = list;
    return added;
}

struct override *setup_add_override(struct mta *mta)
{
    void *list = mta->overrides;
    struct override *added = grow(&list, &mta->override_count, &mta->override_room, sizeof *added);

    mta->overrides = list;
    return added;
}

static int compare_names(struct slice a, struct slice b)
{
    int order = memcmp(a.at, b.at, a.size < b.size ? a.size : b.size);

    return order != 0 ? order : a.size < b.size ? -1 : a.size > b.size;
}

static int compare_parameters(const void *a, const void *b)
{
    const struct parameter *x = a, *y = b;

    return compare_names(x->name, y->name);
}

/* Those of one name in the order in which they stand in the file. */
static int compare_places(const void *a, const void *b)
{
    const struct parameter *x = a, *y = b;
    int order = compare_names(x->name, y->name);

    return order != 0 ? order
                      : ((uintptr_t)x->name.at > (uintptr_t)y->name.at) -
                            ((uintptr_t)x->name.at < (uintptr_t)y->name.at);
}

void setup_sort(struct mta *mta)
{
    struct parameter *list = mta->parameters;
    size_t kept = 0;

    if (mta->parameter_count == 0)
        return;
    qsort(list, mta->parameter_count, sizeof *list, compare_places);
    for (size_t i = 0; i < mta->parameter_count; i++) {
        if (kept > 0 && slice_equal(list[kept - 1].name, list[i].name))
            kept--;
        list[kept++] = list[i];
    }
    mta->parameter_count = kept;
}

const struct parameter *setup_find(const struct mta *mta, struct slice name)
{
    const struct parameter key = {.name = name};

    if (name.size == 0 || mta->parameter_count == 0)
        return NULL;
    return bsearch(&key, mta->parameters, mta->parameter_count, sizeof key, compare_parameters);
}

struct slice mta_value(const struct mta *mta, const char *name)
{
    const struct parameter *found = setup_find(mta, slice_of(name));

    return found != NULL ? found->value : SLICE_ABSENT;
}

struct slice mta_written(const struct mta *mta, const char *name)
{
    const struct parameter *found = setup_find(mta, slice_of(name));

    return found != NULL ? found->written : SLICE_ABSENT;
}

bool mta_is_set(const struct mta *mta, const char *name)
{
    const struct parameter *found = setup_find(mta, slice_of(name));

    return found != NULL && found->set;
}

struct slice mta_version(const struct mta *mta)
{
    return mta_value(mta, mta->kind == MTA_POSTFIX ? "mail_version" : "version");
}

struct slice mta_warnings(const struct mta *mta)
{
    return slice_make(mta->warnings.data, mta->warnings.size);
}

struct slice mta_milters(const struct mta *mta)
{
    return mta_value(mta, mta->kind == MTA_POSTFIX ? "smtpd_milters" : "filters");
}

size_t mta_service_count(const struct mta *mta)
{
    return mta->service_count;
}

struct mta_service mta_service_at(const struct mta *mta, size_t index)
{
    return index < mta->service_count ? mta->services[index] : (struct mta_service){0};
}

const struct override *setup_override(const struct mta *mta, const struct mta_service *service,
                                      const char *name)
{
    for (size_t i = 0; i < mta->override_count; i++) {
        const struct override *at = &mta->overrides[i];
        if (slice_is(at->name, name) && slice_equal(at->service, service->name) &&
            slice_equal(at->type, service->type))
            return at;
    }
    return NULL;
}

struct slice mta_service_value(const struct mta *mta, size_t index, const char *name)
{
    const struct override *own =
        index < mta->service_count ? setup_override(mta, &mta->services[index], name) : NULL;

    return own != NULL ? own->value : mta_value(mta, name);
}

bool mta_service_sets(const struct mta *mta, size_t index, const char *name)
{
    return index < mta->service_count && setup_override(mta, &mta->services[index], name) != NULL;
}

bool mta_is_chrooted(const struct mta *mta)
{
    for (size_t i = 0; i < mta->service_count; i++) {
        const struct mta_service *at = &mta->services[i];
        if (at->chroot && (slice_is(at->command, "smtpd") || slice_is(at->command, "cleanup")))
            return true;
    }
    return false;
}
