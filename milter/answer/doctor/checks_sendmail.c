/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of sendmail.cf: are we asked, first, and what happens to a mail when we do not answer.
 * Lines are those of the .mc file beside it, since a .cf is made, not written.
 */
#include "doctor.h"

#include <sys/stat.h>

#include "milters.h"
#include "writable.h"

#define PATH_ROOM 512
#define TIME_MOST 30 /* seconds that a hung daemon may cost a mail, for each of its times */
#define LOG_LEAST 9  /* below, what became of a mail is not logged */

/* The .mc of which this .cf is made. */
static const char *source_file(const struct doctor *doctor, struct buffer *to)
{
    struct slice path = slice_of(mta_where(doctor->mta));

    if (slice_ends(path, ".cf"))
        path.size -= 3;
    buffer_addf(to, "%.*s.mc", SLICE_ARGS(path));
    return to->data;
}

static void heal_filter(struct doctor *doctor)
{
    struct buffer file, line;

    buffer_init(&file, PATH_ROOM * 2);
    buffer_init(&line, PATH_ROOM * 2);
    mta_milter_entry(doctor->mta, doctor->settings->listen, false, &line);
    doctor_heal_in(doctor, source_file(doctor, &file), "%s", line.data);
    buffer_free(&file);
    buffer_free(&line);
}

/* Where no filter is ours there is nothing to be said of its place and its words. */
static struct standing standing_of(struct doctor *doctor)
{
    struct standing standing = milters_standing(doctor, mta_milters(doctor->mta));

    if (standing.times == 0)
        doctor_skip(doctor);
    return standing;
}

static void look_at_asked(struct doctor *doctor, const struct check *check)
{
    if (standing_of(doctor).times > 0)
        return;
    doctor_find(
        doctor, check, SEVERITY_FAULT,
        "Mails are known from the log alone: no Subject, no refused recipients, no reports.",
        "No filter of InputMailFilters is at %s.", doctor->settings->listen);
    heal_filter(doctor);
}

static void look_at_first(struct doctor *doctor, const struct check *check)
{
    struct standing standing = standing_of(doctor);

    if (standing.times == 0 || standing.first == 0)
        return;
    doctor_find(doctor, check, SEVERITY_WARNING,
                "What a filter before it refuses, waybill does not see, or takes for abandoned.",
                "In InputMailFilters waybill stands behind %zu other filter%s; its line belongs "
                "before theirs.",
                standing.first, standing.first == 1 ? "" : "s");
    heal_filter(doctor);
}

static void look_at_action(struct doctor *doctor, const struct check *check)
{
    struct standing standing = standing_of(doctor);

    if (standing.times == 0 || standing.ours.default_action.size == 0)
        return;
    doctor_find(doctor, check, SEVERITY_FAULT,
                "While waybilld is down mails are refused or put off.",
                "waybill's filter has F=%.*s.", SLICE_ARGS(standing.ours.default_action));
    heal_filter(doctor);
}

/* What Sendmail takes if T= is silent is minutes. */
static void look_at_times(struct doctor *doctor, const struct check *check)
{
    struct standing standing = standing_of(doctor);
    const struct {
        const char *name;
        struct slice time, usual;
    } times[] = {
        {"connecting (C)", standing.ours.connect_timeout, slice_of("5m")},
        {"an answer (R)", standing.ours.command_timeout, slice_of("10s")},
        {"the end of a message (E)", standing.ours.content_timeout, slice_of("5m")},
    };

    for (size_t i = 0; standing.times > 0 && i < sizeof times / sizeof times[0]; i++) {
        struct slice time = times[i].time.at != NULL ? times[i].time : times[i].usual;
        int64_t seconds = milters_seconds(time);
        if (seconds >= 0 && seconds <= TIME_MOST)
            continue;
        doctor_find(doctor, check, SEVERITY_WARNING,
                    "Should waybilld hang, each mail waits that long.",
                    "In T= of waybill's filter the time for %s is %.*s; %d s at most will do.",
                    times[i].name, SLICE_ARGS(time), TIME_MOST);
        heal_filter(doctor);
        return;
    }
}

static void look_at_log_level(struct doctor *doctor, const struct check *check)
{
    struct slice value = mta_value(doctor->mta, "LogLevel");
    struct buffer file;
    uint64_t level;

    if (!text_number(slice_trim(value), 0, 1000, &level) || level >= LOG_LEAST)
        return;
    doctor_find(doctor, check, SEVERITY_FAULT, "The log does not tell what became of mails.",
                "LogLevel is %llu.", (unsigned long long)level);
    buffer_init(&file, PATH_ROOM * 2);
    doctor_heal_in(doctor, source_file(doctor, &file), "define(`confLOG_LEVEL', `%d')dnl",
                   LOG_LEAST);
    buffer_free(&file);
}

/* Sendmail does not connect to a socket below a directory that a group may write to. */
static void look_at_unsafe(struct doctor *doctor, const struct check *check)
{
    static const struct writable group = {
        .bit = S_IWGRP,
        .severity = SEVERITY_FAULT,
        .who = "A group",
        .matter = "Sendmail calls the socket unsafe and does not connect to it.",
        .mend = "g-w",
    };

    writable_look(doctor, check, &group);
}

#define NEEDS (NEEDS_SETTINGS | NEEDS_SENDMAIL)

const struct check checks_sendmail[] = {
    {"sendmail-asked", "InputMailFilters names waybill", look_at_asked, NEEDS},
    {"sendmail-first", "waybill is the first filter", look_at_first, NEEDS},
    {"sendmail-action", "mails are accepted while waybilld is down", look_at_action, NEEDS},
    {"sendmail-times", "a hung waybilld would delay mails by seconds only", look_at_times, NEEDS},
    {"sendmail-log", "the log tells what became of mails", look_at_log_level, NEEDS_SENDMAIL},
    {"sendmail-unsafe", "Sendmail does not call the socket unsafe", look_at_unsafe, NEEDS},
    {0},
};
