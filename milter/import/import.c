/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import: from lines to facts, and with whole mails to the one of the two sinks.
 */
#include "waybill/import.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dry.h"
#include "logs.h"
#include "packed.h"
#include "post.h"
#include "sheaf.h"
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
    struct dry dry;
    struct logline_reader *reader;
    struct occurrence *occurrence;
    struct post *post; /* NULL: a dry run, or nothing was posted yet */
    struct logs logs;
    uint64_t done;     /* packed bytes of the files before this one */
    int64_t now, lifetime, oldest;
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

/* ---- the sinks ---- */

static enum import_result need_post(struct import *import, struct error *why)
{
    const struct post_wait wait = {wait_again, import};
    if (import->options.dry_run || import->post != NULL)
        return IMPORT_DONE;
    return post_open(&import->post, &import->options, &wait, why);
}

static void count_mail(struct import *import, size_t facts)
{
    import->tally.mails++;
    import->tally.facts += facts;
}

static enum import_result judge(struct import *import, size_t count)
{
    if (dry_judge(&import->dry, count, &import->tally, import->now, import->lifetime,
                  import->why) == 0)
        return IMPORT_DONE;
    return IMPORT_UNREACHABLE;
}

static struct fact *room_for(struct import *import, size_t count)
{
    struct fact *facts = dry_room(&import->dry, count);
    if (facts == NULL)
        error_set(import->why, "no memory for a mail of %zu facts", count);
    return facts;
}

static size_t unpack(const struct bound_mail *mail, size_t at, struct fact *fact)
{
    size_t size = packed_get(mail->packed + at, fact);
    fact_set(fact, KEY_HOST, mail->host);
    fact_set(fact, KEY_INSTANCE, mail->instance);
    fact_set(fact, KEY_QUEUE, mail->queue_id);
    return size;
}

static struct fact *unpack_all(struct import *import, const struct bound_mail *mail)
{
    struct fact *facts = room_for(import, mail->count);
    size_t at = 0;
    for (size_t i = 0; facts != NULL && i < mail->count; i++)
        at += unpack(mail, at, &facts[i]);
    return facts;
}

/* In the order in which they were told: who judges them puts them in order. */
static enum import_result post_all(struct import *import, const struct fact *facts, size_t count)
{
    enum import_result result = IMPORT_DONE;
    for (size_t i = 0; i < count && result == IMPORT_DONE && import->post != NULL; i++)
        result = post_fact(import->post, &facts[i], import->why);
    return result;
}

static int take_mail(void *context, const struct bound_mail *mail)
{
    struct import *import = context;
    count_mail(import, mail->count);
    import->tally.open += !mail->ended;
    import->tally.forced += mail->forced;
    import->tally.cut += mail->cut;
    const struct fact *facts = unpack_all(import, mail);
    import->result = facts != NULL ? post_all(import, facts, mail->count) : IMPORT_UNREACHABLE;
    if (import->result == IMPORT_DONE)
        import->result = judge(import, mail->count);
    return import->result != IMPORT_DONE;
}

/* Of no mail that ever had a queue id. */
static enum import_result take_loose(struct import *import, const struct fact *fact)
{
    import->tally.facts++;
    import->tally.refusals += fact->kind == FACT_REFUSED;
    return import->options.dry_run ? IMPORT_DONE : post_fact(import->post, fact, import->why);
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
        return take_loose(import, fact);
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
    enum import_result result = need_post(import, why);
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
    enum import_result result = need_post(import, why);
    import->why = why;
    count_mail(import, count);
    if (result == IMPORT_DONE)
        result = post_all(import, facts, count);
    if (result != IMPORT_DONE)
        return result;
    struct fact *copy = room_for(import, count);
    if (copy == NULL)
        return IMPORT_UNREACHABLE;
    memcpy(copy, facts, count * sizeof *copy);
    return judge(import, count);
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
    self->now = clock_now();
    self->oldest = self->now - options->retention_days * DAY_MS;
    self->lifetime = options->settings->queue_lifetime_hours * HOUR_MS;
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
    return import->post != NULL ? post_finish(import->post, why) : IMPORT_DONE;
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
    post_close(&self->post);
    sheaf_free(&self->sheaf);
    dry_free(&self->dry);
    occurrence_close(&self->occurrence);
    logline_close(&self->reader);
    free(self);
}
