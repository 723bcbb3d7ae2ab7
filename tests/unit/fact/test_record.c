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

#include "../../support/plain.h"

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

/* Who has decoded the lines gets the same text. */
static void format_again(const struct record *record, uint64_t keys, const struct buffer *text)
{
    struct fact *facts = calloc(record->count + 1, sizeof *facts);
    struct buffer *lines = calloc(record->count + 1, sizeof *lines), again;
    assert_true(facts != NULL && lines != NULL);
    for (size_t i = 0; i < record->count; i++) {
        buffer_init(&lines[i], FACT_LINE_MAX * 2);
        assert_int_equal(record_fact(record, i, &facts[i], &lines[i]), 0);
    }
    buffer_init(&again, RECORD_MAX * 2);
    assert_int_equal(record_format_facts(record, facts, keys, &again), 0);
    assert_int_equal(again.size, text->size);
    assert_memory_equal(again.data, text->data, text->size);
    for (size_t i = 0; i < record->count; i++)
        buffer_free(&lines[i]);
    buffer_free(&again);
    free(facts);
    free(lines);
}

static char *format(const struct record *record)
{
    struct buffer text;
    buffer_init(&text, RECORD_MAX * 2);
    assert_int_equal(record_format(record, UINT64_MAX, &text), 0);
    format_again(record, UINT64_MAX, &text);
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
    assert_string_equal(text, "2 mx1 4mGprq\n"
                              "0 lcw8rU active size=9\n"
                              "0 lcw8rO delayed to=bob@example.com dsn=4.0.0\n"
                              "51 mAb3dEf9012 from=shop@example.org ip=192.0.2.7 -daemon\n"
                              "9 mAb3dEf9013 #1\n"
                              "10 mAb3dEf9014 id=a%_b@x subject=\"Gr%C3\n"
                              "20 mAb3dEf9015 queued\n"
                              "7910 lcw8rR #1\n"
                              "0 lcw8rQ removed");
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
    const char *text = "2\n5 mAb3dEf9012 novelty to=x colour=blue";
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
    static const char *const wrong[] = {"", "hello", "3 a b c", "0 a b c", "2 a", "2 a b\n5 lQw8r to=x", "2 a b\n5 lQw8rT", "2 a b\n5 x=1", "1", "1 a b", "1 see=x", "1 a b c\nx",
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
    assert_string_equal(text, "2 see=251121576320300499");
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

/* ---- the text and its short forms ---- */

static const char *const words[] = {
    "", "x", "a@b.example", "bob@example.com", "shop@example.org", "#0", "#1", "#7", "unknown", "=",
    "mx.example[192.0.2.1]:25", "mx.example[192.0.2.1]", "127.0.0.1[127.0.0.1]:10025", "none",
    "local", "smtp", "qmgr", "lmtp", "PLAIN", "587", "25", "c.example", "192.0.2.7", "2001:db8::1",
    "250 2.0.0 Ok: queued as 4XYZabc", "250 ok", "host # said: 550 5.1.1 <#>: no",
    "host mx.example[192.0.2.1] said: 450 4.2.0 <bob@example.com>: later", "2.0.0", "5.1.1", "4.2.0",
    "0.1/0.02/0/1.5", "1.6", ".1/0/0/1", "1/2/3/4", "10", "4XYZabc", "TLSv1.3:TLS_AES_256_GCM_SHA384:256",
    "TLS_AES_256_GCM_SHA384", "TLSv1.2:ECDHE-RSA-AES128-GCM-SHA256:128", "8BITMIME", "8", "mx1",
    "Fri, 21 Nov 2025 16:00:30 +0100", "Fri, 01 Nov 2025 16:00:30 +0100", "-2+0100", "0-0500",
    "Ann Lee <shop@example.org>", "Ann Lee <#0>", "77.1@example.org", "77.1@", "\"quoted\" <a@b>",
    "%=", "%20", "%_", "a b  c ", " ", "-daemon", "[x]", "a=b", "\xff\xc3\xa9", "tab\there\n", "0.5=1",
};

static struct slice any_word(void)
{
    return slice_of(words[(size_t)rand() % (sizeof words / sizeof *words)]);
}

static void random_fact(struct fact *fact, unsigned number)
{
    static const enum witness witnesses[] = {WITNESS_MILTER, WITNESS_MILTER, WITNESS_LOG,
                                             WITNESS_LOG,    WITNESS_REPORT, WITNESS_QUEUE};
    enum witness witness = witnesses[(size_t)rand() % 6];
    fact_init(fact, witness, (enum fact_kind)(1 + rand() % (FACT_KIND_COUNT - 1)),
              BASE + rand() % 5000 - 50);
    if (fact->kind == FACT_CLIENT || fact->kind == FACT_CLEANUP || fact->kind == FACT_ACTIVE)
        fact->kind = FACT_DELIVERED; /* which may be left out */
    fact->id = witness == WITNESS_MILTER ? fact_id_milter(ID, number + (unsigned)rand() % 2)
                                         : fact_id_log(any_word(), number, 0);
    for (int i = rand() % 14; i > 0; i--) {
        enum fact_key key = (enum fact_key)(KEY_TO + rand() % (FACT_KEY_COUNT - KEY_TO));
        if (rand() % 3 == 0)
            key = (enum fact_key[]){KEY_TO, KEY_FROM, KEY_CLIENT, KEY_IP, KEY_RELAY, KEY_REPLY,
                                    KEY_DELAYS, KEY_STATUS, KEY_DATE}[rand() % 9];
        fact_set(fact, key, any_word());
    }
}

static void fill_random(struct record *record)
{
    struct error why;
    unsigned count = 1 + (unsigned)rand() % 8;
    record_init(record, ID);
    for (unsigned i = 0; i < count; i++) {
        struct fact fact;
        random_fact(&fact, i * 2);
        if (i % 3 == 0) {
            fact_set(&fact, KEY_HOST, slice_of("mx1"));
            fact_set(&fact, KEY_QUEUE, slice_of("4mGprq"));
        }
        assert_true(record_add(record, &fact, &why) >= 0);
    }
}

static char *plain(const struct record *record)
{
    struct buffer text;
    buffer_init(&text, RECORD_MAX * 2);
    plain_record(record, &text);
    assert_false(text.failed);
    return text.data;
}

static char *format_some(const struct record *record, uint64_t keys)
{
    struct buffer text;
    buffer_init(&text, RECORD_MAX * 2);
    assert_int_equal(record_format(record, keys, &text), 0);
    format_again(record, keys, &text);
    return text.data;
}

static void parse(struct record *record, const char *text)
{
    struct error why;
    if (record_parse(record, slice_of(text), &why) != 0)
        fail_msg("%s in: %s", why.text, text);
}

static void test_any_facts_come_back_as_they_were(void **state)
{
    (void)state;
    srand(2);
    for (int round = 0; round < 20000; round++) {
        struct record record, back;
        fill_random(&record);
        record_init(&back, ID);
        char *text = format(&record), *said = plain(&record);
        parse(&back, text);
        char *again = format(&back), *heard = plain(&back);
        if (strcmp(said, heard) != 0)
            fail_msg("said\n%s\nwrote\n%s\nread\n%s", said, text, heard);
        assert_string_equal(again, text);
        free(text);
        free(said);
        free(again);
        free(heard);
        record_clear(&record);
        record_clear(&back);
    }
}

static void assert_facts_equal(const struct fact *one, const struct fact *other)
{
    assert_int_equal(one->kind, other->kind);
    assert_int_equal(one->witness, other->witness);
    assert_int_equal(one->id, other->id);
    assert_int_equal(one->time, other->time);
    assert_int_equal(one->waybill, other->waybill);
    for (int key = KEY_QUEUE + 1; key < FACT_KEY_COUNT; key++)
        if (!slice_equal(one->value[key], other->value[key]) ||
            (one->value[key].at == NULL) != (other->value[key].at == NULL))
            fail_msg("%s is '%.*s', not '%.*s'", fact_key_word((enum fact_key)key),
                     SLICE_ARGS(one->value[key]), SLICE_ARGS(other->value[key]));
}

/* The short way to the facts and the long one end in the same. */
static bool check_read(const struct record *record, const char *text)
{
    struct record_facts read;
    struct buffer scratch;
    struct fact fact;
    if (record_read(&read, record->id, slice_of(text)) == 0)
        return false;
    buffer_init(&scratch, FACT_LINE_MAX + 1);
    assert_int_equal(read.count, record->count);
    assert_true(slice_equal(read.host, slice_of(record->host)));
    assert_true(slice_equal(read.instance, slice_of(record->instance)));
    assert_true(slice_equal(read.queue_id, slice_of(record->queue_id)));
    for (size_t i = 0; i < read.count; i++) {
        assert_int_equal(record_fact(record, i, &fact, &scratch), 0);
        assert_facts_equal(&read.facts[i], &fact);
    }
    buffer_free(&scratch);
    free(read.facts);
    free(read.bytes);
    return true;
}

static void test_facts_are_read_at_once_as_they_are(void **state)
{
    size_t plain_ones = 0;
    (void)state;
    srand(4);
    for (int round = 0; round < 20000; round++) {
        struct record record;
        fill_random(&record);
        char *text = format(&record), *old = plain(&record);
        plain_ones += check_read(&record, text);
        assert_false(check_read(&record, old));
        free(text);
        free(old);
        record_clear(&record);
    }
    assert_in_range(plain_ones, 15000, 20000);
}

static void test_what_is_not_plain_is_left_to_others(void **state)
{
    static const char *const odd[] = {
        "", "2", "1", "2 see=251121576320300499", "3 mx1 4mGprq\n9 to=x", "2 mx1 4mGprq", "2 mx1\n9 to=x",
        "2 mx%20 4mGprq\n9 to=x", "2 a b c d\n9 to=x", "2 mx1 4mGprq\n9 to=x\nnonsense",
        "2 mx1 4mGprq\n9 to=x\n-20 to=y", "2 mx1 4mGprq\n9 m0 to=x\n0 m0 to=x",
    };
    struct record_facts read;
    char large[700] = "2 mx1 4mGprq\n9 to=";
    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        if (record_read(&read, ID, slice_of(odd[i])) != 0)
            fail_msg("taken: %s", odd[i]);
        assert_null(read.facts);
    }
    memset(large + strlen(large), 'x', sizeof large - 1 - strlen(large));
    assert_int_equal(record_read(&read, ID, slice_of(large)), 0);
    assert_int_equal(record_read(&read, ID, slice_of("2 mx1 4mGprq\n9 to=x")), 1);
    free(read.facts);
    free(read.bytes);
}

static void test_old_and_new_format_say_the_same(void **state)
{
    (void)state;
    srand(3);
    for (int round = 0; round < 2000; round++) {
        struct record record, both;
        fill_random(&record);
        record_init(&both, ID);
        char *old = plain(&record), *text = format(&record);
        parse(&both, old);
        parse(&both, text);
        parse(&both, old);
        char *again = format(&both);
        assert_string_equal(again, text);
        free(old);
        free(text);
        free(again);
        record_clear(&record);
        record_clear(&both);
    }
}

/* Replies, or whatever else, may live elsewhere: two texts are the whole, in any order. */
static void test_two_texts_of_other_keys_are_the_whole(void **state)
{
    (void)state;
    srand(4);
    for (int round = 0; round < 10000; round++) {
        uint64_t side = KEY_BIT(REPLY);
        struct record record, back;
        if (round % 2)
            side = ((uint64_t)rand() << 31 ^ (uint64_t)rand()) & ~KEY_BIT(TO) & ~KEY_BIT(QUEUE);
        fill_random(&record);
        record_init(&back, ID);
        char *rest = format_some(&record, ~side), *aside = format_some(&record, side);
        char *said = plain(&record);
        parse(&back, rest);
        char *without = plain(&back);
        assert_null(side & KEY_BIT(REPLY) ? strstr(without, " reply=") : NULL);
        free(without);
        record_clear(&back);
        parse(&back, round % 4 < 2 ? rest : aside);
        parse(&back, round % 4 < 2 ? aside : rest);
        char *heard = plain(&back);
        if (strcmp(said, heard) != 0)
            fail_msg("said\n%s\nwrote\n%s\nand\n%s\nread\n%s", said, rest, aside, heard);
        free(rest);
        free(aside);
        free(said);
        free(heard);
        record_clear(&record);
        record_clear(&back);
    }
}

/* Ids of 30 bits meet by chance where a list has many recipients in one second. */
static void test_facts_of_one_moment_with_one_id_stay_two(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "1763740840000 l0000012345 delivered host=mx1 inst=postfix q=4m to=a@x",
        "1763740840000 l0000012345 delivered host=mx1 inst=postfix q=4m to=b@x",
        "1763740840000 l0000012345 failed host=mx1 inst=postfix q=4m to=b@x",
    };
    struct record record, back;
    record_init(&record, ID);
    record_init(&back, ID);
    for (size_t i = 0; i < 3; i++)
        add(&record, lines[i]);
    for (size_t i = 3; i-- > 0;)
        add(&back, lines[i]);
    assert_int_equal(record.count, 3);
    for (size_t i = 0; i < 3; i++) {
        static char room[FACT_LINE_MAX];
        struct fact fact = fact_of(lines[i], room);
        assert_true(record_knows(&record, &fact));
        assert_int_equal(record_add(&record, &fact, NULL), 0);
    }
    char *text = format(&record), *again = format(&back);
    assert_string_equal(text, again);
    parse(&back, text);
    assert_int_equal(back.count, 3);
    free(text);
    free(again);
    record_clear(&record);
    record_clear(&back);
}

static void test_a_mail_is_written_short(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "from=shop@example.org client=pc.example ip=192.0.2.7 port=50001 helo=pc.example daemon=mx1 "
        "dport=587 login=shop@example.org auth=PLAIN tls=TLSv1.3:TLS_AES_256_GCM_SHA384:256 "
        "size=2100",
        "to=bob@example.com",
        "id=77.1@example.org date=Fri,%2021%20Nov%202025%2017:00:30%20+0100 "
        "hfrom=Ann%20Lee%20<shop@example.org>",
        "size=2088",
    };
    static const char *const kinds[] = {"mail", "rcpt", "header", "queued"};
    struct record record;
    char line[1024], id[FACT_ID_SIZE];
    record_init(&record, ID);
    for (unsigned i = 0; i < 4; i++) {
        fact_id_text(fact_id_milter(ID, i), id);
        snprintf(line, sizeof line, "%lld m%s %s host=mx1 q=4mGprq8lpWzGsdv %s",
                 (long long)BASE + 51 + 9 * i, id, kinds[i], lines[i]);
        add(&record, line);
    }
    add(&record, "1763740833500 l00000aB3xY delivered inst=postfix to=bob@example.com "
                 "relay=mx.example.com[198.51.100.4]:25 delays=0.1/0.02/0.3/1 delay=1.4 dsn=2.0.0 "
                 "via=smtp next=4Rx9kQ2tz reply=250%202.0.0%20Ok:%20queued%20as%204Rx9kQ2tz");
    add(&record, "1763740832120 l0000020uQz active inst=postfix from=shop@example.org size=2700 "
                 "nrcpt=1");
    add(&record, "1763740833503 l000009kf_2 removed inst=postfix via=qmgr");
    char *text = format(&record);
    assert_string_equal(text, "2 mx1 4mGprq8lpWzGsdv\n"
                              "51 from=shop@example.org pc.example[192.0.2.7]:50001 login=#0 "
                              "TLS_AES_256_GCM_SHA384 size=2100\n"
                              "9 to=bob@example.com\n"
                              "9 id=77.1@ date=-2+0100 \"Ann Lee <#0>\n"
                              "9 size=2088\n"
                              "42 l20uQz active\n"
                              "1380 laB3xY #1 mx.example.com[198.51.100.4] .1/.02/.3/1 "
                              "\"250 2.0.0 Ok: queued as 4Rx9kQ2tz\n"
                              "3 l9kf_2 removed");
    free(text);
    record_clear(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_reads_as_documented),
        cmocka_unit_test(test_a_mail_is_written_short),
        cmocka_unit_test(test_any_facts_come_back_as_they_were),
        cmocka_unit_test(test_facts_are_read_at_once_as_they_are),
        cmocka_unit_test(test_what_is_not_plain_is_left_to_others),
        cmocka_unit_test(test_old_and_new_format_say_the_same),
        cmocka_unit_test(test_two_texts_of_other_keys_are_the_whole),
        cmocka_unit_test(test_facts_of_one_moment_with_one_id_stay_two),
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
