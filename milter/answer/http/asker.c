/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asker: what a thread needs to answer, and what all of them share. Settings, keys and rules are
 * exchanged between two requests, never within one.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"
#include "waybill/clock.h"
#include "waybill/log.h"
#include "waybill/token.h"

struct basics {
    const struct settings *settings;
    unsigned char token_key[32], cursor_key[32], session_key[32];
};

struct http_common {
    pthread_mutex_t lock;
    struct basics basics; /* under the lock */
    atomic_uint generation;
    struct http_known *known;
    struct http_rates *rates;
    struct languages languages;
};

static int read_basics(struct basics *basics, const struct settings *settings, struct error *why)
{
    basics->settings = settings;
    return token_key(settings->key_file, "token", basics->token_key, why) == 0 &&
                   token_key(settings->key_file, "cursor", basics->cursor_key, why) == 0 &&
                   token_key(settings->key_file, "session", basics->session_key, why) == 0
               ? 0
               : -1;
}

static void complain(const char *line)
{
    log_warning("a language is left out: %s", line);
}

int http_common_open(struct http_common **opened, const struct settings *settings,
                     struct error *why)
{
    struct http_common *common = calloc(1, sizeof *common);

    if (common == NULL)
        return error_set(why, "no memory");
    *opened = common;
    pthread_mutex_init(&common->lock, NULL);
    common->known = http_known_open();
    common->rates = http_rates_open();
    if (common->known == NULL || common->rates == NULL)
        error_set(why, "no memory");
    else if (read_basics(&common->basics, settings, why) == 0 &&
             languages_open(&common->languages, settings->messages_directory, complain, why) == 0)
        return 0;
    http_common_free(opened);
    return -1;
}

void http_common_free(struct http_common **freed)
{
    struct http_common *common = *freed;

    if (common == NULL)
        return;
    *freed = NULL;
    http_known_free(&common->known);
    http_rates_free(&common->rates);
    languages_close(&common->languages);
    pthread_mutex_destroy(&common->lock);
    explicit_bzero(&common->basics, sizeof common->basics);
    free(common);
}

int http_common_reload(struct http_common *common, const struct settings *settings,
                       struct error *why)
{
    struct phrasebook *book; /* each asker has its own; this one says whether the rules are good */
    struct basics basics;

    if (read_basics(&basics, settings, why) != 0 ||
        phrasebook_open(&book, settings->rules_directory, why) != 0)
        return -1;
    phrasebook_close(&book);
    pthread_mutex_lock(&common->lock);
    common->basics = basics;
    atomic_fetch_add(&common->generation, 1);
    pthread_mutex_unlock(&common->lock);
    http_known_clear(common->known);
    return 0;
}

struct http_known *http_known_of(struct http_common *common)
{
    return common->known;
}

struct http_rates *http_rates_of(struct http_common *common)
{
    return common->rates;
}

const struct languages *http_languages_of(const struct http_common *common)
{
    return &common->languages;
}

/* ---- an asker ---- */

static void take_basics(struct http_asker *asker)
{
    struct http_common *common = asker->common;

    pthread_mutex_lock(&common->lock);
    asker->generation = atomic_load(&common->generation);
    asker->settings = common->basics.settings;
    memcpy(asker->token_key, common->basics.token_key, sizeof asker->token_key);
    memcpy(asker->cursor_key, common->basics.cursor_key, sizeof asker->cursor_key);
    memcpy(asker->session_key, common->basics.session_key, sizeof asker->session_key);
    pthread_mutex_unlock(&common->lock);
    asker->basis.queue_lifetime = asker->settings->queue_lifetime_hours * HOUR_MS;
}

int http_asker_open(struct http_asker *asker, struct http_common *common, struct error *why)
{
    *asker = (struct http_asker){.common = common};
    take_basics(asker);
    asker->compressor = http_compressor_open();
    if (asker->compressor == NULL)
        return error_set(why, "no memory");
    if (phrasebook_open(&asker->book, asker->settings->rules_directory, why) != 0)
        return -1;
    asker->basis.book = asker->book;
    return store_open(&asker->store, asker->settings, why);
}

void http_asker_close(struct http_asker *asker)
{
    store_close(&asker->store);
    phrasebook_close(&asker->book);
    http_compressor_free(&asker->compressor);
}

static void renew(struct http_asker *asker)
{
    struct phrasebook *book;
    struct error why;

    take_basics(asker);
    if (phrasebook_open(&book, asker->settings->rules_directory, &why) != 0) {
        log_error("the old rules stay: %s", why.text);
        return;
    }
    phrasebook_close(&asker->book);
    asker->basis.book = asker->book = book;
}

void http_asker_begin(struct http_asker *asker)
{
    asker->now = clock_now();
    if (atomic_load(&asker->common->generation) != asker->generation)
        renew(asker);
}
