/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connect: a store's life, its connection, and how every run of commands ends.
 *
 * The connection is made when it is first needed and again after anything that ended it. The
 * password is read anew each time, so a changed one needs no restart.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "secret.h"
#include "waybill/clock.h"

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

int store_fail(struct store *store, enum store_trouble trouble, struct error *why,
               const char *format, ...)
{
    char text[sizeof why->text];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    store->trouble = trouble;
    return error_set(why, "%s", text);
}

enum store_trouble store_last_trouble(const struct store *store)
{
    return store->trouble;
}

/* ---- life ---- */

/* All that can be wrong with the configuration is found here, not at the first connection. */
static int store_configure(struct store *store, struct error *why)
{
    const struct settings *settings = store->settings;
    char secret[SECRET_MAX];

    store->prefix = or_empty(settings->redis_prefix);
    if (strlen(store->prefix) > KEY_PREFIX_MAX)
        return error_set(why, "cannot use the prefix '%s': it has over %u bytes", store->prefix,
                         KEY_PREFIX_MAX);
    if (server_parse(&store->server, settings->redis, why))
        return -1;
    if (*or_empty(settings->redis_user) && !*or_empty(settings->redis_password_file))
        return error_set(why, "cannot log in as '%s': no password file is named",
                         settings->redis_user);
    if (*or_empty(settings->redis_password_file)) {
        if (secret_file_read(settings->redis_password_file, secret, why))
            return -1;
        explicit_bzero(secret, sizeof secret);
    }
    if (store->server.kind != SERVER_TLS)
        return 0;
    return tls_open(&store->tls, settings,
                    *or_empty(settings->redis_server_name) ? settings->redis_server_name
                                                           : store->server.host,
                    why);
}

int store_open(struct store **store, const struct settings *settings, struct error *why)
{
    struct store *new = calloc(1, sizeof *new);

    *store = NULL;
    if (!new)
        return error_set(why, "cannot open the store: no memory");
    new->settings = settings;
    transport_init(&new->transport);
    batch_init(&new->writes);
    batch_init(&new->events);
    postings_init(&new->postings);
    new->packing.wanted = settings->compression == COMPRESSION_ZSTD;
    if (pipeline_init(&new->pipeline) || packing_init(&new->packing)) {
        store_close(&new);
        return error_set(why, "cannot open the store: no memory");
    }
    if (store_configure(new, why)) {
        store_close(&new);
        return -1;
    }
    *store = new;
    return 0;
}

void store_close(struct store **store)
{
    struct store *old = *store;

    *store = NULL;
    if (!old)
        return;
    transport_close(&old->transport);
    tls_close(&old->tls);
    pipeline_free(&old->pipeline);
    batch_free(&old->writes);
    batch_free(&old->events);
    postings_free(&old->postings);
    marks_free(&old->marks);
    packing_free(&old->packing);
    free(old);
}

/* ---- the greeting ---- */

enum greeting { GREET_AUTH, GREET_NAME, GREET_PING };

struct greetings {
    enum greeting order[3];
    size_t count;
    bool login_refused;
};

static enum got greeting_got(void *context, size_t index, const struct reply *reply)
{
    (void)context, (void)index;
    return reply->type == REPLY_STATUS ? GOT_FINE : GOT_ODD;
}

/* A user who may not name the connection, or not PING, may still do our work. */
static bool greeting_refused(void *context, size_t index, enum store_trouble trouble,
                             struct slice words)
{
    struct greetings *greetings = context;

    if (greetings->order[index] == GREET_AUTH) {
        greetings->login_refused = true;
        return false;
    }
    if (greetings->order[index] == GREET_NAME && trouble == STORE_PROTOCOL)
        return true;
    return slice_starts(words, "NOPERM ");
}

static int greet_login(struct store *store, struct pipeline *pipeline, struct greetings *greetings,
                       struct error *why)
{
    const struct settings *settings = store->settings;
    char secret[SECRET_MAX];

    if (!*or_empty(settings->redis_password_file))
        return 0;
    if (secret_file_read(settings->redis_password_file, secret, why)) {
        store->trouble = STORE_DENIED;
        return -1;
    }
    if (*or_empty(settings->redis_user))
        PIPELINE_ADD(pipeline, WORD("AUTH"), slice_of(settings->redis_user), slice_of(secret));
    else
        PIPELINE_ADD(pipeline, WORD("AUTH"), slice_of(secret));
    explicit_bzero(secret, sizeof secret);
    greetings->order[greetings->count++] = GREET_AUTH;
    return 0;
}

static int greet(struct store *store, struct pipeline *pipeline, struct error *why)
{
    struct greetings greetings = {.count = 0};
    struct replies replies = {
        .context = &greetings, .got = greeting_got, .refused = greeting_refused};

    if (greet_login(store, pipeline, &greetings, why))
        return -1;
    PIPELINE_ADD(pipeline, WORD("CLIENT"), WORD("SETNAME"),
                 slice_of(program_invocation_short_name));
    greetings.order[greetings.count++] = GREET_NAME;
    PIPELINE_ADD(pipeline, WORD("PING"));
    greetings.order[greetings.count++] = GREET_PING;
    store->trouble =
        pipeline_run(pipeline, &store->transport, store->settings->redis_timeout_ms, &replies, why);
    if (greetings.login_refused && store->trouble == STORE_PROTOCOL)
        store->trouble = STORE_DENIED;
    return store->trouble == STORE_FINE ? 0 : -1;
}

static int store_greet(struct store *store, struct error *why)
{
    struct pipeline pipeline;
    int result;

    if (pipeline_init(&pipeline)) {
        pipeline_free(&pipeline);
        return store_fail(store, STORE_UNREACHABLE, why, "no memory");
    }
    result = greet(store, &pipeline, why);
    if (pipeline.out.capacity > 0)
        explicit_bzero(pipeline.out.data, pipeline.out.capacity); /* held the password */
    pipeline_free(&pipeline);
    return result;
}

int store_connect(struct store *store, struct error *why)
{
    if (store->transport.fd >= 0)
        return 0;
    store->trouble = STORE_UNREACHABLE;
    if (pipeline_restart(&store->pipeline))
        return store_fail(store, STORE_UNREACHABLE, why, "cannot connect to Redis: no memory");
    if (transport_open(&store->transport, &store->server, store->tls,
                       store->settings->redis_timeout_ms, why) ||
        store_greet(store, why)) {
        transport_close(&store->transport);
        return error_prefix(why, "cannot connect to Redis at '%s'", store->server.name);
    }
    /* It may be another server, or one that lost its last second: say all expiries again. */
    marks_clear(&store->marks);
    packing_restart(&store->packing);
    store->nodes_until = 0;
    return 0;
}

int store_run(struct store *store, const struct replies *replies, const char *doing,
              struct error *why)
{
    enum store_trouble trouble;

    if (store_connect(store, why)) {
        pipeline_clear(&store->pipeline);
        return -1;
    }
    trouble = pipeline_run(&store->pipeline, &store->transport, store->settings->redis_timeout_ms,
                           replies, why);
    if (trouble == STORE_FINE)
        return 0;
    if (trouble_ends_connection(trouble))
        transport_close(&store->transport);
    store->trouble = trouble;
    return error_prefix(why, "cannot %s, Redis at '%s'", doing, store->server.name);
}
