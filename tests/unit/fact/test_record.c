/* SPDX-License-Identifier: BSD-2-Clause */
/* A record is a set: the same facts give the same bytes, whoever brought them, in any order. */
#include "waybill/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "waybill/address.h"

#define ID UINT64_C(251121576320300412)
#define BASE INT64_C(1763740832000)

static struct fact fact_of(const char *line, char room[static FACT_LINE_MAX])
{
    struct fact fact;
    struct error why;
    strcpy(room, line);
    if (fact_decode(room, strlen(room), &fact, &why) != 0)
        fail_msg("%s: %s", line, why.text);
    return fact;
}

static const char *const mail[] = {
    "1763740832051 mAb3dEf9012 mail w=251121576320300412 host=mx1 from=shop@example.org ip=192.0.2.7",
    "1763740832060 mAb3dEf9013 rcpt w=251121576320300412 host=mx1 to=bob@example.com",
    "1763740832070 mAb3dEf9014 header w=251121576320300412 q=4mGprq id=a%20b@x subject=Gr%c3",
    "1763740832090 mAb3dEf9015 queued w=251121576320300412 q=4mGprq",
    "1763740832000 lQw8rTy0001 client host=mx1 inst=postfix q=4mGprq client=c ip=192.0.2.7",
    "1763740832000 lQw8rTy0002 cleanup host=mx1 inst=postfix q=4mGprq id=a@x",
    "1763740832000 lQw8rTy0003 active host=mx1 inst=postfix q=4mGprq from=shop@example.org size=9",
    "1763740839000 lQw8rTy0004 active host=mx1 inst=postfix q=4mGprq from=shop@example.org size=9",
    "1763740832000 lQw8rTy0005 delayed host=mx1 inst=postfix q=4mGprq to=bob@example.com dsn=4.0.0",
    "1763740840000 lQw8rTy0006 delivered host=mx1 inst=postfix q=4mGprq to=bob@example.com",
    "1763740840000 lQw8rTy0007 removed host=mx1 inst=postfix q=4mGprq via=qmgr",
};
#define MAIL (sizeof mail / sizeof *mail)

static void add(struct record *record, const char *line)
{
    static char room[FACT_LINE_MAX];
    struct error why;
    struct fact fact = fact_of(line, room);
    if (record_add(record, &fact, &why) < 0)
        fail_msg("%s: %s", line, why.text);
}

static char *format(const struct record *record)
{
    struct buffer text;
    buffer_init(&text, RECORD_MAX * 2);
    assert_int_equal(record_format(record, UINT64_MAX, &text), 0);
    return text.data;
}

static void shuffle(size_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = count - 1; i > 0; i--) {
        size_t j = (size_t)rand() % (i + 1), keep = order[i];
        order[i] = order[j];
        order[j] = keep;
    }
}

static void test_record_reads_as_documented(void **state)
{
    (void)state;
    struct record record;
    record_init(&record, ID);
    for (size_t i = 0; i < MAIL; i++)
        add(&record, mail[i]);
    char *text = format(&record);
    assert_string_equal(text, "1 mx1 postfix 4mGprq\n"
                              "0 lQw8rTy0003 active from=shop@example.org size=9\n"
                              "0 lQw8rTy0005 delayed to=bob@example.com dsn=4.0.0\n"
                              "51 mAb3dEf9012 mail from=shop@example.org ip=192.0.2.7\n"
                              "60 mAb3dEf9013 rcpt to=bob@example.com\n"
                              "70 mAb3dEf9014 header id=a%20b@x subject=Gr%C3\n"
                              "90 mAb3dEf9015 queued\n"
                              "8000 lQw8rTy0006 delivered to=bob@example.com\n"
                              "8000 lQw8rTy0007 removed via=qmgr");
    free(text);
    record_clear(&record);
}

static void test_any_order_and_any_repetition_give_the_same_bytes(void **state)
{
    (void)state;
    char *first = NULL;
    srand(1);
    for (int round = 0; round < 300; round++) {
        struct record record, part;
        size_t order[MAIL];
        struct error why;
        record_init(&record, ID);
        record_init(&part, ID);
        shuffle(order, MAIL);
        for (size_t i = 0; i < MAIL; i++) {
            add(i % 3 == 0 ? &part : &record, mail[order[i]]);
            add(&record, mail[order[(size_t)rand() % (i + 1)]]);
        }
        char *stored = format(&part);
        assert_int_equal(record_parse(&record, slice_of(stored), &why), 0);
        free(stored);
        char *text = format(&record);
        if (first == NULL)
            first = strdup(text);
        assert_string_equal(text, first);
        struct record again;
        record_init(&again, ID);
        assert_int_equal(record_parse(&again, slice_of(text), &why), 0);
        char *second = format(&again);
        assert_string_equal(second, first);
        free(text);
        free(second);
        record_clear(&again);
        record_clear(&part);
        record_clear(&record);
    }
    free(first);
}

static void test_fact_of_another_mail_leaves_no_trace(void **state)
{
    (void)state;
    struct record record;
    struct error why;
    static char room[FACT_LINE_MAX];
    record_init(&record, ID);
    add(&record, mail[3]);
    struct fact fact = fact_of("1763740840000 lQw8rTy0009 removed host=mx9 inst=p q=OTHER", room);
    assert_int_equal(record_add(&record, &fact, &why), -1);
    assert_null(record.host);
    assert_int_equal(record.count, 1);
    record_clear(&record);
}

static void test_field_of_another_node_adds_facts_and_keeps_the_key(void **state)
{
    (void)state;
    struct record record;
    struct error why;
    record_init(&record, ID);
    add(&record, mail[9]);
    const char *field = "1 mx9 - -\n9000 rQw8rTy0042 failed to=bob@example.com";
    assert_int_equal(record_parse(&record, slice_of(field), &why), 0);
    assert_string_equal(record.host, "mx1");
    assert_int_equal(record.count, 2);
    record_clear(&record);
}

static void test_unknown_kinds_and_keys_are_kept(void **state)
{
    (void)state;
    const char *text = "1 - - -\n5 mAb3dEf9012 novelty colour=blue to=x";
    struct record record;
    struct error why;
    struct fact fact;
    struct buffer scratch;
    buffer_init(&scratch, FACT_LINE_MAX);
    record_init(&record, ID);
    assert_int_equal(record_parse(&record, slice_of(text), &why), 0);
    assert_int_equal(record_fact(&record, 0, &fact, &scratch), 0);
    assert_int_equal(fact.kind, FACT_UNKNOWN);
    assert_true(slice_is(fact.value[KEY_TO], "x"));
    char *again = format(&record);
    assert_string_equal(again, text);
    free(again);
    buffer_free(&scratch);
    record_clear(&record);
}

static void test_foreign_text_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "hello", "2 a b c", "1", "1 a b", "1 see=x", "1 a b c\nx",
                                        "1 a b c\n5 mAb3 mail", "1 a b c\n5 mAb3dEf9012 ",
                                        "1 a b c\n99999999999999999999 mAb3dEf9012 mail"};
    struct record record;
    record_init(&record, ID);
    add(&record, mail[0]);
    char *before = format(&record);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct error why = {{0}};
        assert_int_equal(record_parse(&record, slice_of(wrong[i]), &why), -1);
        assert_true(why.text[0] != '\0');
        char *after = format(&record);
        assert_string_equal(after, before);
        free(after);
    }
    free(before);
    record_clear(&record);
}

static void test_see_points_to_the_other_id(void **state)
{
    (void)state;
    struct record record;
    struct error why;
    record_init(&record, ID);
    assert_int_equal(record_parse(&record, slice_of("1 see=251121576320300499"), &why), 0);
    assert_int_equal(record.see, UINT64_C(251121576320300499));
    char *text = format(&record);
    assert_string_equal(text, "1 see=251121576320300499");
    free(text);
    record_clear(&record);
}

static void test_record_has_a_bound(void **state)
{
    (void)state;
    struct record record;
    struct error why;
    record_init(&record, ID);
    int result = 1;
    size_t added = 0;
    char long_value[1500];
    memset(long_value, 'x', sizeof long_value);
    for (unsigned i = 0; result == 1 && i < 2000; i++) {
        struct fact fact;
        fact_init(&fact, WITNESS_MILTER, FACT_RCPT, BASE + i);
        fact.id = fact_id_milter(ID, i);
        fact_set(&fact, KEY_TO, slice_make(long_value, sizeof long_value));
        result = record_add(&record, &fact, &why);
        added += result == 1;
    }
    assert_int_equal(result, -1);
    assert_non_null(strstr(why.text, "record is full"));
    assert_true(added > 600 && record.bytes <= RECORD_MAX);
    record_clear(&record);
}

/* A hundred recipients at a dead domain are tried for five days; then all of them have an end. */
static void test_attempts_leave_room_for_ends(void **state)
{
    (void)state;
    struct record record;
    struct error why;
    char reply[200], to[32];
    unsigned number = 0;
    memset(reply, 'x', sizeof reply);
    record_init(&record, ID);
    for (unsigned i = 0; i < 110 * 100 + 100; i++) {
        bool end = i >= 110 * 100;
        struct fact fact;
        fact_init(&fact, WITNESS_LOG, end ? FACT_EXPIRED : FACT_DELAYED, BASE + i / 100 * 4000000);
        fact.id = fact_id_milter(ID, number++);
        snprintf(to, sizeof to, "user%u@far.example", i % 100);
        fact_set(&fact, KEY_TO, slice_of(to));
        fact_set(&fact, KEY_REPLY, slice_make(reply, sizeof reply));
        int result = record_add(&record, &fact, &why);
        if (end)
            assert_int_equal(result, 1);
        assert_true(result > 0 || record_full(&record, &fact));
        fact.kind = FACT_EXPIRED;
        assert_false(record_full(&record, &fact));
    }
    record_clear(&record);
}

static int add_report(struct record *record, unsigned number, const char *side, bool token)
{
    static const char reply[400] = "no such user";
    struct fact fact;
    struct error why;
    fact_init(&fact, WITNESS_REPORT, FACT_FAILED, BASE + number);
    fact.id = number;
    fact_set(&fact, KEY_TO, slice_of("bob@example.com"));
    fact_set(&fact, KEY_REPLY, slice_make(reply, sizeof reply));
    fact_set(&fact, KEY_SIDE, slice_of(side));
    if (token)
        fact_set(&fact, KEY_TOKEN, slice_of("1"));
    int result = record_add(record, &fact, &why);
    assert_true(result > 0 || record_full(record, &fact));
    return result;
}

static void test_reports_of_strangers_leave_room_for_others_and_for_the_log(void **state)
{
    (void)state;
    struct record record, back;
    struct buffer text;
    struct error why;
    unsigned strange = 0, token = 0, number = 0;
    record_init(&record, ID);
    while (add_report(&record, number++, "smtp", false) > 0)
        strange++;
    assert_true(strange > 50 && record.bytes <= RECORD_MAX / 8);
    assert_int_equal(add_report(&record, number++, "local", false), 1);
    while (add_report(&record, number++, "smtp", true) > 0)
        token++;
    assert_true(token > 2 * strange && record.bytes <= RECORD_MAX / 2);
    for (unsigned i = 0; i < 3000; i++) {
        struct fact fact;
        fact_init(&fact, WITNESS_LOG, FACT_FAILED, BASE - 1000 + i);
        fact.id = number++;
        fact_set(&fact, KEY_REPLY, slice_of("550 5.1.1 no such user"));
        assert_int_equal(record_add(&record, &fact, &why), 1);
    }
    /* What was taken is read again. */
    buffer_init(&text, RECORD_MAX * 2);
    record_init(&back, ID);
    assert_int_equal(record_format(&record, UINT64_MAX, &text), 0);
    assert_int_equal(record_parse(&back, slice_make(text.data, text.size), &why), 0);
    assert_int_equal(back.count, record.count);
    buffer_free(&text);
    record_clear(&back);
    record_clear(&record);
}

static void test_line_has_a_bound_and_is_cut_on_a_character(void **state)
{
    (void)state;
    struct fact fact, back;
    struct buffer line;
    char value[FACT_VALUE_MAX * 2];
    for (size_t i = 0; i + 1 < sizeof value; i += 2)
        memcpy(value + i, "\xc3\xa9", 2);
    buffer_init(&line, FACT_LINE_MAX);
    fact_init(&fact, WITNESS_MILTER, FACT_HEADER, BASE);
    for (int key = 0; key < FACT_KEY_COUNT; key++)
        if (key != KEY_WAYBILL)
            fact_set(&fact, (enum fact_key)key, slice_make(value, sizeof value - 1));
    assert_int_equal(fact_encode(&fact, &line), 0);
    assert_true(line.size <= FACT_LINE_MAX);
    assert_int_equal(fact_decode(line.data, line.size, &back, NULL), 0);
    for (int key = 0; key < FACT_KEY_COUNT; key++)
        if (back.value[key].at != NULL)
            assert_int_equal(back.value[key].size % 2, 0);
    buffer_free(&line);
}

/* What a report says may be as long as its writer likes; from where it came is ours to say. */
static void test_long_values_do_not_push_out_the_short_ones_behind_them(void **state)
{
    (void)state;
    struct fact fact, back;
    struct buffer line;
    char value[FACT_VALUE_MAX];
    static const enum fact_key long_ones[] = {KEY_TO,    KEY_ORIGINAL,   KEY_FROM, KEY_CLIENT,
                                              KEY_ENVID, KEY_MESSAGE_ID, KEY_RELAY, KEY_REPLY};
    memset(value, ' ', sizeof value);
    buffer_init(&line, FACT_LINE_MAX);
    fact_init(&fact, WITNESS_REPORT, FACT_FAILED, BASE);
    for (size_t i = 0; i < sizeof long_ones / sizeof *long_ones; i++)
        fact_set(&fact, long_ones[i], slice_make(value, sizeof value));
    fact_set(&fact, KEY_SIDE, slice_of("smtp"));
    fact_set(&fact, KEY_TOKEN, slice_of("1"));
    fact_set(&fact, KEY_BY_QUEUE, slice_of("4mGprqExample"));
    assert_int_equal(fact_encode(&fact, &line), 0);
    assert_true(line.size <= FACT_LINE_MAX);
    assert_int_equal(fact_decode(line.data, line.size, &back, NULL), 0);
    assert_true(slice_is(back.value[KEY_SIDE], "smtp"));
    assert_true(slice_is(back.value[KEY_TOKEN], "1"));
    assert_true(slice_is(back.value[KEY_BY_QUEUE], "4mGprqExample"));
    assert_true(back.value[KEY_REPLY].size >= 64);
    buffer_free(&line);
}

static void test_addresses_are_compared_without_dress(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        int same;
    } pairs[] = {
        {"<Bob@Example.COM>", "bob@example.com", 1}, {"bob@example.com.", "bob@example.com", 1},
        {"<@relay.example,@b:bob@example.com>", "bob@example.com", 1},
        {"<>", "", 1}, {"bob@example.com", "bob@example.org", 0},
        {"j\xc3\xb6rg@x", "j\xc3\xb6rg@X", 1},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_int_equal(address_same(slice_of(pairs[i].a), slice_of(pairs[i].b)), pairs[i].same);
    assert_true(slice_is(address_domain(slice_of("<\"odd@local\"@example.org>")), "example.org"));
    assert_null(address_domain(slice_of("postmaster")).at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_reads_as_documented),
        cmocka_unit_test(test_any_order_and_any_repetition_give_the_same_bytes),
        cmocka_unit_test(test_fact_of_another_mail_leaves_no_trace),
        cmocka_unit_test(test_field_of_another_node_adds_facts_and_keeps_the_key),
        cmocka_unit_test(test_unknown_kinds_and_keys_are_kept),
        cmocka_unit_test(test_foreign_text_is_refused_and_changes_nothing),
        cmocka_unit_test(test_see_points_to_the_other_id),
        cmocka_unit_test(test_record_has_a_bound),
        cmocka_unit_test(test_attempts_leave_room_for_ends),
        cmocka_unit_test(test_reports_of_strangers_leave_room_for_others_and_for_the_log),
        cmocka_unit_test(test_line_has_a_bound_and_is_cut_on_a_character),
        cmocka_unit_test(test_long_values_do_not_push_out_the_short_ones_behind_them),
        cmocka_unit_test(test_addresses_are_compared_without_dress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
