/* SPDX-License-Identifier: BSD-2-Clause */
/* In whatever form an address stands in a text, it is found; another one is not. */
#include "waybill/forget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../support/plain.h"
#include "waybill/id.h"
#include "waybill/waybill.h"

#define ID UINT64_C(251121576320300412)

static unsigned asked;

static bool is_bob(void *context, struct slice canonical)
{
    const char *const *who = context;
    asked++;
    return slice_is(canonical, who != NULL ? *who : "bob.j@example.org");
}

static const struct forgetting bob = {.is = is_bob};

static void test_canonical_forms(void **state)
{
    static const char *const same[][2] = {
        {"Bob.J@Example.ORG", "bob.j@example.org"},
        {"<bob.j@example.org>", "bob.j@example.org"},
        {"\"bob.j\"@example.org", "bob.j@example.org"},
        {"bob.j@example.org.", "bob.j@example.org"},
        {"eva@b\xc3\xbc" "cher.example", "eva@xn--bcher-kva.example"},
        {"eva@B\xc3\x9c" "CHER.example", "eva@xn--bcher-kva.example"},
        {"eva@xn--bcher-kva.example", "eva@xn--bcher-kva.example"},
        {"\"bob j\"@example.org", "\"bob j\"@example.org"},
    };
    static const char *const none[] = {"", "bob", "@example.org", "bob@", "<>", "bob@[192.0.2.1]"};
    char to[ADDRESS_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        assert_true(forget_canonical(slice_of(same[i][0]), to) > 0);
        assert_string_equal(to, same[i][1]);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(forget_canonical(slice_of(none[i]), to), 0);
}

static void test_each_spelling_is_found(void **state)
{
    static const char *const texts[] = {
        "bob.j@example.org",
        "550 5.1.1 <Bob.J@EXAMPLE.org>: no such user",
        "rfc822;bob.j+40example.org",
        "rfc822;bob.j@example.org",
        "http://x.example/?who=bob%2Ej%40example.org&x=1",
        "=?utf-8?q?bob.j=40example.org?=",
        "bounces+bob.j=example.org@list.example",
        "SRS0=HHH=TT=example.org=bob.j@forward.example",
        "bob.j%example.org@relay.example",
        "example.org!bob.j@relay.example",
        "prefix-bob.j@example.org",
        "to=bob.j@example.org,",
        "Bob <\"bob.j\"@example.org>",
        "mailto:bob.j@example.org.",
        "bob.j+shop@example.org",
        "550 <bob.j+a+b@example.org>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!forget_names(&bob, slice_of(texts[i])))
            fail_msg("not found in: %s", texts[i]);
}

static void test_others_are_not_taken_for_him(void **state)
{
    static const char *const texts[] = {
        "", "@", "bob.j", "jim.bob.j@example.org", "bob.j@example.org.evil.example",
        "bob.j@xexample.org", "xbob.j@example.org", "bob.j-tag@example.org", "bob.j=example.org",
        "a=b%c!d@e", "====@====", "\"@example.org",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (forget_names(&bob, slice_of(texts[i])))
            fail_msg("found in: %s", texts[i]);
    assert_false(forget_names_address(&bob, slice_of("jim-bob.j@example.org"), SLICE_ABSENT));
    assert_true(forget_names_address(&bob, slice_of("b+bob.j=example.org@list.example"),
                                     SLICE_ABSENT));
}

static void test_a_name_without_a_domain_is_one_of_the_host(void **state)
{
    struct slice name = slice_of("<Bob.J>");

    (void)state;
    assert_true(forget_names_address(&bob, name, slice_of("example.org")));
    assert_true(forget_names_address(&bob, name, slice_of("mx1.example.org")));
    assert_true(forget_names_address(&bob, slice_of("bob.j+shop"), slice_of("a.mx1.example.org")));
    assert_false(forget_names_address(&bob, name, slice_of("example.com")));
    assert_false(forget_names_address(&bob, name, slice_of("org")));
    assert_false(forget_names_address(&bob, name, SLICE_ABSENT));
    assert_false(forget_names_address(&bob, SLICE_ABSENT, slice_of("example.org")));
    assert_false(forget_names_address(&bob, slice_of("bob.j@example.com"), slice_of("example.org")));
}

static void test_hostile_texts_cost_little(void **state)
{
    char text[FACT_VALUE_MAX + 1];
    static const char *const pieces[] = {"@", "a@", "=%!", "-", "a-@b.c", "%40", "\"", "+3D="};

    (void)state;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t size = strlen(pieces[i]);
        for (size_t at = 0; at < FACT_VALUE_MAX; at++)
            text[at] = pieces[i][at % size];
        asked = 0;
        forget_names(&bob, slice_make(text, FACT_VALUE_MAX));
        assert_in_range(asked, 0, 256);
    }
}

/* ---- records ---- */

static void add(struct record *record, unsigned number, const char *text)
{
    static char line[FACT_LINE_MAX];
    char id[FACT_ID_SIZE];
    struct fact fact;
    struct error why;

    fact_id_text(1000 + number, id);
    snprintf(line, sizeof line, "%lld %c%s %s", (long long)(id_time(ID) + number), text[0], id,
             text + 2);
    assert_int_equal(fact_decode(line, strlen(line), &fact, &why), 0);
    assert_int_equal(record_add(record, &fact, &why), 1);
}

static char *format(const struct record *record)
{
    struct buffer text;

    buffer_init(&text, RECORD_MAX * 2);
    plain_record(record, &text);
    return text.data;
}

static const char *const to_bob[] = {
    "m mail host=mx1 from=shop@shop.example client=c.example ip=192.0.2.7 login=shop",
    "m rcpt to=Bob.J@example.org orcpt=rfc822;bob.j+40example.org",
    "m rcpt to=ann@example.org",
    "m header q=Q1 id=x-bob.j@example.org subject=for%20Bob hfrom=shop@shop.example",
    "l delayed host=mx1 q=Q1 to=bob.j@example.org dsn=4.2.2 reply=452%20Bob%20is%20full",
    "l delivered host=mx1 q=Q1 to=ann@example.org dsn=2.0.0 reply=250%20Ok",
};

/* As for a mail with one field. */
static int forget(struct record *record)
{
    struct forget_named named = {.any = false};

    assert_int_equal(record_named(record, &bob, &named), 0);
    return record_forget(record, &bob, &named);
}

static void record_of(struct record *record, const char *const *facts, size_t count)
{
    record_init(record, ID);
    for (size_t i = 0; i < count; i++)
        add(record, (unsigned)i, facts[i]);
}

static void test_a_recipient_goes_and_the_other_stays(void **state)
{
    struct record record;
    char *text;

    (void)state;
    record_of(&record, to_bob, sizeof to_bob / sizeof *to_bob);
    assert_int_equal(record_names(&record, &bob), 1);
    assert_false(record_was_forgotten(&record));
    /* to, orcpt; id, subject; to, reply */
    assert_int_equal(forget(&record), 6);
    text = format(&record);
    assert_null(strcasestr(text, "bob"));
    assert_null(strstr(text, "subject"));
    assert_non_null(strstr(text, "to=forgotten"));
    assert_non_null(strstr(text, "to=ann@example.org"));
    assert_non_null(strstr(text, "reply=250%20Ok"));
    assert_non_null(strstr(text, "ip=192.0.2.7")); /* the shop's */
    assert_int_equal(record.count, 6);
    free(text);
    assert_int_equal(record_names(&record, &bob), 0);
    assert_true(record_was_forgotten(&record));
    assert_int_equal(forget(&record), 0);
    record_clear(&record);
}

static void test_a_sender_goes_with_his_client(void **state)
{
    static const char *const facts[] = {
        "m mail host=mx1 from=bob.j@example.org client=bobs.example ip=192.0.2.7 helo=bobs login=bj",
        "m rcpt to=ann@example.org",
        "m header q=Q1 id=1@bobs.example subject=hi hfrom=Bob%20%3cbob.j@example.org%3e",
        "l delivered host=mx1 q=Q1 to=ann@example.org dsn=2.0.0 reply=250%20Ok",
    };
    struct record record;
    char *text;

    (void)state;
    record_of(&record, facts, sizeof facts / sizeof *facts);
    assert_true(forget(&record) > 0);
    text = format(&record);
    assert_null(strcasestr(text, "bob"));
    assert_null(strstr(text, "192.0.2.7"));
    assert_null(strstr(text, "login"));
    assert_non_null(strstr(text, "from=forgotten"));
    assert_non_null(strstr(text, "to=ann@example.org"));
    free(text);
    record_clear(&record);
}

static void read_again(struct record *record)
{
    struct buffer text;
    struct error why;

    buffer_init(&text, RECORD_MAX * 2);
    assert_int_equal(record_format(record, UINT64_MAX, &text), 0);
    record_clear(record);
    assert_int_equal(record_parse(record, slice_make(text.data, text.size), &why), 0);
    buffer_free(&text);
}

/* The journal is read again: all facts come once more, with the address. */
static void test_a_replay_ends_in_the_same_record(void **state)
{
    (void)state;
    for (int loaded = 0; loaded < 2; loaded++) {
        struct record record, replay;
        struct error why;
        char *before, *after;

        record_of(&record, to_bob, sizeof to_bob / sizeof *to_bob);
        record_of(&replay, to_bob, sizeof to_bob / sizeof *to_bob);
        assert_true(forget(&record) > 0);
        before = format(&record);
        if (loaded)
            read_again(&record);
        assert_true(record_merge(&record, &replay, &why) >= 0);
        assert_true(forget(&record) > 0);
        after = format(&record);
        assert_string_equal(before, after);
        read_again(&record);
        assert_int_equal(record.count, 6);
        free(before);
        free(after);
        record_clear(&record);
        record_clear(&replay);
    }
}

/* Two of them were told apart by their addresses alone. */
static void test_lines_stand_in_order_when_names_are_gone(void **state)
{
    struct record record, again;
    struct fact fact;
    struct error why;
    struct buffer text;

    (void)state;
    record_init(&record, ID);
    for (unsigned i = 0; i < 40; i++) {
        char to[64];

        snprintf(to, sizeof to, i % 2 ? "u%u@example.net" : "b%u+bob.j=example.org@list.example", i);
        fact_init(&fact, WITNESS_LOG, FACT_DELIVERED, id_time(ID));
        fact.id = 7;
        fact_set(&fact, KEY_TO, slice_of(to));
        assert_int_equal(record_add(&record, &fact, &why), 1);
    }
    assert_int_equal(forget(&record), 20);
    assert_int_equal(record.count, 40);
    buffer_init(&text, RECORD_MAX * 2);
    assert_int_equal(record_format(&record, UINT64_MAX, &text), 0);
    record_init(&again, ID);
    assert_int_equal(record_parse(&again, slice_make(text.data, text.size), &why), 0);
    assert_int_equal(again.count, 40);
    for (size_t i = 0; i < again.count; i++)
        assert_string_equal(again.lines[i].text, record.lines[i].text);
    assert_int_equal(again.bytes, record.bytes);
    buffer_free(&text);
    record_clear(&record);
    record_clear(&again);
}

/* One waits and the other has it: two recipients, and two states, whoever they were. */
static bool is_bob_or_eve(void *context, struct slice canonical)
{
    (void)context;
    return slice_is(canonical, "bob.j@example.org") || slice_is(canonical, "eve@example.org");
}

static void test_two_of_one_mail_stay_two(void **state)
{
    static const char *const facts[] = {
        "m rcpt host=mx1.example.org to=bob.j+a@example.org",
        "m rcpt to=bob.j",
        "m rcpt to=eve@example.org",
        "l delivered host=mx1.example.org q=Q1 to=bob.j@example.org orig=bob.j dsn=2.0.0",
        "l delayed host=mx1.example.org q=Q1 to=EVE@example.org dsn=4.2.2",
        "l delivered host=mx1.example.org q=Q1 to=Bob.J+a@example.org dsn=2.0.0",
    };
    const struct forgetting both = {.is = is_bob_or_eve};
    struct forget_named named = {.any = false};
    struct waybill waybill;
    struct record record;
    unsigned delayed = 0;
    size_t before;
    char *text;

    (void)state;
    record_of(&record, facts, sizeof facts / sizeof *facts);
    assert_int_equal(waybill_read(&waybill, &record, id_time(ID) + 100000, 0, NULL), 0);
    before = waybill.recipient_count;
    assert_true(before >= 3);
    waybill_clear(&waybill);
    assert_int_equal(record_named(&record, &both, &named), 0);
    assert_true(record_forget(&record, &both, &named) > 0);
    text = format(&record);
    assert_null(strstr(text, "eve"));
    assert_null(strcasestr(text, "=bob.j "));
    free(text);
    assert_int_equal(waybill_read(&waybill, &record, id_time(ID) + 100000, 0, NULL), 0);
    assert_int_equal(waybill.recipient_count, before);
    for (size_t i = 0; i < waybill.recipient_count; i++) {
        assert_true(address_was_forgotten(waybill.recipients[i].address));
        delayed += waybill.recipients[i].state == STATE_DELAYED;
    }
    assert_int_equal(delayed, 1);
    waybill_clear(&waybill);
    record_clear(&record);
}

/* What another host's field says decides what of this one's may stay. */
static void test_the_whole_mail_decides(void **state)
{
    static const char *const ours[] = {"m mail host=mx1 from=bob.j@example.org"};
    static const char *const theirs[] = {
        "l client q=Q1 client=bobs.example ip=192.0.2.7",
        "l delivered q=Q1 to=ann@example.org dsn=2.0.0",
    };
    struct forget_named named = {.any = false};
    struct record one, other;
    char *text;

    (void)state;
    record_of(&one, ours, 1);
    record_of(&other, theirs, 2);
    assert_int_equal(forget(&other), 0);
    assert_int_equal(record_named(&one, &bob, &named), 0);
    assert_int_equal(record_named(&other, &bob, &named), 0);
    assert_true(record_forget(&other, &bob, &named) > 0);
    text = format(&other);
    assert_null(strstr(text, "192.0.2.7"));
    assert_null(strstr(text, "bobs.example"));
    assert_non_null(strstr(text, "to=ann@example.org"));
    free(text);
    record_clear(&one);
    record_clear(&other);
}

/* The rest of a mail that was blanked comes later, and again. */
static void test_what_comes_later_meets_the_same_rules(void **state)
{
    struct record record;
    struct buffer scratch;
    struct fact fact;
    char *before, *after;

    (void)state;
    record_of(&record, to_bob, 3);
    assert_int_equal(forget(&record), 2);
    add(&record, 3, "m header q=Q1 id=1@x subject=for%20you");
    assert_int_equal(forget(&record), 1); /* the subject of a mail to him */
    before = format(&record);
    assert_null(strstr(before, "subject"));
    buffer_init(&scratch, FACT_LINE_MAX * 2);
    assert_int_equal(record_fact(&record, 1, &fact, &scratch), 0);
    fact_set(&fact, KEY_TO, slice_of("bob.j@example.org"));
    assert_int_equal(record_add(&record, &fact, NULL), 1);
    assert_int_equal(forget(&record), 1);
    after = format(&record);
    assert_string_equal(before, after);
    buffer_free(&scratch);
    free(before);
    free(after);
    record_clear(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical_forms),
        cmocka_unit_test(test_each_spelling_is_found),
        cmocka_unit_test(test_others_are_not_taken_for_him),
        cmocka_unit_test(test_a_name_without_a_domain_is_one_of_the_host),
        cmocka_unit_test(test_hostile_texts_cost_little),
        cmocka_unit_test(test_a_recipient_goes_and_the_other_stays),
        cmocka_unit_test(test_a_sender_goes_with_his_client),
        cmocka_unit_test(test_a_replay_ends_in_the_same_record),
        cmocka_unit_test(test_lines_stand_in_order_when_names_are_gone),
        cmocka_unit_test(test_two_of_one_mail_stay_two),
        cmocka_unit_test(test_the_whole_mail_decides),
        cmocka_unit_test(test_what_comes_later_meets_the_same_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
