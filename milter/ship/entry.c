/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * entry: keeps a record and the few words about it that the join asks for, so that no fact makes
 * us read the whole record again.
 */
#include "entry.h"

#include <stdlib.h>
#include <string.h>

#include "turn.h"
#include "waybill/digest.h"
#include "waybill/host.h"

struct entry *entry_new(uint64_t id, int64_t now)
{
    struct entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return NULL;
    entry->id = id;
    record_init(&entry->own, id);
    entry->read_at = entry->touched = entry->synced = now;
    entry->arrived = INT64_MAX;
    return entry;
}

void entry_free(struct entry *entry)
{
    record_clear(&entry->own);
    if (entry->all != NULL)
        record_clear(entry->all);
    free(entry->all);
    seen_clear(&entry->posted);
    seen_clear(&entry->fresh);
    free(entry->told.of);
    free(entry->telling.of);
    free(entry);
}

bool entry_minted(const struct entry *entry)
{
    return entry->id % 100000 / 10000 >= ID_GENERATIONS;
}

static void entry_learn_log(struct entry *entry, const struct fact *fact)
{
    entry->begun = true;
    if (fact->kind == FACT_CLIENT && entry->client == 0)
        entry->client = record_fact_id(fact);
    if (fact->kind == FACT_CLEANUP && entry->cleanup == 0)
        entry->cleanup = record_fact_id(fact);
}

uint64_t entry_message_id(struct slice id)
{
    char masked[1024];
    size_t size = id.size < sizeof masked ? id.size : sizeof masked;

    for (size_t i = 0; i < size; i++)
        masked[i] = id.at[i] >= ' ' && id.at[i] < 0x7f ? id.at[i] : '?';
    return size > 0 ? digest_64(masked, size) : 0;
}

static void entry_learn(struct entry *entry, const struct fact *fact)
{
    struct slice message_id = fact->value[KEY_MESSAGE_ID];
    if (fact->time < entry->arrived)
        entry->arrived = fact->time;
    if (fact->witness == WITNESS_REPORT)
        return; /* it says nothing of where the mail is, nor of its client */
    if (turn_ends(fact) && fact->time > entry->gone)
        entry->gone = fact->time;
    if (fact->witness == WITNESS_LOG)
        entry_learn_log(entry, fact);
    if (fact->kind == FACT_QUEUED || fact->kind == FACT_ABANDONED) {
        entry->ended = true;
        entry->closed = fact->time;
    }
    if (fact->kind >= FACT_CLEANUP && fact->kind <= FACT_REMOVED)
        entry->carried = true;
    if (message_id.size > 0 &&
        (fact->kind == FACT_HEADER || (fact->kind == FACT_CLEANUP && entry->message_id == 0)))
        entry->message_id = entry_message_id(message_id);
    if (fact->value[KEY_IP].size > 0 && entry->ip[0] == '\0')
        slice_copy(fact->value[KEY_IP], entry->ip, sizeof entry->ip);
}

/* The milter is told its host's whole name; a log may have the short one. So that the record is
 * the same whoever came first, the milter's word is taken over the log's. */
static void host_learn(struct record *record, const struct fact *fact)
{
    struct slice host = fact->value[KEY_HOST];
    if (record == NULL || record->host == NULL || fact->witness != WITNESS_MILTER ||
        host.size == 0 || slice_is(host, record->host) || !host_same(host, slice_of(record->host)))
        return;
    char *name = strndup(host.at, host.size);
    if (name == NULL)
        return;
    free(record->host);
    record->host = name;
}

/* The record's word stands; a fact that got here by the join means the same mail. */
static void key_align(struct fact *fact, enum fact_key key, const char *known)
{
    if (known != NULL)
        fact_set(fact, key, slice_of(known));
}

static void entry_align(struct entry *entry, struct fact *fact)
{
    const struct record *record = entry_record(entry);
    host_learn(&entry->own, fact);
    host_learn(entry->all, fact);
    fact->waybill = entry->id;
    key_align(fact, KEY_HOST, record->host);
    key_align(fact, KEY_INSTANCE, record->instance);
    key_align(fact, KEY_QUEUE, record->queue_id);
}

enum entry_added entry_add(struct entry *entry, struct fact *fact, struct error *why)
{
    entry_align(entry, fact);
    bool had_queue = entry_record(entry)->queue_id != NULL;
    int own = record_add(&entry->own, fact, why);
    int all = own;
    if (own >= 0 && entry->all != NULL)
        all = record_add(entry->all, fact, why);
    if (own < 0 || all < 0)
        return record_full(own < 0 ? &entry->own : entry->all, fact) ? ENTRY_FULL : ENTRY_AGAIN;
    entry_learn(entry, fact);
    if (!had_queue && entry_record(entry)->queue_id != NULL)
        entry->learned = true;
    return own > 0 || all > 0 ? ENTRY_NEW : ENTRY_KNOWN;
}

bool entry_knows(const struct entry *entry, const struct fact *fact)
{
    uint64_t id = record_fact_id(fact);
    return (fact->kind == FACT_CLIENT && entry->client != 0 && id == entry->client) ||
           (fact->kind == FACT_CLEANUP && entry->cleanup != 0 && id == entry->cleanup) ||
           record_knows(entry_record(entry), fact);
}

int entry_review(struct entry *entry)
{
    const struct record *record = entry_record(entry);
    struct buffer scratch;
    struct fact fact;
    int result = 0;
    buffer_init(&scratch, FACT_LINE_MAX * 2);
    for (size_t i = 0; i < record->count && result == 0; i++) {
        if (record_fact(record, i, &fact, &scratch) == 0)
            entry_learn(entry, &fact);
        else if (scratch.failed)
            result = -1;
    }
    buffer_free(&scratch);
    entry->see = record->see;
    return result;
}

static size_t record_cost(const struct record *record)
{
    return record->bytes + record->room * (sizeof *record->lines + 16);
}

size_t entry_cost(const struct entry *entry)
{
    size_t cost = sizeof *entry + record_cost(&entry->own) + 64;
    if (entry->all != NULL)
        cost += sizeof *entry->all + record_cost(entry->all);
    cost += (entry->posted.room + entry->fresh.room) * sizeof(uint64_t);
    return cost + (entry->told.count + entry->telling.count) * sizeof(struct told);
}
