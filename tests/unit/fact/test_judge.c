/* SPDX-License-Identifier: BSD-2-Clause */
/* What a set of facts means: one row a story, tried in every order of arrival. */
#include "waybill/waybill.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "waybill/clock.h"

#define ID UINT64_C(251121576320300412)
#define BASE INT64_C(1763740832000)
#define FACTS_MAX 10

static const struct story {
    const char *name;
    const char *facts[FACTS_MAX]; /* "ms witness kind values" */
    const char *states;           /* "address=state ...", in order of first fact */
    const char *events;           /* in order of time */
} stories[] = {
    {"taken",
     {"10 m mail from=a@x", "20 m rcpt to=b@y", "30 m queued"},
     "b@y=accepted",
     "message.accepted"},
    {"delivered by a log whose clock has only seconds",
     {"10 m mail from=a@x", "20 m rcpt to=b@y", "30 m queued", "0 l active",
      "0 l delivered to=b@y via=smtp", "0 l removed"},
     "b@y=delivered",
     "delivery.delivered message.accepted"},
    {"delayed, then delivered in the same second",
     {"20 m rcpt to=b@y", "30 m queued", "5000 l delayed to=b@y via=smtp",
      "5000 l delivered to=b@y via=smtp"},
     "b@y=delivered",
     "message.accepted delivery.*"},
    {"two recipients of different fate",
     {"20 m rcpt to=b@y", "21 m rcpt to=c@y", "30 m queued", "5000 l failed to=c@y",
      "5000 l delivered to=b@y"},
     "b@y=delivered c@y=failed",
     "message.accepted delivery.*"},
    {"a failure that comes late beats delivered",
     {"20 m rcpt to=b@y", "30 m queued", "5000 l delivered to=b@y", "900000 r failed to=b@y"},
     "b@y=failed",
     "message.accepted delivery.delivered delivery.failed"},
    {"refused at RCPT",
     {"10 m mail from=a@x", "20 m refused to=b@y dsn=5.1.1", "30 m abandoned phase=rcpt"},
     "b@y=rejected",
     "recipient.rejected message.abandoned"},
    {"refused, then taken",
     {"20 m refused to=b@y", "25 m rcpt to=b@y", "30 m queued"},
     "b@y=accepted",
     "message.accepted"},
    {"abandoned",
     {"10 m mail from=a@x", "20 m rcpt to=b@y", "30 m abandoned phase=data"},
     "b@y=abandoned",
     "message.abandoned"},
    {"abort does not mean lost",
     {"20 m rcpt to=b@y", "30 m abandoned phase=data", "40 l active", "5000 l delivered to=b@y"},
     "b@y=delivered",
     "message.accepted delivery.delivered"},
    {"a later milter says no",
     {"20 m rcpt to=b@y", "30 m queued", "31 l rejected phase=eom to=z@z dsn=5.7.1"},
     "b@y=rejected",
     "message.accepted recipient.rejected"},
    {"given up for age",
     {"20 m rcpt to=b@y", "30 m queued", "5000 l delayed to=b@y", "9000 l expired"},
     "b@y=expired",
     "message.accepted delivery.delayed delivery.expired"},
    {"on hold, released, delivered",
     {"20 m rcpt to=b@y", "30 m queued", "40 l held", "5000 l delivered to=b@y"},
     "b@y=delivered",
     "message.accepted delivery.delivered"},
    {"on hold",
     {"20 m rcpt to=b@y", "30 m queued", "40 l held"},
     "b@y=held",
     "message.accepted delivery.held"},
    {"on hold in the second it came, by a log whose clock has only seconds",
     {"20 m rcpt to=b@y", "30 m queued", "0 l held", "0 l active"},
     "b@y=held",
     "delivery.held message.accepted"},
    {"a later milter says no to one of two",
     {"20 m rcpt to=b@y", "21 m rcpt to=c@y", "0 l rejected phase=rcpt to=c@y", "30 m queued",
      "5000 l delivered to=b@y", "5000 l removed"},
     "b@y=delivered c@y=rejected",
     "recipient.rejected message.accepted delivery.delivered"},
    {"deleted by the postmaster",
     {"20 m rcpt to=b@y", "30 m queued", "40 l canceled"},
     "b@y=canceled",
     "message.accepted delivery.canceled"},
    {"an alias",
     {"20 m rcpt to=v@y", "30 m queued", "40 l delivered to=b@z orig=v@y"},
     "v@y=expanded b@z=delivered",
     "message.accepted delivery.*"},
    {"an alias that the log does not name",
     {"20 m rcpt to=v@y", "30 m queued", "40 l delivered to=b@z", "50 l removed"},
     "v@y=expanded b@z=delivered",
     "message.accepted delivery.*"},
    {"the log alone",
     {"0 l active from=a@x", "0 l delivered to=b@y"},
     "b@y=delivered",
     "delivery.*"},
};

static void add(struct record *record, const char *text, unsigned number)
{
    char line[512];
    struct fact fact;
    struct error why;
    char id[FACT_ID_SIZE];
    unsigned ms;
    char witness;
    int used;
    assert_int_equal(sscanf(text, "%u %c %n", &ms, &witness, &used), 2);
    fact_id_text(fact_id_milter(ID, number), id);
    snprintf(line, sizeof line, "%lld %c%s %s", (long long)BASE + ms, witness, id, text + used);
    assert_int_equal(fact_decode(line, strlen(line), &fact, &why), 0);
    assert_true(record_add(record, &fact, &why) >= 0);
}

static size_t story_size(const struct story *story)
{
    size_t count = 0;
    while (count < FACTS_MAX && story->facts[count] != NULL)
        count++;
    return count;
}

static void tell_states(const struct waybill *waybill, char text[static 512])
{
    int at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < waybill->recipient_count; i++)
        at += snprintf(text + at, (size_t)(512 - at), "%s%.*s=%s", i ? " " : "",
                       SLICE_ARGS(waybill->recipients[i].address),
                       state_word(waybill->recipients[i].state));
}

/* True if `words` are those of `pattern`; "delivery.*" stands for one or more of that kind. */
static bool events_fit(const struct event *events, size_t count, const char *pattern)
{
    struct slice rest = slice_of(pattern), word;
    size_t i = 0;
    for (size_t mail = 0; mail < count; mail++)
        if (events[mail].sequence != mail)
            return false;
    while (text_take_word(&rest, &word)) {
        text_take_char(&rest, ' ');
        if (slice_is(word, "delivery.*")) {
            if (i >= count || !slice_starts(slice_of(event_word(events[i].action)), "delivery."))
                return false;
            while (i < count && slice_starts(slice_of(event_word(events[i].action)), "delivery."))
                i++;
        } else if (i >= count || !slice_is(word, event_word(events[i++].action))) {
            return false;
        }
    }
    return i == count;
}

static void check(const struct story *story, const struct record *record)
{
    struct waybill waybill;
    struct event *events;
    struct error why;
    size_t count;
    char states[512];
    assert_int_equal(waybill_read(&waybill, record, BASE + DAY_MS, 5 * DAY_MS, &why), 0);
    tell_states(&waybill, states);
    if (strcmp(states, story->states) != 0)
        fail_msg("%s: '%s' instead of '%s'", story->name, states, story->states);
    assert_int_equal(waybill_events(&waybill, &events, &count), 0);
    if (strchr(story->events, '*') == NULL || strstr(story->events, "message") != NULL)
        if (!events_fit(events, count, story->events)) {
            for (size_t i = 0; i < count; i++)
                print_error("%s ", event_word(events[i].action));
            fail_msg("%s: events are not '%s'", story->name, story->events);
        }
    free(events);
    waybill_clear(&waybill);
}

static void test_stories_end_the_same_in_any_order(void **state)
{
    (void)state;
    srand(2);
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        size_t count = story_size(&stories[i]);
        for (int round = 0; round < 30; round++) {
            struct record record;
            bool done[FACTS_MAX] = {false};
            record_init(&record, ID);
            for (size_t left = count; left > 0;) {
                size_t pick = (size_t)rand() % count;
                if (done[pick])
                    continue;
                done[pick] = true;
                left--;
                add(&record, stories[i].facts[pick], (unsigned)pick);
            }
            check(&stories[i], &record);
            record_clear(&record);
        }
    }
}

static void read_lines(struct waybill *waybill, const char *const *lines, size_t count, int64_t now)
{
    struct record record;
    struct error why;
    record_init(&record, ID);
    for (size_t i = 0; i < count; i++)
        add(&record, lines[i], (unsigned)i);
    assert_int_equal(waybill_read(waybill, &record, now, 5 * DAY_MS, &why), 0);
    record_clear(&record);
}

static void test_nothing_stays_delayed_for_ever(void **state)
{
    (void)state;
    static const char *const lines[] = {"20 m rcpt to=b@y", "30 m queued", "5000 l delayed to=b@y"};
    struct waybill waybill;
    read_lines(&waybill, lines, 3, BASE + 6 * DAY_MS);
    assert_int_equal(waybill.recipients[0].state, STATE_DELAYED);
    waybill_clear(&waybill);
    read_lines(&waybill, lines, 3, BASE + 6 * DAY_MS + 10000);
    assert_int_equal(waybill.recipients[0].state, STATE_UNRESOLVED);
    waybill_clear(&waybill);
}

static void test_the_queue_manager_knows_the_size(void **state)
{
    (void)state;
    static const char *const lines[] = {"10 m mail from=a@x size=5", "30 m queued size=7",
                                        "0 l active size=9 from=other@x"};
    struct waybill waybill;
    read_lines(&waybill, lines, 3, BASE);
    assert_int_equal(waybill.size, 9);
    assert_true(slice_is(waybill.from, "a@x"));
    waybill_clear(&waybill);
}

static void test_delivered_tells_mailbox_from_next_hop(void **state)
{
    (void)state;
    static const char *const lines[] = {"0 l delivered to=a@x via=local relay=local",
                                        "0 l delivered to=b@x via=smtp relay=h[1]:25 next=ABC"};
    struct waybill waybill;
    read_lines(&waybill, lines, 2, BASE);
    for (int i = 0; i < 2; i++) {
        const struct recipient *one = &waybill.recipients[i];
        assert_int_equal(one->mailbox, slice_is(one->address, "a@x"));
        assert_int_equal(one->attempts, 1);
    }
    waybill_clear(&waybill);
}

static void test_a_log_with_whole_seconds_stands_last_in_its_second(void **state)
{
    (void)state;
    static const char *const coarse[] = {"400 m mail from=a@x", "500 m rcpt to=b@x", "900 m queued",
                                         "0 l active", "0 l delivered to=b@x", "1000 l removed"};
    static const char *const fine[] = {"400 m mail from=a@x", "200 l active",
                                       "950 l delivered to=b@x"};
    static const enum fact_kind in_order[] = {FACT_MAIL, FACT_RCPT, FACT_QUEUED,
                                              FACT_ACTIVE, FACT_DELIVERED, FACT_REMOVED};
    struct waybill waybill;
    read_lines(&waybill, coarse, 6, BASE);
    assert_true(waybill.coarse_log);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(waybill.facts[i].kind, in_order[i]);
    assert_int_equal(waybill.arrived, BASE + 400);
    waybill_clear(&waybill);
    read_lines(&waybill, fine, 3, BASE);
    assert_false(waybill.coarse_log);
    assert_int_equal(waybill.facts[0].kind, FACT_ACTIVE);
    waybill_clear(&waybill);
}

static void test_many_recipients_take_linear_time_and_lose_none(void **state)
{
    (void)state;
    struct record record;
    struct waybill waybill;
    struct error why;
    record_init(&record, ID);
    for (unsigned i = 0; i < 9000; i++) {
        char address[64];
        struct fact fact;
        snprintf(address, sizeof address, "user%u@example.com", i);
        fact_init(&fact, WITNESS_MILTER, FACT_RCPT, BASE + i);
        fact.id = fact_id_milter(ID, i);
        fact_set(&fact, KEY_TO, slice_of(address));
        assert_int_equal(record_add(&record, &fact, &why), 1);
    }
    assert_int_equal(waybill_read(&waybill, &record, BASE, 0, &why), 0);
    assert_int_equal(waybill.recipient_count, 9000);
    waybill_clear(&waybill);
    record_clear(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stories_end_the_same_in_any_order),
        cmocka_unit_test(test_nothing_stays_delayed_for_ever),
        cmocka_unit_test(test_the_queue_manager_knows_the_size),
        cmocka_unit_test(test_delivered_tells_mailbox_from_next_hop),
        cmocka_unit_test(test_a_log_with_whole_seconds_stands_last_in_its_second),
        cmocka_unit_test(test_many_recipients_take_linear_time_and_lose_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
