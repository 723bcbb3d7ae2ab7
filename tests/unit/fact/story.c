/* SPDX-License-Identifier: BSD-2-Clause */
/* story: see story.h. */
#include "story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "waybill/clock.h"

void story_add(struct record *record, const char *text, unsigned number)
{
    char line[512];
    struct fact fact;
    struct error why;
    char id[FACT_ID_SIZE];
    unsigned ms;
    char witness;
    int used;
    assert_int_equal(sscanf(text, "%u %c %n", &ms, &witness, &used), 2);
    fact_id_text(fact_id_milter(STORY_ID, number), id);
    snprintf(line, sizeof line, "%lld %c%s %s", (long long)STORY_BASE + ms, witness, id,
             text + used);
    assert_int_equal(fact_decode(line, strlen(line), &fact, &why), 0);
    assert_true(record_add(record, &fact, &why) >= 0);
}

static size_t story_size(const struct story *story)
{
    size_t count = 0;
    while (count < STORY_FACTS_MAX && story->facts[count] != NULL)
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
    const char *between = " /";
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (waybill->facts[i].witness == WITNESS_REPORT) {
            at += snprintf(text + at, (size_t)(512 - at), "%s %s", between,
                           trust_word(waybill->trust[i]));
            between = "";
        }
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
    assert_int_equal(waybill_read(&waybill, record, STORY_BASE + DAY_MS, 5 * DAY_MS, &why), 0);
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

static void check_shuffled(const struct story *story)
{
    size_t count = story_size(story);
    bool done[STORY_FACTS_MAX] = {false};
    struct record record;
    record_init(&record, STORY_ID);
    for (size_t left = count; left > 0;) {
        size_t pick = (size_t)rand() % count;
        if (done[pick])
            continue;
        done[pick] = true;
        left--;
        story_add(&record, story->facts[pick], (unsigned)pick);
    }
    check(story, &record);
    record_clear(&record);
}

void stories_check(const struct story *stories, size_t count)
{
    srand(2);
    for (size_t i = 0; i < count; i++)
        for (int round = 0; round < 30; round++)
            check_shuffled(&stories[i]);
}
