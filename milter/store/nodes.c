/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nodes: which machine owns which number, and when each was last heard of.
 *
 * A number belongs to the machine that first wrote its id into node:NN; HSETNX decides between
 * two that try at once. It is never given back: an id says for ever which machine it came from.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "waybill/clock.h"

#define NODES_FRESH_MS 5000

struct owner {
    char machine[128], host[256], since[24];
};

/* ---- the set of nodes ---- */

static enum got nodes_got(void *context, size_t index, const struct reply *reply)
{
    struct store *store = context;
    enum got got = GOT_FINE;
    uint64_t node;

    if (index == 1)
        return apart_take(store, reply) ? GOT_ODD : GOT_FINE;
    if (reply->type != REPLY_LIST)
        return GOT_ODD;
    memset(store->nodes, 0, sizeof store->nodes);
    for (size_t i = 0; i < reply->count; i++) {
        if (reply_number(reply->items[i], ID_NODES - 1, &node))
            store->nodes[node] = true;
        else
            got = GOT_FOREIGN;
    }
    return got;
}

/* Who bears holes asks for what any node may have written, of any kind. */
static void nodes_missed(void *context, size_t index, const char *why)
{
    struct store *store = context;

    (void)why;
    for (unsigned kind = 0; index == 1 && kind < APART_COUNT; kind++)
        store->apart[kind] = true;
    for (unsigned node = 0; index == 0 && node < ID_NODES; node++)
        store->nodes[node] = true;
}

int store_know_nodes(struct store *store, struct error *why)
{
    struct replies replies = {.context = store, .got = nodes_got, .missed = nodes_missed};
    int64_t now = clock_monotonic();
    struct key key;

    if (store->nodes_until > now)
        return 0;
    key_nodes(&key, store->prefix);
    PIPELINE_ADD(&store->pipeline, WORD("SMEMBERS"), key_slice(&key));
    key_apart(&key, store->prefix);
    PIPELINE_ADD(&store->pipeline, WORD("SMEMBERS"), key_slice(&key));
    if (store_run(store, &replies, "read the nodes", why))
        return -1;
    store->nodes_until = now + NODES_FRESH_MS;
    return 0;
}

int store_know_nodes_now(struct store *store, struct error *why)
{
    bool partly = store->partly;
    int result;

    store->nodes_until = 0;
    store->partly = false;
    result = store_know_nodes(store, why);
    store->partly = partly;
    return result;
}

unsigned store_node_count(const struct store *store)
{
    unsigned count = 0;

    for (unsigned node = 0; node < ID_NODES; node++)
        count += store->nodes[node];
    return count;
}

/* ---- claiming ---- */

static enum got owner_got(void *context, size_t index, const struct reply *reply)
{
    struct owner *owner = (struct owner *)context + index;
    char *to[] = {owner->machine, owner->host, owner->since};
    const size_t room[] = {sizeof owner->machine, sizeof owner->host, sizeof owner->since};

    if (reply->type != REPLY_LIST || reply->count != 3)
        return GOT_ODD;
    for (size_t i = 0; i < 3; i++) {
        if (reply->items[i]->type != REPLY_TEXT && reply->items[i]->type != REPLY_NIL)
            return GOT_ODD;
        slice_copy(reply->items[i]->text, to[i], room[i]);
    }
    return GOT_FINE;
}

/* Nobody's, and not to be had. */
static void owner_missed(void *context, size_t index, const char *why)
{
    struct owner *owner = (struct owner *)context + index;

    (void)why;
    *owner = (struct owner){.machine = "not ours", .host = "not ours"};
}

static int owners_read(struct store *store, struct owner *owners, unsigned first, unsigned count,
                       struct error *why)
{
    struct replies replies = {.context = owners, .got = owner_got, .missed = owner_missed};
    struct key key;

    for (unsigned i = 0; i < count; i++) {
        key_node(&key, store->prefix, first + i);
        PIPELINE_ADD(&store->pipeline, WORD("HMGET"), key_slice(&key), WORD("machine"),
                     WORD("host"), WORD("since"));
    }
    return store_run(store, &replies, "read who owns the node numbers", why);
}

/* Write our name if nobody's is there, then look whose it is. 1: ours; 0: another's. */
static int claim_try(struct store *store, unsigned node, const char *machine, struct owner *owner,
                     struct error *why)
{
    struct replies replies = {.got = pipeline_number};
    struct key key;

    key_node(&key, store->prefix, node);
    PIPELINE_ADD(&store->pipeline, WORD("HSETNX"), key_slice(&key), WORD("machine"),
                 slice_of(machine));
    if (store_run(store, &replies, "claim a node number", why) ||
        owners_read(store, owner, node, 1, why))
        return -1;
    return strcmp(owner->machine, machine) == 0;
}

static int claim_settle(struct store *store, unsigned node, const char *host, struct error *why)
{
    struct replies replies = {.got = pipeline_number};
    char since[24], number[4];
    struct key key, nodes;

    snprintf(since, sizeof since, "%" PRId64, clock_now());
    snprintf(number, sizeof number, "%u", node);
    key_node(&key, store->prefix, node);
    key_nodes(&nodes, store->prefix);
    PIPELINE_ADD(&store->pipeline, WORD("HSET"), key_slice(&key), WORD("host"), slice_of(host));
    PIPELINE_ADD(&store->pipeline, WORD("HSETNX"), key_slice(&key), WORD("since"), slice_of(since));
    PIPELINE_ADD(&store->pipeline, WORD("SADD"), key_slice(&nodes), slice_of(number));
    return store_run(store, &replies, "claim a node number", why);
}

static int claim_taken(struct store *store, unsigned node, const struct owner *owner,
                       struct error *why)
{
    char since[CLOCK_TEXT_SIZE] = "an unknown time";
    uint64_t ms;

    if (text_number(slice_of(owner->since), 1, INT64_MAX, &ms))
        clock_text((int64_t)ms, 0, since);
    return store_fail(store, STORE_DENIED, why,
                      "cannot use node number %u: it belongs to the host '%s' (machine id '%s') "
                      "since %s",
                      node, owner->host, owner->machine, since);
}

/* The number that the machine has, else the lowest that nobody has; ID_NODES: none. */
static unsigned claim_choose(const struct owner *owners, const char *machine)
{
    unsigned lowest = ID_NODES;

    for (unsigned node = 0; node < ID_NODES; node++) {
        if (strcmp(owners[node].machine, machine) == 0)
            return node;
        if (owners[node].machine[0] == '\0' && lowest == ID_NODES)
            lowest = node;
    }
    return lowest;
}

static int claim_any(struct store *store, const char *machine, unsigned *node, struct error *why)
{
    struct owner *owners = calloc(ID_NODES, sizeof *owners);
    int result = owners ? 0 : store_fail(store, STORE_UNREACHABLE, why, "no memory");

    /* Who loses a race looks again; a hundred losses mean that all are taken. */
    for (unsigned turn = 0; result == 0 && turn <= ID_NODES; turn++) {
        result = owners_read(store, owners, 0, ID_NODES, why);
        if (result)
            break;
        *node = claim_choose(owners, machine);
        if (*node == ID_NODES)
            result = store_fail(store, STORE_DENIED, why,
                                "cannot claim a node number: all %d are taken", ID_NODES);
        else
            result = claim_try(store, *node, machine, &owners[*node], why);
    }
    free(owners);
    return result > 0 ? 0 : -1;
}

int store_claim_node(struct store *store, int64_t wanted, const char *machine_id, const char *host,
                     unsigned *node, struct error *why)
{
    struct owner owner = {.machine = ""};
    int ours;

    if (!*machine_id || strlen(machine_id) >= sizeof owner.machine || wanted >= ID_NODES)
        return store_fail(store, STORE_DENIED, why,
                          "cannot claim node number %" PRId64 " for the machine id '%s'", wanted,
                          machine_id);
    if (wanted < 0) {
        if (claim_any(store, machine_id, node, why))
            return -1;
        return claim_settle(store, *node, host, why);
    }
    *node = (unsigned)wanted;
    ours = claim_try(store, *node, machine_id, &owner, why);
    if (ours < 0)
        return -1;
    if (!ours)
        return claim_taken(store, *node, &owner, why);
    return claim_settle(store, *node, host, why);
}

/* ---- beats ---- */

void store_put_beat(struct store *store, unsigned node, const char *witness, int64_t time)
{
    char text[24];
    struct key key;

    store_note_node(store, node);
    key_beat(&key, store->prefix, node % ID_NODES);
    snprintf(text, sizeof text, "%" PRId64, time);
    BATCH_ADD(&store->writes, VERB_HSET, key_slice(&key), LIFE_ENDLESS, slice_of(witness),
              slice_of(text));
}

struct nodes_reading {
    struct store_node node;
    void (*seen)(void *context, const struct store_node *node);
    void *context;
    unsigned numbers[ID_NODES];
};

static int64_t beat_of(const struct reply *reply)
{
    uint64_t ms = 0;

    return reply_number(reply, INT64_MAX, &ms) ? (int64_t)ms : 0;
}

/* Two commands a node: since, host; then its beats. */
static enum got nodes_reading_got(void *context, size_t index, const struct reply *reply)
{
    struct nodes_reading *reading = context;
    struct store_node *node = &reading->node;

    if (reply->type != REPLY_LIST || reply->count != (index & 1 ? 3 : 2))
        return GOT_ODD;
    if ((index & 1) == 0) {
        *node = (struct store_node){.node = reading->numbers[index / 2]};
        node->since = beat_of(reply->items[0]);
        slice_copy(reply->items[1]->text, node->host, sizeof node->host);
        return GOT_FINE;
    }
    node->milter = beat_of(reply->items[0]);
    node->log = beat_of(reply->items[1]);
    node->ship = beat_of(reply->items[2]);
    reading->seen(reading->context, node);
    return GOT_FINE;
}

/* What was not ours is left out, be it who the node is or its beats. */
static void nodes_reading_missed(void *context, size_t index, const char *why)
{
    struct nodes_reading *reading = context;

    (void)why;
    if ((index & 1) == 0)
        reading->node = (struct store_node){.node = reading->numbers[index / 2]};
    else
        reading->seen(reading->context, &reading->node);
}

int store_get_nodes(struct store *store, void (*seen)(void *context, const struct store_node *node),
                    void *context, struct error *why)
{
    struct nodes_reading reading = {.seen = seen, .context = context};
    struct replies replies = {
        .context = &reading, .got = nodes_reading_got, .missed = nodes_reading_missed};
    unsigned count = 0;
    struct key key;

    if (store_know_nodes_now(store, why))
        return -1;
    for (unsigned node = 0; node < ID_NODES; node++) {
        if (!store->nodes[node])
            continue;
        reading.numbers[count++] = node;
        key_node(&key, store->prefix, node);
        PIPELINE_ADD(&store->pipeline, WORD("HMGET"), key_slice(&key), WORD("since"), WORD("host"));
        key_beat(&key, store->prefix, node);
        PIPELINE_ADD(&store->pipeline, WORD("HMGET"), key_slice(&key), WORD("milter"), WORD("log"),
                     WORD("ship"));
    }
    return store_run(store, &replies, "read the nodes", why);
}
