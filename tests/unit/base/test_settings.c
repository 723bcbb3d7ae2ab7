/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings: a table of bad lines with the exact message for each; the example and the manual.
 */
#include "waybill/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "waybill/buffer.h"
#include "waybill/text.h"

static char path[] = "/tmp/waybill-settings-XXXXXX";

static void write_file(const char *text, size_t size)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static struct settings *read_good(const char *text)
{
    struct settings *settings;
    struct error why;

    write_file(text, strlen(text));
    if (settings_read(&settings, path, &why) != 0)
        fail_msg("%s", why.text);
    return settings;
}

static void assert_refused(const char *text, const char *expected)
{
    struct settings *settings = (struct settings *)path;
    struct error why;
    char whole[1000];

    write_file(text, strlen(text));
    if (settings_read(&settings, path, &why) == 0)
        fail_msg("this was taken: %s", text);
    assert_null(settings);
    snprintf(whole, sizeof whole, "%s:%s", path, expected);
    assert_string_equal(why.text, whole);
}

static void test_defaults_are_the_documented_ones(void **state)
{
    struct settings *settings;
    struct error why;

    (void)state;
    assert_int_equal(settings_read(&settings, NULL, &why), 0);
    assert_true(settings->host[0] != '\0');
    assert_int_equal(settings->node, -1);
    assert_string_equal(settings->user, "waybill");
    assert_true(settings->listen_auto);
    assert_string_equal(settings->listen, access(LISTEN_QUEUE_DIRECTORY, F_OK) == 0
                                              ? LISTEN_IN_QUEUE
                                              : LISTEN_ELSEWHERE);
    assert_int_equal(settings->listen_mode, 0660);
    assert_int_equal(settings->eom_wait_ms, 20);
    assert_int_equal(settings->subject, SUBJECT_FULL);
    assert_string_equal(settings->log_source[0], "auto");
    assert_null(settings->log_source[1]);
    assert_int_equal(settings->queue_lifetime_hours, 120);
    assert_int_equal(settings->journal_sync, SYNC_INTERVAL);
    assert_int_equal(settings->journal_max_mb, 1024);
    assert_int_equal(settings->journal_ring, 20000);
    assert_string_equal(settings->redis, "tcp:127.0.0.1:6379");
    assert_string_equal(settings->redis_user, "");
    assert_string_equal(settings->redis_prefix, "wb:");
    assert_int_equal(settings->retention_days, 30);
    assert_int_equal(settings->events_kept, 100000);
    settings_free(&settings);
    assert_null(settings);
    settings_free(&settings);
}

static void test_values_are_taken_as_they_are_written(void **state)
{
    struct settings *settings = read_good("# a comment\r\n"
                                          "host = mx1.example.org   # the name\r\n"
                                          "node=7\n\n"
                                          "listen = \"inet:8891@127.0.0.1\"\n"
                                          "listen_mode = 0600\n"
                                          "metrics = \"tcp:[::1]:7925\"\n"
                                          "subject = 'hash'\n"
                                          "log_source = { \"/var/log/mail.log\", # first\n"
                                          "               '/var/log/mail #2.log' }\n"
                                          "redis = \"tls:[2001:db8::1]:6380\"\n"
                                          "key_file = \"/a\\\\b\\\"c\"\n"
                                          "journal_max_mb = 2\njournal_segment_mb = 1");

    (void)state;
    assert_string_equal(settings->host, "mx1.example.org");
    assert_int_equal(settings->node, 7);
    assert_string_equal(settings->listen, "inet:8891@127.0.0.1");
    assert_false(settings->listen_auto);
    assert_int_equal(settings->listen_mode, 0600);
    assert_int_equal(settings->subject, SUBJECT_HASH);
    assert_string_equal(settings->log_source[0], "/var/log/mail.log");
    assert_string_equal(settings->log_source[1], "/var/log/mail #2.log");
    assert_null(settings->log_source[2]);
    assert_string_equal(settings->redis, "tls:[2001:db8::1]:6380");
    assert_string_equal(settings->key_file, "/a\\b\"c");
    settings_free(&settings);
    settings = read_good("log_source = {}\n");
    assert_null(settings->log_source[0]);
    settings_free(&settings);
    settings = read_good("");
    assert_string_equal(settings->log_source[0], "auto");
    settings_free(&settings);
}

#define BYTES_11 "eleven-byte"
#define BYTES_99                                                                                   \
    BYTES_11 BYTES_11 BYTES_11 BYTES_11 BYTES_11 BYTES_11 BYTES_11 BYTES_11 BYTES_11

static const struct {
    const char *text, *expected;
} refused[] = {
    {"eom_wait_ms = 1001\n", "1: eom_wait_ms: must be a number from 0 to 1000, not '1001'"},
    {"\n\neom_wait_ms = -1\n", "3: eom_wait_ms: must be a number from 0 to 1000, not '-1'"},
    {"node = 100\n", "1: node: must be a number from -1 to 99, not '100'"},
    {"node = -2\n", "1: node: must be a number from -1 to 99, not '-2'"},
    {"node = 0x10\n", "1: node: must be a number from -1 to 99, not '0x10'"},
    {"node = \"\"\n", "1: node: must be a number from -1 to 99, not ''"},
    {"retention_days = 99999999999999999999\n",
     "1: retention_days: must be a number from 1 to 3650, not '99999999999999999999'"},
    {"subject = maybe\n", "1: subject: must be full, hash or off, not 'maybe'"},
    {"log_level = Info\n", "1: log_level: must be error, warning, info or debug, not 'Info'"},
    {"listen_mode = 0888\n", "1: listen_mode: must be an octal mode from 0000 to 0777, not '0888'"},
    {"listen_mode = 1777\n", "1: listen_mode: must be an octal mode from 0000 to 0777, not '1777'"},
    {"key_file = credential:\n",
     "1: key_file: must be an absolute path or credential:NAME, not 'credential:'"},
    {"key_file = credential:../shadow\n",
     "1: key_file: must be an absolute path or credential:NAME, not 'credential:../shadow'"},
    {"redis_password_file = credential:.hidden\n",
     "1: redis_password_file: must be an absolute path, credential:NAME, or empty, not "
     "'credential:.hidden'"},
    {"redis_key_file = \"credential:a b\"\n",
     "1: redis_key_file: must be an absolute path, credential:NAME, or empty, not 'credential:a b'"},
    {"redis_ca_file = credential:ca\n",
     "1: redis_ca_file: must be an absolute path, or empty, not 'credential:ca'"},
    {"listen = here\n",
     "1: listen: must be auto, unix:/PATH (at most 99 bytes), inet:PORT@HOST or inet6:PORT@HOST, "
     "not 'here'"},
    {"listen = inet:99999\n",
     "1: listen: must be auto, unix:/PATH (at most 99 bytes), inet:PORT@HOST or inet6:PORT@HOST, "
     "not 'inet:99999'"},
    {"listen = unix:relative\n",
     "1: listen: must be auto, unix:/PATH (at most 99 bytes), inet:PORT@HOST or inet6:PORT@HOST, "
     "not 'unix:relative'"},
    {"listen = unix:/" BYTES_99 "\n",
     "1: listen: must be auto, unix:/PATH (at most 99 bytes), inet:PORT@HOST or inet6:PORT@HOST, "
     "not 'unix:/" BYTES_99 "'"},
    {"metrics = \"tcp:0.0.0.0:7925\"\n",
     "1: metrics: must be unix:/PATH (at most 99 bytes), tcp:127.0.0.1:PORT or tcp:[::1]:PORT (no other "
     "machine may see it), or empty, not 'tcp:0.0.0.0:7925'"},
    {"metrics = \"tcp:192.0.2.1:7925\"\n",
     "1: metrics: must be unix:/PATH (at most 99 bytes), tcp:127.0.0.1:PORT or tcp:[::1]:PORT (no other "
     "machine may see it), or empty, not 'tcp:192.0.2.1:7925'"},
    {"metrics = \"tcp:[::1]:0\"\n",
     "1: metrics: must be unix:/PATH (at most 99 bytes), tcp:127.0.0.1:PORT or tcp:[::1]:PORT (no other "
     "machine may see it), or empty, not 'tcp:[::1]:0'"},
    {"metrics = \"unix:here\"\n",
     "1: metrics: must be unix:/PATH (at most 99 bytes), tcp:127.0.0.1:PORT or tcp:[::1]:PORT (no other "
     "machine may see it), or empty, not 'unix:here'"},
    {"redis = redis.example\n",
     "1: redis: must be tcp:HOST:PORT, tls:HOST:PORT or unix:/PATH, "
             "or several of tcp: or tls:, with commas, not 'redis.example'"},
    {"redis = \"tcp:::1:6379\"\n",
     "1: redis: must be tcp:HOST:PORT, tls:HOST:PORT or unix:/PATH, "
             "or several of tcp: or tls:, with commas, not 'tcp:::1:6379'"},
    {"redis = tcp:a:0\n",
     "1: redis: must be tcp:HOST:PORT, tls:HOST:PORT or unix:/PATH, "
             "or several of tcp: or tls:, with commas, not 'tcp:a:0'"},
    {"redis_prefix = \"a{b}\"\n",
     "1: redis_prefix: must be 1 to 32 visible ASCII characters without braces, brackets, quotes, "
     "*, ? or \\, not 'a{b}'"},
    {"redis_prefix = \"a b\"\n",
     "1: redis_prefix: must be 1 to 32 visible ASCII characters without braces, brackets, quotes, "
     "*, ? or \\, not 'a b'"},
    {"host = \"mx 1\"\n",
     "1: host: must be a host name without blanks, at most 253 bytes, not 'mx 1'"},
    {"state_directory = var\n", "1: state_directory: must be an absolute path, not 'var'"},
    {"log_source = { \"/a\",\n \"b\" }\n",
     "2: log_source: must be auto, journal, journal:/DIRECTORY, socket:/PATH (at most 107 bytes) or "
     "an absolute path or pattern, not 'b'"},
    {"log_source = { socket:log }\n",
     "1: log_source: must be auto, journal, journal:/DIRECTORY, socket:/PATH (at most 107 bytes) or "
     "an absolute path or pattern, not 'socket:log'"},
    {"journal_segment_mb = 16\njournal_max_mb = 20\n",
     "2: journal_max_mb: must be at least twice journal_segment_mb, so 32, not 20"},
    {"\njournal_segment_mb = 600\n",
     "2: journal_segment_mb: must be at most half of journal_max_mb, so 512, not 600"},
    {"reply_retention_days = 31\n",
     "1: reply_retention_days: must be at most retention_days, so 30, not 31"},
    {"subject_retention_days = 8\nretention_days = 7\n",
     "2: subject_retention_days: must be at most retention_days, so 7, not 8"},
    {"nodde = 3\n", "1: nodde: no such option; did you mean 'node'?"},
    {"retention_day = 3\n", "1: retention_day: no such option; did you mean 'retention_days'?"},
    {"zebra = 3\n", "1: zebra: no such option; waybill.conf(5) has them all"},
    {"node = 1\n\nnode = 2\n", "3: node: is set already in line 1"},
    {"log_source = {/a}\nlog_source = {/b}\n", "2: log_source: is set already in line 1"},
    {"node\nhost = a\n", "1: no equal sign; write NAME = VALUE"},
    {"node = # 3\nhost = a\n", "1: no value after the equal sign; write NAME = VALUE"},
    {"node =\n", "1: no value after the equal sign; write NAME = VALUE"},
    {"\nhost = \"a\nnode = 3\n", "2: a quote is opened that is not closed in this line"},
    {"host = \"${HOME}\"\n", "1: '${' has no meaning here"},
    {"host = ${HOME}\n", "1: '${' has no meaning here"},
    {"host = \"a\\n\"\n", "1: in quotes a backslash may stand only before a quote or a backslash"},
    {"/* no */\n", "1: no equal sign; write NAME = VALUE"},
    {"node = 3 // no\n", "1: a comment begins with '#'; a value with '//' needs quotes"},
    {"node = *3\n", "1: a value with one of + * ( ) needs quotes"},
    {"node += 3\n", "1: a value with one of + * ( ) needs quotes"},
    {"node = 3 \x01\n", "1: a control character; this is no text file"},
    {"node = { 3 }\n",
     "1: unexpected token '{'; write NAME = VALUE, a list as NAME = { A, B }"},
    {"log_source = { /a, /b\n",
     "1: premature end of file; write NAME = VALUE, a list as NAME = { A, B }"},
};

static void test_each_fault_is_one_line_with_file_line_name_and_what_is_allowed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_refused(refused[i].text, refused[i].expected);
}

/* libconfuse's scanner keeps its state; a reload must not suffer from the file before. */
static void test_after_any_fault_a_good_file_is_read_well(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_refused(refused[i].text, refused[i].expected);
        struct settings *settings = read_good("node = 5\nhost = \"mx\"\n");
        assert_int_equal(settings->node, 5);
        assert_string_equal(settings->host, "mx");
        settings_free(&settings);
    }
}

static void test_nul_byte_and_oversize_are_refused(void **state)
{
    struct settings *settings;
    struct error why;
    char *big = malloc(2 << 20);

    (void)state;
    write_file("node = 3\0\n", 10);
    assert_int_equal(settings_read(&settings, path, &why), -1);
    assert_non_null(strstr(why.text, "control character"));
    assert_non_null(big);
    memset(big, '#', 2 << 20);
    write_file(big, 2 << 20);
    free(big);
    assert_int_equal(settings_read(&settings, path, &why), -1);
    assert_non_null(strstr(why.text, "longer than"));
}

static void test_too_many_items_are_refused(void **state)
{
    struct settings *settings;
    struct error why;
    struct buffer text;

    (void)state;
    buffer_init(&text, 2000);
    buffer_add_text(&text, "log_source = { /0");
    for (int i = 1; i < SETTINGS_LIST_MAX; i++)
        buffer_addf(&text, ", /%d", i);
    buffer_add_text(&text, " }\n");
    write_file(text.data, text.size);
    buffer_free(&text);
    assert_int_equal(settings_read(&settings, path, &why), -1);
    assert_non_null(strstr(why.text, ":1: log_source: must be at most 31 items"));
}

static void test_file_that_cannot_be_read_is_named(void **state)
{
    struct settings *settings;
    struct error why;

    (void)state;
    assert_int_equal(settings_read(&settings, "/nowhere/waybill.conf", &why), -1);
    assert_string_equal(why.text, "cannot open '/nowhere/waybill.conf': No such file or directory");
    assert_int_equal(settings_read(&settings, "/tmp", &why), -1);
    assert_string_equal(why.text, "cannot read '/tmp': it is a directory");
}

static struct buffer changes;

static void note_change(void *context, const char *name, bool live)
{
    buffer_addf(context, "%s%c ", name, live ? '+' : '-');
}

static const char *compare(const struct settings *a, const struct settings *b)
{
    buffer_clear(&changes);
    settings_compare(a, b, note_change, &changes);
    return changes.data;
}

static char *print(void (*printer)(FILE *))
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);

    assert_non_null(to);
    printer(to);
    fclose(to);
    return text;
}

/* "#name = value" of the example becomes "name = value"; comments begin with "# ". */
static void take_the_comments_away(char *text)
{
    char *to = text;

    for (char *from = text; *from != '\0'; from++)
        if (*from != '#' || from[1] < 'a' || from[1] > 'z' || (from > text && from[-1] != '\n'))
            *to++ = *from;
    *to = '\0';
}

static void test_example_holds_the_defaults_of_all_options(void **state)
{
    struct settings *defaults, *uncommented;
    struct error why;
    char *text = print(settings_print_example);

    (void)state;
    assert_int_equal(settings_read(&defaults, NULL, &why), 0);
    uncommented = read_good(text);
    assert_string_equal(compare(defaults, uncommented), "");
    settings_free(&uncommented);

    take_the_comments_away(text);
    assert_non_null(strstr(text, "\nnode = -1\n"));
    uncommented = read_good(text);
    assert_string_equal(compare(defaults, uncommented), "");
    settings_free(&uncommented);
    settings_free(&defaults);
    free(text);
}

static void test_example_fits_a_terminal(void **state)
{
    char *text = print(settings_print_example);
    struct slice rest = slice_of(text), line;

    (void)state;
    while (text_take_until(&rest, '\n', &line))
        if (line.size > 78 && slice_starts(line, "# ")) /* a default may be a long path */
            fail_msg("too long: %.*s", SLICE_ARGS(line));
    free(text);
}

static void test_manual_names_every_option_of_the_example(void **state)
{
    char *manual = print(settings_print_manual), *example = print(settings_print_example);
    struct slice rest = slice_of(example), line, name;
    int count = 0;
    char item[100];

    (void)state;
    while (text_take_until(&rest, '\n', &line)) {
        if (!text_take_char(&line, '#') || !text_take_until_text(&line, " = ", &name) ||
            slice_starts(name, " "))
            continue;
        snprintf(item, sizeof item, "\n.It Ic %.*s\n", SLICE_ARGS(name));
        assert_non_null(strstr(manual, item));
        count++;
    }
    assert_true(count == 63);
    free(manual);
    free(example);
}

static void test_compare_tells_each_difference_and_its_need(void **state)
{
    struct settings *before = read_good("node = 1\n"), *after;

    (void)state;
    assert_string_equal(compare(before, before), "");
    after = read_good("node = 2\nredis = tcp:a:1\nlog_level = debug\nlog_source = {/a}\n");
    assert_string_equal(compare(before, after), "node- log_source- redis- log_level+ ");
    settings_free(&after);
    after = read_good("node = 1\nlog_source = {auto, /a}\nbatch_ms = 5");
    assert_string_equal(compare(before, after), "log_source- batch_ms+ ");
    settings_free(&before);
    settings_free(&after);
}

static void test_reload_changes_only_what_it_may(void **state)
{
    struct settings *current = read_good("node = 1\nlog_source = {/a, /b}\nuser = old\n");
    struct settings *fresh = read_good("node = 2\nlog_source = {/c}\nuser = new\nbatch_ms = 7\n");

    (void)state;
    assert_int_equal(settings_keep_fixed(fresh, current), 0);
    assert_string_equal(compare(current, fresh), "batch_ms+ ");
    assert_string_equal(fresh->log_source[1], "/b");
    settings_free(&current);
    assert_string_equal(fresh->user, "old");
    settings_free(&fresh);
}

static void expect_log_refused(const char *text, const char *words)
{
    struct settings *settings = read_good(text);
    struct error why;

    assert_int_equal(settings_check_files(settings, &why), -1);
    assert_non_null(strstr(why.text, words));
    settings_free(&settings);
}

static void test_log_that_cannot_be_followed_or_is_named_twice_is_told(void **state)
{
    struct settings *settings = read_good("log_source = { /nowhere/a, /nowhere/b, journal }\n");
    struct error why;

    (void)state;
    assert_int_equal(settings_check_files(settings, &why), 0); /* a log may come later */
    settings_free(&settings);
    expect_log_refused("log_source = { journal, /dev }\n", "log_source: '/dev' is a directory");
    expect_log_refused("log_source = { \"socket:/dev\" }\n", "log_source: '/dev' is a directory");
    expect_log_refused("log_source = { /nowhere/a, journal, /nowhere/a }\n",
                       "log_source: '/nowhere/a' is named twice");
    expect_log_refused("log_source = { /nowhere/a, /nowhere/a.1.gz }\n",
                       "log_source: '/nowhere/a.1.gz' is compressed, and cannot be followed; name "
                       "the log itself");
    expect_log_refused("log_source = { \"/nowhere/*.zst\" }\n", "is compressed");
}

static void test_a_named_file_that_is_not_there_is_told(void **state)
{
    struct settings *settings = read_good("key_file = /nowhere/key\n");
    struct error why;

    (void)state;
    assert_int_equal(settings_check_files(settings, &why), 0); /* no hash, no key */
    settings_free(&settings);
    settings = read_good("subject = hash\nkey_file = /nowhere/key\n");
    assert_int_equal(settings_check_files(settings, &why), -1);
    assert_string_equal(why.text, "key_file: cannot open '/nowhere/key': No such file or directory");
    settings_free(&settings);
    settings = read_good("stamp_envid = yes\nkey_file = /nowhere/key\n");
    assert_int_equal(settings_check_files(settings, &why), -1);
    assert_string_equal(why.text, "key_file: cannot open '/nowhere/key': No such file or directory");
    settings_free(&settings);
    settings = read_good("stamp_envid = yes\nkey_file = /dev/null\n");
    assert_true(settings_check_files(settings, &why) < 0);
    assert_non_null(strstr(why.text, "cannot use key_file '/dev/null'"));
    settings_free(&settings);
    settings = read_good("key_file_before = /nowhere/before\n");
    assert_int_equal(settings_check_files(settings, &why), -1);
    assert_non_null(strstr(why.text, "key_file_before: cannot open"));
    settings_free(&settings);
    settings = read_good("redis_ca_file = /nowhere/ca\nredis_password_file = /dev/null\n");
    assert_int_equal(settings_check_files(settings, &why), -1);
    assert_non_null(strstr(why.text, "redis_ca_file"));
    settings_free(&settings);
}

static void test_credentials_are_files_of_the_unit(void **state)
{
    static const char text[] = "key_file = \"credential:hash.key\"\n"
                               "redis_password_file = 'credential:redis-password'\n"
                               "redis_key_file = credential:key_2\n"
                               "redis_user = credential:name\n"; /* a word like any other */
    struct settings *settings;

    (void)state;
    setenv("CREDENTIALS_DIRECTORY", "/nowhere", 1);
    settings = read_good(text);
    assert_string_equal(settings->key_file, "/nowhere/hash.key");
    assert_string_equal(settings->redis_password_file, "/nowhere/redis-password");
    assert_string_equal(settings->redis_key_file, "/nowhere/key_2");
    assert_string_equal(settings->key_file_before, "");
    assert_string_equal(settings->redis_user, "credential:name");
    settings_free(&settings);

    /* Who has none of his own, or a directory that is none, is led to the daemon's. */
    setenv("CREDENTIALS_DIRECTORY", "elsewhere", 1);
    settings = read_good(text);
    assert_string_equal(settings->key_file, "/run/credentials/waybill.service/hash.key");
    settings_free(&settings);
    unsetenv("CREDENTIALS_DIRECTORY");
    settings = read_good(text);
    assert_string_equal(settings->key_file, "/run/credentials/waybill.service/hash.key");
    settings_free(&settings);
}

static int setup(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    buffer_init(&changes, 1000);
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    (void)state;
    buffer_free(&changes);
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_are_the_documented_ones),
        cmocka_unit_test(test_values_are_taken_as_they_are_written),
        cmocka_unit_test(test_each_fault_is_one_line_with_file_line_name_and_what_is_allowed),
        cmocka_unit_test(test_after_any_fault_a_good_file_is_read_well),
        cmocka_unit_test(test_nul_byte_and_oversize_are_refused),
        cmocka_unit_test(test_credentials_are_files_of_the_unit),
        cmocka_unit_test(test_too_many_items_are_refused),
        cmocka_unit_test(test_file_that_cannot_be_read_is_named),
        cmocka_unit_test(test_example_holds_the_defaults_of_all_options),
        cmocka_unit_test(test_example_fits_a_terminal),
        cmocka_unit_test(test_manual_names_every_option_of_the_example),
        cmocka_unit_test(test_compare_tells_each_difference_and_its_need),
        cmocka_unit_test(test_reload_changes_only_what_it_may),
        cmocka_unit_test(test_log_that_cannot_be_followed_or_is_named_twice_is_told),
        cmocka_unit_test(test_a_named_file_that_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
