/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recover: what the last process left in a generation is read once, in order.
 *
 * A tail with nothing whole after it was torn by a crash: it is cut off. Damage with whole records
 * after it is corruption: the segment stays as it is, the reader ships what is whole and then puts
 * it aside. Neither keeps the daemon from starting.
 */
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cursor.h"
#include "directory.h"
#include "scan.h"

struct recovery {
    struct journal *journal;
    void (*recovered)(void *context, enum journal_type type, struct slice payload);
    void *context;
    struct scan scan;
    bool facts;   /* the segment has some */
    bool damaged; /* and records stand after the damage */
    bool torn;
};

static void take(struct recovery *recovery, const struct record_view *record)
{
    struct journal *journal = recovery->journal;

    recovery->facts |= record->type == JOURNAL_FACT;
    if (record->time > journal->last_time)
        journal->last_time = record->time;
    notes_take(&journal->live, record);
    if (recovery->recovered)
        recovery->recovered(recovery->context, record->type, record->payload);
}

static void cut_tail(struct recovery *recovery, int fd, const char *name)
{
    uint64_t end = recovery->scan.offset;

    recovery->torn = true;
    log_warning("journal segment '%s/%u/%s' ends in a torn record; cut off at byte %llu",
                recovery->journal->path, recovery->journal->generation, name,
                (unsigned long long)end);
    if (ftruncate(fd, (off_t)end) < 0 || fdatasync(fd) < 0)
        log_warning("cannot cut '%s': %s", name, strerror(errno));
}

static void read_segment(struct recovery *recovery, int fd, struct place place, const char *name)
{
    struct scan *scan = &recovery->scan;
    struct record_view record;
    enum scan_result result;

    recovery->facts = recovery->damaged = recovery->torn = false;
    scan_start(scan, fd, place);
    while ((result = scan_next(scan, &record)) != SCAN_END) {
        if (result == SCAN_RECORD) {
            take(recovery, &record);
        } else if (scan_resync(scan)) {
            recovery->damaged = true;
        } else if (scan->unreadable) { /* what cannot be read now is not to be cut off */
            recovery->damaged = true;
            break;
        } else {
            cut_tail(recovery, fd, name);
            break;
        }
    }
    recovery->journal->stats.torn_tails += recovery->torn && !recovery->damaged;
    recovery->journal->stats.quarantined += recovery->damaged;
    if (recovery->damaged)
        log_warning("journal segment '%s/%u/%s' is damaged; what is whole in it is kept",
                    recovery->journal->path, recovery->journal->generation, name);
}

static void open_segment(struct recovery *recovery, uint64_t segment)
{
    struct journal *journal = recovery->journal;
    char name[SEGMENT_NAME_SIZE];

    segment_name(segment, name);
    int fd = openat(journal->directory, name, O_RDWR | O_CLOEXEC);
    recovery->damaged = fd < 0;
    if (fd >= 0) {
        read_segment(recovery, fd, (struct place){journal->generation, segment}, name);
        close(fd);
    } else if (errno != ENOENT) { /* the leader may have removed it meanwhile */
        log_warning("cannot open journal segment '%s/%u/%s': %s", journal->path,
                    journal->generation, name, strerror(errno));
        journal->stats.quarantined++;
    }
}

/* Times of notes decide between generations, so ours must be later than all that is there. */
static void learn_time(struct journal *journal)
{
    struct notes *notes = malloc(sizeof *notes);

    for (unsigned generation = 0; notes && generation < GENERATIONS; generation++) {
        int directory = directory_generation(journal->root, generation, false);
        if (generation == journal->generation || directory < 0) {
            if (directory >= 0)
                close(directory);
            continue;
        }
        notes->count = 0;
        notes_gather(notes, directory, generation);
        close(directory);
        for (size_t i = 0; i < notes->count; i++)
            if (notes->note[i].time > journal->last_time)
                journal->last_time = notes->note[i].time;
    }
    free(notes);
}

void recover(struct journal *journal,
             void (*recovered)(void *context, enum journal_type type, struct slice payload),
             void *context, uint64_t *empty)
{
    struct recovery recovery = {.journal = journal, .recovered = recovered, .context = context};
    struct segment_list list;
    struct cursor_view cursor;

    *empty = 0;
    (void)cursor_read(journal->directory, journal->generation, &cursor);
    if (segment_list_read(&list, journal->directory) < 0)
        log_warning("cannot list journal '%s/%u': %s", journal->path, journal->generation,
                    strerror(errno));
    /* A number is never used twice: the cursor would take new records for shipped ones. */
    journal->next_segment = 1 + (list.highest > cursor.segment ? list.highest : cursor.segment);
    /* Nobody wants the records: the newest segment has all notes, if it is whole. */
    size_t first = list.count;
    if (scan_init(&recovery.scan) == 0) {
        do {
            if (first > 0)
                first = recovered ? 0 : first - 1;
            for (size_t i = first; i < list.count; i++) {
                open_segment(&recovery, list.numbers[i]);
                if (i + 1 == list.count && !recovery.facts && !recovery.damaged)
                    *empty = list.numbers[i];
                if (!recovered)
                    break;
            }
        } while (!recovered && first > 0 && (recovery.damaged || recovery.torn));
    }
    scan_clear(&recovery.scan);
    segment_list_clear(&list);
    learn_time(journal);
    journal->heads = journal->live;
}
