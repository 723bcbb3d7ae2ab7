/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read: the leader merges all generations by the time of their records, so that what an old and a
 * new daemon saw side by side is shipped in the order in which it happened.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "directory.h"
#include "inside.h"
#include "stream.h"

#include "waybill/clock.h"

#define LOOK_MS 20          /* how often an exhausted generation is looked at while others flow */
#define ATTACH_MS SECOND_MS /* how often a new generation is looked for */
#define SIZE_MS 500         /* so long a sum of all files is good enough */
#define OTHERS_MS 250       /* how often other processes' generations are looked at when idle */

struct journal_reader {
    int root, lock_file;
    bool sync;
    uint64_t store;      /* its run, as the cursors shall name it */
    uint64_t total_size; /* of all generations */
    int64_t sized;       /* when that was looked at; monotonic */
    bool tight;
    struct stream streams[GENERATIONS];
    struct stream *taken; /* its record was returned last */
    int64_t looked, attached;
    uint64_t seen;       /* written records of our own journal */
    struct error untold; /* what was stepped over while waiting */
    bool has_untold;
};

int journal_lead(struct journal_reader **result, const struct journal_options *options,
                 struct error *why)
{
    *result = NULL;
    int root = directory_open(options->directory, why);
    if (root < 0)
        return -1;
    int lock_file = directory_lock(root, "leader");
    if (lock_file < 0) {
        int cause = errno;
        close(root);
        if (cause == EWOULDBLOCK)
            return 0;
        return error_set(why, "cannot lock '%s/leader': %s", options->directory, strerror(cause));
    }
    struct journal_reader *reader = calloc(1, sizeof *reader);
    if (!reader) {
        close(lock_file);
        close(root);
        return error_set(why, "cannot read the journal '%s': no memory", options->directory);
    }
    reader->root = root;
    reader->lock_file = lock_file;
    reader->sync = options->sync != SYNC_NEVER;
    reader->total_size =
        options->total_size > TOTAL_LEAST ? (uint64_t)options->total_size : TOTAL_LEAST;
    for (unsigned generation = 0; generation < GENERATIONS; generation++)
        stream_init(&reader->streams[generation], generation);
    *result = reader;
    return 1;
}

void journal_reader_close(struct journal_reader **where)
{
    struct journal_reader *reader = *where;

    if (!reader)
        return;
    *where = NULL;
    for (unsigned generation = 0; generation < GENERATIONS; generation++)
        stream_clear(&reader->streams[generation]);
    close(reader->root);
    close(reader->lock_file);
    free(reader);
}

static void attach(struct journal_reader *reader, int64_t now)
{
    if (reader->attached > 0 && now < reader->attached + ATTACH_MS)
        return;
    reader->attached = now;
    for (unsigned generation = 0; generation < GENERATIONS; generation++)
        stream_attach(&reader->streams[generation], reader->root);
}

/* The stream with the earliest record that is ready. */
static struct stream *earliest(struct journal_reader *reader)
{
    struct stream *best = NULL;

    for (unsigned generation = 0; generation < GENERATIONS; generation++) {
        struct stream *stream = &reader->streams[generation];
        if (stream->ready && (!best || stream->record.time < best->record.time))
            best = stream;
    }
    return best;
}

/* Read ahead one record of each generation. A generation that had none is not asked each time. */
static int look(struct journal_reader *reader, struct error *why)
{
    int64_t now = clock_monotonic();
    bool all = !earliest(reader) || now >= reader->looked + LOOK_MS;
    bool stepped = false;

    attach(reader, now);
    if (all)
        reader->looked = now;
    for (unsigned generation = 0; generation < GENERATIONS; generation++) {
        struct stream *stream = &reader->streams[generation];
        if (stream->directory >= 0 && !stream->ready && (all || stream == reader->taken))
            stepped |= stream_peek(stream, why) < 0;
        if (stepped)
            return -1;
    }
    return 0;
}

int journal_next(struct journal_reader *reader, struct journal_entry *entry, struct error *why)
{
    if (reader->has_untold) {
        reader->has_untold = false;
        return error_set(why, "%s", reader->untold.text);
    }
    if (look(reader, why) < 0)
        return -1;
    struct stream *stream = earliest(reader);
    reader->taken = stream;
    if (!stream)
        return 0;
    stream->ready = false;
    entry->type = stream->record.type;
    entry->moment = stream->record.time;
    entry->payload = stream->record.payload;
    entry->position =
        (struct journal_position){stream->generation, stream->segment, stream->scan.offset};
    return 1;
}

/* Does a generation other than `own` have a record by now? */
static bool others_have_more(struct journal_reader *reader, const struct journal *own)
{
    attach(reader, clock_monotonic());
    for (unsigned generation = 0; generation < GENERATIONS; generation++) {
        struct stream *stream = &reader->streams[generation];
        if (stream->directory < 0 || (own && journal_generation(own) == generation))
            continue;
        int result = stream_peek(stream, &reader->untold);
        reader->has_untold |= result < 0;
        if (result != 0)
            return true;
    }
    return false;
}

void journal_reader_wait(struct journal_reader *reader, struct journal *own, int64_t ms)
{
    int64_t now = clock_monotonic(), end = now + ms;

    while (!others_have_more(reader, own) && (now = clock_monotonic()) < end) {
        int64_t slice = end - now < OTHERS_MS ? end - now : OTHERS_MS;
        if (!own)
            clock_sleep(slice);
        else if (journal_wait_more(own, &reader->seen, slice))
            return;
    }
}

static struct cursor_view cursor_of(const struct journal_position *shipped,
                                    const struct journal_position *kept, uint64_t store)
{
    return (struct cursor_view){.segment = shipped->segment,
                                .offset = shipped->offset,
                                .kept_segment = kept->segment,
                                .kept_offset = kept->offset,
                                .store = store};
}

int journal_commit(struct journal_reader *reader, const struct journal_position *shipped,
                   const struct journal_position *kept, struct error *why)
{
    unsigned generation = shipped->generation;

    if (generation >= GENERATIONS || reader->streams[generation].directory < 0)
        return error_set(why, "no generation %u in the journal", generation);
    return stream_commit(&reader->streams[generation],
                         cursor_of(shipped, kept ? kept : shipped, reader->store), reader->sync,
                         why);
}

bool journal_shipped(struct journal_reader *reader, unsigned generation,
                     struct journal_position *position)
{
    attach(reader, clock_monotonic());
    const struct stream *stream = &reader->streams[generation];
    *position = (struct journal_position){generation, stream->cursor.segment,
                                          stream->cursor.offset};
    return stream->directory >= 0 && stream->cursor.segment > 0;
}

bool journal_tight(struct journal_reader *reader)
{
    int64_t now = clock_monotonic();

    if (reader->sized > 0 && now < reader->sized + SIZE_MS)
        return reader->tight;
    reader->sized = now;
    reader->tight = directory_bytes(reader->root) > reader->total_size / 4 * 3;
    return reader->tight;
}

bool journal_name_store(struct journal_reader *reader, uint64_t store)
{
    bool foreign = false;

    attach(reader, clock_monotonic());
    reader->store = store;
    for (unsigned generation = 0; generation < GENERATIONS; generation++)
        foreign |= reader->streams[generation].directory >= 0 &&
                   stream_foreign(&reader->streams[generation], store);
    return foreign;
}

void journal_rewind(struct journal_reader *reader)
{
    reader->taken = NULL;
    reader->looked = 0;
    for (unsigned generation = 0; generation < GENERATIONS; generation++)
        if (reader->streams[generation].directory >= 0)
            stream_rewind(&reader->streams[generation], reader->store, reader->sync);
}

void journal_mark(struct journal_reader *reader, struct journal_mark *mark)
{
    reader->attached = 0;
    attach(reader, clock_monotonic());
    for (unsigned generation = 0; generation < GENERATIONS; generation++)
        mark->newest[generation] = stream_newest(&reader->streams[generation]);
}

size_t journal_scrub(struct journal_reader *reader, const struct journal_mark *mark)
{
    size_t left = 0;

    for (unsigned generation = 0; generation < GENERATIONS; generation++)
        left += stream_scrub(&reader->streams[generation], mark->newest[generation], reader->sync);
    return left;
}

int journal_find_note(struct journal_reader *reader, const char *name, char *value, size_t room)
{
    struct notes *notes = calloc(1, sizeof *notes);
    int result = -1;

    reader->attached = 0;
    attach(reader, clock_monotonic());
    for (unsigned generation = 0; notes && generation < GENERATIONS; generation++)
        if (reader->streams[generation].directory >= 0)
            notes_gather(notes, reader->streams[generation].directory, generation);
    if (notes)
        result = notes_copy(notes, name, value, room);
    free(notes);
    return result;
}

void journal_backlog(struct journal_reader *reader, uint64_t *bytes)
{
    *bytes = 0;
    for (unsigned generation = 0; generation < GENERATIONS; generation++)
        if (reader->streams[generation].directory >= 0)
            *bytes += stream_backlog(&reader->streams[generation]);
}
