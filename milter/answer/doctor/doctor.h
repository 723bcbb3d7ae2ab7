/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor: looks at a set-up and says what is wrong with it, why that matters, and the line that
 * heals it. A check is a row of a table in one of the files `checks_*.c`; it looks and never
 * changes anything.
 *
 *     checks_*.c --> finding --> doctor.c (order, exit code) --> print.c (a person, or --json)
 *
 * One thread. No memory ends the run: see doctor->failed.
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
    SEVERITY_COUNT
};
const char *severity_word(enum severity severity); /* "good", "unknown", "hint", ... */

/* Texts are copied; what comes from outside is escaped where it is printed. */
struct finding {
    const char *check; /* the row that found it */
    enum severity severity;
    char *what;         /* one sentence: what stands there, and where */
    const char *matter; /* one sentence: what comes of it; NULL: nothing */
    char *heal;         /* the exact command or line that mends it; NULL: nothing to do */
    char *file;         /* `heal` is a line of this file; NULL: a command for root's shell */
};

struct doctor {
    struct settings *settings; /* NULL: the file is wrong, see `settings_why` */
    const char *settings_file;
    struct error settings_why;
    enum mta_kind kind;
    struct mta *mta; /* NULL: none could be asked */
    struct error mta_why;
    const char *postconf; /* how a person types it: "postconf", "postconf -c /etc/postfix-out" */
    const char *postfix;  /* the same: "postfix" */
    struct store *store;  /* connected; NULL: it cannot be reached */
    struct error store_why;
    const char *root; /* "" on a real machine; tests put a directory before /proc, /sys and /etc */
    struct finding *findings;
    size_t count;
    size_t left_out[8]; /* checks not asked, by the part that is missing; see checks_parts.c */
    bool skipped;       /* see doctor_skip */
    bool failed;        /* no memory: the findings are not whole */
};

/* Without these a check is not asked: the part's own check says what is missing, once. */
enum doctor_need {
    NEEDS_SETTINGS = 1,
    NEEDS_MTA = 2,      /* Postfix or Sendmail */
    NEEDS_POSTFIX = 4,  /* not asked, and not missed, where another mail server is */
    NEEDS_SENDMAIL = 8, /* the same */
    NEEDS_STORE = 16,
    NEEDS_ROOT = 32,
};

struct check {
    const char *name;    /* "milter-first": stable, for --json and --only */
    const char *subject; /* what is so if it finds nothing: "waybill stands first" */
    /* Adds findings; none: all is good. */
    void (*look)(struct doctor *doctor, const struct check *check);
    unsigned needs; /* enum doctor_need */
};

/* The tables, in the order in which they are asked. Each ends with a row whose name is NULL. */
extern const struct check checks_parts[];  /* can the configuration and the mail server be read */
extern const struct check checks_socket[]; /* the milter's socket, as the mail server reaches it */
extern const struct check checks_milter[]; /* the mail server's own lines for it */
extern const struct check checks_services[]; /* services and maps with lines of their own */
extern const struct check checks_mta[];    /* what else of Postfix's set-up matters */
extern const struct check checks_sendmail[]; /* the same of Sendmail's */
extern const struct check checks_log[];      /* log: readable, followed */
extern const struct check checks_writers[];  /* those who write the log: whole, where, how long */
extern const struct check checks_store[];    /* Redis: reachable, version, policy */
extern const struct check checks_records[];  /* Redis: can the latest records be read */
extern const struct check checks_access[];   /* Redis: rights, passwords, whose keys */
extern const struct check checks_machine[];  /* clock, disk, units, AppArmor, SELinux */
extern const struct check checks_hosts[];    /* what must be the same, or differ, on all hosts */
extern const struct check *const doctor_tables[]; /* all of them; NULL ends it */

/* ---- for the checks ---- */

/* Add a finding; printf-like for `what`. `matter` is a fixed sentence, or NULL with SEVERITY_GOOD
 * and SEVERITY_UNKNOWN. */
void doctor_find(struct doctor *doctor, const struct check *check, enum severity severity,
                 const char *matter, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The command that heals the finding added last, as root would type it. */
void doctor_heal(struct doctor *doctor, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The line of `file` that heals it: it takes the place of the one of the same name. */
void doctor_heal_in(struct doctor *doctor, const char *file, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The command by which waybilld takes what was changed for it, groups of its user too: a unix
 * socket is taken over without a gap, a port is not. It starts one that does not run. */
const char *doctor_renew(const struct doctor *doctor);
/* May these words from outside stand between the quotes of a line of waybill.conf? */
bool doctor_fits_string(struct slice words);
/* Is it a name of a host that may stand in a command: letters, digits, dots, hyphens? */
bool doctor_fits_host(const char *name);
/* There is nothing to look at, since another check's finding comes first: it is not good either. */
void doctor_skip(struct doctor *doctor);

/* ---- for the command ---- */

/* The row of this name; NULL: there is none. */
const struct check *doctor_check_find(const char *name);
/* Ask all tables, or one check. */
void doctor_ask(struct doctor *doctor, const struct check *only);
size_t doctor_count(const struct doctor *doctor, enum severity severity);
/* The worst that was found. */
enum severity doctor_verdict(const struct doctor *doctor);
void doctor_clear_findings(struct doctor *doctor);

#endif
