/* SPDX-License-Identifier: BSD-2-Clause */
/* Which slot has a key, what servers tell of slots, and lists of addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../../milter/store/pipeline.h"
#include "../../../milter/store/server.h"
#include "../../../milter/store/slots.h"

/* The vector of the specification, and what CLUSTER KEYSLOT of Redis 7.0.15 says. */
static void test_known_keys_have_their_slots(void **state)
{
    (void)state;
    assert_int_equal(slot_of_key(slice_of("123456789")), 0x31c3);
    assert_int_equal(slot_of_key(slice_of("")), 0);
    assert_int_equal(slot_of_key(slice_of("foo")), 12182);
    assert_int_equal(slot_of_key(slice_of("bar")), 5061);
    assert_int_equal(slot_of_key(slice_of("\xff\x80")), 4727);
}

static void test_only_the_first_braces_count_and_only_if_something_is_in_them(void **state)
{
    (void)state;
    assert_int_equal(slot_of_key(slice_of("x{foo}y")), 12182);
    assert_int_equal(slot_of_key(slice_of("{foo}{bar}")), 12182);
    assert_int_equal(slot_of_key(slice_of("{{foo")), 645);
    assert_int_equal(slot_of_key(slice_of("foo{}{bar}")), 8363);
}

static int slot_of_words(const char *a, const char *b, const char *c, const char *d, const char *e)
{
    const char *all[] = {a, b, c, d, e};
    struct slice words[5];
    size_t count = 0;

    for (; count < 5 && all[count]; count++)
        words[count] = slice_of(all[count]);
    return slot_of_command(words, count);
}

static void test_a_command_is_known_by_its_key(void **state)
{
    (void)state;
    assert_int_equal(slot_of_words("HSET", "foo", "bar", "x", NULL), 12182);
    assert_int_equal(slot_of_words("XREAD", "COUNT", "STREAMS", "foo", "0"), 12182);
    assert_int_equal(slot_of_words("MEMORY", "USAGE", "foo", NULL, NULL), 12182);
    assert_int_equal(slot_of_words("INFO", "foo", NULL, NULL, NULL), -1);
    assert_int_equal(slot_of_words("TIME", NULL, NULL, NULL, NULL), -1);
    assert_int_equal(slot_of_words("XREAD", "COUNT", "1", NULL, NULL), -1);
}

/* ---- what servers tell ---- */

struct told {
    unsigned ranges, slots;
    char last[64];
};

static int take_range(void *context, unsigned first, unsigned last, struct slice host,
                      uint64_t port)
{
    struct told *told = context;

    told->ranges++;
    told->slots += last - first + 1;
    snprintf(told->last, sizeof told->last, "%.*s %u", SLICE_ARGS(host), (unsigned)port);
    return 0;
}

static int read_map(const char *bytes, struct told *told)
{
    struct reply_reader *reader;
    const struct reply *reply = NULL;
    struct error why;
    int result;

    *told = (struct told){0};
    assert_int_equal(reply_reader_open(&reader), 0);
    assert_int_equal(reply_reader_feed(reader, bytes, strlen(bytes), &why), 0);
    assert_int_equal(reply_reader_next(reader, &reply, &why), 1);
    result = slots_read(reply, take_range, told);
    reply_reader_close(&reader);
    return result;
}

#define MASTER "*2\r\n$2\r\nab\r\n:7000\r\n"

static void test_a_map_is_taken_whole(void **state)
{
    struct told told;

    (void)state;
    assert_int_equal(read_map("*0\r\n", &told), 0);
    assert_int_equal(told.ranges, 0);
    assert_int_equal(read_map("*2\r\n*3\r\n:0\r\n:99\r\n" MASTER "*4\r\n:100\r\n:16383\r\n"
                              "*4\r\n$-1\r\n:7001\r\n$1\r\nx\r\n*0\r\n" MASTER, &told), 0);
    assert_int_equal(told.ranges, 2);
    assert_int_equal(told.slots, 16384);
    assert_string_equal(told.last, " 7001");
}

static void test_a_map_that_cannot_be_is_refused(void **state)
{
    static const char *const odd[] = {
        ":1\r\n",
        "*1\r\n:1\r\n",
        "*1\r\n*2\r\n:0\r\n:1\r\n",
        "*1\r\n*3\r\n:5\r\n:4\r\n" MASTER,
        "*1\r\n*3\r\n:0\r\n:16384\r\n" MASTER,
        "*1\r\n*3\r\n:-1\r\n:4\r\n" MASTER,
        "*1\r\n*3\r\n:0\r\n:4\r\n$1\r\nx\r\n",
        "*1\r\n*3\r\n:0\r\n:4\r\n*2\r\n:1\r\n:7000\r\n",
        "*1\r\n*3\r\n:0\r\n:4\r\n*2\r\n$1\r\na\r\n:65536\r\n",
        "*2\r\n*3\r\n:0\r\n:9\r\n" MASTER "*3\r\n:9\r\n:10\r\n" MASTER, /* a slot twice */
    };
    struct told told;

    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        assert_int_equal(read_map(odd[i], &told), -1);
}

static void test_a_redirection_names_slot_and_server(void **state)
{
    static const char *const odd[] = {"MOVED", "MOVED x a:1", "MOVED 16384 a:1", "MOVED 1 a",
                                      "MOVED 1 a:0", "MOVED 1 a:65536", "MOVED 1 a:1 ", "ERR 1 a:1",
                                      "ASK -1 a:1"};
    struct slice host;
    unsigned slot;
    uint64_t port;
    bool asking;

    (void)state;
    assert_int_equal(slots_redirected(slice_of("MOVED 16383 ::1:7000"), &asking, &slot, &host,
                                      &port), 0);
    assert_false(asking);
    assert_int_equal(slot, 16383);
    assert_true(slice_is(host, "::1"));
    assert_int_equal(port, 7000);
    assert_int_equal(slots_redirected(slice_of("ASK 0 :1"), &asking, &slot, &host, &port), 0);
    assert_true(asking);
    assert_int_equal(host.size, 0);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        assert_int_equal(slots_redirected(slice_of(odd[i]), &asking, &slot, &host, &port), -1);
}

/* ---- addresses ---- */

static void test_addresses_are_parted_by_commas(void **state)
{
    static struct server servers[SERVERS_MAX];
    char many[SERVERS_MAX * 8 + 16] = "tcp:a:1";
    struct error why;
    size_t count;

    (void)state;
    assert_int_equal(servers_parse(servers, &count, "tcp:a:1, tls:[::1]:2 ,tcp:b:65535", &why), 0);
    assert_int_equal(count, 3);
    assert_string_equal(servers[1].host, "::1");
    assert_string_equal(servers[1].name, "tls:[::1]:2");
    assert_int_equal(servers_parse(servers, &count, "tcp:a:1,", &why), -1);
    assert_int_equal(servers_parse(servers, &count, "tcp:a:1,,tcp:b:1", &why), -1);
    assert_non_null(strstr(why.text, "tcp:HOST:PORT"));
    for (unsigned i = 0; i < SERVERS_MAX; i++)
        strcat(many, ",tcp:a:1");
    assert_int_equal(servers_parse(servers, &count, many, &why), -1);
    assert_string_equal(why.text, "cannot use over 32 addresses");
}

static void test_what_a_server_announces_must_be_a_host(void **state)
{
    struct server server;

    (void)state;
    assert_int_equal(server_announced(&server, SERVER_TLS, slice_of("fe80::1"), 6379), 0);
    assert_string_equal(server.name, "tls:[fe80::1]:6379");
    assert_int_equal(server_announced(&server, SERVER_TCP, slice_of("a b"), 1), -1);
    assert_int_equal(server_announced(&server, SERVER_TCP, slice_of("a\n"), 1), -1);
    assert_int_equal(server_announced(&server, SERVER_TCP, slice_make("a\0b", 3), 1), -1);
    assert_int_equal(server_announced(&server, SERVER_TCP, slice_of(""), 1), -1);
    assert_int_equal(server_announced(&server, SERVER_TCP, slice_of("a"), 0), -1);
    assert_int_equal(server_announced(&server, SERVER_TCP, slice_of("a"), 65536), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_keys_have_their_slots),
        cmocka_unit_test(test_only_the_first_braces_count_and_only_if_something_is_in_them),
        cmocka_unit_test(test_a_command_is_known_by_its_key),
        cmocka_unit_test(test_a_map_is_taken_whole),
        cmocka_unit_test(test_a_map_that_cannot_be_is_refused),
        cmocka_unit_test(test_a_redirection_names_slot_and_server),
        cmocka_unit_test(test_addresses_are_parted_by_commas),
        cmocka_unit_test(test_what_a_server_announces_must_be_a_host),
    };

    return cmocka_run_group_tests_name("store slots", tests, NULL, NULL);
}
