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
    return (struct life){.day = day, .days = store_days(store, refused)};
}

bool store_takes(const struct store *store, uint64_t id, bool refused)
{
    return expiry_open(id_day(id), store_days(store, refused), clock_now());
}

bool store_day_open(struct store *store, uint32_t day, bool refused)
{
    struct life life = store_life(store, day, refused);

    /* What day of the calendar it is need not be found out for each term. */
    if (life.day != store->open.day || life.days != store->open.days) {
        store->open = life;
        store->open_until = expiry_closes(day, life.days);
    }
    if (clock_now() < store->open_until)
        return true;
    store->too_late++;
    return false;
}

void store_note_node(struct store *store, unsigned node)
{
    char mark[5 + TEXT_DIGITS_MAX] = "node ";
    struct slice number = slice_make(mark + 5, text_digits(node % ID_NODES, mark + 5));
    struct key key;

    if (!marks_first(&store->marks, slice_make(mark, 5 + number.size)))
        return;
    key_nodes(&key, store->prefix);
    BATCH_ADD(&store->writes, VERB_SADD, key_slice(&key), LIFE_ENDLESS, number);
    store->nodes_changed = true;
}

/* ---- records ---- */

struct slice record_field(uint64_t id, unsigned node, char room[static FIELD_SIZE])
{
    text_digits_fixed(id_ref(id), room, 12);
    if (node == id_node(id))
        return slice_make(room, 12);
    room[12] = '+';
    text_digits_fixed(node % ID_NODES, room + 13, 2);
    return slice_make(room, 15);
}

void store_put_record(struct store *store, unsigned node, uint64_t id, struct slice text,
                      bool refused)
{
    char field[FIELD_SIZE];
    struct key key;

    if (!store_day_open(store, id_day(id), refused)) {
        log_debug("the record of waybill %" PRIu64 " is left out: its day is about to go", id);
        return;
    }
    store_note_node(store, node);
    store_note_node(store, id_node(id));
    key_records(&key, store->prefix, id, refused);
    BATCH_ADD(&store->writes, VERB_HSET, key_slice(&key), store_life(store, id_day(id), refused),
              record_field(id, node, field), store_pack(store, text));
}

void store_drop_record(struct store *store, unsigned node, uint64_t id, bool refused)
{
    char field[FIELD_SIZE];
    struct key key;

    key_records(&key, store->prefix, id, refused);
    BATCH_ADD(&store->writes, VERB_HDEL, key_slice(&key), LIFE_ENDLESS,
              record_field(id, node, field));
    apart_drop(store, node, id, refused);
}

/* ---- states ---- */

static struct slice state_member(uint64_t id, uint64_t recipient, char room[static MEMBER_SIZE])
{
    char hash[FACT_ID_SIZE];

    fact_id_text(recipient, hash);
    snprintf(room, MEMBER_SIZE, "%" PRIu64 ":%s", id, hash);
    return slice_of(room);
}

/* st:delayed has no expiry: the writer takes out what no record stands behind, often, so that it is
 * little each time. */
static void sweep_delayed(struct store *store, const struct key *key)
{
    int64_t now = clock_now();
    char mark[32], until[24];

    snprintf(mark, sizeof mark, "sweep %" PRId64, now / SLICE_MS);
    if (!marks_first(&store->marks, slice_of(mark)))
        return;
    snprintf(until, sizeof until, "%" PRId64, now - (store->settings->retention_days + 2) * DAY_MS);
    BATCH_ADD(&store->writes, VERB_ZSWEEP, key_slice(key), LIFE_ENDLESS, WORD("-inf"),
              slice_of(until));
}

void store_mark_state(struct store *store, uint64_t id, uint64_t recipient,
                      enum recipient_state state, int64_t time)
{
    char room[MEMBER_SIZE], score[24];
    struct slice member = state_member(id, recipient, room);
    struct key key;

    key_delayed(&key, store->prefix);
    sweep_delayed(store, &key);
    snprintf(score, sizeof score, "%" PRId64, time);
    if (state == STATE_DELAYED)
        BATCH_ADD(&store->writes, VERB_ZADD, key_slice(&key), LIFE_ENDLESS, slice_of(score),
                  member);
    else
        BATCH_ADD(&store->writes, VERB_ZREM, key_slice(&key), LIFE_ENDLESS, member);
}

/* ---- going out ---- */

size_t store_queued(const struct store *store)
{
    return batch_count(&store->writes) + batch_count(&store->events) + store->postings.count;
}

void store_say_again(struct store *store)
{
    marks_clear(&store->marks);
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
    if (store_connect(store, why) || store_packs(store, why))
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
    store->packing.used = false;
    batch_clear(&store->writes);
    batch_clear(&store->events);
    postings_clear(&store->postings);
    if (store->postings_stale) /* not earlier: the flush may have met the other run half way */
        postings_forget(&store->postings);
    store->postings_stale = false;
    return result;
}
