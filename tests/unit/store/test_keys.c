/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys are those that the manual names; troubles have the names that they should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../../milter/store/expiry.h"
#include "../../../milter/store/idlist.h"
#include "../../../milter/store/index.h"
#include "../../../milter/store/keys.h"
#include "../../../milter/store/trouble.h"

static char *page;

static int read_page(void **state)
{
    const char *source = getenv("srcdir");
    char path[1000];
    size_t size;
    FILE *file;

    (void)state;
    snprintf(path, sizeof path, "%s/packaging/man/waybill-schema.7", source ? source : "..");
    file = fopen(path, "r");
    page = calloc(1, 200000);
    if (!file || !page)
        fail_msg("cannot read '%s'", path);
    size = fread(page, 1, 199999, file);
    fclose(file);
    assert_true(size > 1000);
    return 0;
}

static int free_page(void **state)
{
    (void)state;
    free(page);
    return 0;
}

static void test_manual_names_every_key_with_its_type(void **state)
{
    char line[300];

    (void)state;
    for (size_t i = 0; i < key_row_count; i++) {
        const struct key_row *row = &key_rows[i];

        snprintf(line, sizeof line, ".It Li %s Pq %s\n", row->form, row->type);
        if (!strstr(page, line))
            fail_msg("the manual lacks '%s'", line);
    }
}

static void assert_key(const struct key *key, const char *text)
{
    assert_int_equal(key->size, strlen(text));
    assert_memory_equal(key->text, text, key->size);
}

static void test_keys_have_the_documented_form(void **state)
{
    struct slice term = slice_of("bob@example.com");
    uint64_t id = UINT64_C(251121576320300412);
    struct key key;

    (void)state;
    key_records(&key, "wb:", id, false);
    assert_key(&key, "wb:r:251121:1600:3");
    key_records(&key, "", id, true);
    assert_key(&key, "rr:251121:1600:3");
    key_shards(&key, "wb:", 251121, false);
    assert_key(&key, "wb:d:251121");
    key_shard(&key, "wb:", 251121, 10, 0x3f, false);
    assert_key(&key, "wb:x:251121:10:3f");
    key_hot(&key, "wb:", 251121, TERM_RECIPIENT, term, true);
    assert_key(&key, "wb:rh:251121:r:bob@example.com");
    key_hot_part(&key, "wb:", 251121, 7, TERM_RECIPIENT, term, false);
    assert_key(&key, "wb:hp:251121:7:r:bob@example.com");
    key_counters(&key, "wb:", 251121, 9, 7);
    assert_key(&key, "wb:count:25112109:07");
}

static void test_longest_key_fits(void **state)
{
    char prefix[KEY_PREFIX_MAX + 1], term[KEY_TERM_MAX];
    struct key key;

    (void)state;
    memset(prefix, 'p', KEY_PREFIX_MAX);
    prefix[KEY_PREFIX_MAX] = '\0';
    memset(term, 't', sizeof term);
    key_hot_part(&key, prefix, 991231, (UINT32_C(2) << PART_MOST) - 1, TERM_RECIPIENT,
                 slice_make(term, sizeof term), true);
    assert_true(key.size < KEY_MAX - 12); /* a number may follow */
    assert_int_equal(key.text[key.size - 1], 't');
}

static void test_hot_term_cannot_look_like_a_part_of_another(void **state)
{
    struct key family, part;

    (void)state;
    key_hot(&family, "wb:", 251121, TERM_MESSAGE_ID, slice_of("x:2"), false);
    key_hot_part(&part, "wb:", 251121, 2, TERM_MESSAGE_ID, slice_of("x"), false);
    assert_false(slice_equal(key_slice(&family), key_slice(&part)));
}

static void test_expiry_depends_on_the_key_alone(void **state)
{
    struct slice key = slice_of("wb:d:251121");
    int64_t end = clock_of_day(251122, 0) / 1000 + 30 * 86400;

    (void)state;
    assert_true(expiry_of(key, 251121, 30) == expiry_of(key, 251121, 30));
    assert_in_range(expiry_of(key, 251121, 30), end, end + 3599);
    assert_true(expiry_open(251121, 30, end * 1000 - HOUR_MS - 1));
    assert_false(expiry_open(251121, 30, end * 1000 - HOUR_MS));
    assert_false(expiry_open(251121, 30, end * 1000 + DAY_MS));
}

static void test_marks_forget_but_never_claim_what_was_not_said(void **state)
{
    struct marks marks = {0};
    char text[24];
    size_t first = 0;

    (void)state;
    for (unsigned i = 0; i < 300000; i++) {
        snprintf(text, sizeof text, "%u", i);
        first += marks_first(&marks, slice_of(text));
        assert_false(marks_first(&marks, slice_of(text)));
    }
    assert_int_equal(first, 300000);
    marks_clear(&marks);
    assert_true(marks_first(&marks, slice_of("1")));
    marks_free(&marks);
}

static void test_fingerprint_has_seven_digits_and_member_fits(void **state)
{
    char text[24];

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        struct place place;

        snprintf(text, sizeof text, "%u", i);
        place = index_place(TERM_SENDER, slice_of(text));
        assert_in_range(place.fingerprint, 1000000, 9199999);
        assert_true(place.shard < 1u << 20);
        assert_true(place.fingerprint * ID_REF + (ID_REF - 1) <= INT64_MAX);
    }
}

static void test_errors_have_their_trouble(void **state)
{
    static const struct {
        const char *reply;
        enum store_trouble trouble;
    } cases[] = {
        {"NOREPLICAS Not enough good replicas to write.", STORE_BUSY},
        {"TRYAGAIN Multiple keys request during rehashing of slot", STORE_BUSY},
        {"MOVED 3999 127.0.0.1:6381", STORE_BUSY},
        {"DENIED Redis is running in protected mode", STORE_DENIED},
        {"ERR max number of clients reached", STORE_BUSY},
        {"ERR unknown command 'HSET'", STORE_PROTOCOL},
        {"OOMPH", STORE_PROTOCOL},
        {"", STORE_PROTOCOL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(trouble_of(slice_of(cases[i].reply)), cases[i].trouble);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manual_names_every_key_with_its_type),
        cmocka_unit_test(test_keys_have_the_documented_form),
        cmocka_unit_test(test_longest_key_fits),
        cmocka_unit_test(test_hot_term_cannot_look_like_a_part_of_another),
        cmocka_unit_test(test_expiry_depends_on_the_key_alone),
        cmocka_unit_test(test_marks_forget_but_never_claim_what_was_not_said),
        cmocka_unit_test(test_fingerprint_has_seven_digits_and_member_fits),
        cmocka_unit_test(test_errors_have_their_trouble),
    };

    return cmocka_run_group_tests_name("store keys", tests, read_page, free_page);
}
