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

#include "waybill/packed.h"
#include "waybill/text.h"

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

/* "mail-20261121.log" and "mail.1.log" of "mail.log", as logrotate's `extension` has it. Not
 * "mail-2.log", which is more likely the log of a second server. */
static bool is_dated(const char *base, struct slice name)
{
    const char *dot = strrchr(base, '.');
    size_t size = strlen(base), stem = dot == NULL ? 0 : (size_t)(dot - base);
    if (stem == 0 || name.size <= size || memcmp(name.at, base, stem) != 0 ||
        !slice_ends(name, dot))
        return false;
    struct slice middle = slice_make(name.at + stem, name.size - size);
    return is_rotated(middle) && (middle.at[0] == '.' || middle.size > 8);
}

static bool is_made_of(const char *base, struct slice name)
{
    struct slice suffix = name;
    return text_take(&suffix, base) ? suffix.size > 0 && is_rotated(suffix) : is_dated(base, name);
}

static bool is_ours(const char *base, const char *name, bool *compressed)
{
    struct slice plain = packed_stem(slice_of(name));
    *compressed = plain.size < strlen(name);
    return (slice_is(plain, base) && !*compressed) || is_made_of(base, plain);
}

bool siblings_is_compressed(const char *path)
{
    return packed_stem(slice_of(path)).size < strlen(path);
}

bool siblings_is_rotated(const char *path, const char *other)
{
    const char *slash = strrchr(path, '/'), *other_slash = strrchr(other, '/');
    size_t folder = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    size_t other_folder = other_slash == NULL ? 0 : (size_t)(other_slash - other) + 1;
    return folder == other_folder && memcmp(path, other, folder) == 0 &&
           is_made_of(path + folder, packed_stem(slice_of(other + folder)));
}

/* The number that stands in both names where they differ: ".1" and ".12" of a log that is counted,
 * not the days or the long counters of one that is dated. False: there is none. */
static bool numbers_of(const char *a, const char *b, long *number_a, long *number_b)
{
    static const char digits[] = "0123456789";
    size_t at = 0;
    while (a[at] != '\0' && a[at] == b[at])
        at++;
    while (at > 0 && strchr(digits, a[at - 1]) != NULL)
        at--;
    size_t size_a = strspn(a + at, digits), size_b = strspn(b + at, digits);
    if (at == 0 || a[at - 1] != '.' || size_a == 0 || size_b == 0 || size_a > 3 || size_b > 3)
        return false;
    *number_a = strtol(a + at, NULL, 10);
    *number_b = strtol(b + at, NULL, 10);
    return true;
}

/* Of files written in the same instant ".2" is older than ".1", but "-20261120" older than
 * "-20261121". */
static int compare_names(const char *a, const char *b)
{
    long number_a, number_b;
    if (numbers_of(a, b, &number_a, &number_b) && number_a != number_b)
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

static int compare_paths(const void *left, const void *right)
{
    const struct sibling *a = left, *b = right;
    return strcmp(a->path, b->path);
}

/* Is the file that it is made from among the first `count`? They are in the order of paths. */
static bool is_unfinished(const struct sibling *list, size_t count, const struct sibling *sibling)
{
    char plain[PATH_MAX];
    const struct sibling wanted = {.path = plain};
    return sibling->compressed && count > 0 &&
           slice_copy(packed_stem(slice_of(sibling->path)), plain, sizeof plain) &&
           bsearch(&wanted, list, count, sizeof wanted, compare_paths) != NULL;
}

/* While a file is being compressed both are there, and the compressed one, whose path is the later
 * one, is not whole yet. */
static void drop_unfinished(struct siblings *siblings)
{
    size_t kept = 0;
    qsort(siblings->list, siblings->count, sizeof *siblings->list, compare_paths);
    for (size_t i = 0; i < siblings->count; i++) {
        if (is_unfinished(siblings->list, kept, &siblings->list[i]))
            free(siblings->list[i].path);
        else
            siblings->list[kept++] = siblings->list[i];
    }
    siblings->count = kept;
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
    if (siblings->count > 1) {
        drop_unfinished(siblings);
        qsort(siblings->list, siblings->count, sizeof *siblings->list, compare);
    }
    return 0;
}

void siblings_clear(struct siblings *siblings)
{
    for (size_t i = 0; i < siblings->count; i++)
        free(siblings->list[i].path);
    free(siblings->list);
    *siblings = (struct siblings){0};
}
