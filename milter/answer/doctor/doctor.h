/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor: looks at a set-up and says what is wrong with it, why that matters, and the line that
 * heals it. A check is a row of a table in one of the files `checks_*.c`; it looks and never
 * changes anything.
 *
 *     checks_*.c --> finding --> doctor.c (order, exit code) --> print.c (a person, or --json)
 */
#ifndef WAYBILL_DOCTOR_H
#define WAYBILL_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "waybill/buffer.h"
#include "waybill/mta.h"
#include "waybill/settings.h"
#include "waybill/store.h"

enum severity {
    SEVERITY_GOOD,    /* looked at and found right */
    SEVERITY_UNKNOWN, /* could not be looked at: not root, not installed */
    SEVERITY_HINT,    /* works; something is given away */
    SEVERITY_WARNING, /* something is not seen, or will break */
    SEVERITY_FAULT,   /* mails are delayed, lost to sight, or the daemon is not asked */
};

/* Texts are copied; what comes from outside is escaped where it is printed. */
struct finding {
    const char *check; /* the row that found it */
    enum severity severity;
    char *what;   /* one sentence: what stands there, and where */
    char *matter; /* one sentence: what comes of it */
    char *heal;   /* the exact command or line that mends it; NULL: nothing to do */
};

struct doctor {
    struct settings *settings; /* NULL: the file is wrong, see `settings_why` */
    const char *settings_file;
    struct error settings_why;
    struct mta *mta; /* NULL: none is asked */
    struct error mta_why;
    struct store *store; /* NULL: it cannot be reached */
    struct error store_why;
    const char *root; /* "" on a real machine; tests put a directory before /proc, /sys and /etc */
    struct finding *findings;
    size_t count;
};

struct check {
    const char *name;    /* "milter-first": stable, for --json and --only */
    const char *subject; /* what it looks at, in a few words, for the list of what is good */
    void (*look)(struct doctor *doctor, const struct check *check);
};

/* The tables, in the order in which they are asked. */
extern const struct check checks_milter[]; /* the socket and the mail server's own lines for it */
extern const struct check checks_mta[];    /* what else of the mail server's set-up matters */
extern const struct check checks_log[];    /* log: readable, followed, complete */
extern const struct check checks_store[];  /* Redis: reachable, version, policy, persistence, ACL */
extern const struct check checks_machine[]; /* clock, disk, units, AppArmor, SELinux */
extern const struct check checks_hosts[];   /* what must be the same, or differ, on all hosts */
/* Each ends with a row whose name is NULL. */

/* Add a finding; printf-like for `what`. `matter` is a fixed sentence, or NULL with SEVERITY_GOOD.
 */
void doctor_find(struct doctor *doctor, const struct check *check, enum severity severity,
                 const char *matter, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The line that heals the finding added last. */
void doctor_heal(struct doctor *doctor, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
