/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * serving: record locks, see serving.h. Promise: only a process that holds the lock at this moment
 * is ever sent a signal.
 */
#include "serving.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "waybill/digest.h"

#define PLACE_TAKING 0
#define PLACES 0x7ffffffe /* for addresses, behind that one */

static struct flock lock_of(short type, off_t start, off_t length)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}

static bool set_lock(const struct serving *serving, short type, off_t start)
{
    struct flock lock = lock_of(type, start, 1);

    return fcntl(serving->file, F_SETLK, &lock) == 0;
}

/* The first other process with a lock in that range. */
static pid_t holder_of(const struct serving *serving, off_t start, off_t length)
{
    struct flock lock = lock_of(F_WRLCK, start, length);

    if (fcntl(serving->file, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK || lock.l_pid <= 0)
        return 0;
    return lock.l_pid;
}

int serving_open(struct serving *serving, const struct settings *settings, struct error *why)
{
    char path[PATH_MAX];
    int size = snprintf(path, sizeof path, "%s/serving", settings->state_directory);

    serving->held = false;
    serving->place = 1 + (off_t)(digest_64(settings->listen, strlen(settings->listen)) % PLACES);
    if (size < 0 || (size_t)size >= sizeof path)
        return error_set(why, "the name of state_directory is too long");
    serving->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (serving->file < 0)
        return error_set(why, "cannot open '%s': %s", path, strerror(errno));
    return 0;
}

bool serving_take(struct serving *serving)
{
    if (!serving->held && set_lock(serving, F_WRLCK, serving->place)) {
        serving->held = true;
        (void)set_lock(serving, F_UNLCK, PLACE_TAKING);
    }
    return serving->held;
}

void serving_give(struct serving *serving)
{
    (void)set_lock(serving, F_UNLCK, serving->place);
    serving->held = false;
}

pid_t serving_holder(const struct serving *serving)
{
    return holder_of(serving, serving->place, 1);
}

pid_t serving_elsewhere(const struct serving *serving)
{
    return holder_of(serving, PLACE_TAKING + 1, 0);
}

pid_t serving_signal(const struct serving *serving, int signal)
{
    pid_t holder = serving_holder(serving);

    return holder > 0 && kill(holder, signal) == 0 ? holder : 0;
}

bool serving_begin(struct serving *serving)
{
    return set_lock(serving, F_WRLCK, PLACE_TAKING);
}
