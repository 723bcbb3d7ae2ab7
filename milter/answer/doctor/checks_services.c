/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of Postfix's services and maps that have milters of their own, and of the name by which
 * mails of Postfix itself are told from those of others.
 */
#include "doctor.h"

#include "milters.h"

#define LIST_MAX (64u << 10)

/* ---- services with lines of their own ---- */

static void look_at_services(struct doctor *doctor, const struct check *check)
{
    for (size_t i = 0; i < mta_service_count(doctor->mta); i++) {
        struct mta_service service = mta_service_at(doctor->mta, i);
        struct slice own = mta_service_value(doctor->mta, i, "smtpd_milters");
        struct buffer list;

        if (!milters_takes_from_network(doctor, i) ||
            !mta_service_sets(doctor->mta, i, "smtpd_milters") ||
            milters_standing(doctor, own).times > 0)
            continue;
        doctor_find(doctor, check, SEVERITY_WARNING,
                    "Mails that come by this way are known from the log alone.",
                    "In master.cf the service %.*s has smtpd_milters of its own, without waybill.",
                    SLICE_ARGS(service.name));
        buffer_init(&list, LIST_MAX);
        /* Who emptied the list did so for others' milters: only ours comes back. */
        if (milters_mended(doctor, own, &list) == 0)
            milters_heal_service(doctor, &service, "smtpd_milters",
                                 slice_make(list.data, list.size));
        buffer_free(&list);
    }
}

/* The options without no_milters; absent: nothing is left. */
static struct slice without_no_milters(struct slice options, struct buffer *to)
{
    struct slice taken, rest = options;

    while (rest.size > 0) {
        text_take_any(&rest, ", \t", &taken);
        taken = rest;
        while (rest.size > 0 && slice_find(slice_of(", \t"), rest.at[0]) < 0)
            rest = slice_make(rest.at + 1, rest.size - 1);
        taken.size -= rest.size;
        if (taken.size > 0 && !slice_is(taken, "no_milters"))
            buffer_addf(to, "%s%.*s", to->size > 0 ? "," : "", SLICE_ARGS(taken));
    }
    return slice_make(to->data, to->size);
}

static void tell_no_milters(struct doctor *doctor, const struct check *check, const char *where)
{
    doctor_find(doctor, check, SEVERITY_WARNING,
                "Mails that come by this way pass no milter, so they are known from the log alone. After "
                "the change all milters of smtpd_milters see them.",
                "receive_override_options of %s has no_milters.", where);
}

static void look_at_no_milters(struct doctor *doctor, const struct check *check)
{
    static const char name[] = "receive_override_options";
    struct slice common = mta_value(doctor->mta, name);
    struct buffer rest, where;

    buffer_init(&rest, LIST_MAX);
    buffer_init(&where, LIST_MAX);
    if (milters_has_word(common, "no_milters")) {
        tell_no_milters(doctor, check, "main.cf");
        milters_heal(doctor, name, without_no_milters(common, &rest));
    }
    for (size_t i = 0; i < mta_service_count(doctor->mta); i++) {
        struct mta_service service = mta_service_at(doctor->mta, i);
        struct slice own = mta_service_value(doctor->mta, i, name);
        if (!milters_takes_from_network(doctor, i) || !mta_service_sets(doctor->mta, i, name) ||
            !milters_has_word(own, "no_milters"))
            continue;
        buffer_clear(&rest);
        buffer_clear(&where);
        buffer_addf(&where, "the service %.*s in master.cf", SLICE_ARGS(service.name));
        tell_no_milters(doctor, check, where.data);
        own = without_no_milters(own, &rest);
        milters_heal_service(doctor, &service, name, own.size > 0 ? own : SLICE_ABSENT);
    }
    buffer_free(&rest);
    buffer_free(&where);
}

/* A mail that comes back from a content filter passes us again. */
static bool comes_back(const struct doctor *doctor, size_t service)
{
    return milters_is_smtpd(doctor, service) && !milters_takes_from_network(doctor, service) &&
           mta_service_sets(doctor->mta, service, "content_filter") &&
           mta_service_value(doctor->mta, service, "content_filter").size == 0;
}

static void look_at_coming_back(struct doctor *doctor, const struct check *check)
{
    for (size_t i = 0; i < mta_service_count(doctor->mta); i++) {
        struct mta_service service = mta_service_at(doctor->mta, i);
        struct slice list = mta_service_value(doctor->mta, i, "smtpd_milters");
        struct buffer others;

        if (!comes_back(doctor, i) || milters_standing(doctor, list).times == 0 ||
            milters_has_word(mta_service_value(doctor->mta, i, "receive_override_options"),
                             "no_milters"))
            continue;
        doctor_find(doctor, check, SEVERITY_HINT,
                    "A mail that passed the filter is recorded a second time, as handed in by it.",
                    "The service %.*s, where the content filter brings mails back, asks waybill "
                    "again.",
                    SLICE_ARGS(service.name));
        buffer_init(&others, LIST_MAX);
        if (milters_without(doctor, list, &others) == 0)
            milters_heal_service(doctor, &service, "smtpd_milters",
                                 slice_make(others.data, others.size));
        buffer_free(&others);
    }
}

static void look_at_maps(struct doctor *doctor, const struct check *check)
{
    struct slice maps = mta_value(doctor->mta, "smtpd_milter_maps");

    if (maps.size == 0)
        return;
    doctor_find(
        doctor, check, SEVERITY_HINT,
        "Clients that it names may pass other milters than those of smtpd_milters, or none; put "
        "waybill first in its lists, too.",
        "smtpd_milter_maps is %.*s.", SLICE_ARGS(maps));
    /* No line: the map is the administrator's, and to empty it would change what others see. */
}

/* ---- how Postfix's own mails are told from others ---- */

static bool is_cleanup(const struct doctor *doctor, size_t service)
{
    return slice_is(mta_service_at(doctor->mta, service).command, "cleanup");
}

/* The name that the cleanup of internal mails was given, if it was. */
static struct slice name_of_internal(const struct doctor *doctor)
{
    for (size_t i = 0; i < mta_service_count(doctor->mta); i++)
        if (is_cleanup(doctor, i) && slice_is(mta_service_at(doctor->mta, i).name, "cleanup") &&
            mta_service_sets(doctor->mta, i, "milter_macro_daemon_name"))
            return mta_service_value(doctor->mta, i, "milter_macro_daemon_name");
    return SLICE_ABSENT;
}

static void look_at_internal_name(struct doctor *doctor, const struct check *check)
{
    struct slice told = slice_of(doctor->settings->internal_daemon_name);
    struct slice given = name_of_internal(doctor);

    if (told.size == 0 || slice_equal(told, given))
        return;
    if (given.at == NULL)
        doctor_find(doctor, check, SEVERITY_WARNING,
                    "Bounces of this Postfix are not known as its own, so they prove nothing.",
                    "internal_daemon_name is '%.*s', and no cleanup service of master.cf has that "
                    "milter_macro_daemon_name.",
                    SLICE_ARGS(told));
    else
        doctor_find(doctor, check, SEVERITY_WARNING,
                    "Bounces of this Postfix are not known as its own, so they prove nothing.",
                    "internal_daemon_name is '%.*s', and in master.cf milter_macro_daemon_name of "
                    "cleanup is '%.*s'.",
                    SLICE_ARGS(told), SLICE_ARGS(given));
    doctor_heal_in(doctor, doctor->settings_file, "internal_daemon_name = \"%.*s\"",
                   SLICE_ARGS(given));
}

/* Whoever comes in by a service of that name is taken for Postfix itself. */
static void look_at_forged_name(struct doctor *doctor, const struct check *check)
{
    struct slice told = slice_of(doctor->settings->internal_daemon_name);

    for (size_t i = 0; told.size > 0 && i < mta_service_count(doctor->mta); i++) {
        struct mta_service service = mta_service_at(doctor->mta, i);
        if (!milters_is_smtpd(doctor, i) ||
            !slice_equal(mta_service_value(doctor->mta, i, "milter_macro_daemon_name"), told))
            continue;
        doctor_find(doctor, check, SEVERITY_FAULT,
                    "Bounces that strangers send there are believed as Postfix's own.",
                    "The service %.*s of master.cf has the milter_macro_daemon_name '%.*s', which "
                    "internal_daemon_name keeps for Postfix's own mails.",
                    SLICE_ARGS(service.name), SLICE_ARGS(told));
        if (mta_service_sets(doctor->mta, i, "milter_macro_daemon_name"))
            milters_heal_service(doctor, &service, "milter_macro_daemon_name", SLICE_ABSENT);
        else
            milters_heal(doctor, "milter_macro_daemon_name", slice_of("$myhostname"));
    }
}

#define NEEDS (NEEDS_SETTINGS | NEEDS_POSTFIX)

const struct check checks_services[] = {
    {"milter-services", "no service of master.cf leaves waybill out", look_at_services, NEEDS},
    {"milter-no-milters", "no service goes without milters", look_at_no_milters, NEEDS_POSTFIX},
    {"milter-again", "no mail passes waybill a second time behind a content filter",
     look_at_coming_back, NEEDS},
    {"milter-maps", "no client has other milters", look_at_maps, NEEDS_POSTFIX},
    {"internal-name", "internal_daemon_name is the one of master.cf", look_at_internal_name, NEEDS},
    {"internal-name-forged", "no client comes in under internal_daemon_name", look_at_forged_name,
     NEEDS},
    {0},
};
