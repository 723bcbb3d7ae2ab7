/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The file lies in a directory of the daemon's user, and root will do what stands in it. Promise:
 * what is read was written by root and by nobody else.
 */
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "setup.h"

#define MEMORY_MAX ((size_t)1 << 20)
#define FIRST_WORDS "waybill-attach 1 "

char *mta_memory(const struct mta *mta, const char *state_directory)
{
    char *path;

    if (asprintf(&path, "%s/attach%s", state_directory, mta->where) < 0)
        return NULL;
    for (char *at = path + strlen(state_directory) + 1; *at != '\0'; at++)
        if (*at == '/')
            *at = '-';
    return path;
}

static int check_owner(int fd, const char *path, struct error *why)
{
    struct stat status;

    if (fstat(fd, &status) < 0)
        return error_set(why, "cannot read '%s': %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode) || status.st_uid != 0 || status.st_nlink != 1 ||
        (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return error_set(why,
                         "'%s' is not a file of root that nobody else can write; what stands "
                         "in it is not used",
                         path);
    return 0;
}

static int load(struct buffer *text, int fd, const char *path, struct error *why)
{
    char block[4096];
    ssize_t size;

    if (check_owner(fd, path, why) < 0)
        return -1;
    while ((size = read(fd, block, sizeof block)) > 0)
        buffer_add(text, block, (size_t)size);
    if (size < 0)
        return error_set(why, "cannot read '%s': %s", path, strerror(errno));
    return text->failed ? error_set(why, "cannot read '%s': it is too long", path) : 0;
}

static struct memory_entry *add_entry(struct memory *memory)
{
    struct memory_entry *list = reallocarray(memory->list, memory->count + 1, sizeof *memory->list);

    if (list == NULL)
        return NULL;
    memory->list = list;
    list[memory->count] = (struct memory_entry){0};
    return &list[memory->count++];
}

static int take_line(struct memory *memory, struct slice line)
{
    struct memory_entry *entry = memory->count > 0 ? &memory->list[memory->count - 1] : NULL;
    bool in_main = text_take(&line, "main ");

    if (in_main || text_take(&line, "service ")) {
        entry = add_entry(memory);
        if (entry == NULL)
            return -1;
        entry->kind = in_main ? MTA_CHANGE_MAIN : MTA_CHANGE_SERVICE;
        entry->parameter = line;
    } else if (entry != NULL && text_take(&line, "before ")) {
        entry->before = line;
    } else if (entry != NULL && text_take(&line, "after ")) {
        entry->after = line;
    } else {
        return -1;
    }
    return 0;
}

static int parse(struct memory *memory, const struct mta *mta, const char *path, struct error *why)
{
    struct slice rest = slice_make(memory->text.data, memory->text.size), line;

    if (!text_take(&rest, FIRST_WORDS) || !text_take_until(&rest, '\n', &line) ||
        !slice_is(line, mta->where))
        return error_set(why, "'%s' does not tell what was attached to '%s'", path, mta->where);
    while (text_take_until(&rest, '\n', &line))
        if (take_line(memory, line) < 0)
            return error_set(why, "'%s' is damaged at '%.*s'", path, SLICE_ARGS(line));
    return rest.size == 0 ? 0 : error_set(why, "'%s' is cut at its end", path);
}

int memory_read(struct memory *memory, const struct mta *mta, const char *path, struct error *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), result;

    *memory = (struct memory){0};
    buffer_init(&memory->text, MEMORY_MAX);
    if (fd < 0)
        return errno == ENOENT ? 0 : error_set(why, "cannot open '%s': %s", path, strerror(errno));
    result = load(&memory->text, fd, path, why);
    close(fd);
    return result == 0 ? parse(memory, mta, path, why) : -1;
}

void memory_clear(struct memory *memory)
{
    buffer_free(&memory->text);
    free(memory->list);
    memory->list = NULL;
    memory->count = 0;
}

/* The name of a file is durable when its directory is. */
static int sync_directory(const char *path)
{
    char *folder = strdup(path), *slash = folder != NULL ? strrchr(folder, '/') : NULL;
    int fd = -1, result = -1;

    if (slash != NULL) {
        *slash = '\0';
        fd = open(*folder == '\0' ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (fd >= 0) {
        result = fsync(fd);
        close(fd);
    }
    free(folder);
    return result;
}

static int fill(int fd, struct slice rest)
{
    while (rest.size > 0) {
        ssize_t size = write(fd, rest.at, rest.size);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return -1;
        rest = slice_make(rest.at + size, rest.size - (size_t)size);
    }
    return fsync(fd);
}

static int replace(const char *path, struct slice text, struct error *why)
{
    char *fresh;
    int fd, result = -1, cause;

    if (asprintf(&fresh, "%s.XXXXXX", path) < 0)
        return error_set(why, "cannot write '%s': no memory", path);
    fd = mkostemp(fresh, O_CLOEXEC);
    if (fd >= 0) {
        result = fill(fd, text);
        if (result == 0)
            result = fchmod(fd, 0600);
        cause = errno;
        close(fd);
        if (result == 0 && (rename(fresh, path) < 0 || sync_directory(path) < 0)) {
            cause = errno;
            result = -1;
        }
        if (result < 0)
            unlink(fresh);
        errno = cause;
    }
    free(fresh);
    return result == 0 ? 0
                       : error_set(why, "cannot write '%s': %s%s", path, strerror(errno),
                                   errno == ENOENT ? "; waybilld makes the directory at its first start"
                                                   : "");
}

static void add_lines(struct buffer *text, enum mta_change_kind kind, struct slice parameter,
                      struct slice before, struct slice after)
{
    buffer_addf(text, "%s %.*s\n", kind == MTA_CHANGE_MAIN ? "main" : "service",
                SLICE_ARGS(parameter));
    if (before.at != NULL)
        buffer_addf(text, "before %.*s\n", SLICE_ARGS(before));
    if (after.at != NULL)
        buffer_addf(text, "after %.*s\n", SLICE_ARGS(after));
}

/* What stood there before the first of our changes: what we wrote ourselves is no old value. */
static struct slice before_all(const struct memory *old, const struct mta_change *change)
{
    struct slice before = slice_of(change->before);

    for (size_t i = 0; i < old->count; i++) {
        const struct memory_entry *at = &old->list[i];
        if (at->kind == change->kind && slice_is(at->parameter, change->parameter) &&
            slice_equal(at->after, before))
            return at->before;
    }
    return before;
}

int memory_write(const struct memory *old, const struct mta *mta, const struct mta_changes *changes,
                 const char *path, struct error *why)
{
    struct buffer text;
    int result;

    buffer_init(&text, MEMORY_MAX);
    buffer_addf(&text, FIRST_WORDS "%s\n", mta->where);
    for (size_t i = 0; i < old->count; i++) {
        const struct memory_entry *at = &old->list[i];
        if (changes_find(changes, at->kind, at->parameter) == NULL)
            add_lines(&text, at->kind, at->parameter, at->before, at->after);
    }
    for (size_t i = 0; i < changes->count; i++) {
        const struct mta_change *at = &changes->list[i];
        if (at->kind == MTA_CHANGE_MAIN || at->kind == MTA_CHANGE_SERVICE)
            add_lines(&text, at->kind, slice_of(at->parameter), before_all(old, at),
                      slice_of(at->after));
    }
    result = text.failed ? error_set(why, "cannot write '%s': it would be too long", path)
                         : replace(path, slice_make(text.data, text.size), why);
    buffer_free(&text);
    return result;
}

int memory_restore(const struct memory *old, const char *path, struct error *why)
{
    if (old->text.size > 0)
        return replace(path, slice_make(old->text.data, old->text.size), why);
    if (unlink(path) < 0 && errno != ENOENT)
        return error_set(why, "cannot remove '%s': %s", path, strerror(errno));
    return 0;
}
