/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rates: how much each may ask. Of each one number is kept: when all that he asked would be worked
 * off at his rate. As long as that is no further away than what he may ask at once, he may go on.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "waybill/clock.h"
#include "waybill/digest.h"

#define WAYS 4u
#define PLACES 1024u
#define MINUTE_US (60 * (int64_t)1000000)

struct bucket {
    char who[HTTP_RATE_WHO];
    int64_t worked_off; /* microseconds of clock_monotonic */
};

struct http_rates {
    pthread_mutex_t lock;
    struct bucket buckets[PLACES];
};

struct http_rates *http_rates_open(void)
{
    struct http_rates *rates = calloc(1, sizeof *rates);

    if (rates != NULL)
        pthread_mutex_init(&rates->lock, NULL);
    return rates;
}

void http_rates_free(struct http_rates **freed)
{
    struct http_rates *rates = *freed;

    if (rates == NULL)
        return;
    *freed = NULL;
    pthread_mutex_destroy(&rates->lock);
    free(rates);
}

static struct bucket *bucket_of(struct http_rates *rates, const char *who)
{
    struct bucket *first =
        &rates->buckets[digest_here(0, who, strlen(who)) % (PLACES / WAYS) * WAYS];
    struct bucket *least = first;

    for (struct bucket *bucket = first; bucket < first + WAYS; bucket++) {
        if (strcmp(bucket->who, who) == 0)
            return bucket;
        if (bucket->worked_off < least->worked_off)
            least = bucket;
    }
    *least = (struct bucket){.worked_off = 0};
    slice_copy(slice_of(who), least->who, sizeof least->who);
    return least;
}

/* How much too early it is, in microseconds; at most 0: it is not. */
static int64_t too_early(struct bucket *bucket, int64_t a_minute, int64_t now)
{
    int64_t each = MINUTE_US / a_minute, at_once = a_minute / 4 > 0 ? a_minute / 4 : 1;
    int64_t from = bucket->worked_off > now ? bucket->worked_off : now;
    int64_t early = from + each - now - at_once * each;

    if (early <= 0)
        bucket->worked_off = from + each;
    return early;
}

unsigned http_rates_take(struct http_rates *rates, const char *who, int64_t a_minute, int64_t now)
{
    int64_t early;

    if (a_minute == 0)
        return 0;
    pthread_mutex_lock(&rates->lock);
    early = too_early(bucket_of(rates, who), a_minute, now * 1000);
    pthread_mutex_unlock(&rates->lock);
    return early <= 0 ? 0 : (unsigned)((early + 999999) / 1000000);
}
