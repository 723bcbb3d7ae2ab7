/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipeline: commands go out together, replies come back in their order.
 *
 *     pipeline_add(...) per command   ->   run_single() or cluster_run()   ->   got() per reply
 */
#ifndef STORE_PIPELINE_H
#define STORE_PIPELINE_H

#include "reply.h"
#include "trouble.h"
#include "waybill/buffer.h"

#define PIPELINE_IN 65536u
#define PIPELINE_COMMANDS 1000u /* readers send no more than these at once */

/* Where a command ends in `out`, and the slot of the Cluster that its key belongs to. */
struct route {
    size_t end;
    int slot; /* -1: it names no key, any master will do */
};

struct pipeline {
    struct buffer out;
    size_t count;
    bool routed; /* note the routes: for a Cluster */
    struct route *routes;
    size_t route_room;
    bool failed; /* no memory */
    size_t named, named_at; /* pipeline_key was last asked for this command, which begins there */
    char *in; /* what was just received: PIPELINE_IN bytes */
};

int pipeline_init(struct pipeline *pipeline);
void pipeline_free(struct pipeline *pipeline);
/* Forget the commands. */
void pipeline_clear(struct pipeline *pipeline);

/* One command of `count` words. No memory: `failed` is set and pipeline_run tells. */
void pipeline_add(struct pipeline *pipeline, const struct slice *words, size_t count);
#define PIPELINE_ADD(pipeline, ...)                                                                \
    pipeline_add((pipeline), (const struct slice[]){__VA_ARGS__},                                  \
                 sizeof((const struct slice[]){__VA_ARGS__}) / sizeof(struct slice))
/* The key of command `index`, a view into `out`; SLICE_ABSENT: it has none. Asked in the order of
 * the commands all of it costs one walk over `out`. */
struct slice pipeline_key(struct pipeline *pipeline, size_t index);
/* A literal word. */
#define WORD(text) slice_make((text), sizeof(text) - 1)

/* replies.missed of who takes what is missed as not there; the store counts it. */
void pipeline_miss(void *context, size_t index, const char *why);

enum got {
    GOT_FINE,
    GOT_FOREIGN, /* the key holds what is not ours as well; what is ours was taken */
    GOT_ODD,     /* cannot be a reply to this command: the connection ends */
    GOT_NO_MEMORY
};

struct replies {
    void *context;
    /* Reply number `index`, never an error. */
    enum got (*got)(void *context, size_t index, const struct reply *reply);
    /* An error reply. True: dealt with. False (or NULL): the run fails. */
    bool (*refused)(void *context, size_t index, enum store_trouble trouble, struct slice words);
    /* There is no answer: the master of a Cluster that has it is away, and the caller of the store
     * bears an answer with holes; or the key holds what is not ours. NULL: the run fails. */
    void (*missed)(void *context, size_t index, const char *why);
    /* Set by the dispatcher alone. The key holds what is not ours; `taken`: beside what is, and
     * that was taken. NULL: the run fails. */
    void (*foreign)(void *context, size_t index, bool taken, const char *why);
    /* store_run_everywhere: the replies of this server follow, from index 0 on. May be NULL. */
    void (*server)(void *context, const char *name);
    /* store_run_everywhere: this server does not answer; the others are asked all the same. NULL:
     * the run fails. */
    void (*away)(void *context, const char *name, const char *why);
    int64_t patience; /* ms to wait beyond the time-out: the server was told to wait */
};
/* replies.got of who asks for a number and needs it not. */
enum got pipeline_number(void *context, size_t index, const struct reply *reply);
/* replies.refused of who takes a key that holds something else for an empty one. */
bool pipeline_foreign(void *context, size_t index, enum store_trouble trouble, struct slice words);

#endif
