/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fetch: the sets of the index that a walk needs, asked for together.
 */
#include "fetch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"
#include "waybill/clock.h"

/* SSCAN steps of one set: more is a server that runs in circles. */
#define CURSORS_MAX 100000u
/* What another writer adds to the exponents of a past day (a late import) is seen after this. */
#define KNOWN_MS (60 * SECOND_MS)

int fetch_init(struct fetch *fetch, struct store *store, const struct store_term *terms,
               size_t count)
{
    fetch->store = store; /* all else is zero: most of it is room that a walk never touches */
    fetch->terms = calloc(count ? count : 1, sizeof *fetch->terms);
    fetch->hot = calloc((count ? count : 1) * STORE_DAYS_MAX, sizeof *fetch->hot);
    if (!fetch->terms || !fetch->hot)
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct fetch_term *term = &fetch->terms[fetch->term_count];

        term->kind = terms[i].kind;
        term->term = index_term(terms[i].term, term->room);
        term->place = index_place(term->kind, term->term);
        fetch->term_count += term->term.size > 0; /* nothing stands under an empty one */
    }
    return 0;
}

void fetch_free(struct fetch *fetch)
{
    free(fetch->terms);
    free(fetch->hot);
    free(fetch->parts);
    idlist_free(&fetch->found);
}

/* ---- replies ---- */

static enum got take_exponents(struct fetch *fetch, const struct fetch_asked *asked,
                               const struct reply *reply)
{
    enum got got = GOT_FINE;
    uint64_t number;

    if (reply->type != REPLY_LIST)
        return GOT_ODD;
    for (size_t i = 0; i < reply->count; i++) {
        if (reply_number(reply->items[i], SPLIT_MOST, &number))
            fetch->days[asked->day].used[asked->refused] |= UINT64_C(1) << number;
        else
            got = GOT_FOREIGN;
    }
    return got;
}

static bool part_add(struct fetch *fetch, const struct fetch_asked *asked, uint32_t number)
{
    if (fetch->part_count == fetch->part_room) {
        size_t room = fetch->part_room ? fetch->part_room * 2 : 64;
        struct fetch_part *parts = reallocarray(fetch->parts, room, sizeof *parts);

        if (!parts)
            return false;
        fetch->parts = parts;
        fetch->part_room = room;
    }
    fetch->parts[fetch->part_count++] = (struct fetch_part){.from = part_from(number),
                                                            .until = part_until(number),
                                                            .number = number,
                                                            .term = asked->term,
                                                            .refused = asked->refused};
    return true;
}

static enum got take_parts(struct fetch *fetch, const struct fetch_asked *asked,
                           const struct reply *reply)
{
    enum got got = GOT_FINE;
    uint64_t number;

    if (reply->type != REPLY_LIST)
        return GOT_ODD;
    for (size_t i = 0; i < reply->count; i++) {
        if (!reply_number(reply->items[i], (UINT32_C(2) << PART_MOST) - 1, &number) || number == 0)
            got = GOT_FOREIGN;
        else if (!part_add(fetch, asked, (uint32_t)number))
            return GOT_NO_MEMORY;
    }
    return got;
}

/* `fingerprint` 0: the members are refs alone, of from..until-1. */
static enum got take_members(struct fetch *fetch, uint32_t day, const struct reply *members,
                             uint64_t fingerprint, uint64_t from, uint64_t until)
{
    enum got got = GOT_FINE;
    uint64_t number;

    if (members->type != REPLY_LIST)
        return GOT_ODD;
    for (size_t i = 0; i < members->count; i++) {
        if (!reply_number(members->items[i], INT64_MAX, &number) ||
            (!fingerprint && number >= ID_REF)) {
            got = GOT_FOREIGN;
            continue;
        }
        if (number / ID_REF != fingerprint || number % ID_REF < from || number % ID_REF >= until)
            continue;
        if (idlist_add(&fetch->found, id_make(day, number % ID_REF)))
            return GOT_NO_MEMORY;
    }
    return got;
}

static enum got take_shard(struct fetch *fetch, const struct fetch_asked *asked,
                           const struct reply *reply)
{
    uint64_t cursor;

    if (reply->type != REPLY_LIST || reply->count != 2 ||
        !reply_number(reply->items[0], UINT64_MAX, &cursor))
        return GOT_ODD;
    if (cursor != 0) {
        fetch->rest[fetch->rest_count] = *asked;
        fetch->rest[fetch->rest_count++].cursor = cursor;
    }
    return take_members(fetch, fetch->days[asked->day].day, reply->items[1],
                        fetch->terms[asked->term].place.fingerprint, 0, PART_REFS);
}

static enum got fetch_got(void *context, size_t index, const struct reply *reply)
{
    struct fetch *fetch = context;
    const struct fetch_asked *asked = &fetch->asked[index];
    size_t place = asked->day * fetch->term_count + asked->term;
    uint64_t number;

    switch (asked->what) {
    case FETCH_EXPONENTS:
        return take_exponents(fetch, asked, reply);
    case FETCH_PARTS:
        return take_parts(fetch, asked, reply);
    case FETCH_SHARD:
        return take_shard(fetch, asked, reply);
    case FETCH_PART:
        return take_members(fetch, fetch->days[asked->day].day, reply, 0, part_from(asked->number),
                            part_until(asked->number));
    case FETCH_HOT:
        break;
    }
    if (!reply_number(reply, UINT32_MAX, &number))
        return GOT_ODD;
    fetch->hot[place][asked->refused] = (uint32_t)number;
    return GOT_FINE;
}

/* ---- commands ---- */

static void ask_set(struct fetch *fetch, const struct fetch_asked *asked)
{
    const struct fetch_term *term = &fetch->terms[asked->term];
    const char *prefix = fetch->store->prefix;
    uint32_t day = fetch->days[asked->day].day;
    struct key key;

    if (asked->what == FETCH_EXPONENTS)
        key_shards(&key, prefix, day, asked->refused);
    else if (asked->what == FETCH_PART)
        key_hot_part(&key, prefix, day, asked->number, term->kind, term->term, asked->refused);
    else
        key_hot(&key, prefix, day, term->kind, term->term, asked->refused);
    PIPELINE_ADD(&fetch->store->pipeline,
                 asked->what == FETCH_HOT ? WORD("SCARD") : WORD("SMEMBERS"), key_slice(&key));
}

/* The server picks the few members of the term: they cost it as much as all of them would, and us
 * far less. */
static void ask_shard(struct fetch *fetch, const struct fetch_asked *asked)
{
    const struct place *place = &fetch->terms[asked->term].place;
    char from[24], match[24];
    struct key key;

    key_shard(&key, fetch->store->prefix, fetch->days[asked->day].day, asked->number,
              place->shard & ((UINT32_C(1) << asked->number) - 1), asked->refused);
    snprintf(from, sizeof from, "%" PRIu64, asked->cursor);
    snprintf(match, sizeof match, "%" PRIu32 "*", place->fingerprint);
    PIPELINE_ADD(&fetch->store->pipeline, WORD("SSCAN"), key_slice(&key), slice_of(from),
                 WORD("MATCH"), slice_of(match), WORD("COUNT"), WORD("1000"));
}

static int fetch_send(struct fetch *fetch)
{
    struct replies replies = {.context = fetch, .got = fetch_got, .missed = pipeline_miss};

    return store_run(fetch->store, &replies, "read the index", fetch->why);
}

static void fetch_queue(struct fetch *fetch, struct fetch_asked asked)
{
    fetch->asked[fetch->store->pipeline.count] = asked;
    if (asked.what == FETCH_SHARD)
        ask_shard(fetch, &asked);
    else
        ask_set(fetch, &asked);
}

int fetch_run(struct fetch *fetch)
{
    for (size_t steps = 0; fetch->store->pipeline.count > 0; steps++) {
        fetch->rest_count = 0;
        if (steps > CURSORS_MAX) {
            pipeline_clear(&fetch->store->pipeline);
            return store_fail(fetch->store, STORE_PROTOCOL, fetch->why,
                              "cannot read the index: SSCAN finds no end");
        }
        if (fetch_send(fetch))
            return -1;
        for (size_t i = 0; i < fetch->rest_count; i++)
            fetch_queue(fetch, fetch->rest[i]);
    }
    return 0;
}

int fetch_add(struct fetch *fetch, struct fetch_asked asked)
{
    if (fetch->store->pipeline.count == PIPELINE_COMMANDS && fetch_run(fetch))
        return -1;
    fetch_queue(fetch, asked);
    return 0;
}

/* ---- a window ---- */

static struct known_day *known_of(struct store *store, uint32_t day)
{
    return &store->known[(uint64_t)(clock_of_day(day, 0) / DAY_MS) % STORE_KNOWN_DAYS];
}

static int window_exponents(struct fetch *fetch, unsigned day, bool fresh)
{
    struct fetch_day *of = &fetch->days[day];
    const struct known_day *known = known_of(fetch->store, of->day);

    of->used[0] = of->used[1] = 0;
    if (!fresh && known->day == of->day && known->until > clock_monotonic()) {
        of->used[0] = known->used[0];
        of->used[1] = known->used[1];
        of->there[0] = of->there[0] && of->used[0] != 0;
        of->there[1] = of->there[1] && of->used[1] != 0;
        of->read = true;
        return 0;
    }
    for (unsigned refused = 0; refused < 2; refused++)
        if (of->there[refused] &&
            fetch_add(fetch, (struct fetch_asked){
                                 .what = FETCH_EXPONENTS, .refused = refused, .day = day}))
            return -1;
    return 0;
}

/* Where a term of the day has its parts; a day of which nothing is left has none. */
static int window_hot(struct fetch *fetch, unsigned day)
{
    const struct fetch_day *of = &fetch->days[day];

    for (unsigned term = 0; term < fetch->term_count; term++)
        for (unsigned refused = 0; refused < 2; refused++) {
            fetch->hot[day * fetch->term_count + term][refused] = 0;
            if (of->there[refused] &&
                fetch_add(
                    fetch,
                    (struct fetch_asked){
                        .what = FETCH_HOT, .refused = refused, .day = day, .term = term}))
                return -1;
        }
    return 0;
}

static int day_shards(struct fetch *fetch, unsigned day)
{
    for (unsigned term = 0; term < fetch->term_count; term++)
        for (unsigned i = 0; i < 2 * (SPLIT_MOST + 1); i++)
            if (fetch->days[day].used[i & 1] >> i / 2 & 1 &&
                fetch_add(fetch, (struct fetch_asked){.what = FETCH_SHARD,
                                                      .refused = i & 1,
                                                      .day = day,
                                                      .term = term,
                                                      .number = i / 2}))
                return -1;
    return 0;
}

/* Days that are over: their exponents change no more, but for a late import. */
static void window_remember(struct fetch *fetch)
{
    uint32_t today = clock_day(clock_now(), NULL);

    for (unsigned i = 0; i < fetch->day_count; i++) {
        const struct fetch_day *of = &fetch->days[i];
        struct known_day *known = known_of(fetch->store, of->day);

        if (of->day >= today || (known->day == of->day && known->until > clock_monotonic()))
            continue;
        *known = (struct known_day){
            of->day, {of->used[0], of->used[1]}, clock_monotonic() + KNOWN_MS};
    }
}

int fetch_window(struct fetch *fetch, bool fresh)
{
    uint64_t unanswered = fetch->store->unanswered;

    for (unsigned day = 0; day < fetch->day_count; day++)
        if (window_exponents(fetch, day, fresh) || window_hot(fetch, day) ||
            (fetch->days[day].read && day_shards(fetch, day)))
            return -1;
    if (fetch_run(fetch))
        return -1;
    if (fetch->store->unanswered == unanswered) /* nothing of it is on a master that is away */
        window_remember(fetch);
    return 0;
}

bool fetch_is_hot(const struct fetch *fetch, unsigned day)
{
    for (size_t term = 0; term < fetch->term_count; term++)
        if (fetch->hot[day * fetch->term_count + term][0] ||
            fetch->hot[day * fetch->term_count + term][1])
            return true;
    return false;
}

int fetch_shards(struct fetch *fetch, unsigned from, unsigned until)
{
    for (unsigned day = from; day < until; day++)
        if (!fetch->days[day].read && day_shards(fetch, day))
            return -1;
    return 0;
}
