/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk: the ids of a time under some terms, in order.
 *
 * The days pass in windows: one round trip tells how each is kept. The first one is short, since
 * who wants the newest fifty mostly finds them there. Days of a window on which no term is hot are
 * read together, a hot day part by part:
 *
 *     parts, by the end that comes first    [----][---][-----------][---]...
 *     read so far                           ^^^^^^^^^^^
 *     an id on this side of the next part's end goes out; the others are held back
 */
#include "walk.h"

#include <stdlib.h>
#include <string.h>

#include "fetch.h"
#include "internal.h"
#include "waybill/clock.h"
#include "waybill/id.h"

#define PARTS_FIRST 4u /* of a portion; the next one has twice as many, */
#define PARTS_MOST 64u /* but no more */
#define PART_WEIGHT 200u
#define DAYS_FIRST 8u /* of the first window; the next ones have STORE_DAYS_MAX */
#define AHEAD_MS (2 * DAY_MS) /* so far may a clock that minted an id have been ahead of ours */

struct store_walk {
    struct fetch fetch;
    uint64_t least, most; /* ids */
    bool oldest_first, fresh, clipped;
    uint32_t next, last; /* day that the next window begins with; the last day */
    bool last_window, over;
    unsigned at;          /* day of the window that comes next; what was found of it waits */
    unsigned days;        /* of the next window, at most */
    size_t part, portion; /* part that is read next, and how many at once; */
    bool in_parts;        /* of the day before `at` */
    uint64_t weight;
};

/* ---- windows ---- */

static int walk_step(const struct store_walk *walk)
{
    return walk->oldest_first ? 1 : -1;
}

static void window_days(struct store_walk *walk)
{
    struct store *store = walk->fetch.store;
    int64_t now = clock_now();

    walk->at = walk->fetch.day_count = 0;
    while (walk->fetch.day_count < walk->days && !walk->last_window) {
        struct fetch_day *day = &walk->fetch.days[walk->fetch.day_count++];

        *day = (struct fetch_day){.day = walk->next, .there = {true, true}};
        for (unsigned refused = 0; walk->clipped && refused < 2; refused++)
            day->there[refused] = !expiry_over(day->day, store_days(store, refused), now);
        walk->last_window = walk->next == walk->last;
        walk->next = clock_day_add(walk->next, walk_step(walk));
    }
}

static uint64_t window_weight(const struct store_walk *walk)
{
    const struct fetch *fetch = &walk->fetch;
    uint64_t weight = 0;

    for (unsigned day = 0; day < fetch->day_count; day++) {
        weight += (fetch->days[day].used[0] | fetch->days[day].used[1]) != 0;
        for (size_t i = day * fetch->term_count; i < (day + 1) * fetch->term_count; i++)
            weight += (uint64_t)(fetch->hot[i][0] + fetch->hot[i][1]) * PART_WEIGHT;
    }
    return weight;
}

/* A failure leaves the walk where it was. */
static int window_open(struct store_walk *walk)
{
    uint32_t next = walk->next;

    window_days(walk);
    if (fetch_window(&walk->fetch, walk->fresh) == 0) {
        walk->days = STORE_DAYS_MAX;
        return 0;
    }
    walk->next = next;
    walk->last_window = false;
    walk->at = walk->fetch.day_count = 0;
    return -1;
}

/* ---- opening ---- */

static struct store_walk *walk_make(struct store *store, const struct store_term *terms,
                                    size_t count, struct error *why)
{
    struct store_walk *walk = calloc(1, sizeof *walk);

    if (walk && fetch_init(&walk->fetch, store, terms, count)) {
        store_walk_close(&walk);
        walk = NULL;
    }
    if (!walk)
        store_fail(store, STORE_UNREACHABLE, why, "no memory to read the index");
    else
        walk->fetch.why = why;
    return walk;
}

static int walk_begin(struct store_walk **walk, struct error *why)
{
    struct store_walk *new = *walk;
    uint64_t whole, seen;

    new->next = id_day(new->oldest_first ? new->least : new->most);
    new->last = id_day(new->oldest_first ? new->most : new->least);
    new->over = new->fetch.term_count == 0 || new->least > new->most;
    new->fetch.why = why;
    if (new->over)
        return 0;
    if (window_open(new)) {
        store_walk_close(walk);
        return -1;
    }
    whole = (uint64_t)((clock_of_day(id_day(new->most), 0) - clock_of_day(id_day(new->least), 0)) /
                       DAY_MS) + 1;
    seen = new->fetch.day_count;
    new->weight = window_weight(new) * whole / (seen ? seen : 1);
    return 0;
}

static uint64_t id_of_second(int64_t time, uint64_t rest)
{
    uint32_t second, day = clock_day(time, &second);

    return id_make(day, second * UINT64_C(10000000) + rest);
}

int store_walk_open(struct store_walk **walk, struct store *store, const struct store_term *terms,
                    size_t count, int64_t from, int64_t until, bool oldest_first, struct error *why)
{
    int64_t now = clock_now();
    int64_t kept = store_days(store, false) > store_days(store, true) ? store_days(store, false)
                                                                      : store_days(store, true);
    int64_t first = now - (kept + 2) * DAY_MS, last = now + AHEAD_MS;
    struct store_walk *new = walk_make(store, terms, count, why);

    *walk = new;
    if (!new)
        return -1;
    from = from < first ? first : from > last ? last + SECOND_MS : from;
    until = until > last ? last : until < first ? first - SECOND_MS : until;
    new->least = id_of_second(from + SECOND_MS - 1, 0); /* an id tells whole seconds */
    new->most = id_of_second(until, 9999999);
    new->oldest_first = oldest_first;
    new->clipped = true;
    new->days = DAYS_FIRST;
    return walk_begin(walk, why);
}

int walk_days(struct store_walk **walk, struct store *store, const struct store_term *term,
              uint32_t first, uint32_t last, struct error *why)
{
    struct store_walk *new = walk_make(store, term, 1, why);

    *walk = new;
    if (!new)
        return -1;
    new->least = id_make(first, 0);
    new->most = id_make(last, ID_REF - 1);
    new->fresh = true;
    new->days = STORE_DAYS_MAX; /* who asks this way wants all */
    return walk_begin(walk, why);
}

uint64_t store_walk_weight(const struct store_walk *walk)
{
    return walk->weight;
}

/* ---- reading ---- */

static int newest_first(const void *left, const void *right)
{
    const struct fetch_part *a = left, *b = right;

    return a->until < b->until ? 1 : a->until > b->until ? -1 : 0;
}

static int oldest_first(const void *left, const void *right)
{
    const struct fetch_part *a = left, *b = right;

    return a->from > b->from ? 1 : a->from < b->from ? -1 : 0;
}

/* The parts of the day, without those that the walk has no use for. */
static void parts_sort(struct store_walk *walk, uint32_t day)
{
    struct fetch *fetch = &walk->fetch;
    size_t kept = 0;

    for (size_t i = 0; i < fetch->part_count; i++)
        if (id_make(day, fetch->parts[i].until - 1) >= walk->least &&
            id_make(day, fetch->parts[i].from) <= walk->most)
            fetch->parts[kept++] = fetch->parts[i];
    fetch->part_count = kept;
    if (kept > 1)
        qsort(fetch->parts, kept, sizeof *fetch->parts,
              walk->oldest_first ? oldest_first : newest_first);
    walk->part = 0;
    walk->portion = PARTS_FIRST;
}

/* The day at hand is hot: what stands in shards, and where the parts are. */
static int read_hot_day(struct store_walk *walk)
{
    struct fetch *fetch = &walk->fetch;

    fetch->part_count = 0;
    if (fetch_shards(fetch, walk->at, walk->at + 1))
        return -1;
    for (unsigned term = 0; term < fetch->term_count; term++)
        for (unsigned refused = 0; refused < 2; refused++)
            if (fetch->hot[walk->at * fetch->term_count + term][refused] &&
                fetch_add(fetch, (struct fetch_asked){.what = FETCH_PARTS,
                                                      .refused = refused,
                                                      .day = walk->at,
                                                      .term = term}))
                return -1;
    if (fetch_run(fetch))
        return -1;
    parts_sort(walk, fetch->days[walk->at].day);
    walk->in_parts = true;
    walk->at++;
    return 0;
}

static int read_cold_days(struct store_walk *walk)
{
    unsigned until = walk->at;

    while (until < walk->fetch.day_count && !fetch_is_hot(&walk->fetch, until))
        until++;
    if (fetch_shards(&walk->fetch, walk->at, until) || fetch_run(&walk->fetch))
        return -1;
    walk->at = until;
    return 0;
}

static int read_parts(struct store_walk *walk)
{
    struct fetch *fetch = &walk->fetch;
    size_t until = walk->part + walk->portion;

    if (until > fetch->part_count)
        until = fetch->part_count;
    for (size_t i = walk->part; i < until; i++)
        if (fetch_add(fetch, (struct fetch_asked){.what = FETCH_PART,
                                                  .refused = fetch->parts[i].refused,
                                                  .day = walk->at - 1,
                                                  .term = fetch->parts[i].term,
                                                  .number = fetch->parts[i].number}))
            return -1;
    if (fetch_run(fetch))
        return -1;
    walk->part = until;
    if (walk->portion < PARTS_MOST)
        walk->portion *= 2;
    return 0;
}

static int read_more(struct store_walk *walk)
{
    if (walk->in_parts)
        return read_parts(walk);
    if (walk->at == walk->fetch.day_count)
        return window_open(walk);
    return fetch_is_hot(&walk->fetch, walk->at) ? read_hot_day(walk) : read_cold_days(walk);
}

/* ---- handing out ---- */

static void ids_reverse(uint64_t *ids, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        uint64_t id = ids[i];
        ids[i] = ids[count - 1 - i];
        ids[count - 1 - i] = id;
    }
}

/* May this id go out? What comes later in the walk cannot stand before it. */
static bool id_is_due(const struct store_walk *walk, uint64_t id)
{
    const struct fetch *fetch = &walk->fetch;
    uint32_t day = id_day(id), next;

    if (walk->in_parts && walk->part < fetch->part_count && day == fetch->days[walk->at - 1].day)
        return walk->oldest_first ? id_ref(id) < fetch->parts[walk->part].from
                                  : id_ref(id) >= fetch->parts[walk->part].until;
    if (walk->at == fetch->day_count)
        return true;
    next = fetch->days[walk->at].day;
    return walk->oldest_first ? day < next : day > next;
}

/* Of what was found, take out what may go. */
static int hand_out(struct store_walk *walk, uint64_t **ids, size_t *count)
{
    struct idlist *found = &walk->fetch.found, due = {0};
    size_t kept = 0;

    for (size_t i = 0; i < found->count; i++) {
        uint64_t id = found->ids[i];

        if (id < walk->least || id > walk->most)
            continue;
        if (!id_is_due(walk, id))
            found->ids[kept++] = id;
        else if (idlist_add(&due, id)) {
            idlist_free(&due);
            return store_fail(walk->fetch.store, STORE_UNREACHABLE, walk->fetch.why,
                              "no memory to read the index");
        }
    }
    found->count = kept;
    if (walk->in_parts && walk->part == walk->fetch.part_count)
        walk->in_parts = false;
    idlist_give(&due, ids, count);
    if (walk->oldest_first)
        ids_reverse(*ids, *count);
    return 0;
}

int store_walk_next(struct store_walk *walk, uint64_t **ids, size_t *count, struct error *why)
{
    *ids = NULL;
    *count = 0;
    walk->fetch.why = why;
    while (!walk->over && *count == 0) {
        free(*ids);
        *ids = NULL;
        if (read_more(walk) || hand_out(walk, ids, count))
            return -1;
        walk->over = !walk->in_parts && walk->at == walk->fetch.day_count && walk->last_window;
        if (*count > 0)
            return 1;
    }
    free(*ids);
    *ids = NULL;
    return 0;
}

void store_walk_close(struct store_walk **walk)
{
    if (*walk)
        fetch_free(&(*walk)->fetch);
    free(*walk);
    *walk = NULL;
}
