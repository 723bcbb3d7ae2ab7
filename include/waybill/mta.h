/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mta: what the mail server of this machine is set up to do, and how that is changed.
 *
 * Postfix is asked by its own postconf(1), never by reading main.cf; Sendmail by the lines of
 * sendmail.cf. Whatever these say is text from outside: bounded, and never given to a shell.
 * Command line only, one thread. Sources: postconf(1), postconf(5) smtpd_milters, master(5),
 * MILTER_README; cf/README of Sendmail, INPUT_MAIL_FILTER.
 */
#ifndef WAYBILL_MTA_H
#define WAYBILL_MTA_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "waybill/buffer.h"
#include "waybill/error.h"
#include "waybill/text.h"

enum mta_kind { MTA_POSTFIX, MTA_SENDMAIL };

struct mta;

/* Read the set-up. `where`: config_directory of a Postfix instance, or the path of a sendmail.cf;
 * NULL: the usual place. -1: it is not installed or cannot be asked; `why` says which command
 * failed and with what words. */
int mta_open(struct mta **mta, enum mta_kind kind, const char *where, struct error *why);
void mta_close(struct mta **mta);
enum mta_kind mta_kind(const struct mta *mta);
/* The config_directory, or the path of sendmail.cf. */
const char *mta_where(const struct mta *mta);

/* A parameter's value as the programs see it: of main.cf with its defaults, expanded; for Sendmail
 * an option by its long name. Absent: there is none of that name. Valid until mta_close. */
struct slice mta_value(const struct mta *mta, const char *name);
/* The same as it is written there, "$list" and all. Sendmail: no difference. */
struct slice mta_written(const struct mta *mta, const char *name);
/* Does the administrator's file set it himself? */
bool mta_is_set(const struct mta *mta, const char *name);
/* "3.7.11", "8.17.1.9"; absent: it does not say. */
struct slice mta_version(const struct mta *mta);

/* What postconf complains of in the set-up, such as parameters that Postfix does not know: its
 * words, a line each. Empty: nothing, as always with Sendmail. */
struct slice mta_warnings(const struct mta *mta);

/* A service of master.cf, in the order of the file; for Sendmail a DaemonPortOptions line: its
 * Name=, its Family=, and all of the line as command. */
struct mta_service {
    struct slice name, type; /* "smtp" "inet" */
    struct slice command;    /* "smtpd" */
    bool chroot, private;
};
size_t mta_service_count(const struct mta *mta);
struct mta_service mta_service_at(const struct mta *mta, size_t index);
/* A parameter as this service sees it: its own -o, else that of main.cf. */
struct slice mta_service_value(const struct mta *mta, size_t index, const char *name);
/* Has it an -o of its own for it? */
bool mta_service_sets(const struct mta *mta, size_t index, const char *name);

/* The list of the milters that mails from clients pass: smtpd_milters; Sendmail: the X lines that
 * InputMailFilters names, in its order. Absent: none. */
struct slice mta_milters(const struct mta *mta);
/* One entry of a list of milters: "{ unix:/x, default_action=accept }" or "inet:localhost:8891", or
 * an X line of sendmail.cf by its S=, F= and T=. */
struct mta_milter {
    struct slice whole;          /* as it stands there */
    struct slice name;           /* Sendmail: of the filter; Postfix: absent */
    struct slice address;        /* "unix:waybill/milter.sock" */
    struct slice default_action; /* its own, absent if it has none; Sendmail: F= */
    /* Its own, absent if none; Sendmail: C:, R: and E: of T=. */
    struct slice connect_timeout, command_timeout, content_timeout;
};
/* The next entry of `list`, which moves on. False: there is none. Linear in its length. */
bool mta_milter_next(enum mta_kind kind, struct slice *list, struct mta_milter *milter);
/* Is it the milter at `listen` (as in waybill.conf), seen by this mail server: a path below
 * queue_directory may be told relatively, or as the chroot sees it; inet has its words the other
 * way round. */
bool mta_milter_is(const struct mta *mta, const struct mta_milter *milter, const char *listen);

/* The address of the milter at `listen` as this Postfix has to write it: relative where it lies
 * below queue_directory, which is right with and without chroot; a port behind its host. */
int mta_milter_address(const struct mta *mta, const char *listen, struct buffer *to);
/* Our whole entry of a list: that address, default_action=accept and short timeouts; `compact`:
 * without blanks, since postconf -P takes none. For Sendmail the line of the .mc file. */
int mta_milter_entry(const struct mta *mta, const char *listen, bool compact, struct buffer *to);

/* Do programs that ask milters run in the chroot? */
bool mta_is_chrooted(const struct mta *mta);
/* Does the socket at `listen` lie below queue_directory, so that it is seen with and without
 * chroot? False for a port. */
bool mta_is_below_queue(const struct mta *mta, const char *listen);

enum mta_change_kind {
    MTA_CHANGE_MAIN,      /* a parameter of main.cf */
    MTA_CHANGE_SERVICE,   /* an -o of a service in master.cf */
    MTA_CHANGE_DIRECTORY, /* the directory of the socket */
    MTA_CHANGE_BY_HAND,   /* a line of sendmail.mc */
};
/* One thing that attach or detach would change. */
struct mta_change {
    enum mta_change_kind kind;
    char *parameter;    /* "smtpd_milters", "submission/inet/smtpd_milters", a path */
    char *before;       /* NULL: it was not set, or not there */
    char *after;        /* NULL: it is no longer set */
    char *command;      /* what a person would type for it; Sendmail: the line of the .mc file */
    const char *reason; /* one sentence */
};
struct mta_changes {
    struct mta_change *list;
    size_t count;
    char **notes; /* sentences on what was seen and stays as it is */
    size_t note_count;
    bool detach;
};
/* What is to be done so that this mail server asks the milter at `listen`: we stand first in the
 * list, with default_action=accept and short timeouts of our own; everything else in the list stays
 * as it is. No change: it is so already. Adds to `changes`, which begins zeroed; free it with
 * mta_changes_clear, also after a failure. */
int mta_plan_attach(const struct mta *mta, const char *listen, struct mta_changes *changes,
                    struct error *why);
/* The directory of a socket below queue_directory, if it is not there: of `user`, with the group
 * of the mail server and setgid, so that the socket has that group. */
int mta_plan_directory(const struct mta *mta, const char *listen, const char *user,
                       struct mta_changes *changes, struct error *why);
/* What attach changed, and only that, goes back; what somebody changed since stays, but for our
 * own entries. `memory` is the file in which attach keeps the old values; without it only our own
 * entries are taken out. -1 also if the file is not root's alone to write. */
int mta_plan_detach(const struct mta *mta, const char *listen, const char *memory,
                    struct mta_changes *changes, struct error *why);
void mta_changes_clear(struct mta_changes *changes);
/* Where attach keeps the old values of this mail server: a file in `state_directory`. The caller
 * frees it; NULL: no memory. Its format is in waybill(1). */
char *mta_memory(const struct mta *mta, const char *state_directory);
/* Make the changes, by postconf -e, -X and -P. The old values are with the disk before the first
 * change, and the file goes when all went back. Half made changes are undone, and `why` says so.
 * Sendmail's .mc is not edited: -1. */
int mta_apply(const struct mta *mta, const struct mta_changes *changes, const char *memory,
              struct error *why);
/* Does this Postfix run? */
bool mta_is_running(const struct mta *mta);
/* Make it read its set-up again. */
int mta_reload(const struct mta *mta, struct error *why);

#endif
