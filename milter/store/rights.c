/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rights: what does the server let us do? Each command is given once. Redis asks who may give a
 * command before it looks what its words mean, so words that it refuses, on a key that is not
 * there, tell the right and change nothing.
 */
#include "waybill/health.h"

#include <stdio.h>
#include <string.h>

#include "internal.h"

#define WORDS_MAX 7
#define SCAN_KEYS "10000" /* so many of each server are looked at, or about that */

static const struct trial {
    bool writer; /* only who writes needs it */
    bool sheds;  /* only where days may be given up */
    bool on_nodes; /* the set of nodes stands for the key: it exists, and is no hash */
    const char *words[WORDS_MAX]; /* "@" is the key */
} trials[] = {
    {false, false, false, {"GET", "@"}},
    {false, false, false, {"HGETALL", "@"}},
    {false, false, false, {"HKEYS", "@"}},
    {false, false, false, {"HMGET", "@", "x"}},
    {false, false, false, {"SMEMBERS", "@"}},
    {false, false, false, {"SCARD", "@"}},
    {false, false, false, {"SSCAN", "@", "0"}},
    {false, false, false, {"ZREVRANGE", "@", "0", "0"}},
    {false, false, false, {"XREAD", "COUNT", "1", "STREAMS", "@", "0"}},
    {false, false, false, {"XINFO", "STREAM", "@"}},
    {false, false, false, {"TIME"}},
    {false, false, false, {"INFO", "server"}},
    {true, false, false, {"SET", "@", "x", "NX", "XX"}},
    {true, false, false, {"HGET", "@", "x"}},
    {true, false, false, {"HSET", "@", "odd", "number", "of"}},
    {true, false, true, {"HSETNX", "@", "x", "x"}},
    {true, false, false, {"HDEL", "@", "x"}},
    {true, false, true, {"SADD", "@", "0"}}, /* a node that is there: see below */
    {true, false, false, {"SREM", "@", "x"}},
    {true, false, false, {"ZADD", "@", "no-number", "x"}},
    {true, false, false, {"ZREM", "@", "x"}},
    {true, false, false, {"ZREMRANGEBYSCORE", "@", "0", "0"}},
    {true, false, false, {"XADD", "@", "no-id", "x", "x"}},
    {true, false, false, {"EXPIREAT", "@", "no-time"}},
    {true, true, false, {"UNLINK", "@"}},
    {true, true, false, {"SCAN", "0", "COUNT", "1"}},
};
#define TRIALS (sizeof trials / sizeof trials[0])

struct trying {
    void (*refused)(void *context, const char *command, bool writer, bool keys);
    void *context;
    const struct trial *asked[TRIALS];
};

static enum got trying_got(void *context, size_t index, const struct reply *reply)
{
    (void)context, (void)index, (void)reply;
    return GOT_FINE;
}

static bool trying_refused(void *context, size_t index, enum store_trouble trouble,
                           struct slice words)
{
    const struct trying *trying = context;
    const struct trial *trial = trying->asked[index];

    (void)trouble;
    if (slice_starts(words, "NOPERM "))
        trying->refused(trying->context, trial->words[0], trial->writer,
                        slice_find_text(words, "command") < 0);
    return true;
}

/* `node`: one that is in the set, so adding it changes nothing; "": there is none, and what would
 * change something is not tried. */
static void ask_trials(struct store *store, struct trying *trying, const char *node)
{
    struct slice words[WORDS_MAX];
    struct key absent, nodes;
    size_t asked = 0;

    key_nodes(&nodes, store->prefix);
    key_nobody(&absent, store->prefix);
    for (size_t i = 0; i < TRIALS; i++) {
        const struct trial *trial = &trials[i];
        size_t count = 0;

        if ((trial->on_nodes && *node == '\0') ||
            (trial->sheds && store->settings->when_full != WHEN_FULL_SHED))
            continue;
        for (; count < WORDS_MAX && trial->words[count] != NULL; count++)
            words[count] = strcmp(trial->words[count], "@") != 0
                               ? slice_of(trial->words[count])
                               : key_slice(trial->on_nodes ? &nodes : &absent);
        if (strcmp(trial->words[0], "SADD") == 0)
            words[2] = slice_of(node);
        trying->asked[asked++] = trial;
        pipeline_add(&store->pipeline, words, count);
    }
}

int store_try_rights(struct store *store,
                     void (*refused)(void *context, const char *command, bool writer, bool keys),
                     void *context, struct error *why)
{
    struct trying trying = {.refused = refused, .context = context};
    struct replies replies = {
        .context = &trying, .got = trying_got, .refused = trying_refused};
    char node[4] = "";

    if (store_know_nodes_now(store, NULL) == 0)
        for (unsigned i = 0; i < ID_NODES && node[0] == '\0'; i++)
            if (store->nodes[i])
                snprintf(node, sizeof node, "%u", i);
    ask_trials(store, &trying, node);
    return store_run(store, &replies, "try what we may do", why);
}

/* ---- whose keys ---- */

struct looking {
    struct store *store;
    struct store_keys *keys;
    bool refused;
};

/* What stands before the first colon of a form, or all of it. */
static bool has_form(struct slice rest)
{
    for (size_t i = 0; i < key_row_count; i++) {
        size_t size = strcspn(key_rows[i].form, ":");

        if (key_rows[i].form[size] == '\0' ? slice_is(rest, key_rows[i].form)
                                           : rest.size > size && rest.at[size] == ':' &&
                                                 memcmp(rest.at, key_rows[i].form, size) == 0)
            return true;
    }
    return false;
}

static void look_at_key(struct looking *looking, struct slice name)
{
    struct store_keys *keys = looking->keys;
    struct slice rest = name;

    if (!text_take(&rest, looking->store->prefix)) {
        keys->others++;
        return;
    }
    keys->ours++;
    if (has_form(rest))
        return;
    keys->strange++;
    if (keys->example[0] == '\0')
        slice_copy(name, keys->example, sizeof keys->example);
}

static enum got scan_got(void *context, size_t index, const struct reply *reply)
{
    struct looking *looking = context;

    (void)index;
    if (reply->type != REPLY_LIST || reply->count != 2 || reply->items[1]->type != REPLY_LIST)
        return GOT_ODD;
    for (size_t i = 0; i < reply->items[1]->count; i++)
        look_at_key(looking, reply->items[1]->items[i]->text);
    return GOT_FINE;
}

static bool scan_refused(void *context, size_t index, enum store_trouble trouble,
                         struct slice words)
{
    (void)index;
    ((struct looking *)context)->refused = true;
    return slice_starts(words, "NOPERM ") || trouble == STORE_PROTOCOL;
}

int store_look_at_keys(struct store *store, struct store_keys *keys, struct error *why)
{
    struct looking looking = {.store = store, .keys = keys};
    struct replies replies = {.context = &looking, .got = scan_got, .refused = scan_refused};

    *keys = (struct store_keys){.known = false};
    PIPELINE_ADD(&store->pipeline, WORD("SCAN"), WORD("0"), WORD("COUNT"), WORD(SCAN_KEYS));
    if (store_run_everywhere(store, &replies, "look whose keys there are", why))
        return -1;
    keys->known = !looking.refused;
    return 0;
}
