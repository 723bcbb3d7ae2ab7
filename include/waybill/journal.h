/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal: durable, local, bounded; the mail never waits for what comes after it.
 *
 * Layout of the directory (bytes: milter/journal/FORMAT):
 *     leader                   lock of the process that follows the log and ships
 *     0/ .. 7/                 one directory per generation; its `lock` names a living writer
 *     0/00000000000000000012   a segment
 *     0/cursor                 what is shipped of this generation
 *
 * One process writes a generation; the leader reads them all. A record is FACT (a line of
 * fact.h) or NOTE (a name and a value of which only the last counts: a log position, the last
 * id). Notes are repeated at the head of every segment, so the newest segment has them all.
 */
#ifndef WAYBILL_JOURNAL_H
#define WAYBILL_JOURNAL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "waybill/error.h"
#include "waybill/settings.h"
#include "waybill/text.h"

enum journal_type { JOURNAL_FACT = 'F', JOURNAL_NOTE = 'N' };

#define JOURNAL_RECORD_MAX 16384u /* payload */
#define JOURNAL_NOTE_NAME_MAX 255u
#define JOURNAL_NOTE_VALUE_MAX 2048u
#define JOURNAL_NOTES_MAX 64u

struct journal;

struct journal_options {
    const char *directory;
    enum sync_mode sync;
    int64_t sync_ms;      /* group commit at most this far apart */
    int64_t segment_size; /* bytes; a new segment is begun past it; at most total_size / 16 */
    int64_t total_size;   /* bytes of all generations; at the bound new facts wait in the ring */
    size_t ring;          /* records (and as many KiB) kept in memory while the disk refuses */
};

/* Take the lowest free generation, recover it (cut a torn tail, quarantine a broken segment) and
 * start the writer's thread. `recovered` (may be NULL) is called for each intact record that is
 * still there, oldest first, before journal_open returns. -1: no generation free, or the
 * directory cannot be used. */
int journal_open(struct journal **journal, const struct journal_options *options,
                 void (*recovered)(void *context, enum journal_type type, struct slice payload),
                 void *context, struct error *why);
/* Write what is queued, sync, let the generation go. Waits for the thread. */
void journal_close(struct journal **journal);
unsigned journal_generation(const struct journal *journal);

/* The options that the settings ask for; `directory` gets the path. */
void journal_options_of(struct journal_options *options, const struct settings *settings,
                        char directory[static PATH_MAX]);
/* Bytes of this generation that no leader has shipped; 0: all is. What is still in the ring is not
 * among them. Looks at the directory: not to be asked for each record. Any thread. */
uint64_t journal_unshipped(const struct journal *journal);

/* Queue one record; `payload` is copied. Never blocks on the disk. Returns its ticket (1, 2, ...)
 * or 0: the ring is full and the record is lost and counted; the loss is written as a GAP fact
 * (witness milter, KEY_COUNT, KEY_UNTIL, KEY_CAUSE) as soon as the disk takes records again, at
 * most one a second. Causes: disk-full, disk-error, journal-full (total_size), overload (faster
 * than the disk), too-long, no-memory. Any thread. */
uint64_t journal_append(struct journal *journal, enum journal_type type, const void *payload,
                        size_t size);
/* Remember a note: it is appended now and again at the head of each later segment, but never at a
 * head that is written before the records that were appended before it. 0: the ring is full (the
 * note keeps its old value; this is not counted as a lost fact), or a limit is passed. */
uint64_t journal_note(struct journal *journal, const char *name, struct slice value);
/* The same, but only for the heads of later segments and at the close; nothing is appended now, so
 * a crash goes back to what the last head said. */
void journal_remember(struct journal *journal, const char *name, struct slice value);
/* The last value of a note that this process wrote, remembered or recovered. 0, or -1: none, or
 * it does not fit. Any thread. */
int journal_recall(struct journal *journal, const char *name, char *value, size_t room);

/* The next record begins a new segment. Any thread. */
void journal_roll(struct journal *journal);

/* Wait until the record with this ticket, and all before it, is with the kernel (sync always: on
 * the disk), at most `ms`. True: it is. Any thread. */
bool journal_wait(struct journal *journal, uint64_t ticket, int64_t ms);

/* What a record of type NOTE carries, wherever it is met. False: it is none. */
bool journal_note_read(struct slice payload, struct slice *name, struct slice *value);

struct journal_stats {
    uint64_t appended, written, lost, bytes_written, syncs, sync_failures, write_failures;
    uint64_t torn_tails, quarantined; /* found at the last open */
    uint64_t bytes_held;              /* on disk, all generations; at most a second old */
    uint64_t waiting;                 /* in the ring */
};
void journal_read_stats(struct journal *journal, struct journal_stats *stats);

/* The leader's side: reads all generations, its own too. One thread. */
struct journal_reader;

/* Become the leader if no other process is. 1: we are; 0: another one is; -1: error. */
int journal_lead(struct journal_reader **reader, const struct journal_options *options,
                 struct error *why);
void journal_reader_close(struct journal_reader **reader); /* gives the leadership back */

struct journal_position {
    unsigned generation;
    uint64_t segment;
    uint64_t offset; /* of the byte after the record */
};
struct journal_entry {
    enum journal_type type;
    uint64_t moment;      /* when it was appended, microseconds since 1970-01-01 UTC */
    struct slice payload; /* valid until the next call */
    struct journal_position position;
};
/* The next record after the one last returned, from any generation; within a generation in
 * order. 1: *entry is filled; 0: nothing more now; -1: an error that will not go away by itself
 * was told in `why` and stepped over (a quarantined segment). Starts at the durable cursors. */
int journal_next(struct journal_reader *reader, struct journal_entry *entry, struct error *why);
/* Wait until there may be more, at most `ms`. A write by this process wakes it at once. */
void journal_reader_wait(struct journal_reader *reader, struct journal *own, int64_t ms);
/* All up to `shipped` (of its generation) is shipped, and from `kept` on (NULL: from `shipped` on)
 * the records are kept for a rewind: make both durable, then remove segments that lie wholly before
 * what is kept. Not the newest segment of a generation. Neither of the two ever goes back. */
int journal_commit(struct journal_reader *reader, const struct journal_position *shipped,
                   const struct journal_position *kept, struct error *why);
/* How far a generation is shipped. False: nothing of it is, or it is not there. */
bool journal_shipped(struct journal_reader *reader, unsigned generation,
                     struct journal_position *position);
/* Do all generations come near to total_size? Then nothing should be kept for a rewind. */
bool journal_tight(struct journal_reader *reader);
/* Which run of the store is given what is committed from now on: a digest; 0: not known. True:
 * another run was given some of what is kept, so it is time for a rewind. */
bool journal_name_store(struct journal_reader *reader, uint64_t store);
/* Take all that is kept for not shipped, durably: it is read again, and so is all that was read and
 * not committed. */
void journal_rewind(struct journal_reader *reader);
/* The last value of a note that is with the kernel, in any generation, by the order of its time.
 * What this process has only queued is not seen: journal_recall knows it. 0, or -1: none. */
int journal_find_note(struct journal_reader *reader, const char *name, char *value, size_t room);
/* What is in the journal now shall go from the disk, since it names somebody who is forgotten:
 *     journal_mark, journal_roll of one's own, then journal_scrub until it says 0 */
#define JOURNAL_GENERATIONS 8u
struct journal_mark {
    uint64_t newest[JOURNAL_GENERATIONS]; /* segment */
};
void journal_mark(struct journal_reader *reader, struct journal_mark *mark);
/* Remove all segments up to the mark that are shipped, damaged ones too. The number of those that
 * were still there. */
size_t journal_scrub(struct journal_reader *reader, const struct journal_mark *mark);
/* Bytes and records that are not yet shipped, as far as known. */
void journal_backlog(struct journal_reader *reader, uint64_t *bytes);

#endif
