/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live: reads the streams on from a place.
 *
 * A writer that trims keeps at least KEPT_LEAST entries, so a read that brings fewer of a stream
 * has missed none by trimming; only after a larger one, after a failure, and every few seconds is
 * the store asked where its streams begin.
 */
#include "waybill/live.h"

#include <stdlib.h>
#include <string.h>

#include "live_state.h"

#define KEPT_LEAST 100u /* of events_kept; see base/options.c */

int live_open(struct live **live, struct store *store, const struct settings *settings,
              struct slice cursor, const unsigned char *key, struct error *why)
{
    struct live *made = calloc(1, sizeof *made);

    *live = NULL;
    if (made == NULL || recall_init(&made->recall) != 0) {
        free(made);
        return error_set(why, "cannot follow: no memory");
    }
    made->store = store;
    made->settings = settings;
    made->has_key = key != NULL;
    if (key != NULL)
        memcpy(made->key, key, sizeof made->key);
    made->placed = cursor.at != NULL;
    if (made->placed && live_place_read(made, cursor, why) != 0) {
        live_close(&made);
        return -1;
    }
    store_read_partly(store, true);
    *live = made;
    return 0;
}

void live_close(struct live **live)
{
    if (*live == NULL)
        return;
    recall_free(&(*live)->recall);
    free(*live);
    *live = NULL;
}

bool live_cursor(const struct live *live, char text[static LIVE_CURSOR_SIZE])
{
    text[0] = '\0';
    if (live->placed)
        live_place_write(live, text);
    return live->placed;
}

bool live_partly(struct live *live, const struct live_watcher *watcher)
{
    struct error why;
    bool partly = store_unanswered(live->store, &why) > 0;

    if (partly != live->partly)
        watcher->partly(watcher->context, partly ? why.text : NULL);
    live->partly = partly;
    return partly;
}

static int tell_event(struct live *live, const struct event *event,
                      const struct live_watcher *watcher)
{
    int result;

    if (recall_has(&live->recall, event->id))
        return 0;
    result = watcher->event(watcher->context, event);
    if (result == 0)
        recall_add(&live->recall, event->id);
    return result;
}

/* ---- one read ---- */

static void take_event(void *context, const struct event *event)
{
    struct live *live = context;
    unsigned stream = live->reading.at;

    if (live->pending_count[stream] < STORE_EVENTS_AT_ONCE)
        live->pending[stream][live->pending_count[stream]++] =
            (struct pending){*event, live->reading.last[stream]};
}

/* Tell all, of the first of each stream the oldest first. */
static int tell_pending(struct live *live, const struct live_watcher *watcher)
{
    size_t next[STORE_STREAMS] = {0};

    for (;;) {
        const struct pending *oldest = NULL;
        unsigned from = 0;

        for (unsigned i = 0; i < STORE_STREAMS; i++) {
            const struct pending *first = &live->pending[i][next[i]];
            if (next[i] < live->pending_count[i] &&
                (oldest == NULL || first->event.time < oldest->event.time)) {
                oldest = first;
                from = i;
            }
        }
        if (oldest == NULL)
            return 0;
        struct store_position before = live->place.last[from];
        live->place.last[from] = oldest->at;
        int result = tell_event(live, &oldest->event, watcher);
        if (result != 0) {
            live->place.last[from] = before;
            return result;
        }
        next[from]++;
    }
}

/* All was told; what could not be read is passed over. Of a stream that has more the next entry
 * is as old as the last one. A server that sent more than it was asked for is asked again. */
static void move_on(struct live *live, int64_t started)
{
    int64_t time = started;

    for (unsigned i = 0; i < STORE_STREAMS; i++) {
        const struct store_position *last = &live->reading.last[i];

        if (live->reading.came[i] >= STORE_EVENTS_AT_ONCE && last->ms < (uint64_t)time)
            time = (int64_t)last->ms;
        if (live->reading.came[i] <= STORE_EVENTS_AT_ONCE)
            live->place.last[i] = *last;
    }
    if (time > live->place.time)
        live->place.time = time;
}

static bool much_came(const struct live *live)
{
    for (unsigned i = 0; i < STORE_STREAMS; i++)
        if (live->reading.came[i] >= KEPT_LEAST)
            return true;
    return false;
}

static int read_on(struct live *live, int64_t ms, const struct live_watcher *watcher,
                   struct error *why)
{
    int64_t started = clock_now();
    int result;

    memset(live->pending_count, 0, sizeof live->pending_count);
    memcpy(live->reading.last, live->place.last, sizeof live->reading.last);
    if (store_read_events(live->store, &live->reading, ms, take_event, live, why) != 0)
        return -1;
    if (live_partly(live, watcher)) {
        live->look_at = 0;
        started = live->place.time; /* what is away may hold earlier ones */
    }
    if (much_came(live)) {
        if (live_look(live, watcher, why) != 0)
            return -1;
        if (live->rebuild.streams != 0)
            return 0; /* and what came is read again, behind the records */
    }
    result = tell_pending(live, watcher);
    if (result == 0)
        move_on(live, started);
    return result;
}

/* Between two reads nobody is asked; a failure ends that trust. */
static bool must_look(const struct live *live)
{
    return !live->placed || live->look_at <= clock_monotonic() ||
           live->epoch != store_epoch(live->store);
}

int live_next(struct live *live, int64_t ms, const struct live_watcher *watcher,
              struct error *why)
{
    int result = 0;

    if (live->rebuild.streams == 0 && must_look(live))
        result = live_look(live, watcher, why);
    if (result == 0)
        result = live->rebuild.streams != 0 ? live_rebuild(live, ms, watcher, why)
                                            : read_on(live, ms, watcher, why);
    if (result == -1)
        live->look_at = 0;
    return result;
}
