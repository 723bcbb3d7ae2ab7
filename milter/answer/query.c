/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * query: puts waybills together for an answer.
 *
 * Candidates come in the order asked for; their records are fetched in pages, computed, and
 * checked against the query. A record that only says `see` stands for the one it names, unless
 * that one comes among the candidates by itself: so a walk with the cursor meets each waybill once.
 */
#include "waybill/query.h"

#include <stdlib.h>
#include <string.h>

#include "candidates.h"
#include "waybill/clock.h"
#include "waybill/id.h"

#define PAGE_MAX 500
#define SECOND_REFS UINT64_C(10000000) /* refs of one second: node and sequence */
#define SEE_DEPTH 4 /* a chain of `see` longer than this is a fault of the writer */

/* One record of a page, after it was read. */
struct item {
    uint64_t id;
    uint64_t see;
    bool fits;
    struct waybill waybill; /* filled if it fits */
};

struct walk {
    struct store *store;
    const struct query *query;
    struct candidates candidates;
    struct query_answer *answer;
    query_found *found;
    void *context;
    int64_t now;
    uint64_t last;      /* the last id that was dealt with */
    uint64_t told_last; /* the position of the last waybill that was told */
    size_t told;
    bool more;          /* one more than the limit fits */
    uint64_t *seen;     /* targets of `see` that were told */
    size_t seen_count;
    struct item items[PAGE_MAX];
    size_t item_count;
    struct error *why;
};

bool query_look(const struct query *query, struct waybill *waybill)
{
    if (query->lens == NULL || query->lens->look(query->lens->context, waybill))
        return true;
    waybill_clear(waybill);
    return false;
}

/* ---- one page ---- */

static bool look_and_fit(const struct query *query, struct waybill *waybill)
{
    if (!query_look(query, waybill))
        return false;
    if (query_fits(query, waybill))
        return true;
    waybill_clear(waybill);
    return false;
}

static void note_unreadable(struct query_answer *answer, const char *why)
{
    if (answer->unreadable++ == 0)
        error_set(&answer->unreadable_why, "%s", why);
}

static void take_waybill(void *context, uint64_t id, struct waybill *waybill, uint64_t see,
                         const char *why_not)
{
    struct walk *walk = context;
    struct item *item = &walk->items[walk->item_count];

    if (why_not != NULL)
        note_unreadable(walk->answer, why_not);
    if (why_not != NULL || (waybill == NULL && see == 0))
        return;
    if (walk->item_count >= PAGE_MAX) {
        if (waybill != NULL)
            waybill_clear(waybill);
        return;
    }
    if (waybill != NULL && !look_and_fit(walk->query, waybill))
        return;
    *item = (struct item){.id = id, .see = see, .fits = waybill != NULL};
    if (waybill != NULL)
        item->waybill = *waybill;
    walk->item_count++;
}

static bool told_before(const struct walk *walk, uint64_t id)
{
    for (size_t i = 0; i < walk->seen_count; i++)
        if (walk->seen[i] == id)
            return true;
    return false;
}

static int remember(struct walk *walk, uint64_t id)
{
    uint64_t *larger = realloc(walk->seen, (walk->seen_count + 1) * sizeof *larger);

    if (larger == NULL)
        return error_set(walk->why, "cannot search: no memory");
    walk->seen = larger;
    walk->seen[walk->seen_count++] = id;
    return 0;
}

/* The waybill that a `see` names, if nobody else will bring it. */
static int follow_see(struct walk *walk, struct item *item)
{
    int result = candidates_hold(&walk->candidates, item->see, walk->why);

    if (result != 0 || told_before(walk, item->see))
        return result < 0 ? -1 : 0;
    result = query_one(walk->store, item->see, walk->query->queue_lifetime, &item->waybill,
                       walk->why);
    if (result < 0 && store_last_trouble(walk->store) == STORE_FINE) {
        note_unreadable(walk->answer, walk->why->text); /* as if it had stood here itself */
        return 0;
    }
    if (result <= 0)
        return result;
    item->fits = look_and_fit(walk->query, &item->waybill);
    return item->fits ? remember(walk, item->see) : 0;
}

/* 0: go on; 1: the limit is reached, or the caller has enough; -1. */
static int tell_items(struct walk *walk)
{
    for (size_t i = 0; i < walk->item_count; i++) {
        struct item *item = &walk->items[i];

        if (item->see != 0 && follow_see(walk, item) != 0)
            return -1;
        if (!item->fits)
            continue;
        if (walk->told >= walk->query->limit) {
            walk->more = true;
            return 1;
        }
        item->fits = false;
        walk->told++;
        walk->told_last = item->id;
        switch (walk->found(walk->context, &item->waybill)) {
        case 0:
            break;
        case 1:
            walk->more = true;
            return 1;
        default:
            return error_set(walk->why, "cannot search: no memory");
        }
    }
    return 0;
}

static void drop_items(struct walk *walk)
{
    for (size_t i = 0; i < walk->item_count; i++)
        if (walk->items[i].fits)
            waybill_clear(&walk->items[i].waybill);
    walk->item_count = 0;
}

static int walk_page(struct walk *walk, const uint64_t *ids, size_t count)
{
    int result;

    walk->item_count = 0;
    if (store_get_waybills(walk->store, ids, count, walk->now, walk->query->queue_lifetime,
                           take_waybill, walk, walk->why) != 0) {
        drop_items(walk);
        return -1;
    }
    result = tell_items(walk);
    drop_items(walk);
    walk->answer->examined += count;
    walk->last = ids[count - 1];
    return result;
}

/* ---- the walk ---- */

static size_t page_size(const struct walk *walk)
{
    size_t wanted = walk->query->limit - walk->told + 1;

    return wanted < 16 ? 16 : wanted > PAGE_MAX ? PAGE_MAX : wanted;
}

/* Has it looked at as much in vain as it may? */
static bool at_bound(const struct walk *walk)
{
    const struct candidates *candidates = &walk->candidates;
    size_t cost = walk->answer->examined;

    if (candidates->count > 0)
        cost += candidates->steps / CANDIDATES_IDS_PER_RECORD - walk->told;
    return cost >= walk->query->scan_most;
}

static int walk_portion(struct walk *walk, const uint64_t *ids, size_t count)
{
    for (size_t done = 0; done < count;) {
        size_t size = page_size(walk);
        int result;

        if (walk->last != 0 && at_bound(walk)) { /* a page at least: there must be a way on */
            walk->answer->bounded = true;
            return 1;
        }
        if (size > count - done)
            size = count - done;
        result = walk_page(walk, ids + done, size);
        if (result != 0)
            return result;
        done += size;
    }
    return 0;
}

static void say_where_it_ended(struct walk *walk)
{
    struct query_answer *answer = walk->answer;

    if (walk->more) {
        answer->next = walk->told_last;
        return;
    }
    if (answer->bounded) {
        answer->scanned_until = id_time(walk->last);
        answer->next = walk->last;
    } else if (walk->candidates.stopped) {
        bool up = walk->query->oldest_first; /* then the second before is the last that is done */
        int64_t last = walk->candidates.at - (up ? SECOND_MS : 0);
        uint32_t second, day = clock_day(last, &second);

        answer->bounded = true;
        answer->scanned_until = walk->candidates.at + (up ? 0 : 1);
        answer->next = id_make(day, second * SECOND_REFS + (SECOND_REFS - 1));
    } else if (walk->candidates.cut) {
        answer->bounded = true;
        answer->scanned_until = walk->candidates.oldest;
    }
}

static int walk_all(struct walk *walk)
{
    uint64_t *ids;
    size_t count;
    int result;

    for (;;) {
        result = candidates_next(&walk->candidates, &ids, &count, walk->why);
        if (result <= 0)
            break;
        result = walk_portion(walk, ids, count);
        free(ids);
        if (result != 0)
            break;
        if (walk->candidates.count > 0) {
            walk->last = walk->candidates.passed;
            walk->answer->bounded = at_bound(walk);
        }
        if (walk->answer->bounded)
            break;
    }
    if (result >= 0)
        say_where_it_ended(walk);
    return result < 0 ? -1 : 0;
}

int query_each(struct store *store, const struct query *query, query_found *found, void *context,
               struct query_answer *answer, struct error *why)
{
    struct walk *walk = calloc(1, sizeof *walk);
    bool partly;
    int result;

    *answer = (struct query_answer){0};
    if (walk == NULL)
        return error_set(why, "cannot search: no memory");
    walk->store = store;
    walk->query = query;
    walk->answer = answer;
    walk->found = found;
    walk->context = context;
    walk->now = clock_now();
    walk->why = why;
    partly = store_read_partly(store, true);
    store_unanswered(store, NULL);
    result = candidates_open(&walk->candidates, store, query, why);
    if (result == 0)
        result = walk_all(walk);
    candidates_close(&walk->candidates);
    store_read_partly(store, partly);
    answer->partly = store_unanswered(store, &answer->away) > 0;
    answer->told = walk->told;
    free(walk->seen);
    free(walk);
    return result;
}

/* ---- the answers ---- */

static int keep_waybill(void *context, struct waybill *waybill)
{
    struct query_answer *answer = context;
    struct waybill *larger =
        realloc(answer->waybills, (answer->count + 1) * sizeof *answer->waybills);

    if (larger == NULL) {
        waybill_clear(waybill);
        return -1;
    }
    answer->waybills = larger;
    answer->waybills[answer->count++] = *waybill;
    return 0;
}

int query_run(struct store *store, const struct query *query, struct query_answer *answer,
              struct error *why)
{
    struct query_answer kept = {0};

    if (query_each(store, query, keep_waybill, &kept, answer, why) != 0) {
        query_answer_clear(&kept);
        return -1;
    }
    answer->waybills = kept.waybills;
    answer->count = kept.count;
    return 0;
}

void query_answer_clear(struct query_answer *answer)
{
    for (size_t i = 0; i < answer->count; i++)
        waybill_clear(&answer->waybills[i]);
    free(answer->waybills);
    *answer = (struct query_answer){0};
}

/* ---- one waybill ---- */

struct one {
    struct waybill *waybill;
    uint64_t see;
    int result;
    struct error *why;
};

static void take_one(void *context, uint64_t id, struct waybill *waybill, uint64_t see,
                     const char *why_not)
{
    struct one *one = context;
    char code[ID_CODE_SIZE];

    id_code(id, code);
    one->see = see;
    if (why_not != NULL)
        one->result = error_set(one->why, "cannot read the record of %s: %s", code, why_not);
    if (waybill == NULL)
        return;
    *one->waybill = *waybill;
    one->result = 1;
}

int query_one(struct store *store, uint64_t id, int64_t queue_lifetime, struct waybill *waybill,
              struct error *why)
{
    for (int depth = 0; depth < SEE_DEPTH; depth++) {
        struct one one = {waybill, 0, 0, why};

        if (store_get_waybills(store, &id, 1, clock_now(), queue_lifetime, take_one, &one, why) !=
            0)
            return -1;
        if (one.result != 0 || one.see == 0)
            return one.result;
        id = one.see;
    }
    return 0;
}
