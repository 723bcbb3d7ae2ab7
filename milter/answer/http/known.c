/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * known: who is who, as the store said it a moment ago. Those who are somebody and those who are
 * nobody have tables of their own, so that a flood of made-up tokens pushes out no real one.
 *
 * A place is found by a seeded hash, and among WAYS of them; who was asked about longest ago makes
 * room. The time counts from before the store was asked, so that what was revoked meanwhile ends
 * in time, too.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "waybill/clock.h"
#include "waybill/digest.h"

#define WAYS 4u
#define SOMEBODY_MAX 256u /* 7 KB each */
#define NOBODY_MAX 1024u

struct mark {
    char hash[HTTP_HASH_ROOM];
    int64_t until; /* clock_monotonic; 0: free */
};

struct http_known {
    pthread_mutex_t lock;
    struct mark nobody[NOBODY_MAX];
    struct mark somebody[SOMEBODY_MAX];
    struct access access[SOMEBODY_MAX];
};

struct http_known *http_known_open(void)
{
    struct http_known *known = calloc(1, sizeof *known);

    if (known != NULL)
        pthread_mutex_init(&known->lock, NULL);
    return known;
}

void http_known_free(struct http_known **freed)
{
    struct http_known *known = *freed;

    if (known == NULL)
        return;
    *freed = NULL;
    pthread_mutex_destroy(&known->lock);
    free(known);
}

/* Where it stands, or, else, where it may. */
static size_t place_of(const struct mark *marks, size_t count, const char *hash)
{
    size_t first = digest_here(0, hash, strlen(hash)) % (count / WAYS) * WAYS, place = first;

    for (size_t i = first; i < first + WAYS; i++) {
        if (strcmp(marks[i].hash, hash) == 0)
            return i;
        if (marks[i].until < marks[place].until)
            place = i;
    }
    return place;
}

static bool holds(const struct mark *mark, const char *hash, int64_t now)
{
    return mark->until > now && strcmp(mark->hash, hash) == 0;
}

/* 1, 0; -1: the store has to be asked. */
static int look(struct http_known *known, const char *hash, int64_t now, struct access *access)
{
    size_t place = place_of(known->somebody, SOMEBODY_MAX, hash);

    if (holds(&known->somebody[place], hash, now)) {
        *access = known->access[place];
        return 1;
    }
    place = place_of(known->nobody, NOBODY_MAX, hash);
    return holds(&known->nobody[place], hash, now) ? 0 : -1;
}

static void set(struct mark *mark, const char *hash, int64_t until)
{
    slice_copy(slice_of(hash), mark->hash, sizeof mark->hash);
    mark->until = until;
}

/* `access` NULL: it is nobody. */
static void note(struct http_known *known, const char *hash, int64_t until,
                 const struct access *access)
{
    size_t place;

    if (access == NULL) {
        place = place_of(known->nobody, NOBODY_MAX, hash);
        set(&known->nobody[place], hash, until);
    } else {
        place = place_of(known->somebody, SOMEBODY_MAX, hash);
        set(&known->somebody[place], hash, until);
        known->access[place] = *access;
    }
}

int http_known_get(struct http_known *known, const char *hash, int64_t now, http_known_ask *ask,
                   void *context, struct access *access, struct error *why)
{
    int64_t began = clock_monotonic();
    int result;

    pthread_mutex_lock(&known->lock);
    result = look(known, hash, began, access);
    pthread_mutex_unlock(&known->lock);
    if (result < 0) {
        result = ask(context, access, why);
        if (result < 0)
            return -1;
        pthread_mutex_lock(&known->lock);
        note(known, hash, began + HTTP_KNOWN_MS, result > 0 ? access : NULL);
        pthread_mutex_unlock(&known->lock);
    }
    return result > 0 && access->expires <= now ? 0 : result;
}

void http_known_drop(struct http_known *known, const char *hash)
{
    size_t place;

    pthread_mutex_lock(&known->lock);
    place = place_of(known->somebody, SOMEBODY_MAX, hash);
    if (strcmp(known->somebody[place].hash, hash) == 0)
        known->somebody[place] = (struct mark){.until = 0};
    pthread_mutex_unlock(&known->lock);
}

void http_known_clear(struct http_known *known)
{
    pthread_mutex_lock(&known->lock);
    memset(known->nobody, 0, sizeof known->nobody);
    memset(known->somebody, 0, sizeof known->somebody);
    pthread_mutex_unlock(&known->lock);
}
