/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The doctor's hand and tongue: a line that is copied means what it says, whatever stands in it; a
 * foreign value reaches neither the terminal nor a shell as it came; a milter is told from what
 * else may answer at a socket.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../../milter/answer/doctor/handin.h"
#include "../../../milter/answer/doctor/knock.h"
#include "../../../milter/answer/doctor/print.h"
#include "run.h"

#define HOSTILE "a\033[2J\033]0;owned\007\xc2\x9b" "31m\xe2\x80\xae" "b\xff'\"$(id)`id`\\\n;"

static struct doctor doctor;
static struct cli cli;

static int fresh(void **state)
{
    (void)state;
    doctor = (struct doctor){.root = "", .settings_file = "/etc/waybill/waybill.conf"};
    cli = (struct cli){.width = 80};
    return 0;
}

static int clear(void **state)
{
    (void)state;
    doctor_clear_findings(&doctor);
    return 0;
}

static const struct check row = {"milter-x", "x is so", NULL, 0};

/* What `print` says into `output`. */
static void collect(void (*print)(void))
{
    int ends[2];
    pid_t pid;

    fflush(NULL);
    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        print();
        fflush(stdout);
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(run_collect(ends[0], pid), 0);
}

static void as_person(void)
{
    print_person(&cli, &doctor, false);
}

static void as_json(void)
{
    struct error why;

    assert_int_equal(print_json(&doctor, &why), 0);
}

/* ---- a line that heals ---- */

static void test_a_test_mail_goes_where_the_service_listens(void **state)
{
    static const struct {
        const char *interfaces, *protocols, *host; /* NULL: nowhere */
    } rows[] = {
        {"all", "all", "127.0.0.1"},
        {"loopback-only", "ipv4", "127.0.0.1"},
        {"all", "ipv6", "::1"},
        {"192.0.2.7", "all", "192.0.2.7"},
        {"192.0.2.7, 127.0.0.1", "all", "127.0.0.1"},
        {" mx.example.org , 192.0.2.7", "all", "mx.example.org"},
        {"[2001:db8::7] [::1]", "all", "[::1]"},
        {"", "all", NULL},
        {" , ", "all", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char host[256] = "";
        bool found = handin_host(slice_of(rows[i].interfaces), slice_of(rows[i].protocols), host);

        assert_int_equal(found, rows[i].host != NULL);
        if (found)
            assert_string_equal(host, rows[i].host);
    }
}

static void test_an_address_cannot_end_the_command_that_it_stands_in(void **state)
{
    (void)state;
    assert_true(handin_address_fits("ann@example.org"));
    assert_true(handin_address_fits("j\xc3\xb6rg@example.org"));
    assert_false(handin_address_fits(""));
    assert_false(handin_address_fits("a b@example.org"));
    assert_false(handin_address_fits("a@example.org>\r\nRSET"));
    assert_false(handin_address_fits("a@example.org>"));
    assert_false(handin_address_fits("a\177@example.org"));
}

/* ---- what a person sees ---- */

static void test_a_finding_is_told_with_its_line_whole(void **state)
{
    char line[3000];

    (void)state;
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    line[50] = ' ';
    doctor_find(&doctor, &row, SEVERITY_WARNING, "It matters.", "%s", "x is not so.");
    doctor_heal(&doctor, "%s", line);
    cli.terminal = true;
    collect(as_person);
    assert_true(says("warning  milter-x\n         x is not so.\n         It matters.\n\n"));
    assert_true(says(line));
    assert_true(says("1 warning. 0 checks found nothing wrong."));
}

static void test_the_worst_comes_first_and_what_is_good_is_counted(void **state)
{
    static const struct check other = {"other", "other is so", NULL, 0};
    const char *fault, *hint;

    (void)state;
    doctor_find(&doctor, &other, SEVERITY_GOOD, NULL, "other is so");
    doctor_find(&doctor, &row, SEVERITY_HINT, "m", "the hint");
    doctor_find(&doctor, &row, SEVERITY_UNKNOWN, NULL, "not seen");
    doctor_find(&doctor, &row, SEVERITY_FAULT, "m", "the fault");
    collect(as_person);
    fault = strstr(output, "the fault");
    hint = strstr(output, "the hint");
    assert_true(fault != NULL && hint != NULL && fault < hint);
    assert_true(says("unknown  milter-x                not seen"));
    assert_false(says("other is so"));
    assert_true(says("1 fault, 1 hint. 1 check found nothing wrong (--verbose lists them)."));
    assert_int_equal(doctor_verdict(&doctor), SEVERITY_FAULT);
}

static void test_one_line_for_two_findings_is_told_once(void **state)
{
    (void)state;
    doctor_find(&doctor, &row, SEVERITY_HINT, "m", "one");
    doctor_heal(&doctor, "postconf -e %s", "x");
    doctor_find(&doctor, &row, SEVERITY_FAULT, "m", "two");
    doctor_heal(&doctor, "postconf -e %s", "x");
    collect(as_person);
    assert_int_equal(count_of("postconf -e x"), 1);
    assert_int_equal(count_of("The same line as above mends it."), 1);
}

static void test_a_line_of_a_file_names_the_file(void **state)
{
    (void)state;
    doctor_find(&doctor, &row, SEVERITY_HINT, "m", "one");
    doctor_heal_in(&doctor, doctor.settings_file, "listen_mode = %s", "0660");
    collect(as_person);
    assert_true(says("\n         In /etc/waybill/waybill.conf:\n         listen_mode = 0660\n"
                     "\n         systemctl reload-or-restart waybill\n"));
}

static void test_foreign_bytes_are_escaped_for_a_person(void **state)
{
    (void)state;
    doctor_find(&doctor, &row, SEVERITY_FAULT, "m", "%s", HOSTILE);
    doctor_heal(&doctor, "%s", HOSTILE);
    doctor_find(&doctor, &row, SEVERITY_UNKNOWN, NULL, "%s", HOSTILE);
    doctor_find(&doctor, &row, SEVERITY_HINT, "m", "x");
    doctor_heal_in(&doctor, HOSTILE, "%s", HOSTILE "2");
    collect(as_person);
    assert_null(memchr(output, '\033', output_size));
    assert_null(memchr(output, '\007', output_size));
    assert_false(says("\xc2\x9b"));
    assert_false(says("\xe2\x80\xae"));
    assert_false(says("\xff"));
}

static void test_json_is_one_object_with_every_finding(void **state)
{
    (void)state;
    doctor_find(&doctor, &row, SEVERITY_GOOD, NULL, "x is so");
    doctor_find(&doctor, &row, SEVERITY_FAULT, "m", "%s", HOSTILE);
    doctor_heal_in(&doctor, "/etc/f", "%s", HOSTILE);
    collect(as_json);
    assert_int_equal(count_of("\n"), 1);
    assert_int_equal(python("import json,sys; d=json.load(sys.stdin); f=d[\"findings\"]; "
                            "assert d[\"object\"]==\"doctor\" and d[\"verdict\"]==\"fault\"; "
                            "assert d[\"counts\"]=={\"fault\":1,\"warning\":0,\"hint\":0,\"unknown\":0,"
                            "\"good\":1}; assert [x[\"severity\"] for x in f]==[\"good\",\"fault\"]; "
                            "assert f[0][\"heal\"] is None and f[1][\"file\"]==\"/etc/f\"; "
                            "assert f[1][\"heal\"]==f[1][\"what\"] and \"$(id)\" in f[1][\"heal\"]"),
                     0);
}

/* ---- what is missing ---- */

static void test_what_is_missing_is_told_once_by_part(void **state)
{
    size_t unknown = 0;

    (void)state;
    error_set(&doctor.settings_why, "no file");
    error_set(&doctor.mta_why, "no Postfix");
    doctor_ask(&doctor, doctor_check_find("milter-first"));
    doctor_ask(&doctor, doctor_check_find("settings"));
    for (size_t i = 0; i < doctor.count; i++)
        unknown += doctor.findings[i].severity == SEVERITY_UNKNOWN;
    assert_true(unknown >= 1 && doctor.count == unknown + 1);
    assert_int_equal(doctor_verdict(&doctor), SEVERITY_FAULT);
}

static void test_no_two_checks_have_one_name(void **state)
{
    (void)state;
    for (size_t i = 0; doctor_tables[i] != NULL; i++)
        for (const struct check *check = doctor_tables[i]; check->name != NULL; check++) {
            assert_ptr_equal(doctor_check_find(check->name), check);
            assert_non_null(check->look);
            assert_true(*check->subject != '\0');
        }
    assert_null(doctor_check_find("no-such-check"));
}

/* ---- a milter and what is none ---- */

struct server {
    char path[64];
    int fd;
    pid_t pid;
};

/* Somebody who takes one connection, says `words` and closes, or stays if there are none. */
static void serve(struct server *server, const void *words, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(server->path, sizeof server->path, "/tmp/waybill-doctor-%ld.sock", (long)getpid());
    unlink(server->path);
    memcpy(address.sun_path, server->path, strlen(server->path));
    server->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server->fd, 5), 0);
    server->pid = fork();
    if (server->pid == 0) {
        int client = accept(server->fd, NULL, NULL);
        char asked[17];
        if (recv(client, asked, sizeof asked, MSG_WAITALL) != sizeof asked || asked[4] != 'O')
            _exit(1);
        if (words == NULL)
            pause();
        if (size > 0 && write(client, words, size) != (ssize_t)size)
            _exit(1);
        _exit(0);
    }
}

static enum knock_end knock_at(struct server *server)
{
    struct knock_address address;
    struct buffer name;
    struct knock knock;
    struct error why;

    buffer_init(&name, 200);
    buffer_addf(&name, "unix:%s", server->path);
    assert_int_equal(knock_address_read(&address, slice_of(name.data), &why), 0);
    knock_try(&address, &knock);
    buffer_free(&name);
    close(server->fd);
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    unlink(server->path);
    return knock.end;
}

static void test_only_a_milter_answers_as_one(void **state)
{
    static const char milter[] = "\0\0\0\15O\0\0\0\6\0\0\0\0\0\0\0\0", mail[] = "220 mx ESMTP\r\n",
                      cut[] = "\0\0";
    struct server server;

    (void)state;
    serve(&server, milter, sizeof milter - 1);
    assert_int_equal(knock_at(&server), KNOCK_ANSWERED);
    serve(&server, mail, sizeof mail - 1);
    assert_int_equal(knock_at(&server), KNOCK_STRANGE);
    serve(&server, cut, sizeof cut - 1);
    assert_int_equal(knock_at(&server), KNOCK_STRANGE);
    serve(&server, "", 0);
    assert_int_equal(knock_at(&server), KNOCK_CLOSED);
    serve(&server, NULL, 0);
    assert_int_equal(knock_at(&server), KNOCK_SILENT);
    server.fd = -1;
    server.pid = fork();
    if (server.pid == 0)
        _exit(0);
    assert_int_equal(knock_at(&server), KNOCK_NO_WAY);
}

static void test_names_of_sockets(void **state)
{
    static const struct {
        const char *name;
        int result, family;
    } cases[] = {
        {"unix:/run/x.sock", 0, AF_UNIX},     {"local:x.sock", 0, AF_UNIX},
        {"inet:8891@127.0.0.1", 0, AF_INET},  {"inet:127.0.0.1:8891", 0, AF_INET},
        {"inet:8891", 0, AF_INET},            {"inet6:8891@::1", 0, AF_INET6},
        {"inet:[::1]:8891", 0, AF_INET6},     {"unix:", -1, 0},
        {"/run/x.sock", -1, 0},               {"", -1, 0},
    };
    char longer[300] = "unix:/";

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct knock_address address;
        struct error why;
        assert_int_equal(knock_address_read(&address, slice_of(cases[i].name), &why),
                         cases[i].result);
        if (cases[i].result == 0)
            assert_int_equal(address.socket.ss_family, cases[i].family);
    }
    memset(longer + 6, 'x', sizeof longer - 7);
    assert_int_equal(knock_address_read(&(struct knock_address){0}, slice_of(longer),
                                        &(struct error){""}),
                     -1);
}

int main(void)
{
#define ONE(test) cmocka_unit_test_setup_teardown(test, fresh, clear)
    const struct CMUnitTest tests[] = {
        ONE(test_an_address_cannot_end_the_command_that_it_stands_in),
        ONE(test_a_test_mail_goes_where_the_service_listens),
        ONE(test_a_finding_is_told_with_its_line_whole),
        ONE(test_the_worst_comes_first_and_what_is_good_is_counted),
        ONE(test_one_line_for_two_findings_is_told_once),
        ONE(test_a_line_of_a_file_names_the_file),
        ONE(test_foreign_bytes_are_escaped_for_a_person),
        ONE(test_json_is_one_object_with_every_finding),
        ONE(test_what_is_missing_is_told_once_by_part),
        ONE(test_no_two_checks_have_one_name),
        ONE(test_only_a_milter_answers_as_one),
        ONE(test_names_of_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
