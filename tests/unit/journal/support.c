/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support: whatever fails here fails the test that asked.
 */
#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "waybill/fact.h"
#include "waybill/log.h"

char directory[256];

int directory_setup(void **state)
{
    /* In memory if there is such a place: the tests sync a lot. */
    const char *place = getenv("TMPDIR");

    (void)state;
    log_start("test", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, LOG_TARGET_STDERR);
    snprintf(directory, sizeof directory, "%s/waybill-journal-XXXXXX",
             place                ? place
             : exists("/dev/shm") ? "/dev/shm"
                                  : "/tmp");
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
    (void)stat;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void directory_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int directory_teardown(void **state)
{
    (void)state;
    (void)umount2(directory, MNT_DETACH); /* if a test mounted something and failed */
    directory_remove(directory);
    return 0;
}

struct journal_options options_usual(void)
{
    return (struct journal_options){
        .directory = directory,
        .sync = SYNC_INTERVAL,
        .sync_ms = 50,
        .segment_size = 64 * 1024,
        .total_size = 64 * 1024 * 1024,
        .ring = 10000,
    };
}

struct journal *journal_must_open(const struct journal_options *options)
{
    struct journal *journal;
    struct error why = {""};

    if (journal_open(&journal, options, NULL, NULL, &why) < 0)
        fail_msg("journal_open: %s", why.text);
    return journal;
}

uint64_t append_text(struct journal *journal, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    uint64_t ticket = journal_append(journal, JOURNAL_FACT, text, (size_t)size);
    assert_true(ticket > 0);
    return ticket;
}

struct journal_reader *reader_must_lead(const struct journal_options *options)
{
    struct journal_reader *reader;
    struct error why = {""};

    if (journal_lead(&reader, options, &why) != 1)
        fail_msg("journal_lead: %s", why.text);
    return reader;
}

void list_add(struct list *list, const void *data, size_t size)
{
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 64;
        list->line = reallocarray(list->line, list->room, sizeof *list->line);
        list->size = reallocarray(list->size, list->room, sizeof *list->size);
    }
    char *copy = malloc(size + 1);
    memcpy(copy, data, size);
    copy[size] = '\0';
    list->size[list->count] = size;
    list->line[list->count++] = copy;
}

void list_clear(struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->line[i]);
    free(list->line);
    free(list->size);
    *list = (struct list){0};
}

bool list_has(const struct list *list, const char *line)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->line[i], line) == 0)
            return true;
    return false;
}

void list_read(struct list *list, struct journal_reader *reader)
{
    struct journal_entry entry;
    struct error why;
    int result;

    while ((result = journal_next(reader, &entry, &why)) != 0) {
        if (result < 0) {
            list->stepped_over++;
            continue;
        }
        list->last = entry.position;
        if (entry.type == JOURNAL_FACT)
            list_add(list, entry.payload.at, entry.payload.size);
    }
}

void list_recovered(void *context, enum journal_type type, struct slice payload)
{
    if (type == JOURNAL_FACT)
        list_add(context, payload.at, payload.size);
}

static bool is_gap(const char *line, size_t size, uint64_t *count)
{
    static char copy[FACT_LINE_MAX + 1];
    static struct fact fact;

    if (size > FACT_LINE_MAX)
        return false;
    memcpy(copy, line, size);
    copy[size] = '\0';
    return fact_decode(copy, size, &fact, NULL) == 0 && fact.kind == FACT_GAP &&
           text_number(fact.value[KEY_COUNT], 0, UINT64_MAX, count);
}

uint64_t list_gap_count(const struct list *list, size_t *gaps)
{
    uint64_t sum = 0, count;

    if (gaps)
        *gaps = 0;
    for (size_t i = 0; i < list->count; i++)
        if (is_gap(list->line[i], list->size[i], &count)) {
            sum += count;
            if (gaps)
                ++*gaps;
        }
    return sum;
}

size_t list_facts(const struct list *list)
{
    size_t gaps;

    list_gap_count(list, &gaps);
    return list->count - gaps;
}

unsigned char *file_read(const char *path, size_t *size)
{
    struct stat stat;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &stat), 0);
    unsigned char *data = malloc((size_t)stat.st_size + 1);
    assert_int_equal(read(fd, data, (size_t)stat.st_size), stat.st_size);
    close(fd);
    *size = (size_t)stat.st_size;
    return data;
}

void file_write(const char *path, const void *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), size);
    close(fd);
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

size_t segments(unsigned generation, uint64_t numbers[64])
{
    char path[300];
    size_t count = 0;
    struct dirent *entry;

    snprintf(path, sizeof path, "%s/%u", directory, generation);
    DIR *names = opendir(path);
    while (names && (entry = readdir(names)) != NULL && count < 64)
        if (strlen(entry->d_name) == 20 && entry->d_name[0] == '0')
            numbers[count++] = number_at_end(slice_of(entry->d_name));
    if (names)
        closedir(names);
    qsort(numbers, count, sizeof *numbers, compare);
    return count;
}

const char *segment_path(unsigned generation, uint64_t segment, const char *suffix)
{
    static char path[320];

    snprintf(path, sizeof path, "%s/%u/%020llu%s", directory, generation,
             (unsigned long long)segment, suffix);
    return path;
}

bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static void take_output(int from, char *output, size_t room)
{
    size_t have = 0;
    ssize_t got;
    char rest[256];

    while ((got = have + 1 < room ? read(from, output + have, room - 1 - have)
                                  : read(from, rest, sizeof rest)) > 0)
        have += have + 1 < room ? (size_t)got : 0;
    output[have] = '\0';
    close(from);
}

int run(char *const arguments[], char *output, size_t room)
{
    int status, ends[2];

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        if (output && (dup2(ends[1], 1) < 0 || dup2(null, 2) < 0))
            _exit(126);
        close(ends[0]);
        close(ends[1]);
        execvp(arguments[0], arguments);
        _exit(127);
    }
    close(ends[1]);
    if (output)
        take_output(ends[0], output, room);
    else
        close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void need_strace(void)
{
    char output[16];

    if (run((char *[]){"strace", "-V", NULL}, output, sizeof output) == 0)
        return;
    print_message("SKIPPED: there is no strace\n");
    skip();
}

uint64_t number_at_end(struct slice text)
{
    uint64_t number = 0;
    size_t first = text.size;

    while (first > 0 && text.at[first - 1] >= '0' && text.at[first - 1] <= '9')
        first--;
    assert_true(
        text_number(slice_make(text.at + first, text.size - first), 0, UINT64_MAX, &number));
    return number;
}
