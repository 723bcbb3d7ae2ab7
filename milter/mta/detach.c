/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * detach: what has to change so that the mail server forgets us. Promise: no list names us
 * afterwards, and nothing that somebody wrote since is lost.
 */
#include "waybill/mta.h"

#include <stdlib.h>
#include <string.h>

#include "lists.h"
#include "memory.h"
#include "setup.h"

static const char goes_back[] = "It is again as it was before 'waybill attach'.";
static const char goes_out[] = "Only our own entry goes; the rest is of somebody else.";

struct plan {
    const struct mta *mta;
    const char *listen;
    struct mta_changes *changes;
};

/* What is set now under the parameter of an entry; absent: nothing. */
static struct slice current(const struct mta *mta, enum mta_change_kind kind,
                            struct slice parameter)
{
    const struct parameter *known;

    if (kind == MTA_CHANGE_MAIN) {
        known = setup_find(mta, parameter);
        return known != NULL && known->set ? known->written : SLICE_ABSENT;
    }
    for (size_t i = 0; i < mta->override_count; i++) {
        const struct override *at = &mta->overrides[i];
        struct slice rest = parameter;
        if (slice_starts_with(rest, at->service)) {
            rest = slice_make(rest.at + at->service.size, rest.size - at->service.size);
            if (text_take_char(&rest, '/') && slice_starts_with(rest, at->type)) {
                rest = slice_make(rest.at + at->type.size, rest.size - at->type.size);
                if (text_take_char(&rest, '/') && slice_equal(rest, at->name))
                    return at->written;
            }
        }
    }
    return SLICE_ABSENT;
}

static bool names_us(const struct plan *plan, struct slice list)
{
    struct mta_milter milter;

    while (mta_milter_next(MTA_POSTFIX, &list, &milter))
        if (lists_is_ours(plan->mta, &milter, plan->listen))
            return true;
    return false;
}

static int add(const struct plan *plan, enum mta_change_kind kind, struct slice parameter,
               struct slice after, const char *reason)
{
    struct slice before = current(plan->mta, kind, parameter);

    if (slice_equal(before, after) || changes_find(plan->changes, kind, parameter) != NULL)
        return 0;
    return changes_add(plan->changes, plan->mta, kind, parameter, before, after, reason);
}

/* The value without us. A list of main.cf that only we made goes altogether, if `drop`. */
static int take_out(const struct plan *plan, enum mta_change_kind kind, struct slice parameter,
                    struct slice value, bool drop, const char *reason)
{
    struct buffer rest, squeezed;
    struct slice after;
    int result = 0;

    buffer_init(&rest, VALUE_MAX);
    buffer_init(&squeezed, VALUE_MAX);
    result = lists_without(plan->mta, plan->listen, value, &rest);
    after = slice_make(rest.data, rest.size);
    if (result == 0 && kind == MTA_CHANGE_SERVICE) {
        if (!lists_squeeze(after, &squeezed))
            result = -1;
        after = slice_make(squeezed.data, squeezed.size);
    }
    if (drop && kind == MTA_CHANGE_MAIN && after.size == 0)
        after = SLICE_ABSENT;
    if (result == 0)
        result = add(plan, kind, parameter, after, reason);
    buffer_free(&rest);
    buffer_free(&squeezed);
    return result;
}

static int put_back(const struct plan *plan, const struct memory_entry *entry)
{
    if (entry->before.at == NULL)
        return add(plan, entry->kind, entry->parameter, SLICE_ABSENT, goes_back);
    if (names_us(plan, entry->before) || entry->kind == MTA_CHANGE_SERVICE)
        return take_out(plan, entry->kind, entry->parameter, entry->before, false, goes_back);
    return add(plan, entry->kind, entry->parameter, entry->before, goes_back);
}

static int plan_entry(const struct plan *plan, const struct memory_entry *entry)
{
    struct slice now = current(plan->mta, entry->kind, entry->parameter);

    if (now.at != NULL && slice_equal(now, entry->after))
        return put_back(plan, entry);
    if (slice_equal(now, entry->before))
        return 0;
    if (changes_note(plan->changes, "%.*s was changed since 'waybill attach', so it %s",
                     SLICE_ARGS(entry->parameter),
                     names_us(plan, now) ? "loses our entry only." : "stays as it is.") < 0)
        return -1;
    return names_us(plan, now) ? take_out(plan, entry->kind, entry->parameter, now, true, goes_out)
                               : 0;
}

/* Lists that name us although no memory has them: it was lost, or somebody wrote it by hand. */
static int sweep_main(const struct plan *plan, struct slice name)
{
    struct slice now = current(plan->mta, MTA_CHANGE_MAIN, name);
    bool usual = slice_is(name, "smtpd_milters") || slice_is(name, "non_smtpd_milters");

    if (changes_find(plan->changes, MTA_CHANGE_MAIN, name) != NULL || !names_us(plan, now))
        return 0;
    return take_out(plan, MTA_CHANGE_MAIN, name, now, usual, goes_out);
}

/* A list that names us by a parameter of another name ("$milters"). */
static int sweep_named(const struct plan *plan, struct slice list)
{
    struct ours ours = lists_find(plan->mta, plan->changes, plan->listen, list);

    return ours.owner.at != NULL ? sweep_main(plan, ours.owner) : 0;
}

static int sweep_override(const struct plan *plan, const struct override *own)
{
    struct buffer path;
    int result;

    if (sweep_named(plan, own->written) < 0)
        return -1;
    if (!names_us(plan, own->written))
        return 0;
    buffer_init(&path, VALUE_MAX);
    buffer_addf(&path, "%.*s/%.*s/%.*s", SLICE_ARGS(own->service), SLICE_ARGS(own->type),
                SLICE_ARGS(own->name));
    result = path.failed ? -1
                         : take_out(plan, MTA_CHANGE_SERVICE, slice_make(path.data, path.size),
                                    own->written, false, goes_out);
    buffer_free(&path);
    return result;
}

static int sweep(const struct plan *plan)
{
    static const char *const names[] = {"smtpd_milters", "non_smtpd_milters"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (sweep_main(plan, slice_of(names[i])) < 0 ||
            sweep_named(plan, lists_written(plan->mta, plan->changes, slice_of(names[i]))) < 0)
            return -1;
    for (size_t i = 0; i < plan->mta->override_count; i++) {
        const struct override *own = &plan->mta->overrides[i];
        if ((slice_is(own->name, names[0]) || slice_is(own->name, names[1])) &&
            sweep_override(plan, own) < 0)
            return -1;
    }
    return 0;
}

static int plan_all(const struct plan *plan, const struct memory *memory)
{
    for (size_t i = 0; i < memory->count; i++)
        if (plan_entry(plan, &memory->list[i]) < 0)
            return -1;
    return sweep(plan);
}

int mta_plan_detach(const struct mta *mta, const char *listen, const char *memory,
                    struct mta_changes *changes, struct error *why)
{
    const struct plan plan = {mta, listen, changes};
    struct memory old;
    int result;

    changes->detach = true;
    if (mta->kind == MTA_SENDMAIL)
        return error_set(why, "take the line of waybill out of sendmail.mc by hand");
    result = memory_read(&old, mta, memory, why);
    if (result == 0 && plan_all(&plan, &old) < 0)
        result = error_set(why, "cannot plan the changes: no memory");
    memory_clear(&old);
    return result;
}
