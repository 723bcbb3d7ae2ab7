/* SPDX-License-Identifier: BSD-2-Clause */
/* The sheaf: which facts of a log are one mail, and how much is kept of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "packed.h"
#include "sheaf.h"
#include "waybill/clock.h"

#define NOON (INT64_C(1795262400) * SECOND_MS)
#define TALE_MAX 262144

/* "QUEUE:kind,kind! ..." of each mail in the order of its closing; ! ended, ~ forced, % cut */
static char tale[TALE_MAX];
static size_t tale_size, closed_count;
static int refuse; /* what `closed` returns */

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void tell(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(tale + tale_size, TALE_MAX - tale_size, format, arguments);
    va_end(arguments);
    assert_true(size >= 0 && tale_size + (size_t)size < TALE_MAX);
    tale_size += (size_t)size;
}

static int closed(void *context, const struct bound_mail *mail)
{
    const char *at = mail->packed;
    struct fact fact = {0};
    assert_null(context);
    closed_count++;
    tell("%s%.*s:", tale_size > 0 ? " " : "", SLICE_ARGS(mail->queue_id));
    for (size_t i = 0; i < mail->count; i++) {
        at += packed_get(at, &fact);
        tell("%s%s", i > 0 ? "," : "", fact_kind_word(fact.kind));
    }
    tell("%s%s%s", mail->ended ? "!" : "", mail->forced ? "~" : "", mail->cut ? "%" : "");
    return refuse;
}

static struct sheaf *sheaf_new(const struct sheaf_bounds *bounds)
{
    struct sheaf *sheaf;
    struct error why;
    tale_size = closed_count = 0;
    tale[0] = '\0';
    refuse = 0;
    assert_int_equal(sheaf_open(&sheaf, bounds, closed, NULL, &why), 0);
    return sheaf;
}

static struct fact make(enum fact_kind kind, const char *queue, int64_t time)
{
    struct fact fact;
    fact_init(&fact, WITNESS_LOG, kind, time);
    fact_set(&fact, KEY_HOST, slice_of("mx1"));
    fact_set(&fact, KEY_INSTANCE, slice_of("postfix"));
    fact_set(&fact, KEY_QUEUE, slice_of(queue));
    return fact;
}

static void add(struct sheaf *sheaf, enum fact_kind kind, const char *queue, int64_t time)
{
    struct fact fact = make(kind, queue, NOON + time);
    assert_int_equal(sheaf_add(sheaf, &fact), 0);
}

static void add_mail(struct sheaf *sheaf, const char *queue, int64_t time)
{
    add(sheaf, FACT_CLIENT, queue, time);
    add(sheaf, FACT_CLEANUP, queue, time);
    add(sheaf, FACT_ACTIVE, queue, time);
    add(sheaf, FACT_DELIVERED, queue, time);
    add(sheaf, FACT_REMOVED, queue, time);
}

static void end(struct sheaf **sheaf, const char *expected)
{
    assert_int_equal(sheaf_end(*sheaf), 0);
    sheaf_free(sheaf);
    assert_string_equal(tale, expected);
}

#define WHOLE "client,cleanup,active,delivered,removed!"

static void test_id_that_comes_again_in_the_same_second_is_another_mail(void **state)
{
    struct sheaf *sheaf = sheaf_new(&sheaf_bounds_usual);
    (void)state;
    for (int i = 0; i < 3; i++)
        add_mail(sheaf, "A1", 0);
    end(&sheaf, "A1:" WHOLE " A1:" WHOLE " A1:" WHOLE);
}

static void test_mails_that_are_told_at_once_are_kept_apart(void **state)
{
    struct sheaf *sheaf = sheaf_new(&sheaf_bounds_usual);
    static const enum fact_kind kinds[] = {FACT_CLIENT, FACT_CLEANUP, FACT_ACTIVE, FACT_DELIVERED,
                                           FACT_REMOVED};
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        add(sheaf, kinds[i], "A1", 0);
        add(sheaf, kinds[i], "B2", 0);
    }
    end(&sheaf, "A1:" WHOLE " B2:" WHOLE);
}

static void test_host_and_instance_are_part_of_the_name(void **state)
{
    struct sheaf *sheaf = sheaf_new(&sheaf_bounds_usual);
    struct fact fact = make(FACT_CLEANUP, "A1", NOON);
    (void)state;
    add(sheaf, FACT_CLEANUP, "A1", 0);
    fact_set(&fact, KEY_INSTANCE, slice_of("postfix-out"));
    assert_int_equal(sheaf_add(sheaf, &fact), 0);
    fact_set(&fact, KEY_HOST, slice_of("mx2"));
    assert_int_equal(sheaf_add(sheaf, &fact), 0);
    fact_set(&fact, KEY_INSTANCE, SLICE_ABSENT);
    assert_int_equal(sheaf_add(sheaf, &fact), 0);
    /* The border between the parts counts, not only their letters. */
    fact_set(&fact, KEY_HOST, slice_of("mx1postfi"));
    fact_set(&fact, KEY_INSTANCE, slice_of("x"));
    assert_int_equal(sheaf_add(sheaf, &fact), 0);
    end(&sheaf, "A1:cleanup A1:cleanup A1:cleanup A1:cleanup A1:cleanup");
}

/* Its last word is pickup's, which has the new id. */
static void test_requeued_mail_ends_with_the_word_that_names_its_new_id(void **state)
{
    struct sheaf *sheaf = sheaf_new(&sheaf_bounds_usual);
    struct fact moved = make(FACT_REQUEUED, "A1", NOON);
    (void)state;
    add(sheaf, FACT_CLEANUP, "A1", 0);
    add(sheaf, FACT_REQUEUED, "A1", 0);
    fact_set(&moved, KEY_NEXT, slice_of("B2"));
    assert_int_equal(sheaf_add(sheaf, &moved), 0);
    add(sheaf, FACT_CLEANUP, "A1", 0);
    end(&sheaf, "A1:cleanup,requeued,requeued! A1:cleanup");
}

static void test_line_behind_the_end_still_belongs_to_the_mail(void **state)
{
    struct sheaf *sheaf = sheaf_new(&sheaf_bounds_usual);
    (void)state;
    add_mail(sheaf, "A1", 0);
    add_mail(sheaf, "B2", 4000);
    add(sheaf, FACT_NOTIFIED, "A1", 5000);
    end(&sheaf, "A1:client,cleanup,active,delivered,removed,notified! B2:" WHOLE);
}

static void test_mail_is_let_go_a_while_after_its_end(void **state)
{
    struct sheaf *sheaf = sheaf_new(&sheaf_bounds_usual);
    (void)state;
    add_mail(sheaf, "A1", 0);
    for (int i = 1; i <= 5; i++)
        add(sheaf, FACT_ACTIVE, "B2", i * 1900);
    assert_string_equal(tale, "");
    add(sheaf, FACT_ACTIVE, "B2", 10500);
    assert_string_equal(tale, "A1:" WHOLE);
    end(&sheaf, "A1:" WHOLE " B2:active,active,active,active,active,active");
}

static void test_one_line_of_the_far_future_closes_nothing(void **state)
{
    struct sheaf *sheaf = sheaf_new(&sheaf_bounds_usual);
    (void)state;
    add_mail(sheaf, "A1", 0);
    add(sheaf, FACT_ACTIVE, "B2", 3650 * DAY_MS);
    add(sheaf, FACT_NOTIFIED, "A1", 1000);
    assert_string_equal(tale, "");
    end(&sheaf, "A1:client,cleanup,active,delivered,removed,notified! B2:active");
}

static void test_second_client_begins_another_mail_though_no_end_was_read(void **state)
{
    struct sheaf *sheaf = sheaf_new(&sheaf_bounds_usual);
    (void)state;
    add(sheaf, FACT_CLIENT, "A1", 0);
    add(sheaf, FACT_REFUSED, "A1", 0);
    add_mail(sheaf, "A1", 0);
    end(&sheaf, "A1:client,refused A1:" WHOLE);
}

static void test_two_message_ids_are_one_mail(void **state)
{
    struct sheaf *sheaf = sheaf_new(&sheaf_bounds_usual);
    (void)state;
    add(sheaf, FACT_CLIENT, "A1", 0);
    add(sheaf, FACT_CLEANUP, "A1", 0);
    add(sheaf, FACT_CLEANUP, "A1", 0);
    add(sheaf, FACT_ACTIVE, "A1", 0);
    end(&sheaf, "A1:client,cleanup,cleanup,active");
}

static void test_rejected_at_its_end_a_mail_is_over(void **state)
{
    struct sheaf *sheaf = sheaf_new(&sheaf_bounds_usual);
    struct fact fact = make(FACT_REJECTED, "A1", NOON);
    (void)state;
    add(sheaf, FACT_CLIENT, "A1", 0);
    fact_set(&fact, KEY_PHASE, slice_of("rcpt"));
    assert_int_equal(sheaf_add(sheaf, &fact), 0);
    add(sheaf, FACT_CLEANUP, "A1", 0);
    fact_set(&fact, KEY_PHASE, slice_of("eom"));
    assert_int_equal(sheaf_add(sheaf, &fact), 0);
    add(sheaf, FACT_CLEANUP, "A1", 0);
    end(&sheaf, "A1:client,rejected,cleanup,rejected! A1:cleanup");
}

static void test_over_the_bound_ended_mails_go_first_then_the_longest_untouched(void **state)
{
    struct sheaf_bounds bounds = sheaf_bounds_usual;
    struct sheaf *sheaf;
    (void)state;
    bounds.mails = 3;
    sheaf = sheaf_new(&bounds);
    add(sheaf, FACT_ACTIVE, "A1", 0);
    add(sheaf, FACT_ACTIVE, "B2", 0);
    add(sheaf, FACT_REMOVED, "C3", 0);
    add(sheaf, FACT_ACTIVE, "D4", 0);
    assert_string_equal(tale, "C3:removed!");
    for (int i = 1; i <= 40; i++)
        add(sheaf, FACT_DELAYED, "A1", i * 1900);
    add(sheaf, FACT_ACTIVE, "E5", 76000);
    sheaf_free(&sheaf);
    assert_string_equal(tale, "C3:removed! B2:active~");
    sheaf = sheaf_new(&bounds);
    add(sheaf, FACT_ACTIVE, "A1", 0);
    add(sheaf, FACT_ACTIVE, "B2", 0);
    add(sheaf, FACT_REMOVED, "C3", 0);
    add(sheaf, FACT_ACTIVE, "D4", 0);
    add(sheaf, FACT_ACTIVE, "E5", 0);
    end(&sheaf, "C3:removed! A1:active~ B2:active D4:active E5:active");
}

static void test_bytes_are_bounded_too(void **state)
{
    struct sheaf_bounds bounds = sheaf_bounds_usual;
    struct sheaf *sheaf;
    char queue[16];
    (void)state;
    bounds.bytes = 100000;
    sheaf = sheaf_new(&bounds);
    for (int i = 0; i < 5000; i++) {
        snprintf(queue, sizeof queue, "%08X", i);
        add(sheaf, FACT_ACTIVE, queue, 0);
    }
    assert_in_range(closed_count, 4890, 4999); /* a mail takes 900 bytes and some */
    sheaf_free(&sheaf);
}

static void test_one_mail_keeps_no_more_than_its_bound(void **state)
{
    struct sheaf_bounds bounds = sheaf_bounds_usual;
    struct sheaf *sheaf;
    static const char words[2000];
    (void)state;
    bounds.mail_bytes = 5000;
    sheaf = sheaf_new(&bounds);
    for (int i = 0; i < 100; i++) {
        struct fact fact = make(FACT_DELAYED, "A1", NOON);
        fact_set(&fact, KEY_REPLY, slice_make(words, sizeof words));
        assert_int_equal(sheaf_add(sheaf, &fact), 0);
    }
    add(sheaf, FACT_REMOVED, "A1", 0);
    end(&sheaf, "A1:delayed,delayed,removed!%");
}

static void test_mail_that_nothing_is_heard_of_is_closed_one_day(void **state)
{
    struct sheaf_bounds bounds = sheaf_bounds_usual;
    struct sheaf *sheaf;
    (void)state;
    bounds.idle_ms = 60 * SECOND_MS;
    sheaf = sheaf_new(&bounds);
    add(sheaf, FACT_ACTIVE, "A1", 0);
    for (int i = 1; i < 40; i++)
        add(sheaf, FACT_ACTIVE, "B2", i * 1900);
    assert_string_equal(tale, "A1:active");
    sheaf_free(&sheaf);
}

static void test_sink_that_wants_no_more_is_heard(void **state)
{
    struct sheaf *sheaf = sheaf_new(&sheaf_bounds_usual);
    struct fact fact = make(FACT_CLIENT, "A1", NOON);
    (void)state;
    add_mail(sheaf, "A1", 0);
    refuse = 7;
    assert_int_equal(sheaf_add(sheaf, &fact), 7);
    assert_int_equal(sheaf_end(sheaf), 7);
    sheaf_free(&sheaf);
}

static void test_values_come_back_as_they_were(void **state)
{
    char bytes[8192], longest[FACT_VALUE_MAX + 100];
    struct fact fact = make(FACT_DELIVERED, "A1", NOON + 1), back = {0};
    (void)state;
    memset(longest, 'x', sizeof longest);
    fact.id = UINT64_C(0x0123456789abcdef);
    fact_set(&fact, KEY_TO, slice_of("bob@example.org"));
    fact_set(&fact, KEY_FROM, slice_of(""));
    fact_set(&fact, KEY_REPLY, slice_make(longest, sizeof longest));
    fact_set(&fact, KEY_VIA, slice_make("a\0 b=%", 6));
    struct packed_plan plan = packed_plan(&fact, UINT64_MAX);
    assert_in_range(plan.size, 1, sizeof bytes);
    fact_set(&back, KEY_ORIGINAL, slice_of("what stood there before"));
    packed_put(&fact, plan, bytes);
    assert_int_equal(packed_get(bytes, &back), plan.size);
    assert_int_equal(back.kind, FACT_DELIVERED);
    assert_int_equal(back.witness, WITNESS_LOG);
    assert_int_equal(back.time, NOON + 1);
    assert_int_equal(back.id, fact.id);
    assert_true(slice_is(back.value[KEY_TO], "bob@example.org"));
    assert_true(back.value[KEY_FROM].at != NULL && back.value[KEY_FROM].size == 0);
    assert_true(slice_equal(back.value[KEY_VIA], fact.value[KEY_VIA]));
    assert_null(back.value[KEY_ORIGINAL].at);
    assert_null(back.value[KEY_QUEUE].at);
    /* Long enough that whoever writes it as text sees that it has to be cut. */
    assert_int_equal(back.value[KEY_REPLY].size, FACT_VALUE_MAX + 1);

    plan = packed_plan(&fact, KEY_BIT(TO));
    packed_put(&fact, plan, bytes);
    assert_int_equal(packed_get(bytes, &back), plan.size);
    assert_true(slice_is(back.value[KEY_TO], "bob@example.org"));
    assert_null(back.value[KEY_REPLY].at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_id_that_comes_again_in_the_same_second_is_another_mail),
        cmocka_unit_test(test_mails_that_are_told_at_once_are_kept_apart),
        cmocka_unit_test(test_host_and_instance_are_part_of_the_name),
        cmocka_unit_test(test_requeued_mail_ends_with_the_word_that_names_its_new_id),
        cmocka_unit_test(test_line_behind_the_end_still_belongs_to_the_mail),
        cmocka_unit_test(test_mail_is_let_go_a_while_after_its_end),
        cmocka_unit_test(test_one_line_of_the_far_future_closes_nothing),
        cmocka_unit_test(test_second_client_begins_another_mail_though_no_end_was_read),
        cmocka_unit_test(test_two_message_ids_are_one_mail),
        cmocka_unit_test(test_rejected_at_its_end_a_mail_is_over),
        cmocka_unit_test(test_over_the_bound_ended_mails_go_first_then_the_longest_untouched),
        cmocka_unit_test(test_bytes_are_bounded_too),
        cmocka_unit_test(test_one_mail_keeps_no_more_than_its_bound),
        cmocka_unit_test(test_mail_that_nothing_is_heard_of_is_closed_one_day),
        cmocka_unit_test(test_sink_that_wants_no_more_is_heard),
        cmocka_unit_test(test_values_come_back_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
