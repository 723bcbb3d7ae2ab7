/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * siblings: the time of the last write orders them, for a log is not written after it was rotated
 * away, and neither rename nor compression changes that time.
 */
#include "siblings.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "waybill/text.h"

static const char *const packed[] = {".gz", ".xz", ".zst", ".bz2"};

/* ".1", "-20261121", ".20261121-205543": digits with marks between, so no other program's file. */
static bool is_rotated(struct slice suffix)
{
    bool digit = false;
    for (size_t i = 0; i < suffix.size; i++) {
        bool is = suffix.at[i] >= '0' && suffix.at[i] <= '9';
        if (!is && memchr("._-", suffix.at[i], 3) == NULL)
            return false;
        digit = digit || is;
    }
    return digit && (suffix.at[0] == '.' || suffix.at[0] == '-');
}

static bool is_ours(const char *base, const char *name, bool *compressed)
{
    struct slice suffix = slice_of(name);
    *compressed = false;
    if (!text_take(&suffix, base))
        return false;
    for (size_t i = 0; i < sizeof packed / sizeof packed[0]; i++)
        if (slice_ends(suffix, packed[i])) {
            *compressed = true;
            suffix.size -= strlen(packed[i]);
            break;
        }
    return (suffix.size == 0 && !*compressed) || (suffix.size > 0 && is_rotated(suffix));
}

/* Of files written in the same instant ".2" is older than ".1", but "-20261120" older than
 * "-20261121". */
static int compare_names(const char *a, const char *b)
{
    size_t size_a = strlen(a), size_b = strlen(b), same = 0;
    while (a[same] != '\0' && a[same] == b[same])
        same++;
    long number_a = strtol(a + same, NULL, 10), number_b = strtol(b + same, NULL, 10);
    if (size_a != size_b)
        return size_a > size_b ? -1 : 1;
    if (number_a < 1000 && number_b < 1000 && size_a - same <= 3)
        return number_a > number_b ? -1 : 1;
    return strcmp(a, b);
}

static int compare(const void *left, const void *right)
{
    const struct sibling *a = left, *b = right;
    if (a->current != b->current)
        return a->current ? 1 : -1;
    if (a->changed != b->changed)
        return a->changed < b->changed ? -1 : 1;
    return compare_names(a->path, b->path);
}

static int add(struct siblings *siblings, const char *folder, const char *name, bool compressed,
               bool current)
{
    char path[PATH_MAX];
    struct stat status;
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof path || stat(path, &status) != 0 ||
        !S_ISREG(status.st_mode))
        return 0;
    struct sibling *list =
        realloc(siblings->list, (siblings->count + 1) * sizeof *siblings->list);
    if (list == NULL)
        return -1;
    siblings->list = list;
    struct sibling *sibling = &list[siblings->count];
    *sibling = (struct sibling){
        .path = strdup(path),
        .device = status.st_dev,
        .inode = status.st_ino,
        .size = status.st_size,
        .changed = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec,
        .compressed = compressed,
        .current = current,
    };
    if (sibling->path == NULL)
        return -1;
    siblings->count++;
    return 0;
}

static int read_folder(struct siblings *siblings, const char *folder, const char *base)
{
    int failed = 0;
    DIR *stream = opendir(folder);
    if (stream == NULL)
        return -1;
    const struct dirent *entry;
    while (failed == 0 && siblings->count < SIBLINGS_MAX && (entry = readdir(stream)) != NULL) {
        bool compressed;
        if (is_ours(base, entry->d_name, &compressed))
            failed = add(siblings, folder, entry->d_name, compressed,
                         strcmp(entry->d_name, base) == 0);
    }
    closedir(stream);
    return failed;
}

int siblings_read(struct siblings *siblings, const char *path, struct error *why)
{
    char folder[PATH_MAX];
    *siblings = (struct siblings){0};
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    if (length >= sizeof folder)
        return error_set(why, "cannot list '%s': its name is too long", path);
    memcpy(folder, path, length);
    folder[length] = '\0';
    const char *where = slash == NULL ? "." : length == 0 ? "/" : folder;
    if (read_folder(siblings, where, slash == NULL ? path : slash + 1) != 0) {
        error_set(why, "cannot list '%s': %s", where, strerror(errno));
        siblings_clear(siblings);
        return -1;
    }
    if (siblings->count > 1)
        qsort(siblings->list, siblings->count, sizeof *siblings->list, compare);
    return 0;
}

void siblings_clear(struct siblings *siblings)
{
    for (size_t i = 0; i < siblings->count; i++)
        free(siblings->list[i].path);
    free(siblings->list);
    *siblings = (struct siblings){0};
}
