/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hold: groups of held facts in one table and one list. See hold.h.
 */
#include "hold.h"

#include <stdlib.h>
#include <string.h>

#include "turn.h"

int hold_init(struct hold *hold)
{
    memset(hold, 0, sizeof *hold);
    hold->count_max = HOLD_FACTS_MAX;
    hold->bytes_max = HOLD_BYTES_MAX;
    hold->by_queue = calloc(HOLD_BUCKETS, sizeof(struct group *));
    return hold->by_queue != NULL ? 0 : -1;
}

static struct group **hold_bucket(const struct hold *hold, struct slice queue_id)
{
    uint32_t hash = 5381;
    if (queue_id.size >= HOLD_KEY_MAX)
        queue_id.size = HOLD_KEY_MAX - 1; /* as the group keeps it */
    for (size_t i = 0; i < queue_id.size; i++)
        hash = hash * 33 + (unsigned char)queue_id.at[i];
    return &hold->by_queue[hash % HOLD_BUCKETS];
}

struct group *hold_queue(const struct hold *hold, struct slice queue_id)
{
    return *hold_bucket(hold, queue_id);
}

/* As the group keeps it: cut like hold_add cuts it. */
static bool key_same(const char *kept, struct slice told)
{
    if (told.size >= HOLD_KEY_MAX)
        told.size = HOLD_KEY_MAX - 1;
    return strlen(kept) == told.size && memcmp(kept, told.at ? told.at : "", told.size) == 0;
}

static bool group_is(const struct group *group, const struct fact *fact)
{
    return key_same(group->queue_id, fact->value[KEY_QUEUE]) &&
           key_same(group->instance, fact->value[KEY_INSTANCE]) &&
           key_same(group->host, fact->value[KEY_HOST]);
}

struct group *hold_find(const struct hold *hold, const struct fact *fact)
{
    struct group *group = hold_queue(hold, fact->value[KEY_QUEUE]);
    while (group != NULL && !group_is(group, fact))
        group = group->by_queue;
    return group;
}

struct group *hold_known(const struct hold *hold, const struct fact *fact)
{
    int lives = 0;
    struct group *group = hold_queue(hold, fact->value[KEY_QUEUE]);
    for (; group != NULL && lives < HOLD_LIVES_MAX; group = group->by_queue) {
        if (!group_is(group, fact))
            continue;
        if (seen_have(&group->facts, fact->id))
            return group;
        lives++;
    }
    return NULL;
}

static void chain_take(struct hold *hold, struct group *group)
{
    struct group **at = hold_bucket(hold, slice_of(group->queue_id));
    while (*at != group)
        at = &(*at)->by_queue;
    *at = group->by_queue;
}

static void chain_put(struct hold *hold, struct group *group)
{
    struct group **bucket = hold_bucket(hold, slice_of(group->queue_id));
    group->by_queue = *bucket;
    *bucket = group;
}

void hold_resume(struct hold *hold, struct group *group, uint64_t order)
{
    group->order = order;
    chain_take(hold, group);
    chain_put(hold, group);
}

static struct group *group_new(struct hold *hold, const struct fact *fact, uint64_t order)
{
    struct group *group = calloc(1, sizeof *group);
    if (group == NULL)
        return NULL;
    group->order = order;
    slice_copy(fact->value[KEY_HOST], group->host, sizeof group->host);
    slice_copy(fact->value[KEY_INSTANCE], group->instance, sizeof group->instance);
    slice_copy(fact->value[KEY_QUEUE], group->queue_id, sizeof group->queue_id);
    chain_put(hold, group);
    group->previous = hold->last;
    if (hold->last != NULL)
        hold->last->next = group;
    else
        hold->first = group;
    hold->last = group;
    hold->bytes += sizeof *group;
    return group;
}

static void group_learn(struct group *group, const struct fact *fact)
{
    group->opened = group->opened || turn_opens(fact);
    if (fact->kind == FACT_CLIENT && group->client == 0)
        group->client = fact->id;
    if (turn_ends(fact) && fact->time > group->gone)
        group->gone = fact->time;
}

struct group *hold_add(struct hold *hold, struct group *group, uint64_t order,
                       const struct fact *fact, struct slice line, struct pin *pin, int64_t now)
{
    struct held *held = malloc(sizeof *held + line.size);
    bool fresh = group == NULL;
    if (held != NULL && fresh)
        group = group_new(hold, fact, order);
    size_t room = group != NULL ? group->facts.room : 0;
    if (held == NULL || group == NULL || seen_add(&group->facts, fact->id) != 0) {
        free(held);
        if (fresh && group != NULL)
            hold_drop_empty(hold, group);
        return NULL;
    }
    hold->bytes += (group->facts.room - room) * sizeof(uint64_t);
    group_learn(group, fact);
    *held = (struct held){
        .pin = pin, .read_at = now, .time = fact->time, .kind = fact->kind, .size = line.size};
    memcpy(held->line, line.at, line.size);
    if (group->last != NULL)
        group->last->next = held;
    else
        group->first = held;
    group->last = held;
    group->count++;
    hold->count++;
    hold->bytes += sizeof *held + line.size;
    return group;
}

void hold_remove(struct hold *hold, struct pins *pins, struct group *group, struct held **at)
{
    struct held *held = *at;
    *at = held->next;
    group->count--;
    hold->count--;
    hold->bytes -= sizeof *held + held->size;
    if (group->last == held) {
        group->last = group->first;
        while (group->last != NULL && group->last->next != NULL)
            group->last = group->last->next;
    }
    pins_release(pins, held->pin);
    free(held);
}

bool hold_drop_empty(struct hold *hold, struct group *group)
{
    if (group->first != NULL)
        return false;
    chain_take(hold, group);
    if (group->previous != NULL)
        group->previous->next = group->next;
    else
        hold->first = group->next;
    if (group->next != NULL)
        group->next->previous = group->previous;
    else
        hold->last = group->previous;
    hold->bytes -= sizeof *group + group->facts.room * sizeof(uint64_t);
    seen_clear(&group->facts);
    free(group);
    return true;
}

void hold_empty(struct hold *hold, struct pins *pins)
{
    struct group *group;
    while ((group = hold->first) != NULL) {
        while (group->first != NULL)
            hold_remove(hold, pins, group, &group->first);
        hold_drop_empty(hold, group);
    }
}

void hold_clear(struct hold *hold, struct pins *pins)
{
    hold_empty(hold, pins);
    free(hold->by_queue);
    memset(hold, 0, sizeof *hold);
}

bool group_lone(const struct group *group)
{
    for (const struct held *held = group->first; held != NULL; held = held->next)
        if (held->kind != FACT_CLIENT)
            return false;
    return true;
}

bool group_takes(const struct group *group, const struct fact *fact)
{
    if (!turn_opens(fact))
        return group->gone == 0 || fact->time <= group->gone + turn_after(fact->kind);
    if (fact->kind == FACT_CLIENT && group->client != 0)
        return false;
    return group->gone == 0 || fact->time < group->gone;
}

int64_t group_due(const struct group *group, int64_t hold_ms)
{
    for (const struct held *held = group->first; held != NULL; held = held->next)
        if (held->kind != FACT_CLIENT)
            return held->read_at + hold_ms;
    return group->first->read_at + (group->tried ? HOLD_CLIENT_MS : hold_ms);
}

bool hold_full(const struct hold *hold)
{
    return hold->count > hold->count_max || hold->bytes > hold->bytes_max;
}
