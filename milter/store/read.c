/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read: records by their ids.
 *
 * One HMGET per id and class asks for the field of the waybill's own node and of every node that
 * may know more; the replies come in the order of the ids, so each record is merged and handed
 * on before the next is read.
 */
#include <inttypes.h>
#include <stdio.h>

#include "internal.h"

#define READ_IDS (PIPELINE_COMMANDS) /* a round trip; two commands each */

struct reading {
    const uint64_t *ids;
    void (*found)(void *context, uint64_t id, const struct record *record, const char *why_not);
    void *context;
    struct record record;
    struct error why_not;
    bool unreadable, any;
};

static void reading_take(struct reading *reading, struct slice text)
{
    struct error why;

    reading->any = true;
    if (record_parse(&reading->record, text, &why) && !reading->unreadable) {
        reading->why_not = why;
        reading->unreadable = true;
    }
}

/* Both classes of an id were answered. */
static void reading_hand_on(struct reading *reading, uint64_t id)
{
    reading->found(reading->context, id, &reading->record,
                   reading->unreadable ? reading->why_not.text : NULL);
    record_clear(&reading->record);
}

static void reading_begin(struct reading *reading, uint64_t id)
{
    record_init(&reading->record, id);
    reading->unreadable = reading->any = false;
}

static enum got reading_got(void *context, size_t index, const struct reply *reply)
{
    struct reading *reading = context;
    bool refused = index & 1;

    if (!refused)
        reading_begin(reading, reading->ids[index / 2]);
    if (reply->type != REPLY_LIST)
        return GOT_ODD;
    /* A mail that was refused at first and taken later has left its first record behind. */
    for (size_t i = 0; i < reply->count && !(refused && reading->any); i++)
        if (reply->items[i]->type != REPLY_TEXT && reply->items[i]->type != REPLY_NIL)
            return GOT_ODD;
    if (!(refused && reading->any))
        for (size_t i = 0; i < reply->count; i++)
            if (reply->items[i]->type == REPLY_TEXT)
                reading_take(reading, reply->items[i]->text);
    if (refused)
        reading_hand_on(reading, reading->ids[index / 2]);
    return GOT_FINE;
}

static bool reading_refused(void *context, size_t index, enum store_trouble trouble,
                            struct slice words)
{
    struct reading *reading = context;
    bool refused = index & 1;

    if (!refused)
        reading_begin(reading, reading->ids[index / 2]);
    if (trouble == STORE_FOREIGN) {
        if (!reading->unreadable)
            error_set(&reading->why_not, "%.*s", SLICE_ARGS(words));
        reading->unreadable = true;
    }
    if (!refused)
        return trouble == STORE_FOREIGN;
    if (trouble == STORE_FOREIGN)
        reading_hand_on(reading, reading->ids[index / 2]);
    else
        record_clear(&reading->record);
    return trouble == STORE_FOREIGN;
}

/* A master of a Cluster is away: what there is of this mail is not known. */
static void reading_missed(void *context, size_t index, const char *why)
{
    struct reading *reading = context;
    bool refused = index & 1;

    if (!refused)
        reading_begin(reading, reading->ids[index / 2]);
    if (!(refused && reading->any) && !reading->unreadable) {
        error_set(&reading->why_not, "%s", why);
        reading->unreadable = true;
    }
    if (refused)
        reading_hand_on(reading, reading->ids[index / 2]);
}

static void read_ask(struct store *store, uint64_t id, bool refused)
{
    struct slice words[3 + ID_NODES];
    char own[16], others[ID_NODES][16];
    size_t count = 0;
    struct key key;

    key_records(&key, store->prefix, id, refused);
    snprintf(own, sizeof own, "%012" PRIu64, id_ref(id));
    words[count++] = WORD("HMGET");
    words[count++] = key_slice(&key);
    words[count++] = slice_of(own);
    for (unsigned node = 0; node < ID_NODES; node++) {
        if (!store->nodes[node] || node == id_node(id))
            continue;
        snprintf(others[node], sizeof others[node], "%012" PRIu64 "+%02u", id_ref(id), node);
        words[count++] = slice_of(others[node]);
    }
    pipeline_add(&store->pipeline, words, count);
}

int store_get_records(struct store *store, const uint64_t *ids, size_t count,
                      void (*found)(void *context, uint64_t id, const struct record *record,
                                    const char *why_not),
                      void *context, struct error *why)
{
    struct reading reading = {.found = found, .context = context};
    struct replies replies = {.context = &reading,
                              .got = reading_got,
                              .refused = reading_refused,
                              .missed = reading_missed};

    if (count == 0)
        return 0;
    if (store_know_nodes(store, why))
        return -1;
    record_init(&reading.record, 0);
    for (size_t done = 0; done < count; done += READ_IDS) {
        reading.ids = ids + done;
        for (size_t i = done; i < count && i < done + READ_IDS; i++) {
            read_ask(store, ids[i], false);
            read_ask(store, ids[i], true);
        }
        if (store_run(store, &replies, "read records", why)) {
            record_clear(&reading.record);
            return -1;
        }
    }
    return 0;
}
