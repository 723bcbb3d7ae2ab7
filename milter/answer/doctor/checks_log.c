/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of the mail server's log, which alone tells the outcomes: may the daemon read it, does
 * it follow it, once, and does anybody drop lines before.
 */
#include "doctor.h"

#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../status.h"
#include "around.h"
#include "waybill/clock.h"
#include "waybill/escape.h"

#define WORDS_MAX 8192

static const char unseen[] = "What became of the mails is not seen: none is ever delivered, delayed "
                             "or failed.";

/* ---- what is followed ---- */

static bool names_source(const struct doctor *doctor, const char *source)
{
    char *const *sources = doctor->settings->log_source;

    for (size_t i = 0; i < SETTINGS_LIST_MAX && sources[i] != NULL; i++)
        if (strcmp(sources[i], source) == 0)
            return true;
    return false;
}

static bool is_path(const char *source)
{
    return source[0] == '/' && strpbrk(source, "*?[") == NULL;
}

/* What the daemon of this host said last of itself. False: nothing, or not lately. */
static bool own_sheet(const struct doctor *doctor, struct sheet *sheet)
{
    const char *own = doctor->settings->host;
    struct status *status = NULL;
    bool found = false;

    if (doctor->store == NULL || own == NULL)
        return false;
    if (status_read(&status, doctor->store, NULL, doctor->settings->retention_days, NULL) == 0)
        for (size_t i = 0; i < status->host_count && !found; i++) {
            const struct status_host *host = &status->hosts[i];

            found = host->told && host->silent_ms < MINUTE_MS && strcmp(host->name, own) == 0;
            if (found)
                *sheet = host->sheet;
        }
    status_free(&status);
    return found;
}

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
        doctor_find(doctor, check, SEVERITY_WARNING, unseen,
                    "log_source names '%s', which is not there (yet).", path);
        return;
    }
    if (around_try(doctor, path, R_OK, &may, &why) != 0) {
        doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL, "%s; run it as root.", why.text);
        return;
    }
    if (may.may)
        return;
    doctor_find(doctor, check, SEVERITY_FAULT, unseen,
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
    doctor_find(doctor, check, SEVERITY_FAULT, unseen,
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
        if (is_path(sources[i]))
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
        doctor_find(doctor, check, SEVERITY_FAULT, unseen,
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
        doctor_find(doctor, check, SEVERITY_WARNING, unseen, "log_source is empty.");
        doctor_heal_in(doctor, doctor->settings_file, "log_source = {\"auto\"}");
        return;
    }
    if (!own_sheet(doctor, &sheet))
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

    if (names_source(doctor, "auto") && own_sheet(doctor, &sheet) && sheet.logs[0] != '\0')
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
    size_t ways = names_source(doctor, "journal") || names_source(doctor, "auto");

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

/* ---- whole ---- */

static bool follows_journal(struct doctor *doctor)
{
    struct sheet sheet;
    bool follows = names_source(doctor, "journal");

    if (!follows && names_source(doctor, "auto") && own_sheet(doctor, &sheet))
        follows = strstr(sheet.logs, "journal:") != NULL;
    return follows;
}

/* Does this file, or one beside it, switch the limit off? */
static bool switched_off(const struct doctor *doctor, const char *path, const char *name)
{
    struct buffer text;
    struct slice value = SLICE_ABSENT;
    bool off;

    if (around_read(doctor, path, &text))
        value = around_value(slice_make(text.data, text.size), name);
    off = slice_is(value, "0") || slice_is(value, "0s");
    buffer_free(&text);
    return off;
}

static void look_at_journald(struct doctor *doctor, const struct check *check)
{
    bool debian = around_is_there(doctor, "/usr/lib/systemd/system/postfix@.service") ||
                  around_is_there(doctor, "/lib/systemd/system/postfix@.service");
    const char *unit = doctor->kind == MTA_SENDMAIL ? "sendmail"
                       : debian                     ? "postfix@"
                                                    : "postfix";
    char own[200];

    snprintf(own, sizeof own, "/etc/systemd/system/%s.service.d/waybill.conf", unit);
    if (!follows_journal(doctor) ||
        switched_off(doctor, "/etc/systemd/journald.conf", "RateLimitIntervalSec") ||
        switched_off(doctor, "/etc/systemd/journald.conf", "RateLimitBurst") ||
        switched_off(doctor, own, "LogRateLimitIntervalSec"))
        return;
    doctor_find(doctor, check, SEVERITY_HINT,
                "In a burst of mails journald drops lines, and the outcomes in them are not seen; "
                "it counts after the mail server's next start.",
                "journald takes 10,000 lines in 30 s of %s.service and drops the rest.", unit);
    doctor_heal(doctor,
                "mkdir -p /etc/systemd/system/%s.service.d && printf "
                "'[Service]\\nLogRateLimitIntervalSec=0\\n' > %s && systemctl daemon-reload",
                unit, own);
}

/* Is the last value behind this name, 'Interval="600"' or 'Interval 5', one that is not 0? */
static bool limits(const char *text, const char *name, bool by_default)
{
    bool on = by_default;

    while ((text = strcasestr(text, name)) != NULL) {
        text += strlen(name);
        text += strspn(text, "=\" ");
        on = *text != '0';
    }
    return on;
}

static const char burst[] =
    "In a burst of mails rsyslog drops lines, and the outcomes in them are not seen.";

/* By itself only imjournal counts: 20,000 lines in ten minutes. */
static void judge_rsyslog(struct doctor *doctor, const struct check *check, const char *text)
{
    static const char file[] = "/etc/rsyslog.conf";

    if (strstr(text, "imjournal") != NULL && limits(text, "imjournal\" ratelimit.interval", true)) {
        doctor_find(doctor, check, SEVERITY_HINT, burst,
                    "rsyslog takes 20,000 lines in ten minutes from the journal and drops the "
                    "rest.");
        doctor_heal(doctor, "sed -i 's/\"imjournal\"/& Ratelimit.Interval=\"0\"/' %s && "
                            "systemctl restart rsyslog", file);
    }
    if (limits(text, "$SystemLogRateLimitInterval", false) ||
        limits(text, "SysSock.RateLimit.Interval", false)) {
        doctor_find(doctor, check, SEVERITY_HINT, burst,
                    "%s limits how many lines a program may log.", file);
        doctor_heal(doctor,
                    "sed -i -e 's/^\\$SystemLogRateLimitInterval.*/$SystemLogRateLimitInterval 0/' "
                    "-e 's/SysSock.RateLimit.Interval=\"[0-9]*\"/SysSock.RateLimit.Interval=\"0\"/' "
                    "%s && systemctl restart rsyslog", file);
    }
}

static void look_at_rsyslog(struct doctor *doctor, const struct check *check)
{
    struct buffer text;

    if (follows_journal(doctor))
        return;
    if (around_read(doctor, "/etc/rsyslog.conf", &text))
        judge_rsyslog(doctor, check, text.data);
    buffer_free(&text);
}

/* ---- Postfix ---- */

static bool follows_file(struct doctor *doctor, const char *file)
{
    struct sheet sheet;
    bool follows = names_source(doctor, file);

    if (!follows && own_sheet(doctor, &sheet))
        follows = strstr(sheet.logs, file) != NULL;
    return follows;
}

static void look_at_postlogd(struct doctor *doctor, const struct check *check)
{
    struct slice value = mta_value(doctor->mta, "maillog_file");
    char file[PATH_MAX];

    if (value.size == 0 || !slice_copy(value, file, sizeof file) || follows_file(doctor, file))
        return;
    doctor_find(doctor, check, SEVERITY_FAULT, unseen,
                "Postfix logs into '%s' (maillog_file), which is not followed.", file);
    if (doctor_fits_string(value))
        doctor_heal_in(doctor, doctor->settings_file, "log_source = {\"%s\"}", file);
}

/* "5d", "120h", "432000s", "5": without a unit it is days. False: odd. */
static bool lifetime_hours(struct slice text, int64_t *hours)
{
    uint64_t number;
    char unit;

    if (!text_take_number(&text, &number) || number > 100000000)
        return false;
    unit = text.size > 0 ? text_lower(text.at[0]) : 'd';
    switch (unit) {
    case 's':
        *hours = (int64_t)((number + 3599) / 3600);
        return true;
    case 'm':
        *hours = (int64_t)((number + 59) / 60);
        return true;
    case 'h':
        *hours = (int64_t)number;
        return true;
    case 'd':
        *hours = (int64_t)number * 24;
        return true;
    case 'w':
        *hours = (int64_t)number * 24 * 7;
        return true;
    default:
        return false;
    }
}

static void look_at_lifetime(struct doctor *doctor, const struct check *check)
{
    struct slice value = mta_value(doctor->mta, "maximal_queue_lifetime");
    int64_t ours = doctor->settings->queue_lifetime_hours, hours;

    if (ours == 0 || !lifetime_hours(value, &hours) || hours <= ours)
        return;
    doctor_find(doctor, check, SEVERITY_WARNING,
                "A mail that Postfix still tries is told to be unresolved.",
                "Postfix tries for %lld hours (maximal_queue_lifetime), queue_lifetime_hours is "
                "%lld.", (long long)hours, (long long)ours);
    doctor_heal_in(doctor, doctor->settings_file, "queue_lifetime_hours = %lld", (long long)hours);
}

/* ---- the form of the lines ---- */

/* "Nov 22 10:03:07 " */
static bool has_no_year(struct slice line)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char month[4];

    if (line.size < 16)
        return false;
    slice_copy(slice_make(line.at, 3), month, sizeof month);
    return strstr(months, month) != NULL && line.at[3] == ' ' && line.at[6] == ' ' &&
           line.at[9] == ':' && line.at[12] == ':';
}

static void look_at_years(struct doctor *doctor, const struct check *check)
{
    char *const *sources = doctor->settings->log_source;

    for (size_t i = 0; i < SETTINGS_LIST_MAX && sources[i] != NULL; i++) {
        struct buffer text;
        struct slice rest, first;
        bool plain;

        if (!is_path(sources[i]) ||
            (doctor->mta != NULL &&
             slice_is(mta_value(doctor->mta, "maillog_file"), sources[i])))
            continue; /* postlogd(8) knows no other form */
        plain = around_read(doctor, sources[i], &text);
        rest = slice_make(text.data, text.size);
        /* the last lines: a file may begin in an older form */
        if (rest.size > WORDS_MAX)
            rest = slice_make(rest.at + rest.size - WORDS_MAX, WORDS_MAX);
        plain = plain && (rest.size == text.size || text_take_until(&rest, '\n', &first)) &&
                has_no_year(rest);
        buffer_free(&text);
        if (!plain)
            continue;
        doctor_find(doctor, check, SEVERITY_HINT,
                    "Whole seconds without year and zone: the order of two attempts in one second "
                    "is not known, and an hour in autumn is there twice. Other readers of that file must "
                    "know the new form, too.",
                    "The lines of '%s' have the old form of syslog.", sources[i]);
        doctor_heal(doctor,
                    "sed -i 's/^\\$ActionFileDefaultTemplate.*/$ActionFileDefaultTemplate "
                    "RSYSLOG_FileFormat/' /etc/rsyslog.conf && systemctl restart rsyslog");
    }
}

const struct check checks_log[] = {
    {"log-readable", "waybilld may read the log", look_at_readable, NEEDS_SETTINGS},
    {"log-followed", "the log is read up to now", look_at_followed, NEEDS_SETTINGS},
    {"log-auto", "the log is named", look_at_auto, NEEDS_SETTINGS},
    {"log-once", "no line comes by two ways", look_at_ways, NEEDS_SETTINGS},
    {"log-journald", "journald drops no lines", look_at_journald, NEEDS_SETTINGS},
    {"log-rsyslog", "rsyslog drops no lines", look_at_rsyslog, NEEDS_SETTINGS},
    {"log-file", "Postfix logs where we read", look_at_postlogd, NEEDS_SETTINGS | NEEDS_POSTFIX},
    {"log-lifetime", "queue_lifetime_hours is that of Postfix", look_at_lifetime,
     NEEDS_SETTINGS | NEEDS_POSTFIX},
    {"log-form", "the log's lines have year and zone", look_at_years, NEEDS_SETTINGS},
    {0},
};
