/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket, with the real libmilter: a living one is never taken away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "milter/observe/smtp/callbacks.h"
#include "milter/observe/smtp/listen.h"

static char directory[] = "/tmp/waybill-listen-XXXXXX";
static char path[100], name[110];

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL || smfi_register(callbacks_table()) != MI_SUCCESS)
        return -1;
    snprintf(path, sizeof path, "%s/milter.sock", directory);
    snprintf(name, sizeof name, "unix:%s", path);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(directory);
}

static int bind_here(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void test_names_of_unix_sockets(void **state)
{
    (void)state;
    assert_string_equal(listen_path("unix:/run/a"), "/run/a");
    assert_string_equal(listen_path("local:/run/a"), "/run/a");
    assert_string_equal(listen_path("/run/a"), "/run/a");
    assert_null(listen_path("inet:8891@127.0.0.1"));
    assert_null(listen_path("inet6:8891@::1"));
}

static void test_a_living_socket_is_not_taken_away(void **state)
{
    struct error why;
    int fd = bind_here();

    (void)state;
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(listen_open(name, 0660, &why), -1);
    assert_non_null(strstr(why.text, "another process serves it"));
    assert_int_equal(access(path, F_OK), 0);
    close(fd);
    unlink(path);
}

static void test_a_full_queue_is_a_living_socket_too(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct error why;
    int fd = bind_here(), clients[8];

    (void)state;
    assert_int_equal(listen(fd, 0), 0);
    memcpy(address.sun_path, path, strlen(path) + 1);
    for (int i = 0; i < 8; i++) {
        clients[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)!connect(clients[i], (struct sockaddr *)&address, sizeof address);
    }
    assert_int_equal(listen_clear(path, &why), -1);
    assert_non_null(strstr(why.text, "another process serves it"));
    assert_int_equal(access(path, F_OK), 0);
    for (int i = 0; i < 8; i++)
        close(clients[i]);
    close(fd);
    unlink(path);
}

static void test_a_stale_socket_is_replaced_and_the_mode_is_set(void **state)
{
    struct stat status;
    struct error why;

    (void)state;
    close(bind_here()); /* the file stays, nobody listens */
    assert_int_equal(listen_open(name, 0660, &why), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 07777, 0660);
    /* and now it is alive: a second daemon is told so */
    assert_int_equal(listen_clear(path, &why), -1);
    unlink(path);
}

static void test_a_file_that_is_no_socket_is_left_alone(void **state)
{
    struct error why;
    FILE *file = fopen(path, "w");

    (void)state;
    assert_non_null(file);
    fclose(file);
    assert_int_equal(listen_open(name, 0660, &why), -1);
    assert_non_null(strstr(why.text, "is no socket"));
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
}

static void test_a_path_that_no_socket_may_have_is_refused(void **state)
{
    char large[400] = "unix:/";
    struct error why;

    (void)state;
    memset(large + 6, 'x', sizeof large - 7);
    assert_int_equal(listen_open(large, 0660, &why), -1);
    assert_non_null(strstr(why.text, "longer"));
    assert_int_equal(listen_open("unix:/nowhere/at/all.sock", 0660, &why), -1);
    assert_non_null(strstr(why.text, "cannot listen on 'unix:/nowhere/at/all.sock'"));
}

/* libmilter forgets the last name when it is given another; the daemon gives it one only. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:smfi_setconn";
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_unix_sockets),
        cmocka_unit_test(test_a_living_socket_is_not_taken_away),
        cmocka_unit_test(test_a_full_queue_is_a_living_socket_too),
        cmocka_unit_test(test_a_file_that_is_no_socket_is_left_alone),
        cmocka_unit_test(test_a_path_that_no_socket_may_have_is_refused),
        cmocka_unit_test(test_a_stale_socket_is_replaced_and_the_mode_is_set),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
