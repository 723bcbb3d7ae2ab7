/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * candidates: where the ids of a search come from. See candidates.h.
 */
#include "candidates.h"

#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"
#include "waybill/id.h"

#define SLICE_MS (10 * MINUTE_MS)
#define PORTION_LEAST 16
#define PORTION_MOST 500
#define PORTION_STEPS (PORTION_MOST * CANDIDATES_IDS_PER_RECORD)

/* ---- which sources ---- */

static int weight_compare(const void *a, const void *b)
{
    const struct source *x = a, *y = b;
    return x->weight < y->weight ? -1 : x->weight > y->weight;
}

/* The rarest leads; those stay that are cheaper to walk than the records they save. */
static void choose(struct candidates *candidates)
{
    uint64_t most;

    if (candidates->count < 2)
        return;
    qsort(candidates->sources, candidates->count, sizeof candidates->sources[0], weight_compare);
    most = candidates->sources[0].weight;
    most = most > UINT64_MAX / CANDIDATES_IDS_PER_RECORD ? UINT64_MAX
                                                          : most * CANDIDATES_IDS_PER_RECORD;
    while (candidates->count > 1 && candidates->sources[candidates->count - 1].weight > most)
        source_close(&candidates->sources[--candidates->count]);
}

/* What the cursor leaves of the time. */
static void narrow(const struct candidates *candidates, int64_t *from, int64_t *until)
{
    uint64_t after = candidates->query->after;

    *from = candidates->oldest;
    *until = candidates->newest;
    if (after == 0)
        return;
    if (candidates->query->oldest_first && id_time(after) > *from)
        *from = id_time(after);
    if (!candidates->query->oldest_first && id_time(after) + SECOND_MS < *until)
        *until = id_time(after) + SECOND_MS;
}

static int open_sources(struct candidates *candidates, int64_t from, int64_t until,
                        struct error *why)
{
    const struct query *query = candidates->query;
    const struct query_lens *lens = query->lens;

    candidates->sources = calloc(query->count + 2, sizeof candidates->sources[0]);
    if (candidates->sources == NULL)
        return error_set(why, "cannot search: no memory");
    for (size_t i = 0; i < query->count; i++)
        if (source_serves(&query->terms[i]) &&
            source_open(&candidates->sources[candidates->count++], candidates->store,
                        &query->terms[i], from, until, query->oldest_first, why) != 0)
            return -1;
    if (lens != NULL && lens->term_count > 0 &&
        source_open_terms(&candidates->sources[candidates->count++], candidates->store, lens->terms,
                          lens->term_count, from, until, query->oldest_first, why) != 0)
        return -1;
    choose(candidates);
    return 0;
}

int candidates_open(struct candidates *candidates, struct store *store, const struct query *query,
                    struct error *why)
{
    int64_t from, until, oldest = clock_now() - CANDIDATES_DAYS_MAX * DAY_MS;
    int64_t newest = clock_now() + 2 * DAY_MS; /* no host's clock is further ahead */

    *candidates = (struct candidates){.store = store, .query = query};
    if (query->until < newest)
        newest = query->until;
    candidates->newest = newest + CANDIDATES_SLACK_MS;
    candidates->cut = query->since < oldest;
    candidates->oldest = (candidates->cut ? oldest : query->since) - CANDIDATES_SLACK_MS;
    narrow(candidates, &from, &until);
    candidates->at = query->oldest_first ? from : until;
    return open_sources(candidates, from, until, why);
}

void candidates_close(struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++)
        source_close(&candidates->sources[i]);
    free(candidates->sources);
    candidates->sources = NULL;
    candidates->count = 0;
}

bool query_is_narrow(const struct query *query)
{
    if (query->lens != NULL && query->lens->term_count > 0)
        return true;
    for (size_t i = 0; i < query->count; i++)
        if (source_serves(&query->terms[i]) && query->terms[i].field != QUERY_FIELD_STATE &&
            query->terms[i].field != QUERY_FIELD_REASON)
            return true;
    return false;
}

/* A case code has its day in it. */
void query_choose_span(struct query *query, int64_t now)
{
    int64_t days = query_is_narrow(query) ? QUERY_DAYS_NARROW : QUERY_DAYS_WIDE;

    /* A host whose clock is ahead of ours is no reason to hide its newest mails. */
    if (query->until_given[0] == '\0')
        query->until = now + MINUTE_MS;
    if (query->since_given[0] != '\0')
        return;
    query->since = (query->until_given[0] == '\0' ? now : query->until) - days * DAY_MS;
    for (size_t i = 0; i < query->count; i++) {
        const struct query_term *term = &query->terms[i];
        for (size_t j = 0; term->field == QUERY_FIELD_ID && !term->negated && j < term->count; j++)
            if (id_time(term->values[j].number) - DAY_MS < query->since)
                query->since = id_time(term->values[j].number) - DAY_MS;
    }
}

/* ---- the portions ---- */

static bool comes_first(const struct candidates *candidates, uint64_t a, uint64_t b)
{
    return candidates->query->oldest_first ? a < b : a > b;
}

static bool is_wanted(const struct candidates *candidates, uint64_t id)
{
    uint64_t after = candidates->query->after;

    return (after == 0 || comes_first(candidates, after, id)) &&
           id_time(id) <= candidates->newest && id_time(id) >= candidates->oldest;
}

/* The next id of all sources: 1, or 0: no more; or -1. 2: the portion has cost enough. */
static int meet(struct candidates *candidates, size_t most, uint64_t *id, struct error *why)
{
    int result = source_peek(&candidates->sources[0], id, why);

    for (size_t i = 1; i < candidates->count && result == 1;) {
        struct source *other = &candidates->sources[i];
        uint64_t theirs;

        if (candidates->steps++ >= most)
            return 2;
        result = source_peek(other, &theirs, why);
        if (result == 1 && comes_first(candidates, theirs, *id)) {
            source_skip(other, *id);
            result = source_peek(other, &theirs, why);
        }
        if (result != 1 || theirs == *id) {
            i++;
            continue;
        }
        if (comes_first(candidates, theirs, *id))
            continue; /* it has a portion more to pass over */
        /* They are further on: the leading one must follow, and all others look again. */
        candidates->passed = *id;
        source_skip(&candidates->sources[0], theirs);
        result = source_peek(&candidates->sources[0], id, why);
        i = 1;
    }
    return result;
}

/* No more than the answer may need: the walks have not read on then, and mostly need not. */
static size_t portion_size(const struct candidates *candidates)
{
    size_t wanted = candidates->query->limit;

    if (wanted < PORTION_LEAST)
        return PORTION_LEAST;
    return wanted < PORTION_MOST ? wanted + 1 : PORTION_MOST;
}

static int portion_of_sources(struct candidates *candidates, uint64_t **ids, size_t *count,
                              struct error *why)
{
    size_t size = portion_size(candidates), most = candidates->steps + PORTION_STEPS;
    uint64_t *list = malloc(size * sizeof *list), id;
    int result = 1;

    if (list == NULL)
        return error_set(why, "cannot search: no memory");
    if (candidates->query->scan_most < size)
        most = candidates->steps + candidates->query->scan_most * CANDIDATES_IDS_PER_RECORD;
    while (*count < size && (result = meet(candidates, most, &id, why)) == 1) {
        candidates->passed = id;
        source_pass(&candidates->sources[0], id);
        if (is_wanted(candidates, id))
            list[(*count)++] = id;
    }
    if (result < 0 || (result == 0 && *count == 0)) {
        free(list);
        return result;
    }
    *ids = list;
    return 1;
}

static int slice_both(const struct candidates *candidates, int64_t at, uint64_t **ids,
                      size_t *count, struct error *why)
{
    size_t kept = 0;

    for (int refused = 0; refused <= 1; refused++) {
        uint64_t *found = NULL;
        size_t found_count = 0;

        if (store_find_slice(candidates->store, at, refused != 0, &found, &found_count, why) != 0 ||
            ids_append(ids, count, found, found_count, why) != 0) {
            free(*ids);
            *ids = NULL;
            return -1;
        }
    }
    *count = ids_sort(*ids, *count, candidates->query->oldest_first);
    for (size_t i = 0; i < *count; i++)
        if (is_wanted(candidates, (*ids)[i]))
            (*ids)[kept++] = (*ids)[i];
    *count = kept;
    return 1;
}

static int portion_of_slices(struct candidates *candidates, uint64_t **ids, size_t *count,
                             struct error *why)
{
    int64_t at = candidates->at, begin = at - at % SLICE_MS;
    bool up = candidates->query->oldest_first;

    if (up ? at > candidates->newest : at < candidates->oldest)
        return 0;
    if (candidates->slices++ >= CANDIDATES_SLICES_MAX) {
        candidates->stopped = true;
        return 0;
    }
    candidates->at = up ? begin + SLICE_MS : begin - 1;
    return slice_both(candidates, at, ids, count, why);
}

int candidates_next(struct candidates *candidates, uint64_t **ids, size_t *count, struct error *why)
{
    *ids = NULL;
    *count = 0;
    return candidates->count > 0 ? portion_of_sources(candidates, ids, count, why)
                                 : portion_of_slices(candidates, ids, count, why);
}

/* ---- one id ---- */

/* Is it among the ids of the same term, in its second alone? */
static int term_holds(const struct candidates *candidates, const struct query_term *term,
                      uint64_t id, struct error *why)
{
    const struct query_lens *lens = candidates->query->lens;
    struct source source;
    uint64_t found = 0;
    int64_t time = id_time(id);
    int result = term != NULL
                     ? source_open(&source, candidates->store, term, time, time, false, why)
                     : source_open_terms(&source, candidates->store, lens->terms, lens->term_count,
                                         time, time, false, why);

    while (result == 0 && (result = source_peek(&source, &found, why)) == 1 && found != id) {
        source_pass(&source, found);
        result = 0;
    }
    source_close(&source);
    return result;
}

int candidates_hold(const struct candidates *candidates, uint64_t id, struct error *why)
{
    if (id_time(id) < candidates->oldest || id_time(id) > candidates->newest)
        return 0;
    for (size_t i = 0; i < candidates->count; i++) {
        int result = term_holds(candidates, candidates->sources[i].term, id, why);
        if (result <= 0)
            return result;
    }
    return 1;
}
