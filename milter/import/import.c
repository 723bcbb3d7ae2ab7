/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import: from lines to facts, and with whole mails to the sink.
 */
#include "waybill/import.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "logs.h"
#include "sheaf.h"
#include "sink.h"
#include "waybill/clock.h"
#include "waybill/host.h"
#include "waybill/logline.h"
#include "waybill/occurrence.h"

#define LOOK_LINES 4096 /* between two looks at the clock and at `stop` */
#define TELL_MS 100

struct import {
    struct import_options options;
    struct import_tally tally;
    struct import_progress progress;
    struct sheaf *sheaf;
    struct logline_reader *reader;
    struct occurrence *occurrence;
    struct sink sink;
    struct logs logs;
    uint64_t done;     /* packed bytes of the files before this one */
    int64_t oldest;
    int64_t told;      /* progress, monotonic */
    char machine[256]; /* its own name, which syslog writes whatever the settings say */
    char logged[256];  /* the host that was looked at last ... */
    bool logged_ours;
    enum import_result result; /* why a sink wants no more */
    struct error *why;
};

/* ---- news for who waits ---- */

static bool is_stopped(const struct import *import)
{
    return import->options.stop != NULL && atomic_load(import->options.stop);
}

static void tell(struct import *import)
{
    int64_t now = clock_monotonic();
    if (import->options.progress == NULL || now < import->told + TELL_MS)
        return;
    import->told = now;
    import->options.progress(import->options.context, &import->progress);
}

static bool wait_again(void *context, uint64_t unshipped)
{
    struct import *import = context;
    import->progress.waiting = true;
    import->progress.unshipped = unshipped;
    tell(import);
    import->progress.waiting = false;
    return is_stopped(import);
}

/* ---- the sink ---- */

static int take_mail(void *context, const struct bound_mail *mail)
{
    struct import *import = context;
    import->result = sink_bound(&import->sink, mail, import->why);
    return import->result != IMPORT_DONE;
}

/* ---- lines ---- */

/* As the follower of the log names it, so that both speak of the same mail. */
static bool is_ours(struct import *import, struct slice logged)
{
    if (slice_is(logged, import->logged))
        return import->logged_ours;
    const char *ours = import->options.settings->host;
    import->logged_ours = (ours != NULL && host_fits(slice_of(ours), logged)) ||
                          host_fits(slice_of(import->machine), logged);
    slice_copy(logged, import->logged, sizeof import->logged);
    return import->logged_ours;
}

static void name_host(struct import *import, struct fact *fact)
{
    if (import->options.host != NULL)
        fact_set(fact, KEY_HOST, slice_of(import->options.host));
    else if (import->options.settings->host != NULL && is_ours(import, fact->value[KEY_HOST]))
        fact_set(fact, KEY_HOST, slice_of(import->options.settings->host));
}

static enum import_result take_fact(struct import *import, struct fact *fact)
{
    name_host(import, fact);
    if (fact->value[KEY_QUEUE].size == 0)
        return sink_loose(&import->sink, fact, import->why);
    if (sheaf_add(import->sheaf, fact) == 0)
        return IMPORT_DONE;
    if (import->result != IMPORT_DONE)
        return import->result;
    error_set(import->why, "no memory for the mails of the log");
    return IMPORT_UNREACHABLE;
}

/* Ids are for the store: without one the order of the lines does as well, and costs nothing. */
static uint64_t first_id(struct import *import, const struct logline *line, uint64_t place,
                         unsigned *before)
{
    *before = 0;
    if (import->options.dry_run)
        return import->tally.lines << 16;
    uint64_t first = fact_id_log(line->raw, 0, 0);
    *before = occurrence_count(import->occurrence, first, place);
    return first;
}

static void count_time(struct import_tally *tally, int64_t time)
{
    if (tally->first == 0 || time < tally->first)
        tally->first = time;
    if (time > tally->last)
        tally->last = time;
}

static enum import_result take_once(struct import *import, const struct logline *line,
                                    uint64_t place)
{
    enum import_result result = IMPORT_DONE;
    struct fact fact;
    unsigned before;
    uint64_t first = first_id(import, line, place, &before);
    for (unsigned i = 0;
         result == IMPORT_DONE && logline_fact(import->reader, line, i, &fact); i++) {
        fact.id = fact_id_again(first, before, i);
        result = take_fact(import, &fact);
    }
    return result;
}

/* A line that stands for many is taken as many times, as the follower of the log does. */
static enum import_result take_understood(struct import *import, const struct logline *line,
                                          uint64_t place)
{
    enum import_result result = IMPORT_DONE;
    count_time(&import->tally, line->time);
    import->tally.gaps += line->shape == SHAPE_LOST;
    for (unsigned i = 0; i < line->repeated && result == IMPORT_DONE; i++)
        result = take_once(import, line, place);
    return result;
}

static bool is_wanted(struct import *import, int64_t time)
{
    bool old = time < import->oldest;
    bool outside = !old && (time < import->options.since || time > import->options.until);
    import->tally.old += old;
    import->tally.outside += outside;
    return !old && !outside;
}

static enum import_result take_line(struct import *import, struct slice text, uint64_t place)
{
    struct logline line;
    if (!logline_header(import->reader, text, &line)) {
        import->tally.nothing++;
        return IMPORT_DONE;
    }
    if (!is_wanted(import, line.time))
        return IMPORT_DONE;
    logline_body(import->reader, &line);
    switch (line.understood) {
    case LINE_SAYS_NOTHING:
        import->tally.nothing++;
        return IMPORT_DONE;
    case LINE_BROKEN:
        import->tally.broken++;
        return IMPORT_DONE;
    case LINE_UNDERSTOOD:
        import->tally.understood++;
        return take_understood(import, &line, place);
    }
    return IMPORT_DONE;
}

/* ---- files ---- */

static enum import_result look_around(struct import *import, const struct logfile *file)
{
    struct logfile_place place;
    logfile_where(file, &place);
    import->progress.done = import->done + place.packed;
    tell(import);
    if (!is_stopped(import))
        return IMPORT_DONE;
    error_set(import->why, "stopped");
    return IMPORT_STOPPED;
}

static enum import_result take_news(struct import *import, struct logfile *file,
                                    enum logfile_news news, struct slice text)
{
    struct logfile_place place;
    import->tally.lines++;
    import->tally.too_long += news == LOGFILE_TOO_LONG;
    import->tally.broken += news == LOGFILE_CUT;
    if (news != LOGFILE_LINE)
        return IMPORT_DONE;
    if (import->tally.lines % LOOK_LINES == 0 && look_around(import, file) != IMPORT_DONE)
        return IMPORT_STOPPED;
    logfile_where(file, &place);
    return take_line(import, text, place.bytes);
}

static enum import_result take_lines(struct import *import, struct logfile *file)
{
    enum import_result result = IMPORT_DONE;
    struct slice text;
    while (result == IMPORT_DONE) {
        enum logfile_news news = logfile_next(file, &text, import->why);
        if (news == LOGFILE_END)
            break;
        result = news == LOGFILE_FAILED ? IMPORT_UNREADABLE : take_news(import, file, news, text);
    }
    return result;
}

/* Lines are counted anew in each file: a copy of one that was read before says nothing new. */
static enum import_result take_file(struct import *import, struct log_entry *log)
{
    struct logfile_place place;
    import->progress.file = log->path;
    import->tally.files++;
    occurrence_close(&import->occurrence);
    if (occurrence_open(&import->occurrence, import->why) != 0)
        return IMPORT_UNREACHABLE;
    logfile_where(log->file, &place);
    logline_until(import->reader, place.written);
    logline_years(import->reader, log->file);
    enum import_result result = take_lines(import, log->file);
    logfile_where(log->file, &place);
    import->tally.bytes += place.bytes;
    import->done += place.packed;
    import->progress.done = import->done;
    logfile_close(&log->file);
    return result;
}

enum import_result import_logs(struct import *import, const char *const *paths, size_t count,
                               struct error *why)
{
    struct error damage;
    bool damaged = false;
    import->why = why;
    if (logs_open(&import->logs, paths, count, why) != 0)
        return IMPORT_UNREADABLE;
    enum import_result result = sink_open(&import->sink, why);
    import->progress.total = import->logs.total;
    for (size_t i = 0; i < import->logs.count && result == IMPORT_DONE; i++) {
        result = take_file(import, &import->logs.list[i]);
        if (result != IMPORT_UNREADABLE)
            continue;
        damage = *why;
        damaged = true;
        result = IMPORT_DONE;
    }
    logs_close(&import->logs);
    import->progress.file = NULL;
    if (result != IMPORT_DONE || !damaged)
        return result;
    *why = damage;
    return IMPORT_UNREADABLE;
}

/* ---- mails of others ---- */

enum import_result import_mail(struct import *import, const struct fact *facts, size_t count,
                               struct error *why)
{
    import->why = why;
    return sink_mail(&import->sink, facts, count, why);
}

/* ---- begin and end ---- */

int import_open(struct import **import, const struct import_options *options, struct error *why)
{
    struct import *self = calloc(1, sizeof *self);
    *import = self;
    if (self == NULL)
        return error_set(why, "no memory to import");
    self->options = *options;
    self->progress.tally = &self->tally;
    self->sink = (struct sink){.options = &self->options,
                               .tally = &self->tally,
                               .wait = {wait_again, self},
                               .now = clock_now(),
                               .lifetime = options->settings->queue_lifetime_hours * HOUR_MS};
    self->oldest = self->sink.now - options->retention_days * DAY_MS;
    if (gethostname(self->machine, sizeof self->machine - 1) != 0)
        self->machine[0] = '\0';
    self->reader = logline_open();
    if (self->reader != NULL &&
        sheaf_open(&self->sheaf, options->dry_run ? &sheaf_bounds_dry : &sheaf_bounds_usual,
                   take_mail, self, why) == 0)
        return 0;
    import_close(import);
    return error_set(why, "no memory to import");
}

enum import_result import_finish(struct import *import, struct error *why)
{
    import->why = why;
    if (sheaf_end(import->sheaf) != 0)
        return import->result;
    return sink_finish(&import->sink, why);
}

const struct import_tally *import_counts(const struct import *import)
{
    return &import->tally;
}

void import_close(struct import **import)
{
    struct import *self = *import;
    *import = NULL;
    if (self == NULL)
        return;
    logs_close(&self->logs);
    sink_close(&self->sink);
    sheaf_free(&self->sheaf);
    occurrence_close(&self->occurrence);
    logline_close(&self->reader);
    free(self);
}
