/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of the mail server's log, which alone tells the outcomes: may the daemon read it, and does
 * it follow it, once.
 */
#include "doctor.h"

#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "around.h"
#include "followed.h"
#include "waybill/clock.h"
#include "waybill/escape.h"

#define WORDS_MAX 8192

/* ---- readable ---- */

static const char *group_name(const char *path)
{
    const struct group *group;
    struct stat status;

    if (stat(path, &status) != 0 || (status.st_mode & S_IRGRP) == 0)
        return NULL;
    group = getgrgid(status.st_gid);
    return group != NULL && strcmp(group->gr_name, "root") != 0 ? group->gr_name : NULL;
}

static void heal_reading(struct doctor *doctor, const char *path, const struct around_may *may)
{
    const char *group = group_name(path);
    struct buffer quoted, user, reader;

    buffer_init(&quoted, WORDS_MAX);
    buffer_init(&user, WORDS_MAX);
    buffer_init(&reader, WORDS_MAX);
    escape_shell(&quoted, slice_of(may->is_folder ? may->blocked : path));
    escape_shell(&user, slice_of(doctor->settings->user));
    escape_shell(&reader, slice_of(group));
    if (may->is_folder)
        doctor_heal(doctor, "chmod o+x %s", quoted.data);
    else if (group != NULL && !around_has_group(doctor, group))
        doctor_heal(doctor, "usermod -aG %s %s && %s", reader.data, user.data,
                    doctor_renew(doctor));
    else
        doctor_heal(doctor, "chgrp adm %s && chmod g+r %s && usermod -aG adm %s && %s",
                    quoted.data, quoted.data, user.data, doctor_renew(doctor));
    buffer_free(&quoted);
    buffer_free(&user);
    buffer_free(&reader);
}

static void look_at_file(struct doctor *doctor, const struct check *check, const char *path)
{
    struct around_may may;
    struct error why;

    if (access(path, F_OK) != 0) {
        doctor_find(doctor, check, SEVERITY_WARNING, followed_unseen,
                    "log_source names '%s', which is not there (yet).", path);
        return;
    }
    if (around_try(doctor, path, R_OK, &may, &why) != 0) {
        doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL, "%s; run it as root.", why.text);
        return;
    }
    if (may.may)
        return;
    doctor_find(doctor, check, SEVERITY_FAULT, followed_unseen,
                "The user '%s' may not read the log '%s' (it stops at '%s').",
                doctor->settings->user, path, may.blocked);
    heal_reading(doctor, path, &may);
}

/* Its files belong to this group, or let adm read them by an ACL. */
static void look_at_sdjournal(struct doctor *doctor, const struct check *check)
{
    struct buffer user;

    if (around_has_group(doctor, "systemd-journal") || around_has_group(doctor, "adm"))
        return;
    doctor_find(doctor, check, SEVERITY_FAULT, followed_unseen,
                "The user '%s' may not read the systemd journal: it is in neither of the groups "
                "systemd-journal and adm.", doctor->settings->user);
    buffer_init(&user, WORDS_MAX);
    escape_shell(&user, slice_of(doctor->settings->user));
    doctor_heal(doctor, "usermod -aG systemd-journal %s && %s", user.data, doctor_renew(doctor));
    buffer_free(&user);
}

static void look_at_readable(struct doctor *doctor, const struct check *check)
{
    char *const *sources = doctor->settings->log_source;

    for (size_t i = 0; i < SETTINGS_LIST_MAX && sources[i] != NULL; i++) {
        if (followed_is_path(sources[i]))
            look_at_file(doctor, check, sources[i]);
        else if (strcmp(sources[i], "journal") == 0)
            look_at_sdjournal(doctor, check);
    }
}

/* ---- followed ---- */

static void tell_behind(struct doctor *doctor, const struct check *check,
                        const struct sheet *sheet)
{
    int64_t behind = sheet->written - sheet->log_until;
    char span[CLOCK_TEXT_SIZE];

    if (status_log_is_new(sheet)) {
        clock_span(sheet->written - sheet->started, span);
        doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL,
                    "waybilld began %s before it last told of itself, and had not read its log yet; "
                    "ask again in a minute.", span);
    } else if (sheet->log_until == 0) {
        doctor_find(doctor, check, SEVERITY_FAULT, followed_unseen,
                    "waybilld cannot read one of its logs: %s.", sheet->logs);
        doctor_heal(doctor, "%s", doctor_renew(doctor));
    } else if (behind > 2 * MINUTE_MS) {
        clock_span(behind, span);
        doctor_find(doctor, check, SEVERITY_WARNING, "Newer outcomes are not known yet.",
                    "waybilld is %s behind in its log.", span);
    }
}

static void look_at_followed(struct doctor *doctor, const struct check *check)
{
    struct sheet sheet;

    if (doctor->settings->log_source[0] == NULL) {
        doctor_find(doctor, check, SEVERITY_WARNING, followed_unseen, "log_source is empty.");
        doctor_heal_in(doctor, doctor->settings_file, "log_source = {\"auto\"}");
        return;
    }
    if (!followed_sheet(doctor, &sheet))
        doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL,
                    "waybilld of '%s' has told nothing in the last minute.",
                    doctor->settings->host != NULL ? doctor->settings->host : "");
    else if (sheet.log_until != SHEET_UNKNOWN)
        tell_behind(doctor, check, &sheet);
}

/* What `auto` took: told, since it is nowhere else to be seen but in the daemon's log. */
static void look_at_auto(struct doctor *doctor, const struct check *check)
{
    struct sheet sheet;

    if (followed_names(doctor, "auto") && followed_sheet(doctor, &sheet) && sheet.logs[0] != '\0')
        doctor_find(doctor, check, SEVERITY_GOOD, NULL, "log_source is auto, and took %s",
                    sheet.logs);
}

/* ---- once ---- */

static bool is_syslog_file(const char *source)
{
    return strcmp(source, "/var/log/mail.log") == 0 || strcmp(source, "/var/log/maillog") == 0 ||
           strcmp(source, "/var/log/mail.info") == 0 || strcmp(source, "/var/log/syslog") == 0 ||
           strcmp(source, "/var/log/messages") == 0;
}

static void look_at_ways(struct doctor *doctor, const struct check *check)
{
    char *const *sources = doctor->settings->log_source;
    const char *file = NULL;
    size_t ways = followed_names(doctor, "journal") || followed_names(doctor, "auto");

    for (size_t i = 0; i < SETTINGS_LIST_MAX && sources[i] != NULL; i++)
        if (is_syslog_file(sources[i])) {
            file = file != NULL ? file : sources[i];
            ways++;
        }
    if (ways < 2)
        return;
    doctor_find(doctor, check, SEVERITY_WARNING,
                "A line that comes by two ways looks different on each: every attempt is recorded "
                "twice.",
                "log_source names the journal and what syslog makes of it, or two files of one "
                "syslog.");
    doctor_heal_in(doctor, doctor->settings_file, "log_source = {\"%s\"}",
                   file != NULL ? file : "auto");
}

const struct check checks_log[] = {
    {"log-readable", "waybilld may read the log", look_at_readable, NEEDS_SETTINGS},
    {"log-followed", "the log is read up to now", look_at_followed, NEEDS_SETTINGS},
    {"log-auto", "the log is named", look_at_auto, NEEDS_SETTINGS},
    {"log-once", "no line comes by two ways", look_at_ways, NEEDS_SETTINGS},
    {0},
};
