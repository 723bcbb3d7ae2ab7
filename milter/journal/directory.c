/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * directory: the journal is only as good as what a name in it promises; so names are strict, and
 * what is not one of ours is left alone.
 */
#include "directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT_DIGITS 20

int directory_open(const char *path, struct error *why)
{
    bool made = mkdir(path, 0700) == 0;

    if (!made && errno != EEXIST)
        return error_set(why, "cannot make the journal '%s': %s", path, strerror(errno));
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_set(why, "cannot open the journal '%s': %s", path, strerror(errno));
    int above = made ? openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (above >= 0) { /* as good as it goes: we may not be allowed to */
        (void)directory_sync(above);
        close(above);
    }
    return fd;
}

int directory_generation(int root, unsigned generation, bool make)
{
    char name[12];

    snprintf(name, sizeof name, "%u", generation);
    if (make) {
        if (mkdirat(root, name, 0700) == 0)
            (void)directory_sync(root);
        else if (errno != EEXIST)
            return -1;
    }
    return openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int directory_lock(int directory, const char *name)
{
    int fd = openat(directory, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    int cause = errno;
    close(fd);
    errno = cause;
    return -1;
}

int directory_sync(int directory)
{
    return fsync(directory);
}

void segment_name(uint64_t segment, char name[static SEGMENT_NAME_SIZE])
{
    snprintf(name, SEGMENT_NAME_SIZE, "%020llu", (unsigned long long)segment);
}

void segment_name_broken(uint64_t segment, char name[static SEGMENT_NAME_SIZE])
{
    snprintf(name, SEGMENT_NAME_SIZE, "%020llu.broken", (unsigned long long)segment);
}

/* The number in front of a name, broken or not. */
static bool number_of_name(const char *name, uint64_t *segment, const char **rest)
{
    struct slice digits = slice_make(name, strnlen(name, SEGMENT_DIGITS));

    *rest = name + digits.size;
    return digits.size == SEGMENT_DIGITS && text_number(digits, 1, UINT64_MAX - 1, segment);
}

bool segment_of_name(const char *name, uint64_t *segment)
{
    const char *rest;

    return number_of_name(name, segment, &rest) && *rest == '\0';
}

static int list_add(struct segment_list *list, uint64_t segment)
{
    if ((list->count & (list->count - 1)) == 0) { /* full at each power of two */
        size_t room = list->count ? 2 * list->count : 1;
        uint64_t *more = reallocarray(list->numbers, room, sizeof *more);
        if (!more)
            return -1;
        list->numbers = more;
    }
    list->numbers[list->count++] = segment;
    return 0;
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static DIR *directory_list(int directory)
{
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);

    if (!list && fd >= 0)
        close(fd);
    return list;
}

int segment_list_read(struct segment_list *list, int directory)
{
    *list = (struct segment_list){0};
    DIR *names = directory_list(directory);
    if (!names)
        return -1;
    int result = 0;
    const struct dirent *entry;
    while (result == 0 && (entry = readdir(names)) != NULL) {
        uint64_t segment;
        const char *rest;
        if (!number_of_name(entry->d_name, &segment, &rest))
            continue;
        if (segment > list->highest)
            list->highest = segment;
        if (*rest == '\0')
            result = list_add(list, segment);
        else
            list->broken_count++;
    }
    closedir(names);
    if (list->count > 1)
        qsort(list->numbers, list->count, sizeof *list->numbers, compare);
    return result;
}

void segment_list_clear(struct segment_list *list)
{
    free(list->numbers);
    *list = (struct segment_list){0};
}

static uint64_t generation_bytes(int directory)
{
    DIR *names = directory_list(directory);
    const struct dirent *entry;
    struct stat stat;
    uint64_t bytes = 0;

    while (names && (entry = readdir(names)) != NULL)
        if (fstatat(directory, entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(stat.st_mode))
            bytes += (uint64_t)stat.st_size;
    if (names)
        closedir(names);
    return bytes;
}

uint64_t directory_bytes(int root)
{
    uint64_t bytes = 0;

    for (unsigned generation = 0; generation < GENERATIONS; generation++) {
        int directory = directory_generation(root, generation, false);
        if (directory < 0)
            continue;
        bytes += generation_bytes(directory);
        close(directory);
    }
    return bytes;
}

uint64_t directory_backlog(int directory, uint64_t segment, uint64_t offset)
{
    struct segment_list list;
    uint64_t bytes = 0;

    if (segment_list_read(&list, directory) == 0)
        for (size_t i = 0; i < list.count; i++) {
            char name[SEGMENT_NAME_SIZE];
            struct stat stat;
            segment_name(list.numbers[i], name);
            if (list.numbers[i] < segment || fstatat(directory, name, &stat, 0) < 0)
                continue;
            uint64_t shipped = list.numbers[i] == segment ? offset : SEGMENT_HEAD;
            if ((uint64_t)stat.st_size > shipped)
                bytes += (uint64_t)stat.st_size - shipped;
        }
    segment_list_clear(&list);
    return bytes;
}
