/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A mail to JSON and back: states, verdicts and whatever else is shown are the same, also of what
 * somebody sees who may not see all; and JSON of a stranger is refused or read, and harms nobody.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../../milter/answer/remote/mail.h"
#include "../../../milter/answer/remote/place.h"
#include "../../../milter/answer/remote/remote.h"
#include "../../../milter/answer/remote/tree.h"
#include "../../../milter/answer/search_json.h"
#include "book.h"
#include "mail.h"
#include "waybill/access.h"
#include "waybill/clock.h"
#include "waybill/waybill_json.h"

#define SAID "host mx.example.org[192.0.2.1] said: 550 5.1.1 no such user"
static const struct mail mails[] = {
    {.from = "ann@a.example", .message_id = "1@a.example", .queue_id = "Q1",
     .client = "pc.a.example", .ip = "192.0.2.9", .login = "ann", .subject = "a \\ \"b\"\x1b[31m",
     .recipients = {{"bob@b.example", NULL, STATE_DELIVERED, "2.0.0", "250 Ok", "mx[192.0.2.1]:25"},
                    {"eve@b.example", "all@a.example", STATE_FAILED, "5.1.1", SAID, "mx[192.0.2.1]:25"},
                    {"x@b.example", "all@a.example", STATE_DELAYED, "4.2.0", "451 later", "none"}},
     .recipient_count = 3},
    {.from = "", .queue_id = "Q2",
     .recipients = {{"ann@a.example", NULL, STATE_EXPIRED, "4.4.1", "timed out", "none"}},
     .recipient_count = 1},
    {.from = "bob@b.example", .queue_id = "Q3",
     .recipients = {{"\xd0\xb6@\xe2\x80\xae.example", NULL, STATE_REJECTED, "5.7.1", "554 no", NULL},
                    {"held@a.example", NULL, STATE_HELD, NULL, NULL, NULL}},
     .recipient_count = 2},
    {.from = "gone@b.example", .abandoned = true},
    {.from = "nobody@b.example", .queue_id = "Q5"},
};

static struct verdict_basis basis(void)
{
    return (struct verdict_basis){.book = book, .queue_lifetime = 5 * DAY_MS};
}

static void assert_same(struct slice got, struct slice expected)
{
    if (expected.at == NULL || expected.size == 0)
        assert_true(got.at == NULL || got.size == 0);
    else if (!slice_equal(got, expected))
        fail_msg("'%.*s' for '%.*s'", SLICE_ARGS(got), SLICE_ARGS(expected));
}

/* The waybill that the JSON says; *tree lives as long. */
static void there_and_back(const struct waybill *from, bool timeline, struct waybill *to,
                           json_t **tree)
{
    const struct verdict_basis rests = basis();
    const struct chain_before none = {.id = 0};
    struct buffer text, again;
    struct json json;

    buffer_init(&text, 1u << 20);
    buffer_init(&again, 1u << 20);
    json_init(&json, &text);
    search_json_mail(&json, from, &rests, &none, timeline);
    *tree = tree_read(slice_make(text.data, text.size));
    assert_non_null(*tree);
    json_init(&json, &again);
    tree_write(&json, *tree);
    assert_string_equal(again.data, text.data);
    assert_int_equal(mail_read(*tree, to), 0);
    buffer_free(&text);
    buffer_free(&again);
}

static void assert_same_verdict(const struct waybill *a, const struct recipient *of_a,
                                const struct waybill *b, const struct recipient *of_b)
{
    const struct verdict_basis rests = basis();
    struct verdict first, second;
    struct buffer one, two;

    buffer_init(&one, 65536);
    buffer_init(&two, 65536);
    verdict_read(a, of_a, &rests, &first);
    verdict_read(b, of_b, &rests, &second);
    verdict_sentence(&first, &one);
    verdict_sentence(&second, &two);
    assert_string_equal(two.data, one.data);
    assert_int_equal(second.has_reason, first.has_reason);
    assert_int_equal(second.reason, first.reason);
    if (first.rule != NULL)
        assert_string_equal(second.rule, first.rule);
    else
        assert_null(second.rule);
    buffer_free(&one);
    buffer_free(&two);
}

static void assert_same_recipient(const struct recipient *got, const struct recipient *expected)
{
    assert_same(got->address, expected->address);
    assert_same(got->original, expected->original);
    assert_int_equal(got->state, expected->state);
    assert_int_equal(got->since, expected->since);
    assert_int_equal(got->tried, expected->tried);
    assert_int_equal(got->attempts, expected->attempts);
    assert_int_equal(got->mailbox, expected->mailbox);
    assert_same(got->status, expected->status);
    assert_same(got->reply, expected->reply);
    assert_same(got->relay, expected->relay);
    assert_same(got->next, expected->next);
}

static void assert_same_facts(const struct waybill *got, const struct waybill *expected)
{
    assert_int_equal(got->fact_count, expected->fact_count);
    for (size_t i = 0; i < got->fact_count; i++) {
        assert_int_equal(got->facts[i].kind, expected->facts[i].kind);
        assert_int_equal(got->facts[i].witness, expected->facts[i].witness);
        assert_int_equal(got->facts[i].time, expected->facts[i].time);
        assert_int_equal(got->subject[i], expected->subject[i]);
        assert_int_equal(got->trust[i], expected->trust[i]);
        for (int key = 0; key < FACT_KEY_COUNT; key++)
            assert_same(got->facts[i].value[key], expected->facts[i].value[key]);
    }
}

static void check_mail(const struct waybill *waybill, bool timeline)
{
    struct waybill back;
    json_t *tree;

    there_and_back(waybill, timeline, &back, &tree);
    assert_int_equal(back.id, waybill->id);
    assert_int_equal(back.arrived, waybill->arrived);
    assert_int_equal(waybill_state(&back), waybill_state(waybill));
    assert_int_equal(back.has_from, waybill->has_from);
    assert_same(back.from, waybill->from);
    assert_same(back.message_id, waybill->message_id);
    assert_same(back.subject_text, waybill->subject_text);
    assert_same(back.tls, waybill->tls);
    assert_int_equal(back.recipient_count, waybill->recipient_count);
    if (timeline)
        assert_same_facts(&back, waybill);
    if (waybill->recipient_count == 0)
        assert_same_verdict(waybill, NULL, &back, NULL);
    for (size_t i = 0; i < back.recipient_count; i++) {
        assert_same_recipient(&back.recipients[i], &waybill->recipients[i]);
        if (timeline)
            assert_same_verdict(waybill, &waybill->recipients[i], &back, &back.recipients[i]);
    }
    waybill_clear(&back);
    json_decref(tree);
}

static void read_mail(const struct mail *plain, struct waybill *waybill)
{
    struct mail mail = *plain;
    struct record record;
    struct error why;

    mail.id = mail_id(clock_now() - HOUR_MS, 1);
    record_init(&record, mail.id);
    mail_record(&mail, &record);
    assert_int_equal(waybill_read(waybill, &record, clock_now(), 5 * DAY_MS, &why), 0);
    record_clear(&record);
}

static void comes_back_as_it_was(void **state)
{
    struct waybill waybill;

    (void)state;
    for (size_t i = 0; i < sizeof mails / sizeof *mails; i++) {
        read_mail(&mails[i], &waybill);
        check_mail(&waybill, true);
        check_mail(&waybill, false);
        waybill_clear(&waybill);
    }
}

/* A sender sees one alias in the place of those behind it: that cannot be computed again. */
static void comes_back_as_somebody_sees_it(void **state)
{
    struct access ann = {.role = ROLE_SENDER}, desk = {.role = ROLE_DESK};
    struct waybill waybill;
    struct error why;

    (void)state;
    assert_int_equal(access_add_login(&ann, slice_of("ann"), &why), 0);
    assert_int_equal(access_add_domain(&desk, slice_of("b.example"), &why), 0);
    for (int who = 0; who < 2; who++) {
        read_mail(&mails[0], &waybill);
        assert_true(access_look(who == 0 ? &ann : &desk, &waybill));
        check_mail(&waybill, true);
        waybill_clear(&waybill);
    }
}

/* ---- strangers ---- */

static void what_is_no_mail_is_refused(void **state)
{
    static const char *const texts[] = {
        "{}", "{\"recipients\":[]}", "{\"waybill_id\":\"x\",\"recipients\":[]}",
        "{\"waybill_id\":\"251121576320300412\",\"recipients\":{}}",
        "{\"waybill_id\":\"251121576320300412\",\"recipients\":[1]}",
        "{\"waybill_id\":\"251121576320300412\",\"recipients\":[{\"state\":\"odd\"}]}",
        "{\"waybill_id\":\"251121576320300412\",\"recipients\":[],\"timeline\":[{}]}",
        "{\"waybill_id\":\"251121576320300412\",\"recipients\":[],\"timeline\":7}",
        "{\"waybill_id\":\"251121576320300412\",\"recipients\":[],\"size\":-5}",
        "{\"waybill_id\":251121576320300412,\"recipients\":[]}",
    };
    struct waybill waybill;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *tree = tree_read(slice_of(texts[i]));
        assert_non_null(tree);
        if (mail_read(tree, &waybill) == 0)
            fail_msg("read: %s", texts[i]);
        json_decref(tree);
    }
}

static void what_is_deep_or_many_is_not_even_parsed(void **state)
{
    static char text[3 * REMOTE_VALUES_MAX];

    (void)state;
    memset(text, '[', REMOTE_DEPTH_MAX);
    memset(text + REMOTE_DEPTH_MAX, ']', REMOTE_DEPTH_MAX);
    json_t *tree = tree_read(slice_make(text, 2 * REMOTE_DEPTH_MAX));
    assert_non_null(tree);
    json_decref(tree);
    memset(text, '[', REMOTE_DEPTH_MAX + 1);
    memset(text + REMOTE_DEPTH_MAX + 1, ']', REMOTE_DEPTH_MAX + 1);
    assert_null(tree_read(slice_make(text, 2 * REMOTE_DEPTH_MAX + 2)));
    text[0] = '[';
    for (size_t i = 1; i + 1 < sizeof text; i += 2)
        memcpy(text + i, "1,", 2);
    text[sizeof text - 1] = ']';
    assert_null(tree_read(slice_make(text, sizeof text)));
    assert_null(tree_read(slice_of("{\"a\":1,\"a\":2}")));
    assert_null(tree_read(slice_of("{\"a\":\"\xff\"}")));
    assert_null(tree_read(slice_of("{\"a\":")));
}

static void what_is_told_again_is_safe_to_print(void **state)
{
    json_t *tree = tree_read(slice_of("{\"a\\u001b\":\"\\u001b[2J\\u202e\\u0000x\",\"b\":[1.5,-2]}"));
    struct buffer text;
    struct json json;

    (void)state;
    buffer_init(&text, 1000);
    json_init(&json, &text);
    tree_write(&json, tree);
    assert_string_equal(text.data,
                        "{\"a\\u001b\":\"\\u001b[2J\\u202e\\u0000x\",\"b\":[1.5,-2]}");
    buffer_free(&text);
    json_decref(tree);
}

/* ---- where it is, and the token ---- */

static void addresses_are_of_three_forms(void **state)
{
    static const struct {
        const char *url, *base, *socket;
    } cases[] = {
        {"http://127.0.0.1:8025", "http://127.0.0.1:8025", NULL},
        {"https://desk.example/mail/", "https://desk.example/mail", NULL},
        {"unix:/run/web.sock", "http://waybill", "/run/web.sock"},
        {"ftp://desk.example", NULL, NULL},
        {"file:///etc/passwd", NULL, NULL},
        {"desk.example:80", NULL, NULL},
        {"unix:web.sock", NULL, NULL},
        {"https://me:secret@desk.example/", NULL, NULL},
        {"https://desk.example/?a=b", NULL, NULL},
        {"https://desk.example/#a", NULL, NULL},
        {"http://a b/", NULL, NULL},
        {"", NULL, NULL},
    };
    struct remote_place place;
    struct error why;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int result = remote_place_read(&place, cases[i].url, &why);

        if ((result == 0) != (cases[i].base != NULL))
            fail_msg("%s: %d", cases[i].url, result);
        if (result == 0)
            assert_string_equal(place.base, cases[i].base);
        if (cases[i].socket != NULL)
            assert_string_equal(place.socket, cases[i].socket);
        else
            assert_null(place.socket);
        remote_place_clear(&place);
    }
}

static int token_of(const char *text, mode_t mode, struct error *why)
{
    char path[] = "/tmp/waybill-token-XXXXXX", token[TOKEN_SIZE];
    int fd = mkstemp(path), result;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    result = remote_token_read(path, token, why);
    unlink(path);
    if (result == 0)
        assert_string_equal(token, "wbt_00ff");
    return result;
}

static void a_token_is_one_line_that_nobody_else_can_read(void **state)
{
    struct error why;

    (void)state;
    assert_int_equal(token_of("wbt_00ff\n", 0600, &why), 0);
    assert_int_equal(token_of("  wbt_00ff", 0400, &why), 0);
    assert_int_equal(token_of("wbt_00ff\n", 0640, &why), -1);
    assert_non_null(strstr(why.text, "chmod 600 '"));
    assert_int_equal(token_of("wbt_00ff\n", 0604, &why), -1);
    assert_int_equal(token_of("", 0600, &why), -1);
    assert_int_equal(token_of("wbt_00\r\nX-Other: 1\n", 0600, &why), -1);
    assert_int_equal(token_of("wbt_00ff wbt_11", 0600, &why), -1);
    assert_int_equal(remote_token_read("/nowhere/token", (char[TOKEN_SIZE]){0}, &why), -1);
    assert_non_null(strstr(why.text, "--token-file"));
    assert_int_equal(remote_token_read("/dev", (char[TOKEN_SIZE]){0}, &why), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(comes_back_as_somebody_sees_it),
        cmocka_unit_test(what_is_no_mail_is_refused),
        cmocka_unit_test(what_is_deep_or_many_is_not_even_parsed),
        cmocka_unit_test(what_is_told_again_is_safe_to_print),
        cmocka_unit_test(addresses_are_of_three_forms),
        cmocka_unit_test(a_token_is_one_line_that_nobody_else_can_read),
    };

    return cmocka_run_group_tests(tests, book_open, book_close);
}
