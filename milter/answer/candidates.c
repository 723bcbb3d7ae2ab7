/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * candidates: where the ids of a search come from. See candidates.h.
 */
#include "candidates.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "waybill/address.h"
#include "waybill/clock.h"
#include "waybill/id.h"

#define SLICE_MS (10 * MINUTE_MS)

/* ---- which source ---- */

static void term_add(struct candidates *candidates, enum term_kind kind, struct slice text)
{
    struct candidates_term *term = &candidates->terms[candidates->term_count];

    if (text.size == 0 || text.size >= sizeof term->text)
        return;
    term->kind = kind;
    term->size = text.size;
    memcpy(term->text, text.at, text.size);
    candidates->term_count++;
}

static void term_add_folded(struct candidates *candidates, enum term_kind kind, struct slice text)
{
    char folded[TERM_MAX];

    term_add(candidates, kind, slice_make(folded, term_fold(text, folded)));
}

static void term_add_address(struct candidates *candidates, enum term_kind kind,
                             enum term_kind domain_kind, struct slice address)
{
    char normal[ADDRESS_MAX];
    struct slice domain = address;

    if (address.at == NULL)
        return;
    if (text_take_char(&domain, '@') && slice_find(domain, '@') < 0)
        term_add(candidates, domain_kind, slice_make(normal, address_normal(domain, normal)));
    else
        term_add(candidates, kind, slice_make(normal, address_normal(address, normal)));
}

/* Only addresses of clients are in the index; their names are compared afterwards. */
static void term_add_client(struct candidates *candidates, struct slice client)
{
    unsigned char binary[sizeof(struct in6_addr)];
    char text[INET6_ADDRSTRLEN];

    if (client.at == NULL || !slice_copy(client, text, sizeof text))
        return;
    if (inet_pton(AF_INET, text, binary) == 1 ||
        (inet_pton(AF_INET6, text, binary) == 1 && inet_ntop(AF_INET6, binary, text, sizeof text)))
        term_add_folded(candidates, TERM_CLIENT_IP, slice_of(text));
}

/* An end that is in the index. What is delayed now has a set of its own. */
static bool state_has_term(int state)
{
    return state == STATE_FAILED || state == STATE_REJECTED || state == STATE_EXPIRED;
}

void candidates_init(struct candidates *candidates, struct store *store, const struct query *query)
{
    *candidates = (struct candidates){
        .store = store, .before = query->before};
    candidates->newest = query->until + CANDIDATES_SLACK_MS;
    candidates->oldest = query->since - CANDIDATES_SLACK_MS;
    if (query->before != 0 && id_time(query->before) < candidates->newest)
        candidates->newest = id_time(query->before) + SECOND_MS;
    if (candidates->oldest < clock_now() - CANDIDATES_DAYS_MAX * DAY_MS) {
        candidates->oldest = clock_now() - CANDIDATES_DAYS_MAX * DAY_MS;
        candidates->cut = true;
    }
    candidates->at = candidates->newest;

    term_add_folded(candidates, TERM_MESSAGE_ID, query->message_id);
    term_add_folded(candidates, TERM_QUEUE_ID, query->queue_id);
    term_add_address(candidates, TERM_RECIPIENT, TERM_RECIPIENT_DOMAIN, query->to);
    term_add_address(candidates, TERM_SENDER, TERM_SENDER_DOMAIN, query->from);
    term_add_folded(candidates, TERM_LOGIN, query->login);
    term_add_client(candidates, query->client);
    if (candidates->term_count == 0 && state_has_term(query->state))
        term_add(candidates, TERM_OUTCOME,
                 slice_of(state_word((enum recipient_state)query->state)));
    candidates->source = candidates->term_count > 0         ? FROM_TERMS
                         : query->state == STATE_DELAYED ? FROM_DELAYED
                                                         : FROM_SLICES;
}

/* ---- sorted lists of ids, highest first ---- */

static int id_compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

static size_t ids_sort(uint64_t *ids, size_t count)
{
    size_t kept = 0;

    if (count == 0)
        return 0;
    qsort(ids, count, sizeof *ids, id_compare);
    for (size_t i = 1; i < count; i++)
        if (ids[i] != ids[kept])
            ids[++kept] = ids[i];
    return kept + 1;
}

static size_t ids_intersect(uint64_t *ids, size_t count, const uint64_t *others, size_t other_count)
{
    size_t kept = 0, j = 0;

    for (size_t i = 0; i < count; i++) {
        while (j < other_count && others[j] > ids[i])
            j++;
        if (j < other_count && others[j] == ids[i])
            ids[kept++] = ids[i];
    }
    return kept;
}

static int ids_append(uint64_t **ids, size_t *count, uint64_t *more, size_t more_count,
                      struct error *why)
{
    uint64_t *larger;

    if (more_count == 0) {
        free(more);
        return 0;
    }
    larger = realloc(*ids, (*count + more_count) * sizeof **ids);
    if (larger == NULL) {
        free(more);
        return error_set(why, "cannot search: no memory for %zu ids", *count + more_count);
    }
    memcpy(larger + *count, more, more_count * sizeof *more);
    free(more);
    *ids = larger;
    *count += more_count;
    return 0;
}

static bool id_holds(const uint64_t *ids, size_t count, uint64_t id)
{
    return count > 0 && bsearch(&id, ids, count, sizeof *ids, id_compare) != NULL;
}

/* Without those that the query cannot want. */
static size_t ids_keep(const struct candidates *candidates, uint64_t *ids, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if ((candidates->before == 0 || ids[i] < candidates->before) &&
            id_time(ids[i]) <= candidates->newest && id_time(ids[i]) >= candidates->oldest)
            ids[kept++] = ids[i];
    return kept;
}

/* ---- the portions ---- */

static int day_of_terms(const struct candidates *candidates, uint32_t day, uint64_t **ids,
                        size_t *count, struct error *why)
{
    for (size_t i = 0; i < candidates->term_count; i++) {
        const struct candidates_term *term = &candidates->terms[i];
        uint64_t *found = NULL;
        size_t found_count = 0;

        if (store_find_term(candidates->store, day, term->kind,
                            slice_make(term->text, term->size), &found, &found_count, why) != 0) {
            free(*ids);
            *ids = NULL;
            return -1;
        }
        if (i == 0) {
            *ids = found;
            *count = found_count;
            continue;
        }
        *count = ids_intersect(*ids, *count, found, found_count);
        free(found);
        if (*count == 0)
            break;
    }
    return 0;
}

static int slice_both(const struct candidates *candidates, int64_t at, uint64_t **ids,
                      size_t *count, struct error *why)
{
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
    *count = ids_sort(*ids, *count);
    return 0;
}

static int64_t day_start(int64_t at)
{
    return clock_of_day(clock_day(at, NULL), 0);
}

static int portion(struct candidates *candidates, uint64_t **ids, size_t *count, struct error *why)
{
    int64_t at = candidates->at;

    switch (candidates->source) {
    case FROM_TERMS:
        candidates->at = day_start(at) - 1;
        return day_of_terms(candidates, clock_day(at, NULL), ids, count, why);
    case FROM_DELAYED:
        candidates->at = candidates->oldest - 1;
        return store_find_delayed(candidates->store, ids, count, why);
    case FROM_SLICES:
        break;
    }
    candidates->at = at - at % SLICE_MS - 1;
    return slice_both(candidates, at, ids, count, why);
}

int candidates_next(struct candidates *candidates, uint64_t **ids, size_t *count, struct error *why)
{
    *ids = NULL;
    *count = 0;
    if (candidates->at < candidates->oldest)
        return 0;
    if (candidates->source == FROM_SLICES && candidates->slices++ >= CANDIDATES_SLICES_MAX) {
        candidates->stopped = true;
        return 0;
    }
    if (portion(candidates, ids, count, why) != 0)
        return -1;
    *count = ids_keep(candidates, *ids, *count);
    return 1;
}

int candidates_hold(const struct candidates *candidates, uint64_t id, struct error *why)
{
    struct candidates other = *candidates;
    uint64_t *ids = NULL;
    size_t count = 0;
    bool holds;

    if (id_time(id) < candidates->oldest)
        return 0;
    other.at = id_time(id);
    if (portion(&other, &ids, &count, why) != 0)
        return -1;
    holds = id_holds(ids, count, id);
    free(ids);
    return holds;
}
