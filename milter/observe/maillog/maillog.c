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
#include <signal.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "choose.h"
#include "source.h"
#include "waybill/clock.h"
#include "waybill/host.h"
#include "waybill/log.h"
#include "waybill/logline.h"
#include "waybill/occurrence.h"

#define BATCH_LINES 500
#define BEAT_MS (10 * SECOND_MS)
#define IDLE_MS SECOND_MS
#define GATHER_MS 20 /* after a wake-up: more lines usually follow the first */
#define FULL_MS 50   /* how often a full journal is looked at */

struct feed {
    struct source *source;
    struct occurrence *occurrence;
    struct logline_reader *reader;
    char noted[JOURNAL_NOTE_VALUE_MAX]; /* the position that the journal has */
};

struct maillog {
    struct feed feeds[SETTINGS_LIST_MAX];
    size_t count;
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
    pthread_mutex_t lock;    /* of `stats` */
    struct maillog_stats stats;
};

/* ---- the journal ---- */

/* Wait `ms`, or less if there is something to do. True: we are to stop. */
static bool wait_until(struct maillog *maillog, bool sources, int64_t ms)
{
    struct pollfd fds[SETTINGS_LIST_MAX + 1] = {{.fd = maillog->stop, .events = POLLIN}};
    nfds_t count = 1;
    for (size_t i = 0; sources && i < maillog->count; i++) {
        const struct source *source = maillog->feeds[i].source;
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

static void note_position(struct maillog *maillog, struct feed *feed)
{
    char value[JOURNAL_NOTE_VALUE_MAX];
    feed->source->calls->position(feed->source, value);
    if (value[0] != '\0' && strcmp(value, feed->noted) != 0 &&
        journal_note(maillog->journal, feed->source->note, slice_of(value)) != 0)
        memcpy(feed->noted, value, sizeof value);
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
                feed->source->note, SLICE_ARGS(logged), maillog->host);
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

static int tell_line(struct maillog *maillog, struct feed *feed, struct source_news *news,
                     bool seen, struct maillog_stats *stats)
{
    struct logline *line = &news->line;
    struct fact fact;
    logline_body(feed->reader, line);
    if (!seen) {
        stats->lines++;
        stats->not_ours += line->understood == LINE_SAYS_NOTHING;
        stats->not_understood += line->understood == LINE_BROKEN;
        stats->read_until = line->time;
    }
    if (line->understood != LINE_UNDERSTOOD)
        return 0;
    uint64_t first = fact_id_log(line->raw, 0, 0);
    unsigned before = occurrence_count(feed->occurrence, first, news->place);
    for (unsigned i = 0; !seen && logline_fact(feed->reader, line, i, &fact); i++) {
        fact.id = fact_id_again(first, before, i);
        if (tell_fact(maillog, feed, &fact, stats) != 0)
            return -1;
    }
    return 0;
}

static int tell_gap(struct maillog *maillog, const struct feed *feed, const struct source_gap *gap)
{
    struct fact fact;
    char name[JOURNAL_NOTE_NAME_MAX + 100], until[24];
    fact_init(&fact, WITNESS_LOG, FACT_GAP, gap->from);
    snprintf(until, sizeof until, "%" PRId64, gap->until);
    snprintf(name, sizeof name, "gap %s %s %" PRId64 " %s", feed->source->note, gap->cause,
             gap->from, until);
    fact.id = fact_id_log(slice_of(name), 0, 0);
    fact_set(&fact, KEY_HOST, slice_of(maillog->host));
    fact_set(&fact, KEY_UNTIL, slice_of(until));
    fact_set(&fact, KEY_CAUSE, slice_of(gap->cause));
    log_warning("lines of '%s' may be lost (%s)", feed->source->note, gap->cause);
    return append(maillog, &fact);
}

/* A beat says up to when all sources were read; none is told while one of them is blind. */
static int tell_beat(struct maillog *maillog)
{
    struct fact fact;
    char name[400];
    int64_t now = clock_monotonic(), covered = INT64_MAX;
    if (now < maillog->next_beat)
        return 0;
    maillog->next_beat = now + BEAT_MS;
    for (size_t i = 0; i < maillog->count; i++) {
        int64_t one = maillog->feeds[i].source->calls->covered(maillog->feeds[i].source);
        covered = one < covered ? one : covered;
    }
    if (covered == INT64_MAX || covered <= maillog->beat)
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
        return tell_gap(maillog, feed, &news->gap);
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
    note_position(maillog, feed);
    return event != SOURCE_IDLE;
}

static void *run(void *context)
{
    struct maillog *maillog = context;
    for (;;) {
        bool more = false;
        for (size_t i = 0; i < maillog->count; i++) {
            int result = read_batch(maillog, &maillog->feeds[i]);
            if (result < 0)
                return NULL;
            more = more || result > 0;
        }
        if (tell_beat(maillog) != 0 || wait_until(maillog, !more, more ? 0 : IDLE_MS) ||
            (!more && wait_until(maillog, false, GATHER_MS)))
            return NULL;
    }
}

/* ---- start and stop ---- */

static int open_feed(struct maillog *maillog, const char *name,
                     int (*recall)(void *context, const char *name, char *value, size_t room),
                     void *context, struct error *why)
{
    struct feed *feed = &maillog->feeds[maillog->count];
    char note[JOURNAL_NOTE_NAME_MAX + 1], value[JOURNAL_NOTE_VALUE_MAX];
    struct slice directory = slice_of(name);
    bool journal = slice_is(directory, "journal") || text_take(&directory, "journal:");
    const char *folder = journal && strcmp(name, "journal") != 0 ? directory.at : NULL;
    if (journal)
        sdjournal_note(folder, note);
    else
        follow_note(name, note);
    const char *position =
        recall != NULL && recall(context, note, value, sizeof value) == 0 ? value : NULL;
    if ((journal ? sdjournal_open(&feed->source, folder, position, why)
                 : follow_open(&feed->source, name, position, why)) != 0)
        return -1;
    maillog->count++;
    feed->reader = logline_open();
    if (feed->reader == NULL)
        return error_set(why, "no memory to read '%s'", name);
    if (occurrence_open(&feed->occurrence, why) != 0)
        return -1;
    log_info("reading the mail log from '%s', %s", name,
             position != NULL ? "where it was left" : "beginning with what is written from now on");
    return 0;
}

static int open_feeds(struct maillog *maillog, const struct settings *settings,
                      int (*recall)(void *context, const char *name, char *value, size_t room),
                      void *context, struct error *why)
{
    for (size_t i = 0; i < SETTINGS_LIST_MAX && settings->log_source[i] != NULL; i++) {
        const char *name = settings->log_source[i];
        if (strcmp(name, "auto") == 0)
            name = choose_source("", clock_now());
        if (open_feed(maillog, name, recall, context, why) != 0)
            return -1;
    }
    return 0;
}

/* No signal is for this thread. */
static int start_thread(struct maillog *maillog, struct error *why)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&maillog->thread, NULL, run, maillog);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
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
                     : open_feeds(self, settings, recall, context, why);
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
    for (size_t i = 0; i < self->count; i++) {
        self->feeds[i].source->calls->close(self->feeds[i].source);
        occurrence_close(&self->feeds[i].occurrence);
        logline_close(&self->feeds[i].reader);
    }
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
