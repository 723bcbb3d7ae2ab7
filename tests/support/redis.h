/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis: a private redis-server for a test, in a directory of its own, gone with the test. It
 * listens on a Unix socket, so that no two tests meet.
 */
#ifndef TEST_REDIS_H
#define TEST_REDIS_H

#include <stdbool.h>
#include <sys/types.h>

#include "waybill/settings.h"

struct redis {
    pid_t pid;
    char directory[64];
    char socket[96];   /* path; the server always has one */
    char address[112]; /* "unix:" and the path */
};

/* Make the directory. */
void redis_prepare(struct redis *redis);
/* Start with these further options (NULL ends them) and wait until it answers, if `wait`. Fails
 * the test when there is no redis-server. */
void redis_start(struct redis *redis, const char *const *options, bool wait);
void redis_stop(struct redis *redis); /* SIGKILL */
/* Stop and remove the directory. */
void redis_remove(struct redis *redis);

/* What redis-cli answers; free(). `arguments` goes through the shell. */
char *redis_ask(const struct redis *redis, const char *arguments, ...)
    __attribute__((format(printf, 2, 3)));
/* redis_ask as a number. */
long long redis_number(const struct redis *redis, const char *arguments, ...)
    __attribute__((format(printf, 2, 3)));

/* A TCP port of 127.0.0.1 that nobody uses now: the same tests may run twice at a time. */
unsigned free_port(void);

/* Settings that name the server by `address`. */
void redis_settings(struct settings *settings, const char *address);
/* Run a shell command; fails the test if that fails. */
void run_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
