/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of what else in Postfix's set-up decides what waybill can see.
 */
#include "doctor.h"

#include <string.h>

#include "around.h"
#include "milters.h"

#define VALUE_MAX (64u << 10)
#define WARNINGS_TOLD 5

static void look_at_running(struct doctor *doctor, const struct check *check)
{
    bool usual = around_systemd(doctor) && strcmp(doctor->postfix, "postfix") == 0;

    if (mta_is_running(doctor->mta))
        return;
    doctor_find(doctor, check, SEVERITY_FAULT, "No mail gets in or out.",
                "Postfix in %s is not running.", mta_where(doctor->mta));
    /* What systemd did not start it takes for stopped. */
    doctor_heal(doctor, "%s start%s", usual ? "systemctl" : doctor->postfix,
                usual ? " postfix" : "");
}

/* ---- what it is ---- */

static void look_at_version(struct doctor *doctor, const struct check *check)
{
    struct slice version = mta_version(doctor->mta);
    uint64_t major;

    if (!text_take_number(&version, &major) || major >= 3)
        return;
    doctor_find(doctor, check, SEVERITY_FAULT,
                "It knows no default_action and no time-outs of a single milter: while waybilld "
                "is down, mails wait or are refused.",
                "This is Postfix %.*s; waybill wants 3.0 or newer.",
                SLICE_ARGS(mta_version(doctor->mta)));
}

/* "/etc/postfix/main.cf: unused parameter: smtpd_milter=inet:x"; or a parameter that works still
 * and has a better one. */
static const char *matter_of_warning(struct slice words)
{
    return slice_find_text(words, "unused parameter") >= 0
               ? "Postfix goes on without it: what it was meant to set is as if it were not "
                 "there. Is it misspelt?"
               : "It works as Postfix says, now; perhaps not as meant, or not in a later version.";
}

static void look_at_warnings(struct doctor *doctor, const struct check *check)
{
    struct slice rest = mta_warnings(doctor->mta), line;

    for (size_t told = 0; told < WARNINGS_TOLD && text_take_until(&rest, '\n', &line);) {
        if (!text_take(&line, "postconf: warning: "))
            continue;
        doctor_find(doctor, check, SEVERITY_HINT, matter_of_warning(line), "postconf warns: %.*s",
                    SLICE_ARGS(line));
        told++;
    }
}

/* ---- what passes the milter ---- */

/* The addresses of the others in the list, "a and b". */
static void add_others(const struct doctor *doctor, struct slice list, struct buffer *to)
{
    struct mta_milter milter;

    while (mta_milter_next(doctor->kind, &list, &milter))
        if (!mta_milter_is(doctor->mta, &milter, doctor->settings->listen))
            buffer_addf(to, "%s%.*s", to->size > 0 ? " and " : "", SLICE_ARGS(milter.address));
}

static void heal_bounces(struct doctor *doctor, struct slice classes)
{
    struct buffer value;

    buffer_init(&value, VALUE_MAX);
    buffer_addf(&value, "%.*s%sbounce", SLICE_ARGS(classes), classes.size > 0 ? ", " : "");
    milters_heal(doctor, "internal_mail_filter_classes", slice_make(value.data, value.size));
    buffer_free(&value);
}

static void look_at_bounces(struct doctor *doctor, const struct check *check)
{
    struct slice classes = mta_value(doctor->mta, "internal_mail_filter_classes");
    struct buffer others;

    if (milters_has_word(classes, "bounce"))
        return;
    buffer_init(&others, VALUE_MAX);
    add_others(doctor, mta_value(doctor->mta, "non_smtpd_milters"), &others);
    doctor_find(
        doctor, check, SEVERITY_WARNING,
        "Postfix's own bounces are not read; that a sender was told shows in the log alone.",
        "internal_mail_filter_classes has no 'bounce'%s%s.",
        others.size > 0 ? "; with it these milters will see bounces, too: " : "", others.data);
    heal_bounces(doctor, classes);
    buffer_free(&others);
}

static void look_at_queue_ids(struct doctor *doctor, const struct check *check)
{
    if (!slice_is(mta_value(doctor->mta, "enable_long_queue_ids"), "no"))
        return;
    doctor_find(doctor, check, SEVERITY_WARNING,
                "A short queue id comes again within seconds, and then a line of the log may be "
                "put to the wrong mail.",
                "enable_long_queue_ids is no.");
    milters_heal(doctor, "enable_long_queue_ids", slice_of("yes"));
}

static void look_at_delay_reject(struct doctor *doctor, const struct check *check)
{
    if (!slice_is(mta_value(doctor->mta, "smtpd_delay_reject"), "no"))
        return;
    doctor_find(doctor, check, SEVERITY_HINT,
                "Who is refused before RCPT is known from the log alone, and without a recipient.",
                "smtpd_delay_reject is no.");
    milters_heal(doctor, "smtpd_delay_reject", slice_of("yes"));
}

/* Names before an alias come from original recipients. */
static void look_at_originals(struct doctor *doctor, const struct check *check)
{
    if (!slice_is(mta_value(doctor->mta, "enable_original_recipient"), "no"))
        return;
    doctor_find(doctor, check, SEVERITY_HINT,
                "The log does not say from which address an alias led to a recipient.",
                "enable_original_recipient is no.");
    milters_heal(doctor, "enable_original_recipient", slice_of("yes"));
}

/* ---- a filter before the queue ---- */

/* The smtpd behind the proxy: on loopback, and without a proxy itself. */
static bool is_behind_proxy(const struct doctor *doctor, size_t service)
{
    return milters_is_smtpd(doctor, service) && !milters_takes_from_network(doctor, service) &&
           mta_service_value(doctor->mta, service, "smtpd_proxy_filter").size == 0;
}

/* Does one behind the proxy ask us? If not, `first` is one that could. */
static bool is_seen_behind(const struct doctor *doctor, size_t *first)
{
    size_t count = mta_service_count(doctor->mta);

    *first = count;
    for (size_t i = 0; i < count; i++) {
        if (!is_behind_proxy(doctor, i))
            continue;
        if (milters_standing(doctor, mta_service_value(doctor->mta, i, "smtpd_milters")).times > 0)
            return true;
        if (*first == count)
            *first = i;
    }
    return false;
}

static void heal_behind(struct doctor *doctor, size_t service)
{
    struct mta_service one = mta_service_at(doctor->mta, service);
    struct buffer list;

    buffer_init(&list, VALUE_MAX);
    if (milters_mended(doctor, mta_service_value(doctor->mta, service, "smtpd_milters"), &list) ==
        0)
        milters_heal_service(doctor, &one, "smtpd_milters", slice_make(list.data, list.size));
    buffer_free(&list);
}

static void look_at_proxy(struct doctor *doctor, const struct check *check)
{
    size_t behind;

    for (size_t i = 0; i < mta_service_count(doctor->mta); i++) {
        struct slice proxy = mta_service_value(doctor->mta, i, "smtpd_proxy_filter");
        if (!milters_takes_from_network(doctor, i) || proxy.size == 0 ||
            is_seen_behind(doctor, &behind))
            continue;
        doctor_find(doctor, check, SEVERITY_WARNING,
                    "Of mails that pass a proxy filter waybill sees neither header nor queue id, "
                    "and takes them for abandoned.",
                    "The service %.*s hands mails to the proxy filter %.*s, and no smtpd behind it "
                    "asks waybill.",
                    SLICE_ARGS(mta_service_at(doctor->mta, i).name), SLICE_ARGS(proxy));
        if (behind < mta_service_count(doctor->mta))
            heal_behind(doctor, behind);
        return;
    }
}

#define NEEDS (NEEDS_SETTINGS | NEEDS_POSTFIX)

const struct check checks_mta[] = {
    {"postfix-running", "Postfix is running", look_at_running, NEEDS_POSTFIX | NEEDS_ROOT},
    {"postfix-version", "this Postfix knows all that is needed", look_at_version, NEEDS_POSTFIX},
    {"postfix-warnings", "Postfix knows all parameters that are set", look_at_warnings,
     NEEDS_POSTFIX},
    {"postfix-bounces", "Postfix's own bounces pass the milter", look_at_bounces, NEEDS},
    {"postfix-queue-ids", "queue ids are long, so none comes again", look_at_queue_ids,
     NEEDS_POSTFIX},
    {"postfix-delay-reject", "refusals wait for RCPT, so they name a recipient",
     look_at_delay_reject, NEEDS_POSTFIX},
    {"postfix-originals", "the log names recipients before aliases", look_at_originals,
     NEEDS_POSTFIX},
    {"postfix-proxy", "no proxy filter hides mails", look_at_proxy, NEEDS},
    {0},
};
