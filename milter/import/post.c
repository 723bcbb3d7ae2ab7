/* SPDX-License-Identifier: BSD-2-Clause */
/* post: see post.h. */
#include "post.h"

#include <limits.h>
#include <stdlib.h>

#include "owner.h"
#include "waybill/clock.h"
#include "waybill/journal.h"
#include "waybill/node.h"
#include "waybill/ship.h"
#include "waybill/store.h"

#define WAIT_MS 50
#define END_MS 2000                    /* for the shipper's last round */
#define LOOK_BYTES (UINT64_C(64) << 10) /* appended between two looks at the backlog */
#define BACKLOG_MAX (UINT64_C(4) << 20) /* seconds of shipping: nobody shall wait longer for us */
#define BACKLOG_SHARE 8                 /* ... and of a small journal one part */

struct post {
    struct settings settings; /* theirs, but for the retention; owns nothing */
    struct post_wait wait;
    struct node node;
    struct journal *journal;
    struct ship *ship;
    struct buffer line;
    uint64_t ring, backlog, unlooked;
    uint64_t ticket; /* of the last fact */
};

/* The first answer of the store is worth waiting for: a wrong address shows now. */
static int reach_store(struct post *post, struct error *why)
{
    struct store *store;
    int result;

    if (store_open(&store, &post->settings, why) != 0)
        return -1;
    result = store_connect(store, why);
    store_close(&store);
    return result;
}

/* Who leads writes the keys, and by his own settings decides when they go. -1: that will not do. */
static int check_leader(const struct journal_options *options, const struct settings *settings,
                        int64_t days, struct error *why)
{
    struct journal_reader *reader;
    int leads = journal_lead(&reader, options, why);

    if (leads == 1)
        journal_reader_close(&reader);
    if (leads == 0 && days > settings->retention_days)
        return error_set(why, "a running waybilld writes into the store, and keeps what is not "
                              "older than %lld days: stop it for this import, or raise "
                              "retention_days",
                         (long long)settings->retention_days);
    return leads < 0 ? -1 : 0;
}

static int start(struct post *post, const struct import_options *options, struct error *why)
{
    struct journal_options journal;
    char directory[PATH_MAX];

    journal_options_of(&journal, options->settings, directory);
    if (owner_become(options->settings, why) != 0 || reach_store(post, why) != 0 ||
        node_choose(&post->node, &post->settings, why) != 0 ||
        check_leader(&journal, options->settings, options->retention_days, why) != 0 ||
        journal_open(&post->journal, &journal, NULL, NULL, why) != 0)
        return -1;
    post->backlog = (uint64_t)journal.total_size / BACKLOG_SHARE;
    post->backlog = post->backlog < BACKLOG_MAX ? post->backlog : BACKLOG_MAX;
    /* Returns once somebody leads: what is appended before may be an earlier process's, and its
     * events are told again. */
    return ship_start(&post->ship, &post->settings, post->journal, post->node.number, NULL, NULL,
                      NULL, why);
}

enum import_result post_open(struct post **post, const struct import_options *options,
                             const struct post_wait *wait, struct error *why)
{
    struct post *self = calloc(1, sizeof *self);

    *post = self;
    if (self == NULL) {
        error_set(why, "no memory to import");
        return IMPORT_UNREACHABLE;
    }
    self->settings = *options->settings;
    if (options->retention_days > self->settings.retention_days)
        self->settings.retention_days = options->retention_days;
    self->wait = *wait;
    self->ring = self->settings.journal_ring > 1 ? (uint64_t)self->settings.journal_ring : 2;
    buffer_init(&self->line, FACT_LINE_MAX);
    if (start(self, options, why) == 0)
        return IMPORT_DONE;
    post_close(post);
    return IMPORT_UNREACHABLE;
}

/* False: given up. */
static bool wait_more(struct post *post, uint64_t unshipped)
{
    if (post->wait.again(post->wait.context, unshipped))
        return false;
    clock_sleep(WAIT_MS);
    return true;
}

static bool wait_for_backlog(struct post *post)
{
    uint64_t unshipped;

    if (post->unlooked < LOOK_BYTES)
        return true;
    post->unlooked = 0;
    while ((unshipped = journal_unshipped(post->journal)) > post->backlog)
        if (!wait_more(post, unshipped))
            return false;
    return true;
}

/* Half of the ring is enough: what does not fit into it would be lost. */
static bool wait_for_ring(struct post *post)
{
    struct journal_stats stats;

    for (;;) {
        journal_read_stats(post->journal, &stats);
        if (stats.waiting < post->ring / 2)
            return true;
        if (!wait_more(post, post_unshipped(post)))
            return false;
    }
}

enum import_result post_fact(struct post *post, const struct fact *fact, struct error *why)
{
    buffer_clear(&post->line);
    if (fact_encode(fact, &post->line) != 0) {
        error_set(why, "no memory to import");
        return IMPORT_UNREACHABLE;
    }
    do {
        if (!wait_for_backlog(post) || !wait_for_ring(post)) {
            error_set(why, "stopped");
            return IMPORT_STOPPED;
        }
        post->ticket =
            journal_append(post->journal, JOURNAL_FACT, post->line.data, post->line.size);
    } while (post->ticket == 0);
    post->unlooked += post->line.size;
    return IMPORT_DONE;
}

enum import_result post_finish(struct post *post, struct error *why)
{
    uint64_t unshipped = 0;

    while ((post->ticket != 0 && !journal_wait(post->journal, post->ticket, WAIT_MS)) ||
           (unshipped = journal_unshipped(post->journal)) > 0)
        if (!wait_more(post, unshipped)) {
            error_set(why, "stopped");
            return IMPORT_STOPPED;
        }
    return IMPORT_DONE;
}

uint64_t post_unshipped(const struct post *post)
{
    return post->journal != NULL ? journal_unshipped(post->journal) : 0;
}

void post_close(struct post **post)
{
    struct post *self = *post;

    *post = NULL;
    if (self == NULL)
        return;
    ship_stop(&self->ship, END_MS);
    journal_close(&self->journal);
    buffer_free(&self->line);
    free(self);
}
