/* SPDX-License-Identifier: BSD-2-Clause */
/* The cursor of who follows: there and back, and no letter of it may be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../../milter/answer/live_state.h"

static struct settings settings;
static struct error why;
static char ours[] = "wb:", others[] = "other:";

static struct live *new_live(void)
{
    static struct live live;

    settings.redis_prefix = ours;
    memset(&live, 0, sizeof live);
    live.settings = &settings;
    return &live;
}

/* Every kind of place: unknown, the start, before and after the time, as large as it may be. */
static struct live *placed(void)
{
    struct live *live = new_live();

    live->place.time = 1763740000123;
    for (unsigned i = 0; i < STORE_STREAMS; i++)
        live->place.last[i] = (struct store_position){true, 1763740000123 + i * 40 - 100, i};
    live->place.last[3] = (struct store_position){0};
    live->place.last[4] = (struct store_position){.known = true};
    live->place.last[5] = (struct store_position){true, UINT64_MAX, UINT64_MAX};
    live->place.last[6] = (struct store_position){true, 0, 7};
    return live;
}

static void test_cursor_comes_back_as_it_was(void **state)
{
    char text[LIVE_CURSOR_SIZE], again[LIVE_CURSOR_SIZE];
    struct live_place place = placed()->place;
    struct live *live;

    (void)state;
    live_place_write(placed(), text);
    assert_true(strlen(text) < 160);
    live = new_live();
    assert_int_equal(live_place_read(live, slice_of(text), &why), 0);
    assert_true(live->place.time == place.time);
    for (unsigned i = 0; i < STORE_STREAMS; i++) {
        assert_int_equal(live->place.last[i].known, place.last[i].known);
        assert_true(live->place.last[i].ms == place.last[i].ms);
        assert_true(live->place.last[i].sequence == place.last[i].sequence);
    }
    live_place_write(live, again);
    assert_string_equal(text, again);
}

static void test_longest_cursor_fits(void **state)
{
    char text[LIVE_CURSOR_SIZE];
    struct live *live = new_live();

    (void)state;
    live->place.time = INT64_MAX;
    for (unsigned i = 0; i < STORE_STREAMS; i++)
        live->place.last[i] = (struct store_position){true, UINT64_C(1) << 62, UINT64_MAX};
    live_place_write(live, text);
    assert_int_equal(live_place_read(live, slice_of(text), &why), 0);
    assert_true(live->place.last[15].sequence == UINT64_MAX);
}

static void refuse(struct live *live, const char *text, size_t size)
{
    why.text[0] = '\0';
    assert_int_equal(live_place_read(live, slice_make(text, size), &why), -1);
    assert_non_null(strstr(why.text, "cursor"));
}

static void test_every_wrong_letter_is_noticed(void **state)
{
    char text[LIVE_CURSOR_SIZE], wrong[LIVE_CURSOR_SIZE];
    size_t size;

    (void)state;
    live_place_write(placed(), text);
    size = strlen(text);
    for (size_t i = 0; i < size; i++) {
        for (int byte = 0; byte < 256; byte++) {
            memcpy(wrong, text, size);
            wrong[i] = (char)byte;
            if (wrong[i] != text[i])
                refuse(new_live(), wrong, size);
        }
        refuse(new_live(), text, i);
    }
    text[size] = 'A';
    refuse(new_live(), text, size + 1);
}

static void test_cursor_of_another_store_or_key_is_refused(void **state)
{
    char text[LIVE_CURSOR_SIZE];
    struct live *live = new_live();

    (void)state;
    live_place_write(placed(), text);
    settings.redis_prefix = others;
    refuse(live, text, strlen(text));
    live = new_live();
    live->has_key = true;
    refuse(live, text, strlen(text));
}

static void test_recall_knows_the_last_hundred_thousand(void **state)
{
    struct recall recall;
    uint64_t id = 1;

    (void)state;
    assert_int_equal(recall_init(&recall), 0);
    for (unsigned i = 0; i < 300000; i++) {
        id = id * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        assert_false(recall_has(&recall, id >> 4));
        recall_add(&recall, id >> 4);
    }
    id = 1;
    for (unsigned i = 0, known = 0; i < 300000; i++) {
        id = id * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        known += recall_has(&recall, id >> 4);
        if (i >= 210000)
            assert_true(recall_has(&recall, id >> 4));
        assert_true(known <= 131072);
    }
    recall_free(&recall);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cursor_comes_back_as_it_was),
        cmocka_unit_test(test_longest_cursor_fits),
        cmocka_unit_test(test_every_wrong_letter_is_noticed),
        cmocka_unit_test(test_cursor_of_another_store_or_key_is_refused),
        cmocka_unit_test(test_recall_knows_the_last_hundred_thousand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
