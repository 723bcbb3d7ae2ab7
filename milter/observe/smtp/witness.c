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

#include "waybill/id.h"
#include "waybill/log.h"
#include "waybill/token.h"

static struct {
    struct journal *journal;
    pthread_mutex_t mint_lock; /* the journal's own lock may be taken while it is held */
    struct id_mint mint;
    _Atomic(struct rules *) rules;
    _Atomic uint64_t counters[WITNESS_COUNTERS];
} witness = {.mint_lock = PTHREAD_MUTEX_INITIALIZER};

static struct rules *rules_make(const struct settings *settings, struct error *why)
{
    struct rules *rules = calloc(1, sizeof *rules);

    if (rules == NULL) {
        error_set(why, "cannot use the settings: no memory");
        return NULL;
    }
    rules->settings = settings;
    rules->subject = (enum subject_mode)settings->subject;
    if (rules->subject == SUBJECT_HASH &&
        token_key(settings->key_file, "subject", rules->subject_key, why) < 0) {
        free(rules);
        return NULL;
    }
    return rules;
}

int witness_reload(const struct settings *settings, struct error *why)
{
    struct rules *rules = rules_make(settings, why);

    if (rules == NULL)
        return -1;
    rules->older = atomic_load(&witness.rules);
    while (!atomic_compare_exchange_weak(&witness.rules, &rules->older, rules))
        continue;
    return 0;
}

static void rules_forget_all(void)
{
    struct rules *rules = atomic_exchange(&witness.rules, NULL);

    while (rules != NULL) {
        struct rules *older = rules->older;
        free(rules);
        rules = older;
    }
}

int witness_start(const struct settings *settings, struct journal *journal, unsigned node,
                  unsigned generation, uint64_t last_id, struct error *why)
{
    rules_forget_all();
    for (int i = 0; i < WITNESS_COUNTERS; i++)
        atomic_store(&witness.counters[i], 0);
    witness.journal = journal;
    id_mint_init(&witness.mint, node, generation, last_id);
    return witness_reload(settings, why);
}

const struct rules *witness_rules(void)
{
    return atomic_load(&witness.rules);
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
