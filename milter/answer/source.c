/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source: see source.h.
 */
#include "source.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "waybill/reason.h"

/* ---- lists of ids ---- */

static int id_up(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y ? 1 : 0;
}

static int id_down(const void *a, const void *b)
{
    return id_up(b, a);
}

size_t ids_sort(uint64_t *ids, size_t count, bool oldest_first)
{
    size_t kept = 0;

    if (count == 0)
        return 0;
    qsort(ids, count, sizeof *ids, oldest_first ? id_up : id_down);
    for (size_t i = 1; i < count; i++)
        if (ids[i] != ids[kept])
            ids[++kept] = ids[i];
    return kept + 1;
}

int ids_append(uint64_t **ids, size_t *count, uint64_t *more, size_t more_count, struct error *why)
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

/* ---- which terms of the index ---- */

static bool is_outcome(uint64_t state)
{
    return state == STATE_FAILED || state == STATE_EXPIRED || state == STATE_REJECTED;
}

static bool address_serves(const struct query_value *value)
{
    return value->text.size > 0 && value->shape != QUERY_BELOW;
}

static bool value_serves(enum query_field field, const struct query_value *value)
{
    switch (field) {
    case QUERY_FIELD_WHO:
    case QUERY_FIELD_TO:
    case QUERY_FIELD_ORIGINAL:
    case QUERY_FIELD_FROM:
        return address_serves(value);
    case QUERY_FIELD_MESSAGE_ID:
    case QUERY_FIELD_QUEUE_ID:
    case QUERY_FIELD_LOGIN:
    case QUERY_FIELD_ID:
        return true;
    case QUERY_FIELD_CLIENT: /* names are not in the index */
        return value->shape == QUERY_NETWORK && value->network.bits == 128;
    case QUERY_FIELD_STATE:
        return value->number == STATE_DELAYED || is_outcome(value->number);
    case QUERY_FIELD_REASON:
        return true;
    case QUERY_FIELD_REMOTE: /* the address of a server that has a name is not */
        return value->shape == QUERY_TEXT;
    default:
        return false;
    }
}

bool source_serves(const struct query_term *term)
{
    for (size_t i = 0; i < term->count; i++)
        if (!value_serves(term->field, &term->values[i]))
            return false;
    return !term->negated && term->count > 0;
}

static int add_term(struct source *source, enum term_kind kind, struct slice words,
                    struct error *why)
{
    char folded[TERM_MAX];
    size_t size = term_fold(words, folded);
    char *copy = malloc(size + 1);
    struct store_term *larger =
        reallocarray(source->terms, source->term_count + 1, sizeof *larger);

    if (larger != NULL)
        source->terms = larger;
    if (larger == NULL || copy == NULL) {
        free(copy);
        return error_set(why, "cannot search: no memory");
    }
    memcpy(copy, folded, size + 1);
    larger[source->term_count++] = (struct store_term){kind, slice_make(copy, size)};
    return 0;
}

static int add_address(struct source *source, const struct query_value *value, bool sender,
                       bool recipient, struct error *why)
{
    bool whole = value->shape == QUERY_TEXT;

    if (sender && add_term(source, whole ? TERM_SENDER : TERM_SENDER_DOMAIN, value->text, why) != 0)
        return -1;
    return recipient ? add_term(source, whole ? TERM_RECIPIENT : TERM_RECIPIENT_DOMAIN,
                                value->text, why)
                     : 0;
}

/* As the library writes it: that is how the mail servers do. */
static int add_client(struct source *source, const struct query_value *value, struct error *why)
{
    const struct network *network = &value->network;
    char text[INET6_ADDRSTRLEN];

    if (inet_ntop(network->is_four ? AF_INET : AF_INET6,
                  network->address + (network->is_four ? 12 : 0), text, sizeof text) == NULL)
        return error_set(why, "cannot search: no such address");
    return add_term(source, TERM_CLIENT_IP, slice_of(text), why);
}

static int add_state(struct source *source, struct store *store, enum recipient_state state,
                     struct error *why)
{
    uint64_t *found = NULL;
    size_t count = 0;

    if (state != STATE_DELAYED)
        return add_term(source, TERM_OUTCOME, slice_of(state_word(state)), why);
    return store_find_delayed(store, &found, &count, why) == 0
               ? ids_append(&source->list, &source->list_count, found, count, why)
               : -1;
}

/* A mail stands in the index under the reasons that the rules gave when it was written; where they
 * gave none, or nobody asked them, rules that came later may have one. Which it has is told by
 * the rules of today, in match.c. */
static int add_later_reasons(struct source *source, struct error *why)
{
    return add_term(source, TERM_REASON, slice_of(reason_word(REASON_UNDEFINED)), why) == 0 &&
                   add_term(source, TERM_REASON, slice_of(reason_word(REASON_ONHOLD)), why) == 0
               ? 0
               : -1;
}

static int add_id(struct source *source, uint64_t id, struct error *why)
{
    uint64_t *one = malloc(sizeof *one);

    if (one == NULL)
        return error_set(why, "cannot search: no memory");
    *one = id;
    return ids_append(&source->list, &source->list_count, one, 1, why);
}

static int add_value(struct source *source, struct store *store, enum query_field field,
                     const struct query_value *value, struct error *why)
{
    switch (field) {
    case QUERY_FIELD_WHO:
        return add_address(source, value, true, true, why);
    case QUERY_FIELD_FROM:
        return add_address(source, value, true, false, why);
    case QUERY_FIELD_MESSAGE_ID:
        return add_term(source, TERM_MESSAGE_ID, value->text, why);
    case QUERY_FIELD_QUEUE_ID:
        return add_term(source, TERM_QUEUE_ID, value->text, why);
    case QUERY_FIELD_LOGIN:
        return add_term(source, TERM_LOGIN, value->text, why);
    case QUERY_FIELD_CLIENT:
        return add_client(source, value, why);
    case QUERY_FIELD_STATE:
        return add_state(source, store, (enum recipient_state)value->number, why);
    case QUERY_FIELD_REASON:
        return add_term(source, TERM_REASON, slice_of(reason_word((enum reason)value->number)),
                        why);
    case QUERY_FIELD_REMOTE:
        return add_term(source, TERM_REMOTE, value->text, why);
    case QUERY_FIELD_ID:
        return add_id(source, value->number, why);
    default:
        return add_address(source, value, false, true, why);
    }
}

static int open_walk(struct source *source, struct store *store, int64_t from, int64_t until,
                     struct error *why)
{
    if (store_walk_open(&source->walk, store, source->terms, source->term_count, from, until,
                        source->oldest_first, why) != 0)
        return -1;
    source->over = false;
    source->weight += store_walk_weight(source->walk);
    return 0;
}

int source_open_terms(struct source *source, struct store *store, const struct store_term *terms,
                      size_t count, int64_t from, int64_t until, bool oldest_first,
                      struct error *why)
{
    *source = (struct source){.oldest_first = oldest_first, .over = true};
    for (size_t i = 0; i < count; i++)
        if (add_term(source, terms[i].kind, terms[i].term, why) != 0)
            return -1;
    return open_walk(source, store, from, until, why);
}

int source_open(struct source *source, struct store *store, const struct query_term *term,
                int64_t from, int64_t until, bool oldest_first, struct error *why)
{
    *source = (struct source){
        .term = term, .oldest_first = oldest_first, .over = true};
    for (size_t i = 0; i < term->count; i++)
        if (add_value(source, store, term->field, &term->values[i], why) != 0)
            return -1;
    if (term->field == QUERY_FIELD_REASON && add_later_reasons(source, why) != 0)
        return -1;
    source->list_count = ids_sort(source->list, source->list_count, oldest_first);
    source->weight = source->list_count;
    return source->term_count > 0 ? open_walk(source, store, from, until, why) : 0;
}

void source_close(struct source *source)
{
    store_walk_close(&source->walk);
    for (size_t i = 0; i < source->term_count; i++)
        free((char *)(uintptr_t)source->terms[i].term.at);
    free(source->terms);
    free(source->ids);
    free(source->list);
    *source = (struct source){.over = true};
}

/* ---- in order ---- */

static bool comes_first(const struct source *source, uint64_t a, uint64_t b)
{
    return source->oldest_first ? a < b : a > b;
}

static int fill(struct source *source, struct error *why)
{
    while (source->at >= source->count && !source->over) {
        int result;

        free(source->ids);
        source->ids = NULL;
        source->at = source->count = 0;
        result = store_walk_next(source->walk, &source->ids, &source->count, why);
        if (result < 0)
            return -1;
        source->over = result == 0;
    }
    return 0;
}

int source_peek(struct source *source, uint64_t *id, struct error *why)
{
    bool has_walk, has_list = source->list_at < source->list_count;

    if (fill(source, why) != 0)
        return -1;
    has_walk = source->at < source->count;
    if (!has_walk && !has_list)
        return 0;
    *id = has_walk ? source->ids[source->at] : source->list[source->list_at];
    if (has_walk && has_list && comes_first(source, source->list[source->list_at], *id))
        *id = source->list[source->list_at];
    return 1;
}

void source_pass(struct source *source, uint64_t id)
{
    while (source->at < source->count && !comes_first(source, id, source->ids[source->at]))
        source->at++;
    while (source->list_at < source->list_count &&
           !comes_first(source, id, source->list[source->list_at]))
        source->list_at++;
}

void source_skip(struct source *source, uint64_t id)
{
    while (source->at < source->count && comes_first(source, source->ids[source->at], id))
        source->at++;
    while (source->list_at < source->list_count &&
           comes_first(source, source->list[source->list_at], id))
        source->list_at++;
}
