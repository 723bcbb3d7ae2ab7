/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * group: counts recipients that fit a query, by what they have in common.
 *
 * Memory is bounded: who comes when QUERY_GROUPS_MAX groups are there, and belongs to none of
 * them, is only counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay.h"
#include "terms.h"
#include "waybill/address.h"
#include "waybill/clock.h"
#include "waybill/digest.h"

#define SLOTS 32768 /* a power of two, more than twice QUERY_GROUPS_MAX */
#define WORD_MAX 512

struct groups_table {
    const struct query *query;
    const enum query_by *by;
    size_t by_count;
    struct query_groups *groups;
    uint32_t slots[SLOTS];              /* number of the group + 1; 0: free */
    uint64_t last[QUERY_GROUPS_MAX];    /* the mail that the group counted last */
    char words[QUERY_BY_MAX][WORD_MAX]; /* of the recipient at hand */
    size_t sizes[QUERY_BY_MAX];
    uint64_t seed;
};

static const char *const by_words[] = {
#define X(symbol, word, text) word,
    QUERY_GROUPS(X)
#undef X
};

const char *query_by_word(enum query_by by)
{
    return by_words[by];
}

int query_by_of(struct slice word)
{
    for (int by = 0; by < QUERY_BY_COUNT; by++)
        if (slice_equal_nocase(word, slice_of(by_words[by])))
            return by;
    return -1;
}

/* ---- by what ---- */

static struct slice server_of(const struct recipient *recipient)
{
    struct relay relay;

    if (recipient->relay.at == NULL || !relay_read(recipient->relay, &relay))
        return SLICE_ABSENT;
    return relay.name.size > 0 ? relay.name : relay.ip;
}

static size_t put_time(int64_t arrived, bool hour, char *to)
{
    char text[CLOCK_TEXT_SIZE];

    clock_text(arrived, 0, text); /* 2025-11-21 14:03:09 */
    return (size_t)snprintf(to, WORD_MAX, hour ? "%.13s:00" : "%.10s", text);
}

static size_t put_folded(struct slice words, char *to)
{
    size_t size = words.size < WORD_MAX ? words.size : WORD_MAX;

    for (size_t i = 0; i < size; i++)
        to[i] = text_lower(words.at[i]);
    return size;
}

static size_t put_address(struct slice address, bool domain, char *to)
{
    char normal[ADDRESS_MAX];
    struct slice whole = slice_make(normal, address_normal(address, normal));

    return put_folded(domain ? address_domain(whole) : whole, to);
}

static size_t put_word(const struct query *query, enum query_by by, const struct waybill *waybill,
                       const struct recipient *recipient, char *to)
{
    int reason;

    switch (by) {
    case QUERY_BY_STATE:
        return put_folded(slice_of(state_word(recipient->state)), to);
    case QUERY_BY_REASON:
        reason = recipient_reason(query->book, waybill, recipient);
        return reason < 0 ? 0 : put_folded(slice_of(reason_word((enum reason)reason)), to);
    case QUERY_BY_STATUS:
        return put_folded(recipient->status, to);
    case QUERY_BY_DOMAIN:
    case QUERY_BY_TO:
        return put_address(recipient->address, by == QUERY_BY_DOMAIN, to);
    case QUERY_BY_SENDER_DOMAIN:
    case QUERY_BY_FROM:
        return put_address(waybill->from, by == QUERY_BY_SENDER_DOMAIN, to);
    case QUERY_BY_REMOTE:
        return put_folded(server_of(recipient), to);
    case QUERY_BY_CLIENT:
        return put_folded(waybill->ip, to);
    case QUERY_BY_LOGIN:
        return put_folded(waybill->login, to);
    case QUERY_BY_HOST:
        return put_folded(waybill->host, to);
    case QUERY_BY_LIST:
        return put_folded(list_name(waybill->list), to);
    case QUERY_BY_DAY:
    case QUERY_BY_HOUR:
        return put_time(waybill->arrived, by == QUERY_BY_HOUR, to);
    case QUERY_BY_COUNT:
        break;
    }
    return 0;
}

/* ---- the table ---- */

static bool is_group(const struct groups_table *table, const struct query_group *group)
{
    for (size_t i = 0; i < table->by_count; i++)
        if (!slice_equal(group->values[i], slice_make(table->words[i], table->sizes[i])))
            return false;
    return true;
}

/* The slot of the recipient at hand; 0 in it: no such group is there. */
static uint32_t *slot_of(struct groups_table *table)
{
    uint64_t hash = table->seed;
    size_t at;

    for (size_t i = 0; i < table->by_count; i++) {
        hash = digest_here(hash, table->words[i], table->sizes[i]);
        hash = digest_here(hash, "", 1);
    }
    for (at = hash % SLOTS; table->slots[at] != 0; at = (at + 1) % SLOTS)
        if (is_group(table, &table->groups->groups[table->slots[at] - 1]))
            break;
    return &table->slots[at];
}

static void group_clear(struct query_group *group)
{
    for (size_t i = 0; i < QUERY_BY_MAX; i++)
        free((char *)(uintptr_t)group->values[i].at);
}

static int new_group(struct groups_table *table, uint32_t *slot)
{
    struct query_group *group = &table->groups->groups[table->groups->count];

    *group = (struct query_group){0};
    for (size_t i = 0; i < table->by_count; i++) {
        char *copy = malloc(table->sizes[i] + 1);
        if (copy == NULL) {
            group_clear(group);
            return -1;
        }
        memcpy(copy, table->words[i], table->sizes[i]);
        copy[table->sizes[i]] = '\0';
        group->values[i] = slice_make(copy, table->sizes[i]);
    }
    *slot = (uint32_t)++table->groups->count;
    return 0;
}

static int count_recipient(struct groups_table *table, const struct waybill *waybill,
                           const struct recipient *recipient)
{
    struct query_group *group;
    uint32_t *slot;

    table->groups->recipients++;
    if (table->by_count == 0)
        return 0;
    for (size_t i = 0; i < table->by_count; i++)
        table->sizes[i] =
            put_word(table->query, table->by[i], waybill, recipient, table->words[i]);
    slot = slot_of(table);
    if (*slot == 0 && table->groups->count >= QUERY_GROUPS_MAX) {
        table->groups->over++;
        return 0;
    }
    if (*slot == 0 && new_group(table, slot) != 0)
        return -1;
    group = &table->groups->groups[*slot - 1];
    group->recipients++;
    group->mails += table->last[*slot - 1] != waybill->id;
    table->last[*slot - 1] = waybill->id;
    return 0;
}

static int count_waybill(void *context, struct waybill *waybill)
{
    struct groups_table *table = context;
    struct recipient nobody = {.state = waybill_state(waybill)};
    int result = 0;

    table->groups->mails++;
    for (size_t i = 0; i < waybill->recipient_count && result == 0; i++)
        if (query_fits_recipient(table->query, waybill, &waybill->recipients[i]))
            result = count_recipient(table, waybill, &waybill->recipients[i]);
    if (waybill->recipient_count == 0)
        result = count_recipient(table, waybill, &nobody);
    waybill_clear(waybill);
    return result;
}

static int value_compare(struct slice a, struct slice b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size > 0 ? memcmp(a.at, b.at, size) : 0;

    return order != 0 ? order : a.size < b.size ? -1 : a.size > b.size;
}

static int group_compare(const void *a, const void *b)
{
    const struct query_group *x = a, *y = b;

    if (x->recipients != y->recipients)
        return x->recipients > y->recipients ? -1 : 1;
    for (size_t i = 0; i < QUERY_BY_MAX; i++) {
        int order = value_compare(x->values[i], y->values[i]);
        if (order != 0)
            return order;
    }
    return 0;
}

int query_group(struct store *store, const struct query *query, const enum query_by *by,
                size_t by_count, struct query_groups *groups, struct error *why)
{
    struct query all = *query;
    struct groups_table *table = calloc(1, sizeof *table);
    int result;

    *groups = (struct query_groups){.groups = calloc(QUERY_GROUPS_MAX, sizeof *groups->groups)};
    if (table == NULL || groups->groups == NULL) {
        free(table);
        return error_set(why, "cannot count: no memory");
    }
    all.limit = SIZE_MAX - 1;
    *table = (struct groups_table){
        .query = query, .by = by, .by_count = by_count, .groups = groups};
    digest_random(&table->seed, sizeof table->seed);
    result = query_each(store, &all, count_waybill, table, &groups->answer, why);
    free(table);
    qsort(groups->groups, groups->count, sizeof groups->groups[0], group_compare);
    return result;
}

void query_groups_clear(struct query_groups *groups)
{
    for (size_t i = 0; i < groups->count; i++)
        group_clear(&groups->groups[i]);
    free(groups->groups);
    *groups = (struct query_groups){0};
}
