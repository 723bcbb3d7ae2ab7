/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maillog: the thread that turns lines into facts.
 *
 *     source -> line -> dialect -> fact -> journal, then the source's position -> journal
 *
 * The log is on the disk already, so nothing here is in a hurry: while the journal's ring is
 * filling up the thread waits, and leaves what room there is to the milter, whose facts nobody
 * could read again.
 */
#include "waybill/maillog.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "feeds.h"
#include "position.h"
#include "waybill/clock.h"
#include "waybill/host.h"
#include "waybill/log.h"
#include "waybill/logline.h"
#include "waybill/thread.h"

#define BATCH_LINES 500
#define BEAT_MS (10 * SECOND_MS)
#define IDLE_MS SECOND_MS
#define GATHER_MS 20 /* after a wake-up: more lines usually follow the first */
#define FULL_MS 50   /* how often a full journal is looked at */
#define SUPPRESSED_MS (30 * SECOND_MS) /* as long as journald counts, if nobody told it otherwise */

struct maillog {
    struct feeds *feeds;
    struct journal *journal;
    uint64_t ring; /* room of the journal's ring */
    char *host;
    char machine[256]; /* its own name, which syslog writes whatever `host` says */
    bool stranger_told;
    struct buffer encoded;
    int64_t beat, next_beat; /* last one told; when to look again, monotonic */
    int stop;                /* eventfd */
    bool running;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    struct maillog_stats stats;
    struct maillog_source sources[FEEDS_MAX];
    size_t source_count;
};

/* ---- the journal ---- */

/* Wait `ms`, or less if there is something to do. True: we are to stop. */
static bool wait_until(struct maillog *maillog, bool sources, int64_t ms)
{
    struct pollfd fds[FEEDS_MAX + 1] = {{.fd = maillog->stop, .events = POLLIN}};
    nfds_t count = 1;
    for (size_t i = 0; sources && i < maillog->feeds->count; i++) {
        const struct source *source = maillog->feeds->feed[i]->source;
        fds[count++] = (struct pollfd){.fd = source->calls->fd(source), .events = POLLIN};
    }
    if (poll(fds, count, (int)ms) < 0 && errno != EINTR)
        clock_sleep(ms);
    return (fds[0].revents & POLLIN) != 0;
}

/* Append, however long it takes. -1: we are to stop. */
static int append(struct maillog *maillog, const struct fact *fact)
{
    struct journal_stats stats;
    do {
        buffer_clear(&maillog->encoded);
        journal_read_stats(maillog->journal, &stats);
        if (stats.waiting < maillog->ring / 2 && fact_encode(fact, &maillog->encoded) == 0 &&
            journal_append(maillog->journal, JOURNAL_FACT, maillog->encoded.data,
                           maillog->encoded.size) != 0)
            return 0;
    } while (!wait_until(maillog, false, FULL_MS));
    return -1;
}

/* ---- facts ---- */

static bool is_our_host(const struct maillog *maillog, struct slice logged)
{
    return host_fits(slice_of(maillog->host), logged) ||
           host_fits(slice_of(maillog->machine), logged);
}

/* Such a log is no fault; but if it is our own, every mail would stand there twice. */
static void tell_stranger(struct maillog *maillog, const struct feed *feed, struct slice logged)
{
    if (maillog->stranger_told)
        return;
    maillog->stranger_told = true;
    log_warning("'%s' tells of the host '%.*s', which is not '%s': its mails are kept apart; if it "
                "is this machine, set 'host' to its name",
                feed->source->name, SLICE_ARGS(logged), maillog->host);
}

static int tell_fact(struct maillog *maillog, const struct feed *feed, struct fact *fact,
                     struct maillog_stats *stats)
{
    if (is_our_host(maillog, fact->value[KEY_HOST]))
        fact_set(fact, KEY_HOST, slice_of(maillog->host));
    else
        tell_stranger(maillog, feed, fact->value[KEY_HOST]);
    stats->facts++;
    return append(maillog, fact);
}

static int tell_gap(struct maillog *maillog, const struct feed *feed,
                    const struct source_gap *gap, uint64_t id)
{
    struct fact fact;
    char until[24], count[24];
    fact_init(&fact, WITNESS_LOG, FACT_GAP, gap->from);
    fact.id = id;
    snprintf(until, sizeof until, "%" PRId64, gap->until);
    snprintf(count, sizeof count, "%" PRIu64, gap->count);
    fact_set(&fact, KEY_HOST, slice_of(maillog->host));
    fact_set(&fact, KEY_UNTIL, slice_of(until));
    fact_set(&fact, KEY_CAUSE, slice_of(gap->cause));
    if (gap->count > 0)
        fact_set(&fact, KEY_COUNT, slice_of(count));
    log_warning("lines of '%s' may be lost (%s)", feed->source->name, gap->cause);
    return append(maillog, &fact);
}

/* A gap that the source itself found. */
static int tell_source_gap(struct maillog *maillog, const struct feed *feed,
                           const struct source_gap *gap)
{
    char name[JOURNAL_NOTE_NAME_MAX + 100];
    snprintf(name, sizeof name, "gap %s %s %" PRId64 " %" PRId64, feed->source->name, gap->cause,
             gap->from, gap->until);
    return tell_gap(maillog, feed, gap, fact_id_log(slice_of(name), 0, 0));
}

/* Words of a syslog daemon. In a file anybody may have written them: they make but a gap. */
static int tell_lost(struct maillog *maillog, const struct feed *feed, const struct logline *line,
                     uint64_t id, struct maillog_stats *stats)
{
    struct source_gap gap = {.until = line->time, .cause = "suppressed"};
    gap.from = feed->told > 0 && feed->told < line->time ? feed->told
                                                         : line->time - SUPPRESSED_MS;
    if (!text_number(line_value(line, LINE_LOST), 1, UINT64_MAX, &gap.count))
        gap.count = 0;
    stats->gaps++;
    return tell_gap(maillog, feed, &gap, id);
}

/* `first`: the id of the line's first fact, had the same line not stood `before` times. */
static int tell_facts(struct maillog *maillog, const struct feed *feed, const struct logline *line,
                      uint64_t first, unsigned before, struct maillog_stats *stats)
{
    struct fact fact;
    if (line->shape == SHAPE_LOST)
        return tell_lost(maillog, feed, line, fact_id_again(first, before, 0), stats);
    for (unsigned i = 0; logline_fact(feed->reader, line, i, &fact); i++) {
        fact.id = fact_id_again(first, before, i);
        if (tell_fact(maillog, feed, &fact, stats) != 0)
            return -1;
    }
    return 0;
}

static void count_line(const struct logline *line, struct maillog_stats *stats)
{
    stats->lines++;
    stats->not_ours += line->understood == LINE_SAYS_NOTHING;
    stats->not_understood += line->understood == LINE_BROKEN;
    stats->read_until = line->time;
}

/* A line that stands for many is told as many times. */
static int tell_line(struct maillog *maillog, struct feed *feed, struct source_news *news,
                     bool seen, struct maillog_stats *stats)
{
    struct logline *line = &news->line;
    logline_body(feed->reader, line);
    if (!seen)
        count_line(line, stats);
    if (line->understood == LINE_UNDERSTOOD) {
        uint64_t first = fact_id_log(line->raw, 0, 0);
        for (unsigned i = 0; i < line->repeated; i++) {
            unsigned before = occurrence_count(feed->occurrence, first, news->place);
            if (!seen && tell_facts(maillog, feed, line, first, before, stats) != 0)
                return -1;
        }
    }
    if (line->mta == LINE_POSTFIX || line->mta == LINE_SENDMAIL) {
        feed->told = line->time;
        stats->mta = line->mta == LINE_POSTFIX ? "postfix" : "sendmail";
    }
    return 0;
}

/* A beat says up to when all sources were read; none is told while one of them is blind. */
static int tell_beat(struct maillog *maillog)
{
    struct fact fact;
    char name[400];
    int64_t now = clock_monotonic();
    if (now < maillog->next_beat)
        return 0;
    maillog->next_beat = now + BEAT_MS;
    int64_t covered = feeds_covered(maillog->feeds);
    if (covered <= maillog->beat)
        return 0;
    maillog->beat = covered;
    fact_init(&fact, WITNESS_LOG, FACT_BEAT, covered);
    snprintf(name, sizeof name, "beat %s %" PRId64, maillog->host, covered);
    fact.id = fact_id_log(slice_of(name), 0, 0);
    fact_set(&fact, KEY_HOST, slice_of(maillog->host));
    return append(maillog, &fact);
}

/* ---- the thread ---- */

static void add_stats(struct maillog *maillog, const struct maillog_stats *more)
{
    pthread_mutex_lock(&maillog->lock);
    struct maillog_stats *stats = &maillog->stats;
    stats->lines += more->lines;
    stats->facts += more->facts;
    stats->not_ours += more->not_ours;
    stats->not_understood += more->not_understood;
    stats->too_long += more->too_long;
    stats->gaps += more->gaps;
    if (more->read_until != 0)
        stats->read_until = more->read_until;
    if (more->mta != NULL)
        stats->mta = more->mta;
    pthread_mutex_unlock(&maillog->lock);
}

static void show_sources(struct maillog *maillog)
{
    const struct feeds *feeds = maillog->feeds;
    pthread_mutex_lock(&maillog->lock);
    for (size_t i = 0; i < feeds->count; i++) {
        const struct source *source = feeds->feed[i]->source;
        struct maillog_source *shown = &maillog->sources[i];
        snprintf(shown->name, sizeof shown->name, "%s", source->name);
        shown->covered = source->calls->covered(source);
        shown->behind = source->calls->behind != NULL ? source->calls->behind(source) : -1;
    }
    maillog->source_count = feeds->count;
    pthread_mutex_unlock(&maillog->lock);
}

static int tell(struct maillog *maillog, struct feed *feed, enum source_event event,
                struct source_news *news, struct maillog_stats *stats)
{
    switch (event) {
    case SOURCE_LINE:
    case SOURCE_SEEN:
        return tell_line(maillog, feed, news, event == SOURCE_SEEN, stats);
    case SOURCE_FOREIGN:
        stats->lines++;
        stats->not_ours++;
        return 0;
    case SOURCE_TOO_LONG:
        stats->lines++;
        stats->too_long++;
        return 0;
    case SOURCE_CUT:
        stats->lines++;
        stats->not_understood++;
        return 0;
    case SOURCE_GAP:
        stats->gaps++;
        return tell_source_gap(maillog, feed, &news->gap);
    case SOURCE_IDLE:
        break;
    }
    return 0;
}

/* Facts first, then the position: a crash between reads the same lines again. 1: there is more;
 * 0: not now; -1: we are to stop, and the position stays where it was. */
static int read_batch(struct maillog *maillog, struct feed *feed)
{
    struct maillog_stats stats = {0};
    struct source_news news;
    enum source_event event = SOURCE_LINE;
    int stop = 0;
    logline_until(feed->reader, clock_now());
    for (int i = 0; i < BATCH_LINES && stop == 0 && event != SOURCE_IDLE; i++) {
        event = feed->source->calls->next(feed->source, feed->reader, &news);
        stop = tell(maillog, feed, event, &news, &stats);
    }
    add_stats(maillog, &stats);
    if (stop != 0)
        return -1;
    feeds_note(feed, maillog->journal);
    return event != SOURCE_IDLE;
}

/* Its file is gone. If the place where its reading stopped was not found again, what followed that
 * place is lost. */
static int tell_gone(struct maillog *maillog, const struct feed *feed)
{
    char value[JOURNAL_NOTE_VALUE_MAX];
    struct position at;
    feed->source->calls->position(feed->source, value);
    if (feed->source->calls->covered(feed->source) != 0 ||
        !position_parse(&at, slice_of(value)) || at.inode == 0)
        return 0;
    struct maillog_stats stats = {.gaps = 1};
    struct source_gap gap = {.from = at.time, .until = clock_now(), .cause = "unread"};
    add_stats(maillog, &stats);
    return tell_source_gap(maillog, feed, &gap);
}

/* One batch of each feed, so that none starves the others; then one that is gone and had nothing
 * more is dropped. As read_batch. */
static int read_round(struct maillog *maillog)
{
    struct feeds *feeds = maillog->feeds;
    bool more = false;
    for (size_t i = feeds->count; i-- > 0;) {
        struct feed *feed = feeds->feed[i];
        int result = read_batch(maillog, feed);
        if (result < 0 || (result == 0 && feed->gone && tell_gone(maillog, feed) != 0))
            return -1;
        more = more || result > 0;
        if (result > 0)
            feed->busy = clock_monotonic();
        else if (feed->gone)
            feeds_drop(feeds, i, maillog->journal);
    }
    feeds_look(feeds, maillog->journal);
    show_sources(maillog);
    return more;
}

static void *run(void *context)
{
    struct maillog *maillog = context;
    for (;;) {
        int more = read_round(maillog);
        if (more < 0 || tell_beat(maillog) != 0 ||
            wait_until(maillog, more == 0, more ? 0 : IDLE_MS) ||
            (more == 0 && wait_until(maillog, false, GATHER_MS)))
            return NULL;
    }
}

/* ---- start and stop ---- */

static int start_thread(struct maillog *maillog, struct error *why)
{
    int result = thread_start(&maillog->thread, 0, run, maillog);
    if (result != 0)
        return error_set(why, "cannot start the thread that reads the mail log: %s",
                         strerror(result));
    maillog->running = true;
    return 0;
}

int maillog_start(struct maillog **maillog, const struct settings *settings,
                  struct journal *journal,
                  int (*recall)(void *context, const char *name, char *value, size_t room),
                  void *context, struct error *why)
{
    struct maillog *self = calloc(1, sizeof *self);
    *maillog = self;
    if (self == NULL)
        return error_set(why, "no memory to read the mail log");
    self->journal = journal;
    self->ring = settings->journal_ring > 1 ? (uint64_t)settings->journal_ring : 2;
    pthread_mutex_init(&self->lock, NULL);
    buffer_init(&self->encoded, FACT_LINE_MAX);
    self->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    self->host = strdup(settings->host != NULL ? settings->host : "localhost");
    if (gethostname(self->machine, sizeof self->machine - 1) != 0)
        self->machine[0] = '\0';
    int result = self->stop < 0 || self->host == NULL
                     ? error_set(why, "cannot read the mail log: %s", strerror(errno))
                     : feeds_open(&self->feeds, settings,
                                  (struct feeds_memory){recall, context}, why);
    if (result == 0 && feeds_note_all(self->feeds, journal) != 0)
        log_warning("the journal is slow: if waybilld is killed now, it does not know where it began "
                    "to read the mail log");
    if (result == 0)
        result = start_thread(self, why);
    if (result != 0)
        maillog_stop(maillog);
    return result;
}

void maillog_stop(struct maillog **maillog)
{
    struct maillog *self = *maillog;
    uint64_t one = 1;
    if (self == NULL)
        return;
    if (self->running && write(self->stop, &one, sizeof one) == sizeof one)
        pthread_join(self->thread, NULL);
    feeds_close(&self->feeds);
    if (self->stop >= 0)
        close(self->stop);
    pthread_mutex_destroy(&self->lock);
    buffer_free(&self->encoded);
    free(self->host);
    free(self);
    *maillog = NULL;
}

void maillog_read_stats(struct maillog *maillog, struct maillog_stats *stats)
{
    pthread_mutex_lock(&maillog->lock);
    *stats = maillog->stats;
    pthread_mutex_unlock(&maillog->lock);
}

void maillog_each_source(struct maillog *maillog,
                         void (*seen)(void *context, const struct maillog_source *source),
                         void *context)
{
    pthread_mutex_lock(&maillog->lock);
    for (size_t i = 0; i < maillog->source_count; i++)
        seen(context, &maillog->sources[i]);
    pthread_mutex_unlock(&maillog->lock);
}
