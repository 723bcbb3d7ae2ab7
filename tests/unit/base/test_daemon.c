/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon: each step in a child of its own, since none can be taken back.
 */
#include "waybill/daemon.h"

#include <fcntl.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Each runs in a child, since it cannot be taken back. Returns the child's exit code. */
static int in_child(int (*test)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0)
        _exit(test());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int with_closed_fds(void)
{
    struct error why;

    close(0);
    close(2);
    if (daemon_keep_standard_fds(&why) < 0)
        return 1;
    int next = dup(1);
    return fcntl(0, F_GETFD) < 0 || fcntl(2, F_GETFD) < 0 || next <= 2;
}

static void test_closed_standard_fds_are_filled(void **state)
{
    (void)state;
    assert_int_equal(in_child(with_closed_fds), 0);
}

static int drop_to_nobody(void)
{
    struct error why;
    const struct passwd *nobody = getpwnam("nobody");

    if (nobody == NULL || daemon_drop_root("nobody", &why) < 0)
        return 1;
    return geteuid() != nobody->pw_uid || getegid() != nobody->pw_gid || seteuid(0) == 0 ||
           setgid(0) == 0;
}

static void test_root_is_dropped_for_good(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(in_child(drop_to_nobody), 0);
}

static void test_root_without_somebody_to_become_is_refused(void **state)
{
    static const char *const wrong[] = {"", "root", "no-such-user-here", NULL};
    struct error why;

    (void)state;
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(daemon_drop_root(wrong[i], &why), -1);
        assert_int_equal(geteuid(), 0);
    }
    assert_int_equal(daemon_drop_root("root", &why), -1);
    assert_string_equal(why.text, "cannot become 'root': that is root, too");
}

static int signals_are_blocked(void)
{
    sigset_t blocked;

    daemon_block_signals();
    raise(SIGPIPE);
    raise(SIGXFSZ);
    raise(SIGUSR1);
    raise(SIGUSR2);
    raise(SIGTERM);
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    return !sigismember(&blocked, SIGUSR1) || !sigismember(&blocked, SIGINT) ||
           !sigismember(&blocked, SIGHUP);
}

static void test_no_signal_ends_a_thread_of_ours(void **state)
{
    (void)state;
    assert_int_equal(in_child(signals_are_blocked), 0);
}

static void test_notify_speaks_to_the_socket_of_the_manager(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char got[100] = "";
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    (void)state;
#ifndef HAVE_SYSTEMD
    skip();
#endif
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/waybill-notify-%ld", (long)getpid());
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    daemon_notify("STATUS=%d mails", 3);
    unlink(address.sun_path);
    unsetenv("NOTIFY_SOCKET");
    assert_true(recv(fd, got, sizeof got - 1, 0) > 0);
    assert_string_equal(got, "STATUS=3 mails");
    close(fd);
    daemon_notify("READY=1");
}

/* What an old daemon said after a new one spoke for the service would be taken for the new one's. */
static int silence_is_kept(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    char got[100];

    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/waybill-silence-%ld",
             (long)getpid());
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return 2;
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    daemon_silence();
    daemon_notify("STOPPING=1");
    unlink(address.sun_path);
    return recv(fd, got, sizeof got, 0) >= 0;
}

static void test_who_was_silenced_tells_the_manager_nothing(void **state)
{
    (void)state;
    assert_int_equal(in_child(silence_is_kept), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_standard_fds_are_filled),
        cmocka_unit_test(test_root_is_dropped_for_good),
        cmocka_unit_test(test_root_without_somebody_to_become_is_refused),
        cmocka_unit_test(test_no_signal_ends_a_thread_of_ours),
        cmocka_unit_test(test_notify_speaks_to_the_socket_of_the_manager),
        cmocka_unit_test(test_who_was_silenced_tells_the_manager_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
