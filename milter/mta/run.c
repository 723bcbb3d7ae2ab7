/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Promise: no shell, nothing of our environment, and an end within the time, whatever the program
 * does.
 */
#include "waybill/run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/text.h"

static const char *const folders[] = {"/usr/sbin", "/usr/local/sbin", "/sbin",
                                      "/usr/bin",  "/usr/local/bin",  "/bin"};
#define WORDS_MAX 400 /* of what it says on standard error: the last ones count */

static const char *find(const char *name, char path[static PATH_MAX])
{
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        int size = snprintf(path, PATH_MAX, "%s/%s", folders[i], name);
        if (size > 0 && size < PATH_MAX && access(path, X_OK) == 0)
            return path;
    }
    return NULL;
}

bool run_is_there(const char *name)
{
    char path[PATH_MAX];

    return find(name, path) != NULL;
}

struct running {
    pid_t pid;
    int out, err;         /* -1: closed */
    struct buffer *heard; /* what it says on standard error, or NULL */
    int64_t until;
    char words[WORDS_MAX]; /* the last that it said on standard error */
    size_t said;
    bool too_much;
};

static int spawn(struct running *running, const char *path, const char *const words[], int out,
                 int err)
{
    static char search[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", language[] = "LC_ALL=C";
    char *environment[] = {search, language, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t pipe_signal, none;
    int result;

    sigemptyset(&none);
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
    posix_spawnattr_setsigmask(&attributes, &none);
    result = posix_spawn(&running->pid, path, &actions, &attributes, (char *const *)(void *)words,
                         environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return result;
}

static int start(struct running *running, const char *path, const char *const words[],
                 struct error *why)
{
    int out[2], err[2], result;

    if (pipe2(out, O_CLOEXEC) < 0)
        return error_set(why, "cannot start '%s': %s", path, strerror(errno));
    if (pipe2(err, O_CLOEXEC) < 0) {
        result = errno;
        close(out[0]);
        close(out[1]);
        return error_set(why, "cannot start '%s': %s", path, strerror(result));
    }
    result = spawn(running, path, words, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    running->out = out[0];
    running->err = err[0];
    if (result == 0)
        return 0;
    close(out[0]);
    close(err[0]);
    return error_set(why, "cannot start '%s': %s", path, strerror(result));
}

/* The last words say why it gave up. */
static void keep_words(struct running *running, const char *data, size_t size)
{
    size_t room = sizeof running->words - 1, over;

    if (size > room) {
        data += size - room;
        size = room;
    }
    over = running->said + size > room ? running->said + size - room : 0;
    memmove(running->words, running->words + over, running->said - over);
    running->said -= over;
    memcpy(running->words + running->said, data, size);
    running->said += size;
    running->words[running->said] = '\0';
}

/* Read what is there; at its end the descriptor is closed. */
static void read_some(struct running *running, int *from, struct buffer *out)
{
    char block[8192];
    ssize_t size = read(*from, block, sizeof block);

    if (size < 0 && errno == EINTR)
        return;
    if (size <= 0) {
        close(*from);
        *from = -1;
    } else if (from == &running->err) {
        keep_words(running, block, (size_t)size);
        if (running->heard != NULL)
            (void)buffer_add(running->heard, block, (size_t)size);
    } else if (out != NULL && buffer_add(out, block, (size_t)size) != 0) {
        running->too_much = true;
    }
}

static void read_all(struct running *running, struct buffer *out)
{
    while ((running->out >= 0 || running->err >= 0) && !running->too_much) {
        struct pollfd both[] = {{running->out, POLLIN, 0}, {running->err, POLLIN, 0}};
        int64_t left = running->until - clock_monotonic();

        if (left <= 0)
            return;
        if (poll(both, 2, (int)left) < 0 && errno != EINTR)
            return;
        if (both[0].revents != 0)
            read_some(running, &running->out, out);
        if (both[1].revents != 0)
            read_some(running, &running->err, out);
    }
}

/* Its status as waitpid has it; -1: it did not end in time and was killed. */
static int wait_for_end(const struct running *running)
{
    int status;

    while (!running->too_much && clock_monotonic() < running->until) {
        if (waitpid(running->pid, &status, WNOHANG) == running->pid)
            return status;
        clock_sleep(2);
    }
    kill(running->pid, SIGKILL);
    while (waitpid(running->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return -1;
}

static void say_command(struct buffer *to, const char *const words[])
{
    for (size_t i = 0; words[i] != NULL; i++) {
        if (i > 0)
            buffer_add_char(to, ' ');
        escape_shell(to, slice_of(words[i]));
    }
}

static struct slice last_line(const char *words)
{
    struct slice all = slice_trim(slice_of(words)), tail;

    return text_cut_last(&all, "\n", &tail) ? slice_trim(tail) : all;
}

static int judge(const struct running *running, int status, const char *const words[],
                 struct error *why)
{
    struct slice last = last_line(running->words);
    struct buffer command;

    if (status == 0)
        return 0;
    buffer_init(&command, 4096);
    say_command(&command, words);
    if (running->too_much)
        error_set(why, "%.200s: says more than can be kept", command.data);
    else if (status < 0)
        error_set(why, "%.200s: did not end within %d seconds", command.data, RUN_SECONDS);
    else if (last.size > 0)
        error_set(why, "%.200s: %.*s", command.data, SLICE_ARGS(last));
    else
        error_set(why, "%.200s: failed with status %d", command.data, WEXITSTATUS(status));
    buffer_free(&command);
    return -1;
}

int run_program(const char *const words[], struct buffer *out, struct error *why)
{
    return run_program_heard(words, out, NULL, why);
}

int run_program_heard(const char *const words[], struct buffer *out, struct buffer *err,
                      struct error *why)
{
    struct running running = {.out = -1, .err = -1, .heard = err};
    char path[PATH_MAX];
    int status;

    if (find(words[0], path) == NULL)
        return error_set(why, "there is no program '%s' on this machine", words[0]);
    running.until = clock_monotonic() + RUN_SECONDS * (int64_t)1000;
    if (start(&running, path, words, why) < 0)
        return -1;
    read_all(&running, out);
    status = wait_for_end(&running);
    if (running.out >= 0)
        close(running.out);
    if (running.err >= 0)
        close(running.err);
    return judge(&running, status, words, why);
}
