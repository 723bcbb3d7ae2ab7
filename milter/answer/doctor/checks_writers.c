/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of those who write the log: do journald and rsyslog drop lines or leave out the year, does
 * Postfix log where we read, and for how long does it try.
 */
#include "doctor.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "around.h"
#include "followed.h"

#define TAIL_MAX 8192 /* bytes at the end of a log that are looked at */

/* ---- whole ---- */

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
    if (!followed_journal(doctor) ||
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

    if (followed_journal(doctor))
        return;
    if (around_read(doctor, "/etc/rsyslog.conf", &text))
        judge_rsyslog(doctor, check, text.data);
    buffer_free(&text);
}

/* ---- Postfix ---- */

static void look_at_postlogd(struct doctor *doctor, const struct check *check)
{
    struct slice value = mta_value(doctor->mta, "maillog_file");
    char file[PATH_MAX];

    if (value.size == 0 || !slice_copy(value, file, sizeof file) || followed_file(doctor, file))
        return;
    doctor_find(doctor, check, SEVERITY_FAULT, followed_unseen,
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

        if (!followed_is_path(sources[i]) ||
            (doctor->mta != NULL &&
             slice_is(mta_value(doctor->mta, "maillog_file"), sources[i])))
            continue; /* postlogd(8) knows no other form */
        plain = around_read(doctor, sources[i], &text);
        rest = slice_make(text.data, text.size);
        /* the last lines: a file may begin in an older form */
        if (rest.size > TAIL_MAX)
            rest = slice_make(rest.at + rest.size - TAIL_MAX, TAIL_MAX);
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

const struct check checks_writers[] = {
    {"log-journald", "journald drops no lines", look_at_journald, NEEDS_SETTINGS},
    {"log-rsyslog", "rsyslog drops no lines", look_at_rsyslog, NEEDS_SETTINGS},
    {"log-file", "Postfix logs where we read", look_at_postlogd, NEEDS_SETTINGS | NEEDS_POSTFIX},
    {"log-lifetime", "queue_lifetime_hours is that of Postfix", look_at_lifetime,
     NEEDS_SETTINGS | NEEDS_POSTFIX},
    {"log-form", "the log's lines have year and zone", look_at_years, NEEDS_SETTINGS},
    {0},
};
