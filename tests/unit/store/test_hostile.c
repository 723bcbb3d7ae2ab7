/* SPDX-License-Identifier: BSD-2-Clause */
/* A server that answers anything at all: no crash, no endless wait, no memory without end. */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../../milter/store/reply.h"
#include "../../support/redis.h"
#include "waybill/clock.h"
#include "waybill/id.h"
#include "waybill/store.h"

#define ANSWERS 6
#define GREETING "+OK\r\n+PONG\r\n$0\r\n\r\n"

/* What it answers to the n-th thing that it is sent, on every connection. */
static struct {
    int listener, stop[2];
    pthread_t thread;
    char directory[64], socket[96], address[112];
    struct slice answers[ANSWERS];
    bool stay; /* keep the connection open at the end */
} villain;

/* False: told to stop. */
static bool villain_wait(int fd)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN}, {.fd = villain.stop[0], .events = POLLIN}};

    while (poll(fds, 2, -1) < 0)
        ;
    return !fds[1].revents;
}

static void villain_serve(int fd)
{
    char heard[8192];

    for (size_t i = 0; i < ANSWERS; i++) {
        if (!villain_wait(fd) || recv(fd, heard, sizeof heard, 0) <= 0)
            return;
        for (size_t sent = 0; sent < villain.answers[i].size;) {
            ssize_t now = send(fd, villain.answers[i].at + sent, villain.answers[i].size - sent,
                               MSG_NOSIGNAL);

            if (now <= 0)
                return;
            sent += (size_t)now;
        }
        if (i + 1 == ANSWERS || !villain.answers[i + 1].at)
            break;
    }
    while (villain.stay && villain_wait(fd) && recv(fd, heard, sizeof heard, 0) > 0)
        ;
}

static void *villain_live(void *unused)
{
    (void)unused;
    while (villain_wait(villain.listener)) {
        int fd = accept(villain.listener, NULL, NULL);

        if (fd < 0)
            continue;
        villain_serve(fd);
        close(fd);
    }
    return NULL;
}

static int start(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)state;
    strcpy(villain.directory, "/tmp/waybill-store-XXXXXX");
    assert_non_null(mkdtemp(villain.directory));
    snprintf(villain.socket, sizeof villain.socket, "%s/s", villain.directory);
    snprintf(villain.address, sizeof villain.address, "unix:%s", villain.socket);
    memcpy(address.sun_path, villain.socket, strlen(villain.socket));
    villain.listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(villain.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(villain.listener, 50), 0);
    assert_int_equal(pipe(villain.stop), 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    close(villain.listener);
    run_shell("rm -rf %s", villain.directory);
    return 0;
}

static void villain_start(bool stay)
{
    villain.stay = stay;
    assert_int_equal(pthread_create(&villain.thread, NULL, villain_live, NULL), 0);
}

static void villain_stop(void)
{
    char byte = 0;

    assert_int_equal(write(villain.stop[1], &byte, 1), 1);
    pthread_join(villain.thread, NULL);
    assert_int_equal(read(villain.stop[0], &byte, 1), 1);
}

/* ---- what we ask of it ---- */

static void no_record(void *context, uint64_t id, const struct record *record, const char *why_not)
{
    (void)context, (void)id, (void)record, (void)why_not;
}

static void no_event(void *context, const struct event *event)
{
    (void)context, (void)event;
}

static void no_node(void *context, const struct store_node *node)
{
    (void)context, (void)node;
}

static void no_gap(void *context, const struct store_gap *gap)
{
    (void)context, (void)gap;
}

static void no_counter(void *context, const char *name, uint64_t value)
{
    (void)context, (void)name, (void)value;
}

static void no_finding(void *context, const char *finding)
{
    (void)context, (void)finding;
}

static int ask_records(struct store *store, struct error *why)
{
    uint64_t id = UINT64_C(251121576320300412);

    return store_get_records(store, &id, 1, no_record, NULL, why);
}

static int ask_term(struct store *store, struct error *why)
{
    uint64_t *ids;
    size_t count;
    int result = store_find_term(store, 251121, TERM_SENDER, slice_of("a@b"), &ids, &count, why);

    free(ids);
    return result;
}

static int ask_state(struct store *store, struct error *why)
{
    uint64_t *ids;
    size_t count;
    int result = store_find_delayed(store, &ids, &count, why);

    free(ids);
    return result;
}

static int ask_nodes(struct store *store, struct error *why)
{
    return store_get_nodes(store, no_node, NULL, why);
}

static int ask_gaps(struct store *store, struct error *why)
{
    return store_get_gaps(store, clock_now(), clock_now(), no_gap, NULL, why);
}

static int ask_counters(struct store *store, struct error *why)
{
    int64_t hour = clock_now() / HOUR_MS * HOUR_MS;

    return store_get_counters(store, hour, hour, no_counter, NULL, why);
}

static int ask_events(struct store *store, struct error *why)
{
    struct store_cursor cursor;

    memset(&cursor, 0, sizeof cursor);
    cursor.last[0].known = true;
    return store_read_events(store, &cursor, 5, no_event, NULL, why);
}

#define NO_STREAM "-ERR no such key\r\n"
static int ask_streams(struct store *store, struct error *why)
{
    struct store_stream streams[STORE_STREAMS];

    return store_look_at_streams(store, streams, why);
}

static int ask_flush(struct store *store, struct error *why)
{
    store_put_beat(store, 1, "log", 1);
    return store_flush(store, why);
}

static int ask_claim(struct store *store, struct error *why)
{
    unsigned node;

    return store_claim_node(store, 5, "me", "host", &node, why);
}

#define NILS_7 "$-1\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n"

static void no_sheet(void *context, const struct sheet *sheet)
{
    (void)context, (void)sheet;
}

static int ask_sheets(struct store *store, struct error *why)
{
    int64_t server;

    return store_get_sheets(store, &server, no_sheet, NULL, why);
}

static int ask_inspect(struct store *store, struct error *why)
{
    return store_inspect(store, no_finding, NULL, why);
}

static const struct {
    const char *name;
    int (*ask)(struct store *store, struct error *why);
    const char *answers[ANSWERS - 1]; /* after the greeting; all right */
} asks[] = {
    {"records",
     ask_records,
     {"*2\r\n$1\r\n3\r\n$2\r\n42\r\n*0\r\n", "*2\r\n$-1\r\n$-1\r\n",
      "*2\r\n$16\r\n1 mx1 postfix Q1\r\n$-1\r\n*2\r\n$-1\r\n$-1\r\n"}},
    {"term",
     ask_term,
     {"*1\r\n$2\r\n10\r\n*0\r\n:1\r\n:0\r\n",
      "*2\r\n$1\r\n7\r\n*1\r\n$19\r\n8123456576320300412\r\n*1\r\n$1\r\n1\r\n", "*2\r\n$1\r\n0\r\n*0\r\n",
      "*1\r\n$12\r\n576320300412\r\n"}},
    {"state", ask_state, {"*2\r\n$7\r\n1:abcde\r\n$29\r\n251121576320300412:ABCDEFGHIJ\r\n"}},
    {"nodes",
     ask_nodes,
     {"*1\r\n$1\r\n3\r\n*0\r\n", "*2\r\n$4\r\n1234\r\n$3\r\nmx1\r\n*3\r\n$1\r\n1\r\n$-1\r\n$1\r\n2\r\n"}},
    {"gaps", ask_gaps, {"*2\r\n$15\r\n04 log 17637400\r\n$17\r\n17637500 1 killed\r\n"}},
    {"counters", ask_counters, {"*1\r\n$1\r\n3\r\n*0\r\n", "*2\r\n$5\r\nmails\r\n$2\r\n10\r\n"}},
    {"events",
     ask_events,
     {"*1\r\n*2\r\n$7\r\nwb:ev:0\r\n*1\r\n*2\r\n$3\r\n2-1\r\n*12\r\n$1\r\ne\r\n$"
      "10\r\nAb3dEf9012\r\n"
      "$1\r\nw\r\n$2\r\n16\r\n$1\r\nr\r\n$10\r\nAb3dEf9012\r\n$1\r\na\r\n$16\r\nmessage.accepted"
      "\r\n$1\r\nt\r\n$2\r\n99\r\n$1\r\nn\r\n$1\r\n0\r\n"}},
    {"streams",
     ask_streams,
     {"*10\r\n$6\r\nlength\r\n:1\r\n$17\r\nlast-generated-id\r\n$3\r\n2-1\r\n"
      "$20\r\nmax-deleted-entry-id\r\n$3\r\n0-0\r\n$13\r\nentries-added\r\n:1\r\n"
      "$11\r\nfirst-entry\r\n*2\r\n$3\r\n2-1\r\n*2\r\n$1\r\nx\r\n$1\r\ny\r\n"
      NO_STREAM NO_STREAM NO_STREAM NO_STREAM NO_STREAM NO_STREAM NO_STREAM NO_STREAM NO_STREAM
      NO_STREAM NO_STREAM NO_STREAM NO_STREAM NO_STREAM NO_STREAM}},
    {"flush", ask_flush, {":1\r\n:1\r\n"}},
    {"claim", ask_claim, {":1\r\n", "*3\r\n$2\r\nme\r\n$-1\r\n$-1\r\n", ":1\r\n:1\r\n:1\r\n"}},
    {"inspect",
     ask_inspect,
     {"$29\r\nredis_version:5.0.1\r\nrole:x\r\n\r\n"
      "*2\r\n$4\r\nsave\r\n$0\r\n\r\n*0\r\n*0\r\n"}},
    {"sheets",
     ask_sheets,
     {"*1\r\n$1\r\n3\r\n*0\r\n",
      "*2\r\n$10\r\n1795338300\r\n$6\r\n123456\r\n*34\r\n$5\r\n0.1.0\r\n$3\r\nmx1\r\n" NILS_7
          NILS_7 NILS_7 NILS_7 "$-1\r\n$-1\r\n$-1\r\n$-1\r\n"}},
};
#define ASKS (sizeof asks / sizeof asks[0])

static void set_answers(size_t which)
{
    villain.answers[0] = slice_of(GREETING);
    for (size_t i = 1; i < ANSWERS; i++)
        villain.answers[i] = slice_of(asks[which].answers[i - 1]);
}

static size_t answer_count(size_t which)
{
    size_t count = 0;

    while (count < ANSWERS - 1 && asks[which].answers[count])
        count++;
    return count + 1;
}

/* Ask on a new connection. */
static int ask(size_t which, int64_t timeout, struct error *why, enum store_trouble *trouble)
{
    struct settings settings;
    struct store *store;
    int result;

    redis_settings(&settings, villain.address);
    settings.redis_timeout_ms = timeout;
    assert_int_equal(store_open(&store, &settings, why), 0);
    result = asks[which].ask(store, why);
    *trouble = store_last_trouble(store);
    store_close(&store);
    return result;
}

static void test_right_answers_are_taken(void **state)
{
    enum store_trouble trouble;
    struct error why = {""};

    (void)state;
    for (size_t which = 0; which < ASKS; which++) {
        set_answers(which);
        villain_start(true);
        if (ask(which, 1000, &why, &trouble))
            fail_msg("%s: %s", asks[which].name, why.text);
        villain_stop();
    }
}

static void test_connection_cut_at_any_byte_is_unreachable(void **state)
{
    enum store_trouble trouble;
    struct error why = {""};

    (void)state;
    for (size_t which = 0; which < ASKS; which++) {
        for (size_t cut = 0; cut < answer_count(which); cut++) {
            size_t size;

            set_answers(which);
            size = villain.answers[cut].size;
            for (size_t i = cut + 1; i < ANSWERS; i++)
                villain.answers[i] = SLICE_ABSENT;
            for (size_t at = 0; at < size; at++) {
                villain.answers[cut].size = at;
                villain_start(false);
                assert_int_equal(ask(which, 30, &why, &trouble), -1);
                assert_int_equal(trouble, STORE_UNREACHABLE);
                villain_stop();
            }
        }
    }
}

static void test_any_changed_byte_does_no_harm(void **state)
{
    static const char bytes[] = "*$:+-09\r\n\xff";
    char changed[1000];
    enum store_trouble trouble;
    struct error why;

    (void)state;
    srandom(7);
    for (size_t which = 0; which < ASKS; which++) {
        for (unsigned round = 0; round < 100; round++) {
            size_t count = answer_count(which), target = (size_t)random() % count;
            struct slice *answer = &villain.answers[target];

            set_answers(which);
            memcpy(changed, answer->at, answer->size);
            for (long n = random() % 3; n >= 0; n--)
                changed[(size_t)random() % answer->size] = bytes[(size_t)random() % 10];
            answer->at = changed;
            villain_start(false);
            ask(which, 20, &why, &trouble);
            villain_stop();
        }
    }
}

#define DEEP "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"

static void test_reply_of_the_wrong_kind_ends_the_connection(void **state)
{
    static const char *const odd[] = {
        "*2147483647\r\n",
        "$536870913\r\n",
        DEEP DEEP ":1\r\n",
        "$-7\r\n",
        "*-7\r\n",
        "%1\r\n+a\r\n+b\r\n",
        "HTTP/1.1 400 Bad\r\n",
        "\r\n",
        ":12x\r\n",
        ":99999999999999999999999\r\n",
        "$3\r\nabcdef",
        "+OK\r\n+OK\r\n+OK\r\n",
        "-ERR what\r\n-ERR what\r\n-ERR what\r\n-ERR what\r\n",
        "_\r\n",
        ",1.5\r\n",
        "#t\r\n",
        "*3\r\n:1\r\n+x\r\n*0\r\n",
        "$0\r\n\r\n",
        "*1\r\n$3\r\n101\r\n",
        "*1\r\n$2\r\n-1\r\n",
    };
    enum store_trouble trouble;
    struct error why;

    (void)state;
    for (size_t which = 0; which < ASKS; which++) {
        for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
            set_answers(which);
            villain.answers[1] = slice_of(odd[i]);
            villain_start(true);
            if (ask(which, 20, &why, &trouble) == -1)
                assert_true(trouble == STORE_PROTOCOL || trouble == STORE_UNREACHABLE);
            assert_null(strchr(why.text, '\n'));
            villain_stop();
        }
    }
}

static void test_reply_too_many_ends_the_connection(void **state)
{
    enum store_trouble trouble;
    struct error why;

    (void)state;
    for (size_t which = 0; which < ASKS; which++) {
        char longer[1000];
        size_t last = answer_count(which) - 1;

        set_answers(which);
        snprintf(longer, sizeof longer, "%s:1\r\n", villain.answers[last].at);
        villain.answers[last] = slice_of(longer);
        villain_start(true);
        assert_int_equal(ask(which, 500, &why, &trouble), -1);
        assert_int_equal(trouble, STORE_PROTOCOL);
        villain_stop();
    }
}

static void test_connection_that_broke_after_a_refusal_is_not_used_again(void **state)
{
    struct settings settings;
    struct store *store;
    struct error why;

    (void)state;
    villain.answers[0] = slice_of(GREETING);
    villain.answers[1] = slice_of("-OOM no room\r\n"); /* and no second reply */
    for (size_t i = 2; i < ANSWERS; i++)
        villain.answers[i] = SLICE_ABSENT;
    redis_settings(&settings, villain.address);
    settings.redis_timeout_ms = 100;
    assert_int_equal(store_open(&store, &settings, &why), 0);
    villain_start(true);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(ask_flush(store, &why), -1);
        assert_int_equal(store_last_trouble(store), STORE_FULL);
        assert_non_null(strstr(why.text, "OOM no room"));
    }
    store_close(&store);
    villain_stop();
}

static void test_silent_server_is_given_up_in_time(void **state)
{
    enum store_trouble trouble;
    struct error why;
    int64_t began = clock_monotonic();

    (void)state;
    set_answers(0);
    villain.answers[0] = slice_of("");
    villain_start(true);
    assert_int_equal(ask(0, 200, &why, &trouble), -1);
    assert_int_equal(trouble, STORE_UNREACHABLE);
    assert_in_range(clock_monotonic() - began, 190, 2500);
    villain_stop();
}

static void test_reply_without_end_is_cut_short(void **state)
{
    static char many[4 << 20];
    enum store_trouble trouble;
    struct error why;

    (void)state;
    memset(many, '+', sizeof many); /* a line that never ends */
    set_answers(0);
    villain.answers[1] = slice_make(many, sizeof many);
    villain_start(true);
    assert_int_equal(ask(0, 500, &why, &trouble), -1);
    assert_int_equal(trouble, STORE_PROTOCOL);
    assert_non_null(strstr(why.text, "a line of a reply is over"));
    villain_stop();
}

/* ---- the reader alone ---- */

static int feed(struct reply_reader *reader, const char *data, size_t size, struct error *why)
{
    const struct reply *reply;

    return reply_reader_feed(reader, data, size, why) ? -1 : reply_reader_next(reader, &reply, why);
}

static void test_reply_over_the_limit_is_refused_before_memory_is_gone(void **state)
{
    static char piece[65536];
    struct reply_reader *reader;
    struct error why = {""};
    size_t fed = 0;
    int result = 0;

    (void)state;
    assert_int_equal(reply_reader_open(&reader), 0);
    assert_int_equal(feed(reader, "$536870000\r\n", 12, &why), 0);
    for (; result == 0 && fed < 2 * REPLY_MAX; fed += sizeof piece)
        result = feed(reader, piece, sizeof piece, &why);
    assert_int_equal(result, -1);
    assert_true(fed <= REPLY_MAX + 2 * sizeof piece);
    reply_reader_close(&reader);
    /* many small ones weigh more in memory than on the wire */
    assert_int_equal(reply_reader_open(&reader), 0);
    for (size_t i = 0; i + 4 <= sizeof piece; i += 4)
        memcpy(piece + i, ":1\r\n", 4);
    assert_int_equal(feed(reader, "*2147483646\r\n", 13, &why), 0);
    result = 0;
    for (fed = 0; result == 0 && fed < REPLY_MAX; fed += sizeof piece)
        result = feed(reader, piece, sizeof piece, &why);
    assert_int_equal(result, -1);
    assert_true(fed < REPLY_MAX / 8);
    reply_reader_close(&reader);
}

static void test_reply_in_single_bytes_is_the_same_reply(void **state)
{
    static const char text[] = "*4\r\n$3\r\na\r\n\r\n:-5\r\n*2\r\n+x\r\n$-1\r\n-ERR no\r\n";
    const struct reply *reply = NULL;
    struct reply_reader *reader;
    struct error why;

    (void)state;
    assert_int_equal(reply_reader_open(&reader), 0);
    for (size_t i = 0; i < sizeof text - 1; i++) {
        assert_int_equal(reply_reader_feed(reader, text + i, 1, &why), 0);
        assert_int_equal(reply_reader_next(reader, &reply, &why), i == sizeof text - 2);
    }
    assert_int_equal(reply->type, REPLY_LIST);
    assert_int_equal(reply->count, 4);
    assert_true(slice_is(reply->items[0]->text, "a\r\n"));
    assert_int_equal(reply->items[1]->number, -5);
    assert_int_equal(reply->items[2]->count, 2);
    assert_int_equal(reply->items[2]->items[1]->type, REPLY_NIL);
    assert_int_equal(reply->items[3]->type, REPLY_ERROR);
    assert_false(reply_reader_rest(reader));
    reply_reader_close(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_answers_are_taken),
        cmocka_unit_test(test_connection_cut_at_any_byte_is_unreachable),
        cmocka_unit_test(test_any_changed_byte_does_no_harm),
        cmocka_unit_test(test_reply_of_the_wrong_kind_ends_the_connection),
        cmocka_unit_test(test_reply_too_many_ends_the_connection),
        cmocka_unit_test(test_connection_that_broke_after_a_refusal_is_not_used_again),
        cmocka_unit_test(test_silent_server_is_given_up_in_time),
        cmocka_unit_test(test_reply_without_end_is_cut_short),
        cmocka_unit_test(test_reply_over_the_limit_is_refused_before_memory_is_gone),
        cmocka_unit_test(test_reply_in_single_bytes_is_the_same_reply),
    };

    signal(SIGPIPE, SIG_DFL);
    return cmocka_run_group_tests_name("store hostile", tests, start, stop);
}
