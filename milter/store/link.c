/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link: one connection to one server, and who the server is.
 *
 * The password is read anew for each connection, so a changed one needs no restart. The run_id of
 * INFO tells a server's process from any other: after its restart, or as another one at the same
 * address, it may lack what was acknowledged.
 */
#include "link.h"

#include <errno.h>
#include <string.h>

#include "run.h"
#include "secret.h"

void link_init(struct link *link)
{
    *link = (struct link){0};
    transport_init(&link->transport);
}

void link_close(struct link *link)
{
    transport_close(&link->transport);
    reply_reader_close(&link->reader);
}

bool link_is_open(const struct link *link)
{
    return link->transport.fd >= 0;
}

/* ---- the greeting ---- */

enum greeting { GREET_AUTH, GREET_NAME, GREET_PING, GREET_WHO };

struct greetings {
    enum greeting order[4];
    size_t count;
    char run_id[RUN_ID_SIZE];
    bool login_refused;
};

struct slice link_info(struct slice info, const char *name)
{
    struct slice line, key;

    while (text_take_until(&info, '\n', &line)) {
        line = slice_trim(line);
        if (text_take_until(&line, ':', &key) && slice_is(key, name))
            return line;
    }
    return SLICE_ABSENT;
}

static enum got greeting_got(void *context, size_t index, const struct reply *reply)
{
    struct greetings *greetings = context;

    if (greetings->order[index] != GREET_WHO)
        return reply->type == REPLY_STATUS ? GOT_FINE : GOT_ODD;
    slice_copy(link_info(reply->text, "run_id"), greetings->run_id, sizeof greetings->run_id);
    return reply->type == REPLY_TEXT ? GOT_FINE : GOT_ODD;
}

/* A user who may not name the connection, or not PING, may still do our work. */
static bool greeting_refused(void *context, size_t index, enum store_trouble trouble,
                             struct slice words)
{
    struct greetings *greetings = context;
    enum greeting greeting = greetings->order[index];

    if (greeting == GREET_AUTH) {
        greetings->login_refused = true;
        return false;
    }
    if ((greeting == GREET_NAME || greeting == GREET_WHO) && trouble == STORE_PROTOCOL)
        return true;
    return slice_starts(words, "NOPERM ");
}

static int greet_login(struct pipeline *pipeline, const struct manner *manner,
                       struct greetings *greetings, struct error *why)
{
    char secret[SECRET_MAX];

    if (!manner->password_file || !*manner->password_file)
        return 0;
    if (secret_file_read(manner->password_file, secret, why))
        return -1;
    if (manner->user && *manner->user)
        PIPELINE_ADD(pipeline, WORD("AUTH"), slice_of(manner->user), slice_of(secret));
    else
        PIPELINE_ADD(pipeline, WORD("AUTH"), slice_of(secret));
    explicit_bzero(secret, sizeof secret);
    greetings->order[greetings->count++] = GREET_AUTH;
    return 0;
}

static enum store_trouble greet(struct link *link, struct pipeline *pipeline,
                                const struct manner *manner, struct greetings *greetings,
                                struct error *why)
{
    struct replies replies = {
        .context = greetings, .got = greeting_got, .refused = greeting_refused};
    enum store_trouble trouble;

    if (greet_login(pipeline, manner, greetings, why))
        return STORE_DENIED;
    PIPELINE_ADD(pipeline, WORD("CLIENT"), WORD("SETNAME"),
                 slice_of(program_invocation_short_name));
    greetings->order[greetings->count++] = GREET_NAME;
    PIPELINE_ADD(pipeline, WORD("PING"));
    greetings->order[greetings->count++] = GREET_PING;
    PIPELINE_ADD(pipeline, WORD("INFO"), WORD("server"));
    greetings->order[greetings->count++] = GREET_WHO;
    trouble = run_single(pipeline, link, manner->settings->redis_timeout_ms, &replies, why);
    return greetings->login_refused && trouble == STORE_PROTOCOL ? STORE_DENIED : trouble;
}

/* Of one that does not tell who it is nothing can be known. */
static void link_know(struct link *link, const char *run_id)
{
    if (*run_id == '\0')
        return;
    if (*link->run_id && strcmp(run_id, link->run_id) != 0)
        link->stranger = true;
    memcpy(link->run_id, run_id, sizeof link->run_id);
}

enum store_trouble link_open(struct link *link, const struct manner *manner, struct error *why)
{
    struct greetings greetings = {.count = 0};
    enum store_trouble trouble = STORE_UNREACHABLE;
    struct pipeline pipeline;

    link_close(link);
    if (pipeline_init(&pipeline) || reply_reader_open(&link->reader)) {
        error_set(why, "no memory");
    } else if (transport_open(&link->transport, &link->server, manner->tls,
                              manner->settings->redis_timeout_ms, why) == 0) {
        trouble = greet(link, &pipeline, manner, &greetings, why);
        if (pipeline.out.capacity > 0)
            explicit_bzero(pipeline.out.data, pipeline.out.capacity); /* held the password */
    }
    pipeline_free(&pipeline);
    if (trouble == STORE_FINE)
        link_know(link, greetings.run_id);
    else
        link_close(link);
    return trouble;
}
