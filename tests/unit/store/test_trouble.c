/* SPDX-License-Identifier: BSD-2-Clause */
/* Each trouble, by its real cause: what we call it, and that we get over it when it ends. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../support/redis.h"
#include "waybill/clock.h"
#include "waybill/id.h"
#include "waybill/store.h"

static struct redis redis;
static struct settings settings;
static struct store *store;
static struct error why;

static void begin_with(const char *const *options)
{
    redis_prepare(&redis);
    redis_start(&redis, options, true);
    redis_settings(&settings, redis.address);
    why.text[0] = '\0';
    if (store_open(&store, &settings, &why))
        fail_msg("%s", why.text);
}

static int begin(void **state)
{
    (void)state;
    begin_with(NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    store_close(&store);
    redis_remove(&redis);
    return 0;
}

static uint64_t id_now(void)
{
    return id_make(clock_day(clock_now(), NULL), UINT64_C(123450100001));
}

static int write_one(void)
{
    why.text[0] = '\0';
    store_put_record(store, 1, id_now(), slice_of("1 h i q\n1 mAb3dEf9012 mail from=a@b\n"), false);
    store_post_term(store, id_now(), TERM_SENDER, slice_of("a@b"), false);
    return store_flush(store, &why);
}

static void assert_trouble(enum store_trouble trouble, const char *words)
{
    assert_string_equal(store_trouble_word(store_last_trouble(store)), store_trouble_word(trouble));
    if (!strstr(why.text, words) || strchr(why.text, '\n'))
        fail_msg("'%s' has not '%s'", why.text, words);
    assert_int_equal(store_queued(store), 0);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", redis.directory, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static void reopen(const char *user, const char *password_file)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", redis.directory, password_file);
    settings.redis_user = (char *)(uintptr_t)user;
    settings.redis_password_file = path;
    store_close(&store);
    if (store_open(&store, &settings, &why))
        fail_msg("%s", why.text);
}

static void test_password_missing_wrong_and_right(void **state)
{
    (void)state;
    begin_with((const char *[]){"--requirepass", "swordfish", NULL});
    assert_int_equal(write_one(), -1);
    assert_trouble(STORE_DENIED, "cannot connect to Redis at 'unix:");
    assert_trouble(STORE_DENIED, "NOAUTH");
    write_file("wrong", "goldfish\n", 0640);
    reopen(NULL, "wrong");
    assert_int_equal(write_one(), -1);
    assert_trouble(STORE_DENIED, "WRONGPASS");
    write_file("wrong", "swordfish\nsecond line\n", 0600);
    assert_int_equal(write_one(), 0); /* read anew: no restart */
    assert_null(strstr(why.text, "swordfish"));
}

static void test_password_where_none_is_wanted_is_denied(void **state)
{
    (void)state;
    write_file("password", "swordfish\n", 0600);
    reopen(NULL, "password");
    assert_int_equal(write_one(), -1);
    assert_trouble(STORE_DENIED, "without any password configured");
}

static void test_password_file_open_to_others_is_refused(void **state)
{
    struct store *other;
    char path[128];

    (void)state;
    snprintf(path, sizeof path, "%s/password", redis.directory);
    settings.redis_password_file = path;
    assert_int_equal(store_open(&other, &settings, &why), -1);
    assert_non_null(strstr(why.text, "No such file"));
    write_file("password", "x\n", 0644);
    assert_int_equal(store_open(&other, &settings, &why), -1);
    assert_non_null(strstr(why.text, "its mode is 0644, at most 0640 is safe"));
    write_file("password", "\n", 0600);
    assert_int_equal(store_open(&other, &settings, &why), -1);
    assert_null(other);
    settings.redis_password_file = redis.directory;
    assert_int_equal(store_open(&other, &settings, &why), -1);
    settings.redis_password_file = NULL;
    settings.redis_user = (char *)(uintptr_t) "w";
    assert_int_equal(store_open(&other, &settings, &why), -1);
}

static void test_address_that_cannot_be_read_is_refused(void **state)
{
    static const char *const odd[] = {
        "",          "localhost", "tcp:localhost", "tcp::6379",     "tcp:h:0", "tcp:h:65536",
        "tcp:h:12x", "unix:",     "http:h:1",      "tcp:[::1]6379", "tcp:[]:1"};
    struct store *other;

    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        settings.redis = (char *)(uintptr_t)odd[i];
        assert_int_equal(store_open(&other, &settings, &why), -1);
        assert_null(other);
    }
}

static void test_user_without_rights_is_denied_by_name(void **state)
{
    (void)state;
    free(redis_ask(&redis, "ACL SETUSER reader on '>pw' '~wb:*' +@read"));
    write_file("pw", "pw\n", 0600);
    reopen("reader", "pw");
    assert_int_equal(write_one(), -1);
    assert_trouble(STORE_DENIED, "NOPERM");
    /* it may neither PING nor name its connection, yet it may read */
    uint64_t *ids;
    size_t count;
    assert_int_equal(
        store_find_term(store, id_day(id_now()), TERM_SENDER, slice_of("a@b"), &ids, &count, &why),
        0);
    free(ids);
    /* given the right, the same flush works */
    free(redis_ask(&redis, "ACL SETUSER reader +@write"));
    assert_int_equal(write_one(), 0);
}

static void test_full_server_fails_the_flush_until_there_is_room(void **state)
{
    (void)state;
    free(redis_ask(&redis, "CONFIG SET maxmemory 100kb"));
    assert_int_equal(write_one(), -1);
    assert_trouble(STORE_FULL, "OOM command not allowed");
    free(redis_ask(&redis, "CONFIG SET maxmemory 0"));
    assert_int_equal(write_one(), 0);
    assert_int_equal(redis_number(&redis, "EXISTS wb:r:%06u:0320:1", id_day(id_now())), 1);
    assert_true(redis_number(&redis, "TTL wb:r:%06u:0320:1", id_day(id_now())) > 0);
}

static void test_server_that_cannot_save_is_full(void **state)
{
    int64_t until = clock_monotonic() + 8000;

    (void)state;
    begin_with((const char *[]){"--save", "3600 1", NULL});
    run_shell("mkdir -p %s/dump.rdb/x", redis.directory);
    free(redis_ask(&redis, "SET other x"));
    free(redis_ask(&redis, "BGSAVE"));
    while (write_one() == 0 && clock_monotonic() < until)
        clock_sleep(20);
    assert_trouble(STORE_FULL, "MISCONF");
}

static void test_replica_is_readonly_and_a_lost_primary_is_busy(void **state)
{
    (void)state;
    assert_int_equal(write_one(), 0);
    free(redis_ask(&redis, "REPLICAOF 127.0.0.1 1"));
    assert_int_equal(write_one(), -1);
    assert_trouble(STORE_READONLY, "READONLY You can't write against a read only replica");
    free(redis_ask(&redis, "CONFIG SET replica-serve-stale-data no"));
    assert_int_equal(write_one(), -1);
    assert_trouble(STORE_BUSY, "MASTERDOWN");
    free(redis_ask(&redis, "REPLICAOF NO ONE"));
    assert_int_equal(write_one(), 0);
}

static long long connections(void)
{
    return redis_number(&redis, "CLIENT LIST | grep -c name=test_trouble");
}

static void test_connection_ends_only_with_what_a_new_one_may_better(void **state)
{
    int64_t until = clock_monotonic() + 2000;

    (void)state;
    assert_int_equal(write_one(), 0);
    assert_int_equal(connections(), 1);
    free(redis_ask(&redis, "CONFIG SET maxmemory 100kb"));
    assert_int_equal(write_one(), -1);
    assert_int_equal(connections(), 1);
    free(redis_ask(&redis, "CONFIG SET maxmemory 0"));
    free(redis_ask(&redis, "REPLICAOF 127.0.0.1 1"));
    assert_int_equal(write_one(), -1);
    assert_trouble(STORE_READONLY, "READONLY");
    while (connections() > 0 && clock_monotonic() < until)
        clock_sleep(20);
    assert_int_equal(connections(), 0);
}

static void test_new_connection_may_be_another_server(void **state)
{
    (void)state;
    assert_int_equal(write_one(), 0);
    redis_stop(&redis);
    assert_int_equal(store_inspect(store, NULL, NULL, &why), -1); /* no flush sees it go */
    redis_start(&redis, NULL, true);
    assert_int_equal(write_one(), 0);
    assert_true(redis_number(&redis, "TTL wb:r:%06u:0320:1", id_day(id_now())) > 0);
    assert_int_equal(redis_number(&redis, "SCARD wb:d:%06u", id_day(id_now())), 1);
    /* what was noted before the connection was made must not be forgotten with it */
    assert_int_equal(redis_number(&redis, "SISMEMBER wb:nodes 1"), 1);
}

static void test_hung_server_is_given_up_in_time(void **state)
{
    int64_t began;

    (void)state;
    settings.redis_timeout_ms = 300;
    assert_int_equal(write_one(), 0);
    for (int again = 0; again < 2; again++) { /* with a connection, then without */
        kill(redis.pid, SIGSTOP);
        began = clock_monotonic();
        assert_int_equal(write_one(), -1);
        assert_in_range(clock_monotonic() - began, 250, 2500);
        assert_trouble(STORE_UNREACHABLE, "no answer within 300 ms");
    }
    kill(redis.pid, SIGCONT);
    assert_int_equal(write_one(), 0);
}

static void test_killed_server_is_unreachable_and_found_again(void **state)
{
    (void)state;
    assert_int_equal(write_one(), 0);
    redis_stop(&redis);
    assert_int_equal(write_one(), -1);
    assert_trouble(STORE_UNREACHABLE, "closed the connection");
    assert_int_equal(write_one(), -1);
    assert_trouble(STORE_UNREACHABLE, "Connection refused");
    redis_start(&redis, NULL, true);
    assert_int_equal(write_one(), 0);
    /* an empty server is told every expiry again */
    assert_true(redis_number(&redis, "TTL wb:r:%06u:0320:1", id_day(id_now())) > 0);
}

static void test_epoch_counts_servers_and_not_connections(void **state)
{
    (void)state;
    assert_int_equal(store_epoch(store), 0);
    assert_int_equal(write_one(), 0);
    assert_int_equal(store_epoch(store), 1);
    free(redis_ask(&redis, "CLIENT KILL TYPE normal SKIPME no"));
    assert_int_equal(write_one(), -1);
    assert_int_equal(write_one(), 0);
    assert_int_equal(store_epoch(store), 1);
    redis_stop(&redis);
    assert_int_equal(write_one(), -1);
    redis_start(&redis, NULL, true);
    assert_int_equal(write_one(), 0);
    assert_int_equal(store_epoch(store), 2);
}

static void test_loading_server_is_busy(void **state)
{
    const char *slow[] = {"--key-load-delay", "200", "--loading-process-events-interval-bytes",
                          "1024", NULL};

    (void)state;
    free(redis_ask(&redis, "EVAL \"for i=1,20000 do redis.call('set','k'..i,i) end\" 0"));
    free(redis_ask(&redis, "SAVE"));
    redis_stop(&redis);
    redis_start(&redis, slow, false);
    do
        clock_sleep(20);
    while (write_one() == -1 && store_last_trouble(store) == STORE_UNREACHABLE);
    assert_trouble(STORE_BUSY, "LOADING");
}

static void test_busy_script_is_busy(void **state)
{
    int64_t until = clock_monotonic() + 10000;

    (void)state;
    assert_int_equal(write_one(), 0);
    free(redis_ask(&redis, "CONFIG SET busy-reply-threshold 50"));
    run_shell("redis-cli -s %s EVAL 'while true do end' 0 >/dev/null 2>&1 &", redis.socket);
    while (write_one() == 0 && clock_monotonic() < until)
        clock_sleep(20); /* it has not begun yet */
    assert_trouble(STORE_BUSY, "BUSY");
    free(redis_ask(&redis, "SCRIPT KILL"));
    while (write_one() == -1 && clock_monotonic() < until)
        clock_sleep(20); /* it is told, and ends at its next step */
    assert_int_equal(write_one(), 0);
}

static void test_cluster_without_slots_is_busy(void **state)
{
    char port[8], bus[8];

    (void)state;
    snprintf(port, sizeof port, "%u", free_port());
    snprintf(bus, sizeof bus, "%u", free_port());
    begin_with((const char *[]){"--cluster-enabled", "yes", "--port", port, "--cluster-port", bus,
                                "--bind", "127.0.0.1", NULL});
    assert_int_equal(write_one(), -1);
    assert_trouble(STORE_BUSY, "CLUSTERDOWN");
}

static void test_foreign_key_is_skipped_and_the_rest_written(void **state)
{
    char key[32];

    (void)state;
    free(redis_ask(&redis, "SET wb:r:%06u:0320:1 foreign", id_day(id_now())));
    assert_int_equal(write_one(), 0);
    assert_int_equal(redis_number(&redis, "EXISTS wb:d:%06u", id_day(id_now())), 1);
    assert_int_equal(redis_number(&redis, "STRLEN wb:r:%06u:0320:1", id_day(id_now())), 7);
    /* a reader is told that not all was answered, and by which key */
    free(redis_ask(&redis, "DEL wb:d:%06u", id_day(id_now())));
    free(redis_ask(&redis, "SET wb:d:%06u x", id_day(id_now())));
    uint64_t *ids;
    size_t count;
    store_unanswered(store, NULL);
    assert_int_equal(
        store_find_term(store, id_day(id_now()), TERM_SENDER, slice_of("a@b"), &ids, &count, &why),
        0);
    assert_int_equal(count, 0);
    free(ids);
    assert_true(store_unanswered(store, &why) > 0);
    snprintf(key, sizeof key, "wb:d:%06u", id_day(id_now()));
    assert_non_null(strstr(why.text, key));
}

/* ---- inspection ---- */

static char findings[4000];

static void take_finding(void *context, const char *finding)
{
    (void)context;
    assert_null(strchr(finding, '\n'));
    strncat(findings, finding, sizeof findings - strlen(findings) - 2);
    strcat(findings, "\n");
}

static void inspect(void)
{
    findings[0] = '\0';
    if (store_inspect(store, take_finding, NULL, &why))
        fail_msg("%s", why.text);
}

static void test_unfit_server_is_told_line_by_line(void **state)
{
    (void)state;
    inspect();
    assert_non_null(strstr(findings, "keeps nothing on disk"));
    free(redis_ask(&redis, "CONFIG SET appendonly yes"));
    inspect();
    assert_string_equal(findings, "");
    free(redis_ask(&redis, "CONFIG SET maxmemory-policy volatile-ttl"));
    inspect();
    assert_string_equal(findings, "");
    free(redis_ask(&redis, "CONFIG SET maxmemory-policy allkeys-lru"));
    inspect();
    assert_non_null(strstr(findings, "(maxmemory-policy allkeys-lru)"));
    free(redis_ask(&redis, "CONFIG SET maxmemory-policy noeviction"));
    free(redis_ask(&redis, "REPLICAOF 127.0.0.1 1"));
    inspect();
    assert_string_equal(findings, "the server is a read-only replica of 127.0.0.1:1: name the "
                                  "primary\n");
}

static void test_server_that_may_not_be_asked_is_no_error(void **state)
{
    (void)state;
    free(redis_ask(&redis, "ACL SETUSER blind on '>pw' '~*' +@read"));
    write_file("pw", "pw", 0600);
    reopen("blind", "pw");
    inspect();
    assert_string_equal(findings, "");
}

/* ---- the rights that waybill-schema(7) names are enough ---- */

static void nothing(void *context, uint64_t id, const struct record *record, const char *why_not)
{
    (void)context, (void)id, (void)record, (void)why_not;
}

static void no_event(void *context, const struct event *event)
{
    (void)context, (void)event;
}

static void no_gap(void *context, const struct store_gap *gap)
{
    (void)context, (void)gap;
}

static void no_counter(void *context, const char *name, uint64_t value)
{
    (void)context, (void)name, (void)value;
}

static void no_node(void *context, const struct store_node *node)
{
    (void)context, (void)node;
}

static void no_sheet(void *context, const struct sheet *sheet)
{
    (void)context, (void)sheet;
}

static int read_all(void)
{
    int64_t server = 0;
    uint64_t id = id_now(), *ids = NULL;
    struct store_cursor cursor;
    size_t count;
    int result = 0;

    result |= store_get_records(store, &id, 1, nothing, NULL, &why);
    result |= store_find_term(store, id_day(id), TERM_SENDER, slice_of("a@b"), &ids, &count, &why);
    free(ids);
    result |= store_find_slice(store, clock_now(), false, &ids, &count, &why);
    free(ids);
    result |= store_find_delayed(store, &ids, &count, &why);
    free(ids);
    result |= store_get_nodes(store, no_node, NULL, &why);
    result |= store_get_gaps(store, clock_now(), clock_now(), no_gap, NULL, &why);
    result |= store_get_counters(store, clock_now(), clock_now(), no_counter, NULL, &why);
    result |= store_get_sheets(store, &server, no_sheet, NULL, &why);
    result |= server == 0 ? -1 : 0; /* the time may be asked, too */
    result |= store_cursor_now(store, &cursor, &why);
    result |= store_read_events(store, &cursor, 10, no_event, NULL, &why);
    return result;
}

static int write_all(void)
{
    struct event event = {.id = 1, .waybill = id_now()};
    struct sheet sheet;
    unsigned node;

    if (store_claim_node(store, -1, "machine", "host", &node, &why))
        return -1;
    store_put_record(store, 1, id_now(), slice_of("1 h i q\n"), false);
    store_drop_record(store, 1, id_now(), true);
    store_post_term(store, id_now(), TERM_SENDER, slice_of("a@b"), false);
    store_mark_state(store, id_now(), 1, STATE_FAILED, clock_now());
    store_put_beat(store, 1, "log", 1);
    store_put_gap(store, 1, slice_of("log"), clock_now(), clock_now(), slice_of("x"), 1);
    store_put_counter(store, 1, clock_now(), "mails", 1);
    store_emit_event(store, &event);
    sheet_clear(&sheet);
    store_put_sheet(store, &sheet);
    return store_flush(store, &why);
}

/* The words that follow "user NAME" in the page. */
static void rights_of(const char *user, char *rights, size_t room)
{
    const char *source = getenv("srcdir");
    char path[1000], line[2000], name[64];
    bool within = false;
    FILE *page;

    snprintf(path, sizeof path, "%s/packaging/man/waybill-schema.7", source ? source : "..");
    snprintf(name, sizeof name, "user %s ", user);
    page = fopen(path, "r");
    if (!page)
        fail_msg("cannot read '%s'", path);
    rights[0] = '\0';
    while (fgets(line, sizeof line, page)) {
        char *from = line;

        if (strncmp(line, name, strlen(name)) == 0) {
            within = true;
            from = line + strlen(name);
        } else if (within && line[0] != ' ') {
            break;
        }
        if (!within)
            continue;
        line[strcspn(line, "\n")] = '\0';
        for (char *word = strtok(from, " "); word; word = strtok(NULL, " ")) {
            strncat(rights, " '", room - strlen(rights) - 1);
            strncat(rights, word[0] == '\\' && word[1] == '&' ? word + 2 : word,
                    room - strlen(rights) - 1);
            strncat(rights, "'", room - strlen(rights) - 1);
        }
    }
    fclose(page);
    if (!rights[0])
        fail_msg("'%s' has no 'user %s'", path, user);
}

static void test_rights_in_the_manual_are_enough_and_no_more(void **state)
{
    char rights[2500], *answer;

    (void)state;
    write_file("pw", "secret", 0600);
    rights_of("waybilld", rights, sizeof rights);
    answer = redis_ask(&redis, "ACL SETUSER waybilld%s", rights);
    assert_string_equal(answer, "OK");
    free(answer);
    rights_of("waybill", rights, sizeof rights);
    answer = redis_ask(&redis, "ACL SETUSER waybill%s", rights);
    assert_string_equal(answer, "OK");
    free(answer);
    reopen("waybilld", "pw");
    if (write_all() || read_all())
        fail_msg("%s", why.text);
    inspect();
    assert_non_null(strstr(findings, "keeps nothing on disk"));
    reopen("waybill", "pw");
    if (read_all())
        fail_msg("%s", why.text);
    assert_int_equal(write_all(), -1);
    assert_trouble(STORE_DENIED, "NOPERM");
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, begin, end)
#define OWN(test) cmocka_unit_test_teardown(test, end) /* starts its server itself */
    const struct CMUnitTest tests[] = {
        OWN(test_password_missing_wrong_and_right),
        EACH(test_password_where_none_is_wanted_is_denied),
        EACH(test_password_file_open_to_others_is_refused),
        EACH(test_address_that_cannot_be_read_is_refused),
        EACH(test_user_without_rights_is_denied_by_name),
        EACH(test_full_server_fails_the_flush_until_there_is_room),
        OWN(test_server_that_cannot_save_is_full),
        EACH(test_replica_is_readonly_and_a_lost_primary_is_busy),
        EACH(test_connection_ends_only_with_what_a_new_one_may_better),
        EACH(test_new_connection_may_be_another_server),
        EACH(test_hung_server_is_given_up_in_time),
        EACH(test_killed_server_is_unreachable_and_found_again),
        EACH(test_epoch_counts_servers_and_not_connections),
        EACH(test_loading_server_is_busy),
        EACH(test_busy_script_is_busy),
        OWN(test_cluster_without_slots_is_busy),
        EACH(test_foreign_key_is_skipped_and_the_rest_written),
        EACH(test_unfit_server_is_told_line_by_line),
        EACH(test_server_that_may_not_be_asked_is_no_error),
        EACH(test_rights_in_the_manual_are_enough_and_no_more),
    };

    signal(SIGPIPE, SIG_DFL); /* ours must not depend on it being ignored */
    return cmocka_run_group_tests_name("store trouble", tests, NULL, NULL);
}
