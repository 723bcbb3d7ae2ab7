/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket, with the real libmilter: a living one is taken away only by who is to take over, and
 * no name that has become another's is removed.
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
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

static int bind_at(const char *where)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, where, strlen(where) + 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static int bind_here(void)
{
    return bind_at(path);
}

static int connect_here(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* What lies in the directory beside "." and "..". */
static int names(void)
{
    DIR *list = opendir(directory);
    int count = -2;

    assert_non_null(list);
    while (readdir(list) != NULL)
        count++;
    closedir(list);
    return count;
}

/* libmilter opens no second socket while it has one. */
static void close_all(void)
{
    smfi_stop();
    listen_close();
}

static void test_a_living_socket_is_not_taken_away(void **state)
{
    struct error why;
    int fd = bind_here();

    (void)state;
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(listen_open(name, 0660, false, &why), -1);
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
    assert_int_equal(listen_open(name, 0660, false, &why), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_true(S_ISSOCK(status.st_mode));
    assert_int_equal(status.st_mode & 07777, 0660);
    /* and now it is alive: a second daemon is told so */
    assert_int_equal(listen_clear(path, &why), -1);
    assert_int_equal(status.st_nlink, 1); /* Sendmail takes no socket with two names */
    assert_int_equal(names(), 1);
    close_all();
    assert_int_equal(names(), 0);
}

static void test_who_takes_over_replaces_a_living_socket(void **state)
{
    struct stat status;
    struct error why;
    char replaced[130];
    int old = bind_here(), waiting, fresh;

    (void)state;
    assert_int_equal(listen(old, 5), 0);
    waiting = connect_here();
    assert_int_equal(listen_open(name, 0660, true, &why), 0);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_nlink, 1);
    assert_int_equal(listen_connections(), 0);
    fresh = connect_here();
    assert_int_equal(listen_connections(), 1); /* whoever came before is still the old one's */
    assert_true(accept(old, NULL, NULL) > 2);
    close(fresh);
    close(waiting);
    close(old);
    close_all();
    snprintf(replaced, sizeof replaced, "%s.%ld.", path, (long)getpid());
    assert_int_equal(unlink(replaced), 0); /* as the old one would have done */
    assert_int_equal(names(), 0);
}

static void test_a_file_that_is_no_socket_is_not_taken_over(void **state)
{
    struct error why;
    FILE *file = fopen(path, "w");

    (void)state;
    assert_non_null(file);
    fclose(file);
    assert_int_equal(listen_open(name, 0660, true, &why), -1);
    assert_non_null(strstr(why.text, "is no socket"));
    assert_int_equal(names(), 1);
    unlink(path);
}

static void test_the_name_of_whom_took_over_is_left_alone(void **state)
{
    struct error why;
    char other[110];
    int fd;

    (void)state;
    assert_int_equal(listen_open(name, 0660, false, &why), 0);
    snprintf(other, sizeof other, "%s.other", path);
    fd = bind_at(other);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(rename(other, path), 0);
    assert_true(listen_replaced());
    assert_int_equal(listen_mend(&why), 0);
    close_all();
    assert_int_equal(names(), 1);
    close(connect_here());
    close(fd);
    unlink(path);
}

static void test_a_name_that_leads_to_nobody_is_taken_back(void **state)
{
    struct error why;
    struct stat before, after;
    char replaced[130];

    (void)state;
    snprintf(replaced, sizeof replaced, "%s.4194303.", path);
    assert_int_equal(listen_open(name, 0660, false, &why), 0);
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(listen_mend(&why), 0);
    assert_false(listen_replaced());
    assert_int_equal(rename(path, replaced), 0);
    assert_false(listen_replaced());
    close(bind_here()); /* who took it died */
    assert_false(listen_replaced());
    assert_int_equal(listen_mend(&why), 1);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    close_all();
    assert_int_equal(names(), 0);
}

static void test_a_name_that_was_removed_is_told(void **state)
{
    struct error why;

    (void)state;
    assert_int_equal(listen_open(name, 0660, false, &why), 0);
    unlink(path);
    assert_int_equal(listen_mend(&why), -1);
    assert_non_null(strstr(why.text, "was removed"));
    close_all();
    assert_int_equal(names(), 0);
}

static void test_who_was_replaced_takes_its_own_socket_away(void **state)
{
    struct error why;
    char replaced[130];

    (void)state;
    snprintf(replaced, sizeof replaced, "%s.4194303.", path);
    assert_int_equal(listen_open(name, 0660, false, &why), 0);
    assert_int_equal(rename(path, replaced), 0);
    int fd = bind_here();
    close_all();
    assert_int_equal(access(replaced, F_OK), -1);
    assert_int_equal(names(), 1);
    close(fd);
    unlink(path);
}

static void test_sockets_of_the_dead_are_removed_and_no_others(void **state)
{
    struct error why;
    char dead[120], torn[120], living[120], strange[120];

    (void)state;
    snprintf(dead, sizeof dead, "%s.4194303", path);
    snprintf(torn, sizeof torn, "%s.4194302.", path);
    snprintf(living, sizeof living, "%s.4194301", path);
    snprintf(strange, sizeof strange, "%s.old", path);
    close(bind_at(dead));
    close(bind_at(torn));
    close(bind_at(strange));
    int fd = bind_at(living);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(listen_open(name, 0660, false, &why), 0);
    assert_int_equal(access(dead, F_OK), -1);
    assert_int_equal(access(torn, F_OK), -1);
    assert_int_equal(access(living, F_OK), 0);
    assert_int_equal(access(strange, F_OK), 0);
    close_all();
    close(fd);
    unlink(living);
    unlink(strange);
    assert_int_equal(names(), 0);
}

static void test_connections_are_counted_before_they_say_a_word(void **state)
{
    struct error why;
    int first, second;

    (void)state;
    assert_int_equal(listen_connections(), 0); /* no socket yet */
    assert_int_equal(listen_open(name, 0660, false, &why), 0);
    assert_int_equal(listen_connections(), 0);
    first = connect_here(); /* waits to be accepted */
    assert_int_equal(listen_connections(), 1);
    for (int fd = 3; fd < first; fd++) {
        int accepted = fcntl(fd, F_GETFL) < 0 ? -1 : accept4(fd, NULL, NULL, SOCK_NONBLOCK);
        if (accepted < 0)
            continue;
        assert_int_equal(listen_connections(), 1); /* accepted */
        second = connect_here();
        assert_int_equal(listen_connections(), 2);
        close(accepted);
        assert_int_equal(listen_connections(), 1);
        close(second);
    }
    close(first);
    close_all();
}

static void test_a_file_that_is_no_socket_is_left_alone(void **state)
{
    struct error why;
    FILE *file = fopen(path, "w");

    (void)state;
    assert_non_null(file);
    fclose(file);
    assert_int_equal(listen_open(name, 0660, false, &why), -1);
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
    assert_int_equal(listen_open(large, 0660, false, &why), -1);
    assert_non_null(strstr(why.text, "longer"));
    assert_int_equal(listen_open("unix:/nowhere/at/all.sock", 0660, false, &why), -1);
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
        cmocka_unit_test(test_a_living_socket_is_not_taken_away),
        cmocka_unit_test(test_a_full_queue_is_a_living_socket_too),
        cmocka_unit_test(test_a_file_that_is_no_socket_is_left_alone),
        cmocka_unit_test(test_a_path_that_no_socket_may_have_is_refused),
        cmocka_unit_test(test_a_stale_socket_is_replaced_and_the_mode_is_set),
        cmocka_unit_test(test_who_takes_over_replaces_a_living_socket),
        cmocka_unit_test(test_a_file_that_is_no_socket_is_not_taken_over),
        cmocka_unit_test(test_the_name_of_whom_took_over_is_left_alone),
        cmocka_unit_test(test_a_name_that_leads_to_nobody_is_taken_back),
        cmocka_unit_test(test_a_name_that_was_removed_is_told),
        cmocka_unit_test(test_who_was_replaced_takes_its_own_socket_away),
        cmocka_unit_test(test_sockets_of_the_dead_are_removed_and_no_others),
        cmocka_unit_test(test_connections_are_counted_before_they_say_a_word),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
