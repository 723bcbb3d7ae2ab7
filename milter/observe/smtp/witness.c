/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all sessions share: the journal, the mint of ids, the rules and the counters. Promise: an
 * id is given once, and rules do not change under a session.
 */
#include "witness.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "latency.h"
#include "waybill/id.h"
#include "waybill/log.h"

static struct {
    struct journal *journal;
    pthread_mutex_t mint_lock; /* the journal's own lock may be taken while it is held */
    struct id_mint mint;
    pthread_mutex_t rules_lock; /* the pointer, and how many use what it points at */
    struct rules *rules;
    _Atomic uint64_t counters[WITNESS_COUNTERS];
} witness = {.mint_lock = PTHREAD_MUTEX_INITIALIZER, .rules_lock = PTHREAD_MUTEX_INITIALIZER};

static int read_keys(struct rules *rules, struct error *why)
{
    const struct settings *settings = rules->settings;

    if (rules->subject == SUBJECT_HASH &&
        token_key(settings->key_file, "subject", rules->subject_key, why) < 0)
        return -1;
    /* what was stamped before that was switched off comes back all the same */
    if (token_keys_read(&rules->envid_keys, settings->key_file, settings->key_file_before, "envid",
                        why) < 0 &&
        rules->stamps)
        return -1;
    return 0;
}

static void rules_free(struct rules *rules)
{
    if (rules->book != NULL)
        phrasebook_close(&rules->book);
    explicit_bzero(rules, sizeof *rules);
    free(rules);
}

static struct rules *rules_make(const struct settings *settings, struct error *why)
{
    struct rules *rules = calloc(1, sizeof *rules);

    if (rules == NULL) {
        error_set(why, "cannot use the settings: no memory");
        return NULL;
    }
    rules->settings = settings;
    rules->subject = (enum subject_mode)settings->subject;
    rules->stamps = settings->stamp_envid != 0;
    rules->users = 1;
    if (read_keys(rules, why) < 0 ||
        phrasebook_open(&rules->book, settings->rules_directory, why) < 0) {
        rules_free(rules);
        return NULL;
    }
    return rules;
}

/* NULL: none from now on. */
static void rules_replace(struct rules *fresh)
{
    struct rules *before;

    pthread_mutex_lock(&witness.rules_lock);
    before = witness.rules;
    witness.rules = fresh;
    pthread_mutex_unlock(&witness.rules_lock);
    if (before != NULL)
        witness_rules_give_back(before);
}

struct rules *witness_rules_take(void)
{
    struct rules *rules;

    pthread_mutex_lock(&witness.rules_lock);
    rules = witness.rules;
    rules->users++;
    pthread_mutex_unlock(&witness.rules_lock);
    return rules;
}

void witness_rules_give_back(struct rules *rules)
{
    bool last;

    pthread_mutex_lock(&witness.rules_lock);
    last = --rules->users == 0;
    pthread_mutex_unlock(&witness.rules_lock);
    if (last)
        rules_free(rules);
}

int witness_reload(const struct settings *settings, struct error *why)
{
    struct rules *rules = rules_make(settings, why);

    if (rules == NULL)
        return -1;
    rules_replace(rules);
    return 0;
}

int witness_start(const struct settings *settings, struct journal *journal, unsigned node,
                  unsigned generation, uint64_t last_id, struct error *why)
{
    rules_replace(NULL);
    for (int i = 0; i < WITNESS_COUNTERS; i++)
        atomic_store(&witness.counters[i], 0);
    latency_clear();
    witness.journal = journal;
    id_mint_init(&witness.mint, node, generation, last_id);
    return witness_reload(settings, why);
}

uint64_t witness_mint(int64_t now)
{
    char text[24];
    uint64_t id;

    pthread_mutex_lock(&witness.mint_lock);
    id = id_mint_next(&witness.mint, now);
    /* so that a start after a clock that was set back gives no id a second time, even when all
     * facts of this run are shipped and gone */
    snprintf(text, sizeof text, "%" PRIu64, id);
    journal_remember(witness.journal, "id", slice_of(text));
    pthread_mutex_unlock(&witness.mint_lock);
    return id;
}

uint64_t witness_tell(const struct fact *fact)
{
    struct buffer line;
    uint64_t ticket = 0;

    buffer_init(&line, FACT_LINE_MAX);
    if (fact_encode(fact, &line) == 0)
        ticket = journal_append(witness.journal, JOURNAL_FACT, line.data, line.size);
    else
        witness_count(COUNT_NO_MEMORY, 1);
    buffer_free(&line);
    return ticket;
}

bool witness_safe(uint64_t ticket, int64_t ms)
{
    return ticket != 0 && journal_wait(witness.journal, ticket, ms);
}

void witness_count(enum witness_counter counter, int change)
{
    atomic_fetch_add_explicit(&witness.counters[counter], (uint64_t)(int64_t)change,
                              memory_order_relaxed);
}

uint64_t witness_counted(enum witness_counter counter)
{
    return atomic_load_explicit(&witness.counters[counter], memory_order_relaxed);
}
