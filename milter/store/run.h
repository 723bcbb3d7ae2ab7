/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run: commands go out on one link or several, and the replies of all come back in the order of
 * the commands.
 *
 *     commands -> lane of link 0 -> replies \
 *              -> lane of link 1 -> replies --> got(0), got(1), got(2) ...
 */
#ifndef STORE_RUN_H
#define STORE_RUN_H

#include "link.h"

#define RUN_HELD_MAX ((size_t)64 << 20) /* bytes of replies that wait for an earlier one */
#define RUN_EXTRA UINT32_MAX            /* asked: a reply to nothing of ours (ASKING) */
#define RUN_NOWHERE UINT16_MAX

/* Of one command, where there are several links. */
enum answer_state {
    ANSWER_WANTED,    /* not asked, or asked and not answered */
    ANSWER_HELD,      /* came early */
    ANSWER_ELSEWHERE, /* another server has to be asked: `node`, or whoever the map then names */
    ANSWER_AWAY,      /* who has it does not answer */
};

struct answer {
    enum answer_state state;
    bool asking;
    uint16_t node; /* of the cluster, RUN_NOWHERE: not told */
    struct link *from;
    const struct reply *reply; /* HELD: one of `parts` */
    struct reply *parts;
    size_t bytes;
};

struct run {
    struct pipeline *pipeline;
    const struct replies *replies;
    int64_t timeout;
    struct error *why;
    struct link **lanes;
    size_t lane_count;
    size_t next; /* the command whose reply is handed on next */
    size_t held; /* bytes */
    enum store_trouble trouble;
    bool over; /* nothing more of this run has a meaning */

    struct answer *answers; /* one a command; NULL: a single link, in whose order all comes */
    /* An error reply that sends us to another server: noted in the answer. */
    bool (*elsewhere)(void *context, struct answer *answer, struct slice words);
    void *context;
    struct error away; /* why the first that is away is */
    enum store_trouble away_trouble;
    bool missing; /* that is why the run failed */
};

/* Send all commands on one link and read all replies, even past a refusal. The commands stay.
 * STORE_FINE, or what was wrong first. Closes the link when what comes on it has no meaning any
 * more. */
enum store_trouble run_single(struct pipeline *pipeline, struct link *link, int64_t timeout,
                              const struct replies *replies, struct error *why);
/* The same for the lanes of a run, prepared by the caller. */
void run_lanes(struct run *run);
/* Hand on what is held, and tell what nobody answered; for the end of the last round. */
void run_settle(struct run *run);
void run_end(struct run *run, enum store_trouble trouble);

#endif
