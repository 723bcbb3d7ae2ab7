/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The languages: a file that is broken does no harm, and each state with each reason is told whole
 * in each of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../../milter/answer/attribution.h"
#include "../../../milter/answer/catalogue.h"
#include "../../../milter/answer/explained.h"
#include "book.h"
#include "mail.h"
#include "waybill/clock.h"
#include "waybill/verdict.h"

static char folder[] = "/tmp/waybill-messages-XXXXXX";
static char shipped[4096];
static struct messages *german;

static void write_file(const char *name, const char *text)
{
    char path[sizeof folder + 64];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* ---- files ---- */

static void test_english_is_built_in_and_in_order(void **state)
{
    (void)state;
    assert_true(messages_english_count > 300);
    for (size_t i = 0; i < messages_english_count; i++) {
        const char *key = messages_english[i].key;
        if (i > 0 && strcmp(messages_english[i - 1].key, key) >= 0)
            fail_msg("'%s' is out of order", key);
        assert_ptr_equal(messages_get(NULL, key), messages_english[i].text);
    }
    assert_string_equal(messages_get(NULL, "state.failed"),
                        "refused for good; it will not be tried again");
    assert_string_equal(messages_get(NULL, "no.such"), "no.such");
    assert_null(messages_find(NULL, "no.such"));
    assert_string_equal(messages_tag(NULL), "en");
}

static void test_what_a_file_lacks_is_english(void **state)
{
    struct messages *messages;
    struct error why;

    (void)state;
    write_file("xx.json", "{\"state.failed\": \"kaput\", \"of.another.version\": \"{x}\"}");
    assert_int_equal(messages_open(&messages, folder, "XX", &why), 0);
    assert_string_equal(messages_tag(messages), "xx");
    assert_string_equal(messages_get(messages, "state.failed"), "kaput");
    assert_ptr_equal(messages_get(messages, "state.held"), messages_get(NULL, "state.held"));
    messages_close(&messages);
    assert_null(messages);
}

static void test_a_broken_file_is_one_line_and_english(void **state)
{
    static const struct {
        const char *text, *said;
    } broken[] = {
        {"", "bad.json:1: "},
        {"{\"state.failed\": \"x\"", "bad.json:1: "},
        {"[\"state.failed\"]", "must be one object"},
        {"{\"state.failed\": 1}", "'state.failed' is no text"},
        {"{\"state.failed\": {\"a\": \"b\"}}", "'state.failed' is no text"},
        {"{\"state.failed\": \"a\", \"state.failed\": \"b\"}", "uplicate"},
        {"{\"state.failed\": \"\\u001b[31m\"}", "control character"},
        {"{\"state.failed\": \"\\u0000\"}", "bad.json:1: "},
        {"{\"state.failed\": \"\xff\"}", "bad.json:1: "},
        {"{\"verdict.failed.refused\": \"by {sever}\"}", "has a place that the English text has not"},
    };
    struct messages *messages;
    struct error why;

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        write_file("bad.json", broken[i].text);
        assert_int_equal(messages_open(&messages, folder, "bad", &why), -1);
        assert_null(messages);
        if (strstr(why.text, broken[i].said) == NULL || strchr(why.text, '\n') != NULL)
            fail_msg("case %zu: %s", i, why.text);
    }
}

static void test_no_language_leads_out_of_the_directory(void **state)
{
    static const char *const tags[] = {"../de", "/etc/de", "", "d", "-x", "d.", "de/../de",
                                       "a-language-that-is-long", "no"};
    struct messages *messages;
    struct error why;

    (void)state;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
        assert_int_equal(messages_open(&messages, folder, tags[i], &why), -1);
    assert_int_equal(messages_open(&messages, "/nowhere", "en", &why), 0);
    assert_null(messages);
}

/* ---- places ---- */

static void test_places_are_filled_once_and_with_whatever_is_given(void **state)
{
    const struct message_place places[] = {
        {"server", "{id} {{server}}"}, {"id", "4bX"}, {NULL, NULL}};
    struct buffer text;

    (void)state;
    buffer_init(&text, 4096);
    messages_add(NULL, "verdict.delivered.taken_as", places, &text);
    assert_string_equal(text.data, "handed over to {id} {{server}}, which took it as 4bX; what it "
                                   "did with it only that side can tell");
    buffer_free(&text);
}

/* ---- Accept-Language ---- */

static unsigned complaints;

static void count_complaint(const char *line)
{
    assert_non_null(strstr(line, "bad.json"));
    complaints++;
}

static void test_the_language_that_is_wanted_most_is_served(void **state)
{
    static const struct {
        const char *accept, *tag;
    } cases[] = {
        {NULL, "en"},
        {"", "en"},
        {"de", "de"},
        {"DE-at", "de"},
        {"de-AT-1996", "de"},
        {"fr, de;q=0.5", "de"},
        {"en, de", "en"},
        {"en;q=0.8,de;q=0.9", "de"},
        {"de;q=0.1, *;q=0.2", "en"},
        {"de;q=0, en;q=0.1", "en"},
        {"de;q=0", "en"},
        {" de ; q=1.0", "de"},
        {"de;q=1.001", "en"},
        {"de;q=2", "en"},
        {"de;q=", "en"},
        {"de;level=1", "en"},
        {"pt-br", "pt-br"},
        {"pt", "en"},
        {"deutsch", "en"},
        {",,;;q=1,-,--", "en"},
    };
    struct languages languages;
    struct error why;

    (void)state;
    write_file("de.json", "{}");
    write_file("pt-br.json", "{}");
    write_file("en.json", "nothing that is read");
    write_file("README", "");
    complaints = 0;
    assert_int_equal(languages_open(&languages, folder, count_complaint, &why), 0);
    assert_int_equal(complaints, 1);
    assert_int_equal(languages.count, 4); /* en de pt-br xx */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *tag = messages_tag(languages_choose(&languages, slice_of(cases[i].accept)));
        if (strcmp(tag, cases[i].tag) != 0)
            fail_msg("'%s': %s, not %s", cases[i].accept, tag, cases[i].tag);
    }
    languages_close(&languages);
    assert_int_equal(languages_open(&languages, "/nowhere", count_complaint, &why), 0);
    assert_int_equal(languages.count, 1);
    languages_close(&languages);
}

/* ---- what is told ---- */

static void assert_whole(const char *text, const char *what)
{
    size_t size = strlen(text);

    if (size == 0 || strpbrk(text, "{}") != NULL || strstr(text, "  ") != NULL ||
        strstr(text, " .") != NULL || strstr(text, "..") != NULL)
        fail_msg("%s: '%s'", what, text);
    for (const char *area = "why.\0act.\0state.\0delay.\0verdict.\0actor.\0"; *area != '\0';
         area += strlen(area) + 1) {
        const char *found = strstr(text, area);
        if (found != NULL && strchr("abcdefghijklmnopqrstuvwxyz", found[strlen(area)]) != NULL &&
            found[strlen(area)] != '\0')
            fail_msg("%s: a key is told: '%s'", what, text);
    }
}

static void look_at_verdict(enum recipient_state state, enum reason reason, const char *relay,
                            const struct messages *messages)
{
    struct mail mail = {.id = mail_id(clock_now() - MINUTE_MS, 1), .from = "a@a.example",
                        .recipient_count = 1};
    struct verdict_basis basis = {book, 5 * DAY_MS, messages};
    struct verdict verdict;
    struct record record;
    struct waybill waybill;
    struct buffer text;

    mail.recipients[0] = (struct mail_recipient){.address = "b@b.example", .state = state,
                                                 .status = "5.1.1", .reply = "words",
                                                 .relay = relay};
    mail_record(&mail, &record);
    assert_int_equal(waybill_read(&waybill, &record, clock_now(), 0, NULL), 0);
    waybill.recipients[0].reason = slice_of(reason_word(reason));
    verdict_read(&waybill, &waybill.recipients[0], &basis, &verdict);
    buffer_init(&text, 4096);
    assert_int_equal(verdict_sentence(&verdict, &text), 0);
    assert_whole(text.data, reason_word(reason));
    buffer_free(&text);
    waybill_clear(&waybill);
    record_clear(&record);
}

static void test_each_state_and_reason_has_a_sentence_in_each_language(void **state)
{
    static const char *const relays[] = {NULL, "none", "local", "mx.x.example[192.0.2.1]:25"};
    const struct messages *languages[] = {NULL, german};

    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (int of = 0; of < STATE_COUNT; of++)
            for (int reason = 0; reason < REASON_COUNT; reason++)
                for (size_t relay = 0; relay < sizeof relays / sizeof relays[0]; relay++)
                    if (of != STATE_UNRESOLVED && of != STATE_ABANDONED)
                        look_at_verdict((enum recipient_state)of, (enum reason)reason,
                                        relays[relay], languages[i]);
}

static void test_each_delay_has_a_sentence_in_each_language(void **state)
{
    const struct messages *languages[] = {NULL, german};

    (void)state;
    for (size_t i = 0; i < 4; i++)
        for (enum share share = 0; share < SHARE_COUNT; share++) {
            struct attribution delay = {.total = HOUR_MS, .over = i >= 2, .largest = share,
                                        .messages = languages[i % 2]};
            struct buffer text;

            delay.ms[share] = HOUR_MS;
            buffer_init(&text, 4096);
            assert_int_equal(attribution_sentence(&delay, &text), 0);
            assert_whole(text.data, share_word(share));
            buffer_clear(&text);
            assert_int_equal(attribution_parts(&delay, &text), 0);
            assert_whole(text.data, share_word(share));
            buffer_free(&text);
        }
}

/* The words come from the translation, whatever part of the sentence they are. */
static void test_german_is_german(void **state)
{
    struct saying saying;
    struct plight plight = {.reason = REASON_USERUNKNOWN, .messages = german};

    (void)state;
    catalogue_find(&plight, &saying);
    assert_string_equal(saying.why, "dieses Postfach gibt es nicht");
    for (size_t i = 0; i < messages_english_count; i++)
        if (messages_get(german, messages_english[i].key) == messages_english[i].text)
            fail_msg("'%s' is not translated", messages_english[i].key);
}

static void test_the_registry_knows_registered_codes_in_any_class(void **state)
{
    (void)state;
    assert_string_equal(catalogue_status(NULL, slice_of("5.1.1")), "there is no such mailbox");
    assert_ptr_equal(catalogue_status(NULL, slice_of("4.1.1")),
                     catalogue_status(NULL, slice_of("5.1.1")));
    assert_non_null(catalogue_status(NULL, slice_of("5.7.30")));
    assert_non_null(catalogue_status(german, slice_of("5.1.10")));
    assert_null(catalogue_status(NULL, slice_of("5.7.509")));
    assert_null(catalogue_status(NULL, slice_of("5.9.0")));
    assert_null(catalogue_status(NULL, slice_of("no")));
    assert_null(catalogue_status(NULL, SLICE_ABSENT));
}

static int begin(void **state)
{
    const char *source = getenv("srcdir");
    struct error why;

    snprintf(shipped, sizeof shipped, "%s/milter/answer/messages", source != NULL ? source : "..");
    if (mkdtemp(folder) == NULL || messages_open(&german, shipped, "de", &why) != 0) {
        fprintf(stderr, "%s\n", why.text);
        return -1;
    }
    return book_open(state);
}

static int end(void **state)
{
    static const char *const names[] = {"xx.json", "bad.json", "de.json", "pt-br.json", "en.json",
                                        "README"};
    char path[sizeof folder + 64];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
    messages_close(&german);
    return book_close(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_english_is_built_in_and_in_order),
        cmocka_unit_test(test_what_a_file_lacks_is_english),
        cmocka_unit_test(test_a_broken_file_is_one_line_and_english),
        cmocka_unit_test(test_no_language_leads_out_of_the_directory),
        cmocka_unit_test(test_places_are_filled_once_and_with_whatever_is_given),
        cmocka_unit_test(test_the_language_that_is_wanted_most_is_served),
        cmocka_unit_test(test_each_state_and_reason_has_a_sentence_in_each_language),
        cmocka_unit_test(test_each_delay_has_a_sentence_in_each_language),
        cmocka_unit_test(test_german_is_german),
        cmocka_unit_test(test_the_registry_knows_registered_codes_in_any_class),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
