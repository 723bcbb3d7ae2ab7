/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live_behind: notices that events were missed, and makes them anew from the records.
 *
 * The place where the streams go on afterwards is taken before the first record is read, and a
 * record is written before its events: so nothing falls between the two. What is in both is known
 * by its id. A stream belongs to waybills (id % STORE_STREAMS), so only these are read.
 */
#include "live_state.h"

#include <stdlib.h>
#include <string.h>

#include "waybill/waybill.h"

#define LOOK_EACH_MS (5 * SECOND_MS)
#define SLICE_MS (10 * MINUTE_MS)
#define REST_MS 500
#define PAGE 100u         /* records at once */
#define EVENTS_MAX 200000u /* of one page, and of gaps */

/* ---- notice ---- */

static bool is_behind(const struct live *live, struct store_position last,
                      const struct store_stream *stream)
{
    if (!last.known)
        return true; /* it did not answer when the others were placed */
    if (stream->deleted.known && store_position_compare(last, stream->deleted) < 0)
        return true;
    if (!stream->first.known)
        return store_position_compare(last, stream->last) < 0;
    if (store_position_compare(last, stream->first) >= 0)
        return false;
    if (last.ms != 0 || last.sequence != 0)
        return true; /* its entry was there, and is not */
    return stream->counts ? stream->added > stream->length
                          : stream->length >= (uint64_t)live->settings->events_kept;
}

/* What is there is not the stream that the cursor is of. */
static bool is_gone(struct store_position last, const struct store_stream *stream)
{
    if (!last.known || (last.ms == 0 && last.sequence == 0))
        return false;
    if (store_position_compare(stream->last, last) < 0)
        return true;
    return stream->counts && stream->first.known && stream->added == stream->length &&
           store_position_compare(last, stream->first) < 0;
}

static void begin(struct live *live, unsigned streams, bool gone,
                  const struct live_watcher *watcher)
{
    struct rebuild *rebuild = &live->rebuild;
    const struct settings *settings = live->settings;
    int64_t days = settings->retention_days, oldest;

    if (settings->refused_retention_days > days)
        days = settings->refused_retention_days;
    rebuild->streams = streams;
    rebuild->begun = false;
    rebuild->began = clock_now();
    rebuild->told = (struct live_behind){.gone = gone, .since = live->place.time};
    for (unsigned i = 0; i < STORE_STREAMS; i++)
        rebuild->told.streams += streams >> i & 1;
    oldest = rebuild->began - (days + 1) * DAY_MS;
    rebuild->from = live->place.time - LIVE_LATE_MS;
    if (rebuild->from < oldest)
        rebuild->from = oldest;
    rebuild->slice = rebuild->from - settings->queue_lifetime_hours * HOUR_MS;
    if (rebuild->slice < oldest)
        rebuild->slice = oldest;
    rebuild->slice -= rebuild->slice % SLICE_MS;
    rebuild->until = rebuild->began + LIVE_LATE_MS;
    rebuild->done = 0;
    rebuild->page_told = false;
    watcher->behind(watcher->context, &rebuild->told);
}

int live_look(struct live *live, const struct live_watcher *watcher, struct error *why)
{
    struct store_stream streams[STORE_STREAMS];
    int64_t now = clock_now();
    unsigned behind = 0;
    bool gone = false;

    if (store_look_at_streams(live->store, streams, why) != 0)
        return -1;
    (void)live_partly(live, watcher);
    for (unsigned i = 0; i < STORE_STREAMS; i++) {
        struct store_position *last = &live->place.last[i];

        if (!streams[i].answered)
            continue;
        if (!live->placed) {
            *last = streams[i].last;
        } else if (is_gone(*last, &streams[i]) || is_behind(live, *last, &streams[i])) {
            behind |= 1u << i;
            gone = gone || is_gone(*last, &streams[i]);
            live->rebuild.goes_on[i] = streams[i].last;
        }
    }
    if (!live->placed)
        live->place.time = now;
    live->placed = true;
    live->epoch = store_epoch(live->store);
    live->look_at = clock_monotonic() + LOOK_EACH_MS;
    if (behind != 0)
        begin(live, behind, gone, watcher);
    return 0;
}

/* ---- rebuild ---- */

struct page {
    struct live *live;
    struct event *events;
    size_t count;
    bool failed;
};

static void page_add(struct page *page, const struct event *events, size_t count)
{
    struct event *larger;

    if (count == 0 || page->failed)
        return;
    larger = page->count + count <= EVENTS_MAX
                 ? realloc(page->events, (page->count + count) * sizeof *larger)
                 : NULL;
    if (larger == NULL) {
        page->failed = true;
        return;
    }
    memcpy(larger + page->count, events, count * sizeof *events);
    page->events = larger;
    page->count += count;
}

static void take_waybill(void *context, uint64_t id, struct waybill *waybill, uint64_t see,
                         const char *why_not)
{
    struct page *page = context;
    struct live *live = page->live;
    struct event *events;
    size_t count, kept = 0;

    (void)id, (void)see;
    live->rebuild.told.unread += why_not != NULL;
    if (waybill == NULL)
        return;
    if (waybill_events(waybill, &events, &count) == 0) {
        for (size_t i = 0; i < count; i++)
            if (events[i].time >= live->rebuild.from)
                events[kept++] = events[i];
        page_add(page, events, kept);
        free(events);
    } else {
        page->failed = true;
    }
    waybill_clear(waybill);
}

static int by_time(const void *a, const void *b)
{
    const struct event *x = a, *y = b;

    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    if (x->waybill != y->waybill)
        return x->waybill < y->waybill ? -1 : 1;
    if (x->sequence != y->sequence)
        return x->sequence < y->sequence ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* Only what may come by the streams, too, is remembered: else a long rebuild would forget it. Of a
 * page that broke off the last event is kept: those before it were told. */
static int tell_one(struct live *live, const struct event *event,
                    const struct live_watcher *watcher)
{
    struct rebuild *rebuild = &live->rebuild;
    int result;

    if (rebuild->page_told && by_time(event, &rebuild->page_last) <= 0)
        return 0;
    if (recall_has(&live->recall, event->id))
        return 0;
    result = watcher->event(watcher->context, event);
    if (result != 0)
        return result;
    rebuild->page_told = true;
    rebuild->page_last = *event;
    rebuild->told.told++;
    if (event->time >= rebuild->began - LIVE_LATE_MS)
        recall_add(&live->recall, event->id);
    return 0;
}

static int tell_page(struct page *page, const struct live_watcher *watcher, struct error *why)
{
    int result = 0;

    if (page->failed)
        result = error_set(why, "cannot read what was missed: no memory");
    if (page->count > 0)
        qsort(page->events, page->count, sizeof *page->events, by_time);
    for (size_t i = 0; i < page->count && result == 0; i++)
        result = tell_one(page->live, &page->events[i], watcher);
    if (result == 0)
        page->live->rebuild.page_told = false;
    free(page->events);
    return result;
}

static int drop_page(struct page *page, int result)
{
    free(page->events);
    return result;
}

static void take_gap(void *context, const struct store_gap *gap)
{
    static const enum witness witnesses[] = {WITNESS_MILTER, WITNESS_REPORT, WITNESS_LOG,
                                             WITNESS_QUEUE, WITNESS_ADMIN};
    struct page *page = context;
    struct event event;

    for (size_t i = 0; i < sizeof witnesses / sizeof *witnesses; i++) {
        if (strcmp(gap->witness, witness_name(witnesses[i])) != 0 ||
            gap->from < page->live->rebuild.from)
            continue;
        event_of_gap(&event, gap->node, witnesses[i], gap->from);
        page_add(page, &event, 1);
    }
}

static int tell_gaps(struct live *live, const struct live_watcher *watcher, struct error *why)
{
    struct page page = {.live = live};
    int result = store_get_gaps(live->store, live->rebuild.from, live->rebuild.until, take_gap,
                                &page, why);

    live->rebuild.waits = live_partly(live, watcher);
    return result == 0 && !live->rebuild.waits ? tell_page(&page, watcher, why)
                                               : drop_page(&page, result);
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* The ids of this slice that are still to be done, lowest first. */
static int slice_ids(struct live *live, uint64_t **ids, size_t *count, struct error *why)
{
    const struct rebuild *rebuild = &live->rebuild;
    uint64_t *normal = NULL, *refused = NULL, *all;
    size_t normals = 0, refuseds = 0;
    int result = store_find_slice(live->store, rebuild->slice, false, &normal, &normals, why);

    if (result == 0)
        result = store_find_slice(live->store, rebuild->slice, true, &refused, &refuseds, why);
    all = result == 0 ? malloc((normals + refuseds + 1) * sizeof *all) : NULL;
    if (result == 0 && all == NULL)
        result = error_set(why, "cannot read what was missed: no memory");
    *count = 0;
    for (size_t i = 0; result == 0 && i < normals + refuseds; i++) {
        uint64_t id = i < normals ? normal[i] : refused[i - normals];
        if (id > rebuild->done && (rebuild->streams >> id % STORE_STREAMS & 1) != 0)
            all[(*count)++] = id;
    }
    free(normal);
    free(refused);
    if (*count > 0)
        qsort(all, *count, sizeof *all, by_number);
    *ids = all;
    return result;
}

static int tell_records(struct live *live, const uint64_t *ids, size_t count,
                        const struct live_watcher *watcher, struct error *why)
{
    struct page page = {.live = live};
    uint64_t unread = live->rebuild.told.unread;
    int result = store_get_waybills(live->store, ids, count, clock_now(),
                                    live->settings->queue_lifetime_hours * HOUR_MS, take_waybill,
                                    &page, why);

    live->rebuild.waits = live_partly(live, watcher);
    if (result == 0 && !live->rebuild.waits)
        return tell_page(&page, watcher, why);
    live->rebuild.told.unread = unread;
    return drop_page(&page, result);
}

static int tell_slice(struct live *live, const struct live_watcher *watcher, struct error *why)
{
    uint64_t *ids;
    size_t count;
    int result = slice_ids(live, &ids, &count, why);

    live->rebuild.waits = live_partly(live, watcher);
    for (size_t i = 0; i < count && result == 0 && !live->rebuild.waits; i += PAGE) {
        size_t size = count - i < PAGE ? count - i : PAGE;

        result = tell_records(live, ids + i, size, watcher, why);
        if (result == 0 && !live->rebuild.waits)
            live->rebuild.done = ids[i + size - 1];
    }
    free(ids);
    return result;
}

static void finish(struct live *live, const struct live_watcher *watcher)
{
    struct rebuild *rebuild = &live->rebuild;

    for (unsigned i = 0; i < STORE_STREAMS; i++)
        if (rebuild->streams >> i & 1)
            live->place.last[i] = rebuild->goes_on[i];
    rebuild->streams = 0;
    live->look_at = 0;
    watcher->rebuilt(watcher->context, &rebuild->told);
}

static int rest(struct live *live, int64_t ms)
{
    live->rebuild.waits = false;
    clock_sleep(ms < REST_MS ? ms : REST_MS);
    return 0;
}

/* Nothing is told of an answer with holes: the same is asked again until all are back. */
int live_rebuild(struct live *live, int64_t ms, const struct live_watcher *watcher,
                 struct error *why)
{
    struct rebuild *rebuild = &live->rebuild;
    int64_t end = clock_monotonic() + ms;
    int result;

    if (!rebuild->begun) {
        result = rebuild->streams & 1 ? tell_gaps(live, watcher, why) : 0;
        if (result != 0)
            return result;
        if (rebuild->waits)
            return rest(live, ms);
        rebuild->begun = true;
    }
    do {
        result = tell_slice(live, watcher, why);
        if (result != 0)
            return result;
        if (rebuild->waits)
            return rest(live, ms);
        rebuild->slice += SLICE_MS;
        rebuild->done = 0;
    } while (rebuild->slice <= rebuild->until && clock_monotonic() < end);
    if (rebuild->slice > rebuild->until)
        finish(live, watcher);
    return 0;
}
