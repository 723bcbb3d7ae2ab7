/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of Postfix's own lines for the milter: are we asked, first, once, by each service, and
 * what happens to a mail when we do not answer.
 */
#include "doctor.h"

#include "milters.h"

#define LIST_MAX (64u << 10)

static const char *const lists[] = {"smtpd_milters", "non_smtpd_milters"};
#define LISTS (sizeof lists / sizeof lists[0])

/* The line that makes this list as attach would. */
static void heal_list(struct doctor *doctor, const char *parameter)
{
    struct buffer list;

    buffer_init(&list, LIST_MAX);
    if (milters_mended(doctor, milters_list(doctor, parameter), &list) == 0)
        milters_heal(doctor, parameter, slice_make(list.data, list.size));
    buffer_free(&list);
}

/* ---- asked at all ---- */

static void look_at_asked(struct doctor *doctor, const struct check *check)
{
    if (milters_standing(doctor, mta_value(doctor->mta, lists[0])).times > 0)
        return;
    doctor_find(doctor, check, SEVERITY_FAULT,
                "Mails that come by SMTP are known from the log alone: no Subject, no refused "
                "recipients, no reports.",
                "smtpd_milters does not name %s.", doctor->settings->listen);
    heal_list(doctor, lists[0]);
}

static void look_at_local(struct doctor *doctor, const struct check *check)
{
    if (milters_standing(doctor, mta_value(doctor->mta, lists[1])).times > 0)
        return;
    doctor_find(doctor, check, SEVERITY_WARNING,
                "Mails of sendmail(1) and Postfix's own bounces are known from the log alone.",
                "non_smtpd_milters does not name %s.", doctor->settings->listen);
    heal_list(doctor, lists[1]);
}

/* ---- in the right place ---- */

/* Our place in the list of that number; where no list has us there is nothing to be said of it. */
static struct standing standing_in(struct doctor *doctor, size_t number)
{
    struct standing standing = milters_standing(doctor, mta_value(doctor->mta, lists[number]));

    if (number == 0 && standing.times == 0 &&
        milters_standing(doctor, mta_value(doctor->mta, lists[1])).times == 0)
        doctor_skip(doctor);
    return standing;
}

static void look_at_first(struct doctor *doctor, const struct check *check)
{
    for (size_t i = 0; i < LISTS; i++) {
        struct standing standing = standing_in(doctor, i);
        if (standing.times == 0 || standing.first == 0)
            continue;
        doctor_find(
            doctor, check, SEVERITY_WARNING,
            "What a milter before it refuses, waybill does not see, or takes for abandoned.",
            "In %s waybill stands behind %zu other milter%s.", lists[i], standing.first,
            standing.first == 1 ? "" : "s");
        heal_list(doctor, lists[i]);
    }
}

static void look_at_once(struct doctor *doctor, const struct check *check)
{
    for (size_t i = 0; i < LISTS; i++) {
        struct standing standing = standing_in(doctor, i);
        if (standing.times < 2)
            continue;
        doctor_find(doctor, check, SEVERITY_WARNING, "Each mail is recorded more than once.",
                    "%s names waybill %zu times.", lists[i], standing.times);
        heal_list(doctor, lists[i]);
    }
}

static void look_at_address(struct doctor *doctor, const struct check *check)
{
    for (size_t i = 0; i < LISTS; i++) {
        struct standing standing = standing_in(doctor, i);
        if (standing.times == 0 || !milters_swapped(standing.ours.address))
            continue;
        doctor_find(doctor, check, SEVERITY_FAULT,
                    "Postfix wants inet:HOST:PORT, so it cannot connect. libmilter, and "
                    "waybill.conf, want inet:PORT@HOST.",
                    "%s names %.*s.", lists[i], SLICE_ARGS(standing.ours.address));
        heal_list(doctor, lists[i]);
    }
}

/* ---- what becomes of a mail if we do not answer ---- */

/* "shutdown" came with 3.11, and with a patch level of each older line that was still kept then. */
static bool knows_shutdown(struct slice version)
{
    static const uint64_t since[][2] = {{7, 20}, {8, 15}, {9, 9}, {10, 8}};
    uint64_t major, minor, patch = 0;

    if (!text_take_number(&version, &major) || !text_take_char(&version, '.') ||
        !text_take_number(&version, &minor))
        return true;
    if (text_take_char(&version, '.'))
        (void)text_take_number(&version, &patch);
    for (size_t i = 0; i < sizeof since / sizeof since[0]; i++)
        if (major == 3 && minor == since[i][0])
            return patch >= since[i][1];
    return major > 3 || (major == 3 && minor > 10);
}

static bool is_action(const struct doctor *doctor, struct slice word)
{
    static const char *const known[] = {"accept", "reject", "tempfail", "quarantine"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (slice_is(word, known[i]))
            return true;
    return slice_is(word, "shutdown") && knows_shutdown(mta_version(doctor->mta));
}

static void look_at_action(struct doctor *doctor, const struct check *check)
{
    for (size_t i = 0; i < LISTS; i++) {
        struct standing standing = standing_in(doctor, i);
        bool own;
        struct slice action = milters_action(doctor, &standing.ours, &own);

        if (standing.times == 0 || slice_is(action, "accept"))
            continue;
        doctor_find(doctor, check, SEVERITY_FAULT,
                    "While waybilld is down mails are refused, put off or held.",
                    "In %s waybill's default_action is %.*s%s, not accept.", lists[i],
                    SLICE_ARGS(action), own ? "" : ", from milter_default_action");
        heal_list(doctor, lists[i]);
    }
}

static void look_at_action_word(struct doctor *doctor, const struct check *check)
{
    struct slice word = mta_value(doctor->mta, "milter_default_action");

    if (!mta_is_set(doctor->mta, "milter_default_action") || is_action(doctor, word))
        return; /* what a Postfix was built with it knows, patched by a distribution or not */
    doctor_find(doctor, check, SEVERITY_WARNING,
                "Postfix logs a warning and puts mails off when a milter is down.",
                "milter_default_action is '%.*s', which Postfix %.*s does not know.",
                SLICE_ARGS(word), SLICE_ARGS(mta_version(doctor->mta)));
    milters_heal(doctor, "milter_default_action", slice_of("tempfail"));
}

static void look_at_timeouts(struct doctor *doctor, const struct check *check)
{
    for (size_t i = 0; i < LISTS; i++) {
        struct standing standing = standing_in(doctor, i);
        struct long_time found;

        if (standing.times == 0 || !milters_long_time(doctor, &standing.ours, &found))
            continue;
        doctor_find(doctor, check, SEVERITY_WARNING,
                    "Should waybilld hang, each mail waits that long.",
                    "In %s waybill's %s is %.*s; %lld s at most will do.", lists[i], found.name,
                    SLICE_ARGS(found.time), (long long)found.most);
        heal_list(doctor, lists[i]);
    }
}

static void look_at_protocol(struct doctor *doctor, const struct check *check)
{
    struct slice value = mta_value(doctor->mta, "milter_protocol");
    uint64_t version = 0;

    if (!text_take_number(&value, &version) || version >= 6)
        return;
    doctor_find(doctor, check, SEVERITY_WARNING,
                "Before version 6 waybill cannot ask for refused recipients and for the client's "
                "address.",
                "milter_protocol is %llu.", (unsigned long long)version);
    milters_heal(doctor, "milter_protocol", slice_of("6"));
}

#define NEEDS (NEEDS_SETTINGS | NEEDS_POSTFIX)

const struct check checks_milter[] = {
    {"milter-asked", "smtpd_milters names waybill", look_at_asked, NEEDS},
    {"milter-local", "non_smtpd_milters names waybill", look_at_local, NEEDS},
    {"milter-first", "waybill is the first milter", look_at_first, NEEDS},
    {"milter-once", "waybill is named once", look_at_once, NEEDS},
    {"milter-address", "an inet address has the host first", look_at_address, NEEDS},
    {"milter-action", "mails are accepted while waybilld is down", look_at_action, NEEDS},
    {"milter-action-word", "Postfix knows the word of milter_default_action", look_at_action_word,
     NEEDS_POSTFIX},
    {"milter-timeouts", "a hung waybilld would delay mails by seconds only", look_at_timeouts,
     NEEDS},
    {"milter-protocol", "the milter protocol is recent", look_at_protocol, NEEDS_POSTFIX},
    {0},
};
