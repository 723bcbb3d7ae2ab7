/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz the lists of milters: the first line is smtpd_milters, the second a list of another name,
 * "$filters", the rest a sendmail.cf's X lines. Whatever they hold, attach comes to an end in one
 * go, keeps the others' entries byte by byte, and detach leaves none of ours.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../milter/mta/lists.h"
#include "../../milter/mta/setup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LISTEN "unix:/q/waybill/milter.sock"

static struct parameter parameters[] = {
    {.name = SLICE_LITERAL("filters"), .set = true},
    {.name = SLICE_LITERAL("queue_directory"), .value = SLICE_LITERAL("/q"), .set = true},
    {.name = SLICE_LITERAL("smtpd_milters"), .set = true},
};
static struct parameter *const filters = &parameters[0], *const milters = &parameters[2];
static struct mta mta = {
    .kind = MTA_POSTFIX, .where = (char *)(uintptr_t) "/c", .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0]};

static void compare_others(struct slice before, struct slice after)
{
    struct buffer one, other;

    buffer_init(&one, VALUE_MAX);
    buffer_init(&other, VALUE_MAX);
    if (lists_without(&mta, LISTEN, before, &one) == 0 &&
        lists_without(&mta, LISTEN, after, &other) == 0 && strcmp(one.data, other.data) != 0)
        abort();
    buffer_free(&one);
    buffer_free(&other);
}

/* Does the list name us itself? */
static bool names_us(struct slice list)
{
    struct mta_milter milter;

    while (mta_milter_next(MTA_POSTFIX, &list, &milter))
        if (lists_is_ours(&mta, &milter, LISTEN))
            return true;
    return false;
}

static void detach(void)
{
    struct mta_changes changes = {0};

    if (mta_plan_detach(&mta, LISTEN, "/nonexistent/memory", &changes, NULL) != 0)
        abort();
    if (names_us(lists_written(&mta, &changes, milters->name)))
        abort();
    mta_changes_clear(&changes);
}

/* What attach says of a list, and then of what it made of it. */
static void attach(void)
{
    struct mta_changes first = {0}, second = {0};
    struct slice before = milters->written, other = filters->written;

    if (mta_plan_attach(&mta, LISTEN, &first, NULL) != 0)
        abort();
    milters->written = milters->value = lists_written(&mta, &first, milters->name);
    filters->written = lists_written(&mta, &first, filters->name);
    compare_others(before, milters->written);
    compare_others(other, filters->written);
    if (mta_plan_attach(&mta, LISTEN, &second, NULL) != 0 ||
        changes_find(&second, MTA_CHANGE_MAIN, milters->name) != NULL ||
        changes_find(&second, MTA_CHANGE_MAIN, filters->name) != NULL)
        abort();
    detach();
    mta_changes_clear(&first);
    mta_changes_clear(&second);
}

/* The value of a parameter has no line break, no NUL, and no blank at its ends. */
static struct slice take_value(struct slice *rest)
{
    struct slice value;

    if (!text_take_until(rest, '\n', &value)) {
        value = *rest;
        *rest = SLICE_ABSENT;
    }
    if (slice_find(value, '\0') >= 0)
        value.size = (size_t)slice_find(value, '\0');
    return slice_trim(value.at == NULL ? slice_of("") : value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_make((const char *)data, size);
    struct mta_milter milter;

    if (size > 4096)
        return 0;
    milters->written = milters->value = take_value(&rest);
    filters->written = filters->value = take_value(&rest);
    attach();
    while (mta_milter_next(MTA_SENDMAIL, &rest, &milter))
        if (milter.whole.size == 0)
            abort();
    return 0;
}
