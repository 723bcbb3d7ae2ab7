/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose event streams are gone, out of the records of a real Redis: all of it, and each event once,
 * also for a reader who stops and goes on in the midst of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../../milter/answer/live_state.h"
#include "mail.h"
#include "world.h"
#include "waybill/clock.h"

#define MAILS 150 /* more than one page, in one slice of ten minutes */
#define EVENTS_MAX 2000

static struct world world;
static struct error why;

struct reader {
    uint64_t told[EVENTS_MAX]; /* ids of events */
    size_t count, asked;
    size_t refuse_each; /* each so many-th event is not taken; 0: all are */
    bool behind, rebuilt;
};

static int take_event(void *context, const struct event *event)
{
    struct reader *reader = context;

    if (reader->refuse_each > 0 && ++reader->asked % reader->refuse_each == 0)
        return 7;
    assert_true(reader->count < EVENTS_MAX);
    reader->told[reader->count++] = event->id;
    return 0;
}

static void take_behind(void *context, const struct live_behind *behind)
{
    assert_true(behind->gone);
    ((struct reader *)context)->behind = true;
}

static void take_rebuilt(void *context, const struct live_behind *behind)
{
    struct reader *reader = context;

    assert_true(behind->told == reader->count);
    reader->rebuilt = true;
}

static void take_partly(void *context, const char *away)
{
    (void)context;
    fail_msg("partly: %s", away != NULL ? away : "no more");
}

/* Mails of half an hour ago, and no streams. */
static void put_mails(int64_t time)
{
    for (unsigned i = 0; i < MAILS; i++) {
        struct mail mail = {.id = mail_id(time + i * 1000, i),
                            .from = "ann@a.example",
                            .recipient_count = 2,
                            .recipients = {{.address = "bob@b.example", .state = STATE_DELIVERED},
                                           {.address = "carl@b.example", .state = STATE_FAILED}}};
        mail_put(world.store, &mail);
    }
    mail_flush(world.store);
}

/* A place in streams that are not there any more. */
static void cursor_before(int64_t time, char text[static LIVE_CURSOR_SIZE])
{
    static struct live live;

    live.settings = world.settings;
    live.place.time = time;
    for (unsigned i = 0; i < STORE_STREAMS; i++)
        live.place.last[i] = (struct store_position){true, (uint64_t)time, 0};
    live_place_write(&live, text);
}

static void read_all(struct reader *reader, const char *cursor)
{
    const struct live_watcher watcher = {reader, take_event, take_behind, take_rebuilt,
                                         take_partly};
    struct live *live;
    int result;

    assert_int_equal(live_open(&live, world.store, world.settings, slice_of(cursor), NULL, &why),
                     0);
    for (unsigned turns = 0; !reader->rebuilt; turns++) {
        assert_true(turns < 10 * EVENTS_MAX);
        result = live_next(live, 10, &watcher, &why);
        if (result == -1)
            fail_msg("%s", why.text);
        assert_true(result == 0 || result == 7);
    }
    live_close(&live);
}

static void check_once(const struct reader *reader)
{
    for (size_t i = 0; i < reader->count; i++)
        for (size_t j = 0; j < i; j++)
            assert_true(reader->told[i] != reader->told[j]);
}

static void test_who_stops_in_the_midst_of_it_is_told_the_rest_once(void **state)
{
    static struct reader at_once, by_pieces;
    char cursor[LIVE_CURSOR_SIZE];
    int64_t time = clock_now() - 30 * MINUTE_MS;

    (void)state;
    time -= time % (10 * MINUTE_MS);
    put_mails(time);
    cursor_before(time - MINUTE_MS, cursor);
    read_all(&at_once, cursor);
    assert_true(at_once.behind && at_once.count >= 3 * MAILS);
    check_once(&at_once);
    by_pieces.refuse_each = 17;
    read_all(&by_pieces, cursor);
    assert_true(by_pieces.asked > by_pieces.count);
    check_once(&by_pieces);
    assert_int_equal(by_pieces.count, at_once.count);
}

static int start(void **state)
{
    (void)state;
    world_open(&world);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_stops_in_the_midst_of_it_is_told_the_rest_once),
    };

    return cmocka_run_group_tests_name("live_behind", tests, start, stop);
}
