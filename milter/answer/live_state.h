/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live_state: what the files of live share.
 */
#ifndef WAYBILL_ANSWER_LIVE_STATE_H
#define WAYBILL_ANSWER_LIVE_STATE_H

#include "recall.h"
#include "waybill/clock.h"
#include "waybill/live.h"

/* From an event to its entry in the stream, and between the clocks of hosts. */
#define LIVE_LATE_MS MINUTE_MS

struct live_place {
    int64_t time; /* all that reached the store earlier was told */
    struct store_position last[STORE_STREAMS];
};

/* Filled while `streams` is not 0. */
struct rebuild {
    unsigned streams; /* bits */
    bool begun;       /* the gaps were told */
    bool waits;       /* part of the store did not answer: what was just asked is asked again */
    struct live_behind told;
    int64_t began;
    int64_t from; /* events from this time on */
    int64_t slice, until;
    uint64_t done; /* of this slice, up to this id */
    bool page_told; /* of the page behind `done`, up to this event */
    struct event page_last;
    struct store_position goes_on[STORE_STREAMS]; /* live, afterwards */
};

struct live {
    struct store *store;
    const struct settings *settings;
    unsigned char key[32];
    bool has_key, placed, partly;
    struct live_place place;
    int64_t look_at; /* clock_monotonic: look where the streams begin; 0: before anything is read */
    uint64_t epoch;
    struct rebuild rebuild;
    struct recall recall;
    struct pending {
        struct event event;
        struct store_position at;
    } pending[STORE_STREAMS][STORE_EVENTS_AT_ONCE];
    size_t pending_count[STORE_STREAMS];
    struct store_cursor reading;
};

/* The text of a place, and back. -1: changed, or of another store. */
void live_place_write(const struct live *live, char text[static LIVE_CURSOR_SIZE]);
int live_place_read(struct live *live, struct slice text, struct error *why);

/* Did the reader miss anything? Then rebuild.streams is not 0. Unplaced: take the place of now.
 * -1: the store failed. */
int live_look(struct live *live, const struct live_watcher *watcher, struct error *why);
/* Go on with that for about `ms`; the value of live_next. */
int live_rebuild(struct live *live, int64_t ms, const struct live_watcher *watcher,
                 struct error *why);
/* Tell it if part of the store did not answer, or does so again. True: it did not. */
bool live_partly(struct live *live, const struct live_watcher *watcher);

#endif
