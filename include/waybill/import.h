/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import: facts of what was there before us: old logs, and whatever else names whole mails.
 *
 *     logfile -> logline -> facts -> sheaf: the facts of one mail -> sink
 *                                                                     |- dry: judged and counted
 *                                                                     `- real: the journal
 *
 * Real: the facts go into the journal of the state directory, in a generation of its own, and are
 * shipped by whoever leads there: a running waybilld, else this process. Importing twice changes
 * nothing: equal lines give equal fact ids, and the followed log gives the same ones.
 *
 * One import at a time in a process, one thread.
 */
#ifndef WAYBILL_IMPORT_H
#define WAYBILL_IMPORT_H

#include <stdatomic.h>

#include "waybill/settings.h"
#include "waybill/waybill.h"

#define IMPORT_KEEP_DAYS 36500 /* retention that leaves nothing out */

struct import_tally {
    uint64_t bytes, files;
    uint64_t lines;                 /* all that were read, and of them: */
    uint64_t understood, nothing;   /* of an MTA's mail; of no mail, or not an MTA's */
    uint64_t broken, too_long;      /* names a mail and is cut or strange; over the limit */
    uint64_t old, outside;          /* before the retention; not between since and until */
    uint64_t facts, mails, open;    /* `open`: no end of the mail was read */
    uint64_t refusals, gaps;        /* of no mail: at the door; the log says it lost lines, which
                                       is counted only */
    uint64_t forced, cut;           /* mails that were closed, or lack facts, for want of room */
    uint64_t recipients;
    uint64_t states[STATE_COUNT];   /* of the recipients, by these facts alone */
    int64_t first, last;            /* ms, of the lines with facts; 0: none */
};

struct import_progress {
    const char *file;               /* that is read; NULL: all are */
    uint64_t done, total;           /* packed bytes of all files; total 0: not known */
    uint64_t unshipped;             /* bytes of the journal that are not in the store yet */
    bool waiting;                   /* for the store to take what is in the journal */
    const struct import_tally *tally;
};

struct import_options {
    const struct settings *settings;
    bool dry_run;                   /* neither journal nor store is touched */
    const char *host;               /* of all lines; NULL: as the log names it */
    int64_t since, until;           /* ms; lines outside are counted and skipped */
    int64_t retention_days;         /* older lines are counted and skipped */
    const atomic_bool *stop;        /* may be NULL; set by a signal: end cleanly and soon */
    void (*progress)(void *context, const struct import_progress *progress); /* may be NULL */
    void *context;
};

enum import_result {
    IMPORT_DONE,
    IMPORT_STOPPED,     /* `stop` was set; what was read so far is in the journal */
    IMPORT_UNREADABLE,  /* a file cannot be opened, so none is read, or is damaged: the rest is */
    IMPORT_UNREACHABLE, /* journal or store */
};

struct import;

/* Options and all that they point to must live until import_close. Touches nothing yet.
 * -1: no memory. */
int import_open(struct import **import, const struct import_options *options, struct error *why);

/* Read these logs, the oldest first, whatever their order in `paths`; "-" is standard input. As
 * root they are opened before root is given up to the owner of the state directory, for good. */
enum import_result import_logs(struct import *import, const char *const *paths, size_t count,
                               struct error *why);

/* All facts of one mail that somebody else has gathered: queue id, host, id and time are set. */
enum import_result import_mail(struct import *import, const struct fact *facts, size_t count,
                               struct error *why);

/* What a mail server's queue holds, as `postqueue -j` lists it. */
struct import_queue {
    const struct settings *settings;
    bool dry_run;         /* as in struct import_options */
    const char *host;     /* NULL: this one */
    const char *instance; /* NULL: postfix, and mails of which no instance is known are its, too */
    bool complete;        /* the listings are whole: what is in none of them is out of the queue */
    int64_t since;        /* ms; so far back mails that nobody tried are looked for */
    const atomic_bool *stop;                           /* may be NULL */
    void (*bad)(void *context, const char *line_told); /* a line that is none; may be NULL */
    void *context;
};
struct import_queue_tally {
    uint64_t mails, recipients; /* in the listings */
    uint64_t known;             /* mails of which nothing new was told */
    uint64_t facts;             /* that are new */
    uint64_t bad;               /* lines that could not be read */
    uint64_t settled;           /* open mails that are in the queue no more */
};
/* Import the listings; of mails that the store has as open and no listing has, tell that they left
 * the queue (`complete`, no bad line, and only what was quiet for five minutes before the first of
 * the listings). Each mail asks the store once. import_finish follows, as after import_logs. */
enum import_result import_queue(struct import *import, const struct import_queue *asked,
                                const char *const *paths, size_t count,
                                struct import_queue_tally *tally, struct error *why);

/* Nothing more follows: close what is open, wait until all is in the store (not after `stop`). */
enum import_result import_finish(struct import *import, struct error *why);

/* The counts up to now; after import_finish they are final. */
const struct import_tally *import_counts(const struct import *import);
void import_close(struct import **import);

#endif
