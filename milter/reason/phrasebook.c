/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * phrasebook: which files a book is made of: those of the administrator, in the order of their
 * names, then the shipped rules.
 */
#include "book.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENDING ".rules"

static int read_all(int file, size_t size, char *text, struct error *why)
{
    size_t have = 0;

    while (have < size) {
        ssize_t got = read(file, text + have, size - have);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(why, "%s", strerror(errno));
        if (got == 0)
            return error_set(why, "it became shorter while it was read");
        have += (size_t)got;
    }
    return 0;
}

static int read_open(int file, struct slice *text, struct error *why)
{
    struct stat status;
    char *bytes;

    if (fstat(file, &status) < 0)
        return error_set(why, "%s", strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(why, "no regular file");
    if (status.st_size > RULE_FILE_MAX)
        return error_set(why, "larger than %d bytes", RULE_FILE_MAX);
    bytes = malloc((size_t)status.st_size + 1);
    if (bytes == NULL)
        return error_set(why, "no memory");
    *text = slice_make(bytes, (size_t)status.st_size);
    if (read_all(file, text->size, bytes, why) == 0)
        return 0;
    free(bytes);
    return -1;
}

/* The book owns the text from then on. */
static int add_file(struct phrasebook *book, const char *path, struct error *why)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct slice text;
    int result;

    if (file < 0)
        return error_set(why, "%s: %s", path, strerror(errno));
    result = read_open(file, &text, why);
    (void)close(file);
    if (result < 0)
        return error_prefix(why, "%s", path);
    book->files[book->file_count++] = (char *)(uintptr_t)text.at;
    return book_parse(book, path, text, why);
}

static int add_named(struct phrasebook *book, const char *directory, const char *name,
                     struct error *why)
{
    char path[PATH_MAX];
    int size = snprintf(path, sizeof path, "%s/%s", directory, name);

    if (size < 0 || (size_t)size >= sizeof path)
        return error_set(why, "%s: the name is too long", directory);
    return add_file(book, path, why);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_rules(const char *name)
{
    return name[0] != '.' && slice_ends(slice_of(name), ENDING);
}

static int list_names(DIR *directory, char *names[static RULE_FILES_MAX], size_t *count,
                      struct error *why)
{
    const struct dirent *entry;

    errno = 0;
    while ((entry = readdir(directory)) != NULL) {
        if (!is_rules(entry->d_name))
            continue;
        if (*count == RULE_FILES_MAX)
            return error_set(why, "more than %d files *" ENDING, RULE_FILES_MAX);
        names[*count] = strdup(entry->d_name);
        if (names[*count] == NULL)
            return error_set(why, "no memory");
        ++*count;
        errno = 0;
    }
    return errno == 0 ? 0 : error_set(why, "%s", strerror(errno));
}

static int add_files(struct phrasebook *book, const char *path, DIR *directory, struct error *why)
{
    char *names[RULE_FILES_MAX];
    size_t count = 0;
    int result = list_names(directory, names, &count, why);

    if (result < 0)
        (void)error_prefix(why, "%s", path);
    if (count > 0)
        qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 0; i < count; i++) {
        if (result == 0)
            result = add_named(book, path, names[i], why);
        free(names[i]);
    }
    return result;
}

static int add_directory(struct phrasebook *book, const char *path, struct error *why)
{
    DIR *directory = opendir(path);
    int result;

    if (directory == NULL && errno == ENOENT)
        return 0;
    if (directory == NULL)
        return error_set(why, "%s: %s", path, strerror(errno));
    result = add_files(book, path, directory, why);
    (void)closedir(directory);
    return result;
}

struct slice phrasebook_shipped(void)
{
    return slice_make((const char *)shipped_rules, shipped_rules_size);
}

struct phrasebook *book_new(void)
{
    struct phrasebook *book = calloc(1, sizeof *book);

    if (book != NULL) {
        buffer_init(&book->folded, PHRASE_BYTES_MAX);
        buffer_init(&book->names, RULE_NAMES_MAX);
    }
    return book;
}

int phrasebook_open(struct phrasebook **book, const char *directory, struct error *why)
{
    *book = book_new();
    if (*book == NULL)
        return error_set(why, "rules: no memory");
    if ((directory == NULL || directory[0] == '\0' || add_directory(*book, directory, why) == 0) &&
        book_parse(*book, "shipped", phrasebook_shipped(), why) == 0 &&
        book_compile(*book, why) == 0)
        return 0;
    phrasebook_close(book);
    return -1;
}

void phrasebook_close(struct phrasebook **book)
{
    if (*book == NULL)
        return;
    for (size_t i = 0; i < (*book)->file_count; i++)
        free((*book)->files[i]);
    free((*book)->rules);
    free((*book)->values);
    free((*book)->drafts);
    free((*book)->phrases);
    free((*book)->text_phrases);
    free((*book)->uses);
    buffer_free(&(*book)->folded);
    buffer_free(&(*book)->names);
    automaton_free(&(*book)->automaton);
    free(*book);
    *book = NULL;
}
