/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach: what has to change so that the mail server asks us. Promise: what is right already is
 * not touched, and of others' words only their place behind ours changes.
 */
#include "waybill/mta.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lists.h"
#include "setup.h"
#include "waybill/endpoint.h"
#include "waybill/escape.h"

static const char by_smtp[] = "Mails that come in by SMTP are shown to waybilld, first of all "
                              "milters, and go on at once if it does not answer.";
static const char by_command[] =
    "Mails that are handed in on this machine are shown to waybilld, and bounces.";
static const char in_service[] =
    "This service has a list of its own, so mails that come in by it would not be seen.";
static const char of_bounces[] =
    "Bounces that this mail server writes are shown, so that each is joined to its mail.";
static const char long_ids[] =
    "A queue id is not used again, so that it finds one mail and not several.";
static const char place[] = "The socket lies where Postfix sees it with and without chroot.";

struct plan {
    const struct mta *mta;
    const char *listen;
    struct mta_changes *changes;
};

static int no_memory(struct error *why)
{
    return error_set(why, "cannot plan the changes: no memory");
}

/* Our entry, then what stands there without ours. */
static int put_first(const struct plan *plan, struct slice list, bool compact, struct buffer *to)
{
    struct buffer rest, squeezed;
    struct slice others;
    int result = 0;

    buffer_init(&rest, VALUE_MAX);
    buffer_init(&squeezed, VALUE_MAX);
    mta_milter_entry(plan->mta, plan->listen, compact, to);
    lists_without(plan->mta, plan->listen, list, &rest);
    others = slice_make(rest.data, rest.size);
    if (compact) {
        if (!lists_squeeze(others, &squeezed))
            result = -1;
        others = slice_make(squeezed.data, squeezed.size);
    }
    if (others.size > 0) {
        buffer_add_text(to, compact ? "," : ", ");
        buffer_add(to, others.at, others.size);
    }
    if (rest.failed || to->failed)
        result = -1;
    buffer_free(&rest);
    buffer_free(&squeezed);
    return result;
}

static struct slice set_value(const struct mta *mta, struct slice name)
{
    const struct parameter *known = setup_find(mta, name);

    return known != NULL && known->set ? known->written : SLICE_ABSENT;
}

static int change_main(const struct plan *plan, struct slice name, const char *reason)
{
    struct buffer after;
    int result;

    if (changes_find(plan->changes, MTA_CHANGE_MAIN, name) != NULL)
        return 0;
    buffer_init(&after, VALUE_MAX);
    result = put_first(plan, lists_written(plan->mta, plan->changes, name), false, &after);
    if (result == 0)
        result =
            changes_add(plan->changes, plan->mta, MTA_CHANGE_MAIN, name, set_value(plan->mta, name),
                        slice_make(after.data, after.size), reason);
    buffer_free(&after);
    return result;
}

/* Is our milter in the list as Postfix expands it? */
static bool is_in_value(const struct plan *plan, struct slice value)
{
    struct mta_milter milter;

    while (mta_milter_next(MTA_POSTFIX, &value, &milter))
        if (lists_is_ours(plan->mta, &milter, plan->listen))
            return true;
    return false;
}

/* What lists_find cannot judge is told and left. True: it stays as it is. */
static bool stays(const struct plan *plan, const char *what, const struct ours *ours,
                  struct slice value)
{
    if (ours->direct + ours->indirect == 0 && is_in_value(plan, value)) {
        changes_note(plan->changes,
                     "%s asks waybilld by a condition that only Postfix can work out; it stays.",
                     what);
        return true;
    }
    if (ours->indirect > 0 && ours->direct + ours->indirect > 1) {
        changes_note(plan->changes,
                     "%s names waybilld more than once, also in '%.*s': take all but the first "
                     "out by hand.",
                     what, SLICE_ARGS(ours->owner));
        return true;
    }
    if (ours->indirect == 0)
        return ours->direct == 1 && ours->first && ours->good;
    if (ours->good && ours->first_in_owner && !ours->first)
        changes_note(plan->changes,
                     "%s asks waybilld by '%.*s', behind other milters: what these "
                     "refuse is not seen.",
                     what, SLICE_ARGS(ours->owner));
    return ours->good && ours->first_in_owner;
}

static int plan_list(const struct plan *plan, const char *name, const char *reason)
{
    struct slice list = lists_written(plan->mta, plan->changes, slice_of(name));
    struct ours ours = lists_find(plan->mta, plan->changes, plan->listen, list);

    if (stays(plan, name, &ours, mta_value(plan->mta, name)))
        return 0;
    return change_main(plan, ours.indirect > 0 ? ours.owner : slice_of(name), reason);
}

static int change_service(const struct plan *plan, const struct override *own, struct slice path)
{
    struct buffer after;
    int result;

    buffer_init(&after, VALUE_MAX);
    result = put_first(plan, own->written, true, &after);
    if (result == 0)
        result = changes_add(plan->changes, plan->mta, MTA_CHANGE_SERVICE, path, own->written,
                             slice_make(after.data, after.size), in_service);
    else if (!after.failed)
        result = changes_note(plan->changes,
                              "%.*s has a condition that postconf cannot set: put our entry "
                              "first in master.cf by hand.",
                              SLICE_ARGS(path));
    buffer_free(&after);
    return result;
}

static int plan_override(const struct plan *plan, const struct override *own, struct slice path)
{
    struct ours ours = lists_find(plan->mta, plan->changes, plan->listen, own->written);

    if (slice_trim(own->value).size == 0)
        return changes_note(plan->changes,
                            "%.*s is empty, so mails of this service are not seen; right for one "
                            "that takes back what was seen before (a content filter).",
                            SLICE_ARGS(path));
    if (stays(plan, path.at, &ours, own->value))
        return 0;
    if (ours.indirect > 0)
        return change_main(plan, ours.owner, in_service);
    return change_service(plan, own, path);
}

/* -o smtpd_milters of smtpd(8), -o non_smtpd_milters of cleanup(8): elsewhere they have no say. */
static bool has_a_say(const struct override *own, const struct mta_service *service)
{
    return (slice_is(own->name, "smtpd_milters") && slice_is(service->command, "smtpd")) ||
           (slice_is(own->name, "non_smtpd_milters") && slice_is(service->command, "cleanup"));
}

static int plan_service(const struct plan *plan, const struct mta_service *service)
{
    static const char *const names[] = {"smtpd_milters", "non_smtpd_milters"};
    struct buffer path;
    int result = 0;

    for (size_t i = 0; result == 0 && i < sizeof names / sizeof names[0]; i++) {
        const struct override *own = setup_override(plan->mta, service, names[i]);
        if (own == NULL || !has_a_say(own, service))
            continue;
        buffer_init(&path, VALUE_MAX);
        buffer_addf(&path, "%.*s/%.*s/%s", SLICE_ARGS(service->name), SLICE_ARGS(service->type),
                    names[i]);
        if (changes_find(plan->changes, MTA_CHANGE_SERVICE, slice_of(path.data)) == NULL)
            result = path.failed ? -1 : plan_override(plan, own, slice_of(path.data));
        buffer_free(&path);
    }
    return result;
}

static bool has_word(struct slice list, const char *word)
{
    struct mta_milter entry; /* the words are cut as those of a list of milters are */

    while (mta_milter_next(MTA_POSTFIX, &list, &entry))
        if (slice_is(entry.whole, word))
            return true;
    return false;
}

/* Those who will see what they did not see before. */
static int note_who_sees_bounces(const struct plan *plan)
{
    struct slice list = mta_value(plan->mta, "non_smtpd_milters");
    struct mta_milter milter;
    struct buffer others;
    int result = 0;

    buffer_init(&others, VALUE_MAX);
    while (mta_milter_next(MTA_POSTFIX, &list, &milter))
        if (!lists_is_ours(plan->mta, &milter, plan->listen))
            buffer_addf(&others, "%s%.*s", others.size > 0 ? ", " : "", SLICE_ARGS(milter.address));
    if (others.size > 0)
        result = changes_note(plan->changes,
                              "Other milters of non_smtpd_milters will see bounces, too: %s. A "
                              "signer will sign them.",
                              others.data);
    buffer_free(&others);
    return result;
}

static int plan_bounces(const struct plan *plan)
{
    static const char name[] = "internal_mail_filter_classes";
    struct slice written = mta_written(plan->mta, name);
    struct buffer after;
    int result;

    if (has_word(mta_value(plan->mta, name), "bounce"))
        return 0;
    buffer_init(&after, VALUE_MAX);
    buffer_addf(&after, "%.*s%sbounce", SLICE_ARGS(written), written.size > 0 ? ", " : "");
    result = changes_add(plan->changes, plan->mta, MTA_CHANGE_MAIN, slice_of(name),
                         set_value(plan->mta, slice_of(name)), slice_make(after.data, after.size),
                         of_bounces);
    buffer_free(&after);
    return result == 0 ? note_who_sees_bounces(plan) : -1;
}

static int plan_long_ids(const struct plan *plan)
{
    static const char name[] = "enable_long_queue_ids";

    if (slice_is(mta_value(plan->mta, name), "yes"))
        return 0;
    return changes_add(plan->changes, plan->mta, MTA_CHANGE_MAIN, slice_of(name),
                       set_value(plan->mta, slice_of(name)), slice_of("yes"), long_ids);
}

static int note_the_rest(const struct plan *plan)
{
    const struct mta *mta = plan->mta;

    if (mta_value(mta, "smtpd_milter_maps").size > 0 &&
        changes_note(plan->changes, "smtpd_milter_maps gives some clients other milters: these "
                                    "mails are not seen unless the map names waybilld.") < 0)
        return -1;
    if (slice_find_text(mta_value(mta, "receive_override_options"), "no_milters") >= 0 &&
        changes_note(plan->changes, "receive_override_options says no_milters for all services: "
                                    "no mail is seen until it goes.") < 0)
        return -1;
    return mta_value(mta, "multi_instance_directories").size == 0 || !mta->usual
               ? 0
               : changes_note(plan->changes,
                              "There are more instances of Postfix (postmulti -l lists them); "
                              "attach each by 'waybill attach postfix --config-directory DIR': "
                              "%.*s",
                              SLICE_ARGS(mta_value(mta, "multi_instance_directories")));
}

static int plan_postfix(const struct plan *plan)
{
    if (plan_list(plan, "smtpd_milters", by_smtp) < 0 ||
        plan_list(plan, "non_smtpd_milters", by_command) < 0 || plan_bounces(plan) < 0 ||
        plan_long_ids(plan) < 0)
        return -1;
    for (size_t i = 0; i < plan->mta->service_count; i++)
        if (plan_service(plan, &plan->mta->services[i]) < 0)
            return -1;
    return note_the_rest(plan);
}

static int plan_sendmail(const struct plan *plan)
{
    struct slice list = mta_milters(plan->mta);
    struct mta_milter milter;
    struct buffer line;
    int result = 0;

    if (mta_milter_next(MTA_SENDMAIL, &list, &milter) &&
        mta_milter_is(plan->mta, &milter, plan->listen) && milter.default_action.size == 0)
        return 0;
    buffer_init(&line, VALUE_MAX);
    mta_milter_entry(plan->mta, plan->listen, false, &line);
    result = changes_add(plan->changes, plan->mta, MTA_CHANGE_BY_HAND, slice_of("sendmail.mc"),
                         SLICE_ABSENT, slice_make(line.data, line.size), by_smtp);
    buffer_free(&line);
    return result;
}

int mta_plan_attach(const struct mta *mta, const char *listen, struct mta_changes *changes,
                    struct error *why)
{
    const struct plan plan = {mta, listen, changes};
    int result = mta->kind == MTA_POSTFIX ? plan_postfix(&plan) : plan_sendmail(&plan);

    return result == 0 ? 0 : no_memory(why);
}

static char *directory_command(const char *user, const char *group, const char *path)
{
    struct buffer words;
    char *command;

    buffer_init(&words, VALUE_MAX);
    buffer_add_text(&words, "install -d -m 2710 -o ");
    escape_shell(&words, slice_of(user));
    buffer_add_text(&words, " -g ");
    escape_shell(&words, slice_of(group));
    buffer_add_char(&words, ' ');
    escape_shell(&words, slice_of(path));
    command = words.failed ? NULL : strdup(words.data);
    buffer_free(&words);
    return command;
}

static int add_directory(const struct mta *mta, struct slice path, const char *user,
                         struct mta_changes *changes, struct error *why)
{
    struct slice owner = mta_value(mta, "mail_owner");
    const struct passwd *mail;
    const struct group *group;
    struct mta_change *added;
    char name[256], after[600];

    slice_copy(owner, name, sizeof name);
    mail = getpwnam(name);
    group = mail != NULL ? getgrgid(mail->pw_gid) : NULL;
    if (group == NULL)
        return error_set(why, "mail_owner '%s' is no user of this machine", name);
    snprintf(after, sizeof after, "%.200s:%.200s, mode 2710", user, group->gr_name);
    if (changes_add(changes, mta, MTA_CHANGE_DIRECTORY, path, SLICE_ABSENT, slice_of(after),
                    place) < 0)
        return no_memory(why);
    added = &changes->list[changes->count - 1];
    added->command = directory_command(user, group->gr_name, added->parameter);
    return added->command != NULL ? 0 : no_memory(why);
}

int mta_plan_directory(const struct mta *mta, const char *listen, const char *user,
                       struct mta_changes *changes, struct error *why)
{
    struct slice path = endpoint_directory(listen);
    struct stat status;
    char folder[4096];

    if (!mta_is_below_queue(mta, listen))
        return 0;
    slice_copy(path, folder, sizeof folder);
    if (stat(folder, &status) == 0 && S_ISDIR(status.st_mode))
        return 0;
    return add_directory(mta, path, user, changes, why);
}
