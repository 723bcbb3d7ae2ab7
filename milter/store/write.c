/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * write: what a writer queues, and how it goes out.
 *
 * Order within a flush: records, then status, then the index, then the events. A reader who
 * follows the events, or the index, so finds the record.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"
#include "waybill/clock.h"

#define MEMBER_SIZE 40u

int64_t store_days(const struct store *store, bool refused)
{
    return refused ? store->settings->refused_retention_days : store->settings->retention_days;
}

struct life store_life(const struct store *store, uint32_t day, bool refused)
{
    return (struct life){day, store_days(store, refused)};
}

bool store_takes(const struct store *store, uint64_t id, bool refused)
{
    return expiry_open(id_day(id), store_days(store, refused), clock_now());
}

bool store_day_open(struct store *store, uint32_t day, bool refused)
{
    if (expiry_open(day, store_days(store, refused), clock_now()))
        return true;
    store->too_late++;
    return false;
}

void store_note_node(struct store *store, unsigned node)
{
    char mark[16], number[4];
    struct key key;

    snprintf(mark, sizeof mark, "node %u", node % ID_NODES);
    if (!marks_first(&store->marks, slice_of(mark)))
        return;
    key_nodes(&key, store->prefix);
    snprintf(number, sizeof number, "%u", node % ID_NODES);
    BATCH_ADD(&store->writes, VERB_SADD, key_slice(&key), LIFE_ENDLESS, slice_of(number));
    store->nodes_changed = true;
}

/* ---- records ---- */

/* The field of `node` in the record of a waybill. */
static struct slice record_field(uint64_t id, unsigned node, char room[static MEMBER_SIZE])
{
    if (node == id_node(id))
        snprintf(room, MEMBER_SIZE, "%012" PRIu64, id_ref(id));
    else
        snprintf(room, MEMBER_SIZE, "%012" PRIu64 "+%02u", id_ref(id), node % ID_NODES);
    return slice_of(room);
}

void store_put_record(struct store *store, unsigned node, uint64_t id, struct slice text,
                      bool refused)
{
    char field[MEMBER_SIZE];
    struct key key;

    if (!store_day_open(store, id_day(id), refused)) {
        log_debug("the record of waybill %" PRIu64 " is left out: its day is about to go", id);
        return;
    }
    store_note_node(store, node);
    store_note_node(store, id_node(id));
    key_records(&key, store->prefix, id, refused);
    BATCH_ADD(&store->writes, VERB_HSET, key_slice(&key), store_life(store, id_day(id), refused),
              record_field(id, node, field), text);
}

void store_drop_record(struct store *store, unsigned node, uint64_t id, bool refused)
{
    char field[MEMBER_SIZE];
    struct key key;

    key_records(&key, store->prefix, id, refused);
    BATCH_ADD(&store->writes, VERB_HDEL, key_slice(&key), LIFE_ENDLESS,
              record_field(id, node, field));
}

/* ---- states ---- */

static struct slice state_member(uint64_t id, uint64_t recipient, char room[static MEMBER_SIZE])
{
    char hash[FACT_ID_SIZE];

    fact_id_text(recipient, hash);
    snprintf(room, MEMBER_SIZE, "%" PRIu64 ":%s", id, hash);
    return slice_of(room);
}

static void state_put(struct store *store, const struct key *key, struct life life, bool is_so,
                      struct slice member, int64_t time)
{
    char score[24];

    snprintf(score, sizeof score, "%" PRId64, time);
    if (is_so)
        BATCH_ADD(&store->writes, VERB_ZADD, key_slice(key), life, slice_of(score), member);
    else
        BATCH_ADD(&store->writes, VERB_ZREM, key_slice(key), LIFE_ENDLESS, member);
}

/* st:delayed has no expiry: once a day the writer takes out what no record stands behind. */
static void sweep_delayed(struct store *store, const struct key *key)
{
    int64_t now = clock_now();
    char mark[32], until[24];

    snprintf(mark, sizeof mark, "sweep %" PRIu32, clock_day(now, NULL));
    if (!marks_first(&store->marks, slice_of(mark)))
        return;
    snprintf(until, sizeof until, "%" PRId64, now - (store->settings->retention_days + 2) * DAY_MS);
    BATCH_ADD(&store->writes, VERB_ZSWEEP, key_slice(key), LIFE_ENDLESS, WORD("-inf"),
              slice_of(until));
}

void store_mark_state(struct store *store, uint64_t id, uint64_t recipient,
                      enum recipient_state state, int64_t time)
{
    static const enum recipient_state ends[] = {STATE_FAILED, STATE_REJECTED, STATE_EXPIRED};
    uint32_t day = clock_day(time, NULL);
    char room[MEMBER_SIZE];
    struct slice member = state_member(id, recipient, room);
    struct key key;

    key_delayed(&key, store->prefix);
    sweep_delayed(store, &key);
    state_put(store, &key, LIFE_ENDLESS, state == STATE_DELAYED, member, time);
    if (!store_day_open(store, day, false))
        return;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        key_ended(&key, store->prefix, day, ends[i]);
        state_put(store, &key, store_life(store, day, false), state == ends[i], member, time);
    }
}

/* ---- going out ---- */

size_t store_queued(const struct store *store)
{
    return batch_count(&store->writes) + batch_count(&store->events) + store->postings.count;
}

struct flush {
    struct store *store;
    uint32_t *writes, *events; /* batch command behind each command */
    size_t write_count;
};

static const struct batch_command *flush_command(const struct flush *flush, size_t index,
                                                 struct slice *key)
{
    const struct batch *batch = &flush->store->writes;
    uint32_t number;

    if (index < flush->write_count) {
        number = flush->writes[index];
    } else {
        batch = &flush->store->events;
        number = flush->events[index - flush->write_count];
    }
    *key = batch_key(batch, number);
    return &batch->commands[number];
}

static enum got flush_got(void *context, size_t index, const struct reply *reply)
{
    struct slice key;
    bool is_event = flush_command(context, index, &key)->verb == VERB_XADD;

    return reply->type == (is_event ? REPLY_TEXT : REPLY_NUMBER) ? GOT_FINE : GOT_ODD;
}

/* A key that holds something else will not get better by trying again. */
static bool flush_refused(void *context, size_t index, enum store_trouble trouble,
                          struct slice words)
{
    struct flush *flush = context;
    struct slice key;

    (void)words;
    if (trouble != STORE_FOREIGN)
        return false;
    flush_command(flush, index, &key);
    log_trouble_on(&flush->store->foreign,
                   "the key '%.*s' in Redis holds something that is not ours; what belongs "
                   "there is left out",
                   SLICE_ARGS(key));
    return true;
}

static int flush_run(struct store *store, struct error *why)
{
    struct flush flush = {.store = store};
    struct replies replies = {.context = &flush, .got = flush_got, .refused = flush_refused};
    int result = -1;

    flush.writes = batch_format(&store->writes, &store->pipeline, &store->marks);
    flush.write_count = store->pipeline.count;
    flush.events = batch_format(&store->events, &store->pipeline, &store->marks);
    if (flush.writes && flush.events) {
        result = store_run(store, &replies, "write", why);
    } else {
        pipeline_clear(&store->pipeline);
        store_fail(store, STORE_UNREACHABLE, why, "cannot write: no memory");
    }
    free(flush.writes);
    free(flush.events);
    return result;
}

static int flush_all(struct store *store, struct error *why)
{
    if (store_connect(store, why))
        return -1;
    /* How many writers share the index decides how often its fill is measured. */
    if (store->postings.count > 0 && (store_know_nodes(store, why) || postings_place(store, why)))
        return -1;
    if (store->writes.failed || store->events.failed || store->postings.failed)
        return store_fail(store, STORE_UNREACHABLE, why, "cannot write: no memory for the batch");
    return flush_run(store, why);
}

int store_flush(struct store *store, struct error *why)
{
    int result = 0;

    if (store_queued(store) > 0 || store->writes.failed || store->events.failed ||
        store->postings.failed)
        result = flush_all(store, why);
    if (store->nodes_changed)
        store->nodes_until = 0;
    store->nodes_changed = false;
    if (result)
        marks_clear(&store->marks); /* what was marked as said may not have arrived */
    batch_clear(&store->writes);
    batch_clear(&store->events);
    postings_clear(&store->postings);
    if (store->postings_stale) /* not earlier: the flush may have met the other run half way */
        postings_forget(&store->postings);
    store->postings_stale = false;
    return result;
}
