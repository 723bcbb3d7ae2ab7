/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of the milter's socket: is it served, and does the mail server get there as the user that
 * it is, from where it is. A way that ends at the same obstacle is told once.
 */
#include "doctor.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "milters.h"
#include "reach.h"
#include "waybill/endpoint.h"
#include "waybill/escape.h"
#include "writable.h"

#define PATH_ROOM 512

static const char no_milter[] =
    "The mail server cannot ask waybilld: mails pass unseen, or wait, as default_action says.";

static enum knock_end knock_here(const struct doctor *doctor, struct knock *knock)
{
    struct knock_address address;
    struct error why;

    *knock = (struct knock){.end = KNOCK_NO_WAY};
    if (knock_address_read(&address, slice_of(doctor->settings->listen), &why) == 0)
        knock_try(&address, knock);
    return knock->end;
}

/* ---- is it served ---- */

static void tell_no_way(struct doctor *doctor, const struct check *check, int cause)
{
    const char *path = endpoint_path(doctor->settings->listen);
    struct buffer quoted;
    struct stat status;

    if (path != NULL && lstat(path, &status) == 0 && !S_ISSOCK(status.st_mode)) {
        doctor_find(doctor, check, SEVERITY_FAULT, no_milter,
                    "%s is no socket, so waybilld cannot listen there.", path);
        buffer_init(&quoted, PATH_ROOM * 4);
        escape_shell(&quoted, slice_of(path));
        doctor_heal(doctor, "mv --backup=numbered %s %s.aside && systemctl restart waybill",
                    quoted.data, quoted.data);
        buffer_free(&quoted);
        return;
    }
    doctor_find(doctor, check, SEVERITY_FAULT, no_milter, "Nobody listens on %s: %s.",
                doctor->settings->listen, strerror(cause));
    doctor_heal(doctor, "systemctl restart waybill");
}

static void look_at_served(struct doctor *doctor, const struct check *check)
{
    const char *listen = doctor->settings->listen;
    struct knock knock;

    switch (knock_here(doctor, &knock)) {
    case KNOCK_ANSWERED:
        return;
    case KNOCK_NO_WAY:
        if (knock.cause == EACCES)
            doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL,
                        "%s may be tried by root and the mail server only", listen);
        else
            tell_no_way(doctor, check, knock.cause);
        return;
    case KNOCK_SILENT:
        doctor_find(doctor, check, SEVERITY_FAULT,
                    "Each mail waits for it as long as the mail server's time-outs allow.",
                    "What listens on %s takes the connection and does not answer within %d s.",
                    listen, KNOCK_MS / 1000);
        doctor_heal(doctor, "systemctl kill --signal=SIGKILL waybill; systemctl restart waybill");
        return;
    case KNOCK_CLOSED:
    case KNOCK_STRANGE:
        doctor_find(doctor, check, SEVERITY_FAULT, no_milter,
                    "What listens on %s does not answer as a milter does: it is another program.",
                    listen);
        return;
    }
}

/* ---- does the mail server reach it ---- */

/* A path as the mail server names it, seen from here. */
static void real_path(const struct reach_as *as, const char *path, char to[static PATH_ROOM])
{
    struct buffer whole;

    buffer_init(&whole, PATH_ROOM - 1);
    if (*path != '/' || as->chroot)
        buffer_addf(&whole, "%s%s", as->directory, *path == '/' ? "" : "/");
    buffer_add_text(&whole, path);
    slice_copy(slice_make(whole.data, whole.size), to, PATH_ROOM);
    buffer_free(&whole);
}

static const char *group_of(const char *user, char to[static 64])
{
    const struct passwd *found = getpwnam(user);
    const struct group *group = found != NULL ? getgrgid(found->pw_gid) : NULL;

    slice_copy(slice_of(group != NULL ? group->gr_name : user), to, 64);
    return to;
}

/* The socket's own directory is the mail server's group's business; one above it everybody's. */
static void heal_closed(struct doctor *doctor, const char *path, const struct reach_as *as)
{
    const char *own = endpoint_path(doctor->settings->listen);
    size_t size = strlen(path);
    struct buffer quoted, owner;
    struct stat status;
    char group[64];

    buffer_init(&quoted, PATH_ROOM * 4);
    buffer_init(&owner, 5 * sizeof group);
    escape_shell(&quoted, slice_of(path));
    escape_shell(&owner, slice_of(group_of(as->user, group)));
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode))
        doctor_heal(doctor, "chgrp %s %s && chmod 0660 %s", owner.data, quoted.data, quoted.data);
    else if (own != NULL && strncmp(own, path, size) == 0 && own[size] == '/' &&
             strchr(own + size + 1, '/') == NULL)
        doctor_heal(doctor, "chgrp %s %s && chmod 2710 %s", owner.data, quoted.data, quoted.data);
    else
        doctor_heal(doctor, "chmod a+x %s", quoted.data);
    buffer_free(&owner);
    buffer_free(&quoted);
}

/* The mode that the daemon gives its socket, if that is what keeps the mail server out. */
static bool tell_mode(struct doctor *doctor, const struct check *check, const char *path,
                      const struct reach_as *as)
{
    struct stat status;

    if ((doctor->settings->listen_mode & 0020) != 0 || lstat(path, &status) != 0 ||
        !S_ISSOCK(status.st_mode))
        return false;
    doctor_find(doctor, check, SEVERITY_FAULT, no_milter,
                "The socket %s has mode %04o, as listen_mode says, so user %s may not write to it.",
                path, (unsigned)(status.st_mode & 07777), as->user);
    doctor_heal_in(doctor, doctor->settings_file, "listen_mode = 0660");
    return true;
}

static void tell_closed(struct doctor *doctor, const struct check *check, const char *path,
                        const struct reach_as *as)
{
    if (tell_mode(doctor, check, path, as))
        return;
    doctor_find(doctor, check, SEVERITY_FAULT, no_milter,
                "User %s, as which the mail server connects, may not pass %s.", as->user, path);
    heal_closed(doctor, path, as);
}

/* It is there for us and not for them: they look from inside the chroot, or elsewhere. */
static void tell_elsewhere(struct doctor *doctor, const struct check *check, const char *parameter,
                           struct slice address, const struct reach_as *as)
{
    struct buffer list;

    doctor_find(doctor, check, SEVERITY_FAULT, no_milter,
                "%s names %.*s, and there is no such file, %s %s.", parameter, SLICE_ARGS(address),
                as->chroot ? "inside Postfix's chroot" : "where paths begin in", as->directory);
    buffer_init(&list, 64u << 10);
    if (milters_mended(doctor, milters_list(doctor, parameter), &list) == 0)
        milters_heal(doctor, parameter, slice_make(list.data, list.size));
    buffer_free(&list);
}

static void judge_reach(struct doctor *doctor, const struct check *check, const char *parameter,
                        struct slice address, const struct reach_as *as, const struct reach *reach)
{
    char path[PATH_ROOM] = "";

    if (reach->knock.end == KNOCK_ANSWERED)
        return;
    real_path(as, reach->blocked, path);
    if (reach->knock.end == KNOCK_NO_WAY && reach->knock.cause == EACCES)
        tell_closed(doctor, check, path, as);
    else if (reach->knock.end == KNOCK_NO_WAY && reach->knock.cause == ENOENT)
        tell_elsewhere(doctor, check, parameter, address, as);
    else
        doctor_find(doctor, check, SEVERITY_FAULT, no_milter,
                    "User %s, as which the mail server connects, gets no answer from %.*s: %s.",
                    as->user, SLICE_ARGS(address),
                    reach->knock.end == KNOCK_NO_WAY ? strerror(reach->knock.cause)
                                                     : "it does not speak as a milter");
}

static bool is_in_chroot(const struct doctor *doctor, const char *command)
{
    for (size_t i = 0; i < mta_service_count(doctor->mta); i++) {
        struct mta_service service = mta_service_at(doctor->mta, i);
        if (slice_is(service.command, command) && service.chroot)
            return true;
    }
    return false;
}

/* The list of one parameter, as the program that asks it would. */
static void try_list(struct doctor *doctor, const struct check *check, const char *parameter,
                     const char *command)
{
    struct slice list = mta_value(doctor->mta, parameter);
    struct standing standing = milters_standing(doctor, list);
    char user[64], queue[PATH_ROOM];
    struct reach_as as = {user, queue, is_in_chroot(doctor, command)};
    struct knock_address address;
    struct reach reach;
    struct error why;

    slice_copy(mta_value(doctor->mta, "mail_owner"), user, sizeof user);
    slice_copy(mta_value(doctor->mta, "queue_directory"), queue, sizeof queue);
    if (standing.times == 0)
        return;
    if (knock_address_read(&address, standing.ours.address, &why) != 0 ||
        reach_try(&as, &address, &reach, &why) != 0)
        doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL, "%s: %s", parameter, why.text);
    else
        judge_reach(doctor, check, parameter, standing.ours.address, &as, &reach);
}

/* Where root got no answer nobody will. */
static bool is_served(const struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->count; i++)
        if (strcmp(doctor->findings[i].check, "socket-served") == 0)
            return doctor->findings[i].severity == SEVERITY_GOOD;
    return true;
}

static void look_at_reached(struct doctor *doctor, const struct check *check)
{
    size_t before = doctor->count;

    if (!is_served(doctor)) {
        doctor_skip(doctor);
        return;
    }
    try_list(doctor, check, "smtpd_milters", "smtpd");
    if (doctor->count == before)
        try_list(doctor, check, "non_smtpd_milters", "cleanup");
}

/* ---- is it safe ---- */

/* Who may write into a directory may put his own socket there. */
static void look_at_directory(struct doctor *doctor, const struct check *check)
{
    static const struct writable everybody = {
        .bit = S_IWOTH,
        .unless = S_ISVTX,
        .severity = SEVERITY_WARNING,
        .who = "Everybody",
        .matter = "Any user of this machine may put a socket of his own in its place, and then "
                  "reads and refuses mails.",
        .mend = "o-w",
    };

    writable_look(doctor, check, &everybody);
}

const struct check checks_socket[] = {
    {"socket-served", "waybilld answers at its socket", look_at_served, NEEDS_SETTINGS},
    {"socket-reached", "the mail server's user reaches the socket from where it runs",
     look_at_reached, NEEDS_SETTINGS | NEEDS_POSTFIX | NEEDS_ROOT},
    {"socket-safe", "nobody else may put a socket in its place", look_at_directory, NEEDS_SETTINGS},
    {0},
};
