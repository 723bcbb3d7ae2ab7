/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sentinel: who is the master now?
 *
 * A sentinel may be behind, and name one that is a replica by now or is gone: then the next one
 * is asked. Who is named has to say by ROLE that it is a master.
 */
#include "sentinel.h"

#include <string.h>

#include "run.h"

struct naming {
    enum server_kind kind;
    struct server master;
    bool known;
};

static enum got naming_got(void *context, size_t index, const struct reply *reply)
{
    struct naming *naming = context;
    uint64_t port;

    (void)index;
    if (reply->type == REPLY_NIL || (reply->type == REPLY_LIST && reply->count == 0))
        return GOT_FINE;
    if (reply->type != REPLY_LIST || reply->count != 2 || reply->items[0]->type != REPLY_TEXT ||
        !reply_number(reply->items[1], 65535, &port) ||
        server_announced(&naming->master, naming->kind, reply->items[0]->text, port))
        return GOT_ODD;
    naming->known = true;
    return GOT_FINE;
}

static enum store_trouble sentinel_ask(struct sentinel *sentinel, struct link *link,
                                       struct naming *naming, struct error *why)
{
    struct replies replies = {.context = naming, .got = naming_got};
    enum store_trouble trouble = link_open(link, &sentinel->manner, why);
    struct pipeline pipeline;

    if (trouble != STORE_FINE)
        return trouble;
    if (pipeline_init(&pipeline)) {
        error_set(why, "no memory");
        trouble = STORE_UNREACHABLE;
    } else {
        PIPELINE_ADD(&pipeline, WORD("SENTINEL"), WORD("get-master-addr-by-name"),
                     slice_of(sentinel->master_name));
        trouble = run_single(&pipeline, link, sentinel->manner.settings->redis_timeout_ms,
                             &replies, why);
    }
    pipeline_free(&pipeline);
    if (trouble == STORE_FINE && !naming->known) {
        error_set(why, "it knows no master '%s' (redis_master_name)", sentinel->master_name);
        return STORE_BUSY;
    }
    if (trouble == STORE_PROTOCOL && strncmp(why->text, "ERR unknown command", 19) == 0)
        error_set(why, "it is no sentinel");
    return trouble;
}

/* ---- is it one? ---- */

static enum got role_got(void *context, size_t index, const struct reply *reply)
{
    (void)index;
    if (reply->type != REPLY_LIST || reply->count == 0 || reply->items[0]->type != REPLY_TEXT)
        return GOT_ODD;
    *(bool *)context = slice_is(reply->items[0]->text, "master");
    return GOT_FINE;
}

/* Who may not ask learns by the first write. */
static bool role_refused(void *context, size_t index, enum store_trouble trouble,
                         struct slice words)
{
    (void)context, (void)index, (void)trouble;
    return slice_starts(words, "NOPERM ");
}

static enum store_trouble master_check(struct link *link, int64_t timeout, struct error *why)
{
    bool master = true;
    struct replies replies = {.context = &master, .got = role_got, .refused = role_refused};
    enum store_trouble trouble = STORE_UNREACHABLE;
    struct pipeline pipeline;

    if (pipeline_init(&pipeline)) {
        error_set(why, "no memory");
    } else {
        PIPELINE_ADD(&pipeline, WORD("ROLE"));
        trouble = run_single(&pipeline, link, timeout, &replies, why);
    }
    pipeline_free(&pipeline);
    if (trouble == STORE_FINE && !master) {
        error_set(why, "it is a replica");
        trouble = STORE_READONLY;
    }
    if (trouble != STORE_FINE)
        link_close(link);
    return trouble;
}

static enum store_trouble master_open(struct link *link, const struct naming *naming,
                                      const struct server *teller, const struct manner *manner,
                                      struct error *why)
{
    enum store_trouble trouble;

    link->server = naming->master;
    trouble = link_open(link, manner, why);
    if (trouble == STORE_FINE)
        trouble = master_check(link, manner->settings->redis_timeout_ms, why);
    if (trouble != STORE_FINE)
        error_prefix(why, "cannot connect to Redis at '%s', which the sentinel at '%s' names",
                     link->server.name, teller->name);
    return trouble;
}

enum store_trouble sentinel_open(struct sentinel *sentinel, struct link *link,
                                 const struct manner *manner, struct error *why)
{
    enum store_trouble trouble = STORE_UNREACHABLE;
    size_t first = sentinel->first;
    struct link asked;

    link_init(&asked);
    for (size_t i = 0; i < sentinel->count && trouble != STORE_FINE; i++) {
        size_t place = (first + i) % sentinel->count;
        struct naming naming = {.kind = sentinel->servers[place].kind};

        asked.server = sentinel->servers[place];
        trouble = sentinel_ask(sentinel, &asked, &naming, why);
        if (trouble != STORE_FINE)
            error_prefix(why, "cannot ask the sentinel at '%s'", asked.server.name);
        else
            trouble = master_open(link, &naming, &asked.server, manner, why);
        sentinel->first = trouble == STORE_FINE ? place : (place + 1) % sentinel->count;
    }
    link_close(&asked);
    return trouble;
}
