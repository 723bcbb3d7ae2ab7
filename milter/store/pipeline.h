/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipeline: commands go out together, replies come back in their order.
 *
 *     pipeline_add(...) per command   ->   pipeline_run()   ->   got() per reply
 */
#ifndef STORE_PIPELINE_H
#define STORE_PIPELINE_H

#include "reply.h"
#include "transport.h"
#include "trouble.h"
#include "waybill/buffer.h"

#define PIPELINE_COMMANDS 1000u /* readers send no more than these at once */

struct pipeline {
    struct buffer out;
    size_t count;
    bool failed; /* no memory */
    struct reply_reader *reader;
    char *in; /* what was just received */
};

int pipeline_init(struct pipeline *pipeline);
void pipeline_free(struct pipeline *pipeline);
/* Forget the commands. */
void pipeline_clear(struct pipeline *pipeline);
/* A new connection: forget half a reply; the commands stay. */
int pipeline_restart(struct pipeline *pipeline);

/* One command of `count` words. No memory: `failed` is set and pipeline_run tells. */
void pipeline_add(struct pipeline *pipeline, const struct slice *words, size_t count);
#define PIPELINE_ADD(pipeline, ...)                                                                \
    pipeline_add((pipeline), (const struct slice[]){__VA_ARGS__},                                  \
                 sizeof((const struct slice[]){__VA_ARGS__}) / sizeof(struct slice))
/* A literal word. */
#define WORD(text) slice_make((text), sizeof(text) - 1)

enum got { GOT_FINE, GOT_ODD /* cannot be a reply to this command */, GOT_NO_MEMORY };

struct replies {
    void *context;
    /* Reply number `index`, never an error. */
    enum got (*got)(void *context, size_t index, const struct reply *reply);
    /* An error reply. True: dealt with. False (or NULL): the run fails. */
    bool (*refused)(void *context, size_t index, enum store_trouble trouble, struct slice words);
    int64_t patience; /* ms to wait beyond the time-out: the server was told to wait */
};

/* Send all commands and read all replies, even past a refusal; then forget the commands.
 * STORE_FINE, or what was wrong first. Closes the transport when what comes on it has no meaning
 * any more. */
enum store_trouble pipeline_run(struct pipeline *pipeline, struct transport *transport,
                                int64_t timeout, const struct replies *replies, struct error *why);

#endif
