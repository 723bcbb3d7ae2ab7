/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live: the one way to follow what happens. Who follows holds a cursor, a short text, and may go
 * on with it after a restart, on another machine, or a week later.
 *
 * The store keeps the last events in STORE_STREAMS bounded streams. A reader whose place was
 * trimmed away, or whose stream is gone (a store that was emptied, or restored from a copy), is
 * told so, and then gets what it missed out of the records.
 *
 * Guaranteed: each event is told at least once, always with the same event id; a consumer that
 * must not act twice keeps the ids. Told again, within one reader, is only what is further back
 * than the last 100,000 events; after a restart, what lay within a minute before the cursor,
 * where the reader had fallen behind.
 *
 * Order: in the streams, as the events reached the store, those of one mail always so; of what
 * came together the older is told first. Out of the records: mails by their arrival, ten minutes
 * at a time, and of a hundred mails the older event first. What was rebuilt comes before what is
 * live in the same streams.
 *
 * Not guaranteed: what is rebuilt are the events whose own time is not earlier than a minute
 * before the cursor, of mails that arrived no longer than the queue's lifetime before it, and
 * that the store still has. An event that reached the store later than that minute (an import of
 * old logs, a host that had been cut off) is told live only. An event out of a stream that is
 * lost together with its record is not known to anybody.
 *
 * Not for several threads at once. Memory: about 2 MB, and the ids of ten minutes while it
 * rebuilds.
 */
#ifndef WAYBILL_LIVE_H
#define WAYBILL_LIVE_H

#include "waybill/error.h"
#include "waybill/settings.h"
#include "waybill/store.h"
#include "waybill/text.h"

#define LIVE_CURSOR_SIZE 464 /* with its end; mostly about 120 */

struct live_behind {
    unsigned streams; /* how many the reader fell behind in */
    bool gone;        /* some of them were emptied or replaced, not only trimmed */
    int64_t since;    /* ms; what came later may have been missed */
    uint64_t told;    /* events out of the records, up to now */
    uint64_t unread;  /* records that could not be read */
};
struct live_watcher {
    void *context;
    /* May use the store, which reads partly: who needs what a master has that is away asks without
     * (store_read_partly), and answers -1, so that the event is told again when it is back. 0: go
     * on; else live_next ends at once with this value, and the event counts as not told. */
    int (*event)(void *context, const struct event *event);
    /* Before the first event out of the records, and behind the last one. */
    void (*behind)(void *context, const struct live_behind *behind);
    void (*rebuilt)(void *context, const struct live_behind *behind);
    /* Masters of a Cluster are away; `why` is of the first. What they hold is told when they are
     * back. Once each time that this begins; NULL: they are back. */
    void (*partly)(void *context, const char *why);
};

struct live;
/* `cursor`: of live_cursor; absent: from the first live_next on. `key`: 32 bytes of token_key's
 * purpose "cursor", or NULL: then a cursor shows mistakes, and proves nothing. Store and settings
 * must live as long. Does not connect; from here on the store reads partly. -1: it is no cursor of
 * this store, or no memory. */
int live_open(struct live **live, struct store *store, const struct settings *settings,
              struct slice cursor, const unsigned char *key, struct error *why);
void live_close(struct live **live);
/* Tell what came; wait for it, or rebuild, for about `ms` at most. 0; -1: the store failed: the
 * same call may be made again later, nothing is lost; else what `event` answered. */
int live_next(struct live *live, int64_t ms, const struct live_watcher *watcher,
              struct error *why);
/* Where to go on. Within `event`: behind this event. While it rebuilds: from before that. False:
 * there is no place yet, and the text is empty. */
bool live_cursor(const struct live *live, char text[static LIVE_CURSOR_SIZE]);

#endif
