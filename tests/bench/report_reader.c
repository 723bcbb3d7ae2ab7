/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads every mail of a folder again and again as a report, out of memory.
 *
 *     report_reader FOLDER SECONDS
 *
 * Opens the rules and reads the files first; then passes over all of them until SECONDS of CPU are
 * used. Prints one line: mails read, seconds of CPU, peak of memory in KiB, and in how many mails
 * of one pass a report was found. report_sisimai and report_flufl do and print the same.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "waybill/report.h"

#define MAILS_MAX 100000
#define CHUNK 65536

struct text {
    char *data;
    size_t size;
};

struct folder {
    struct text mails[MAILS_MAX];
    size_t count;
};

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void read_file(const char *path, struct text *mail)
{
    struct stat status;
    FILE *file = fopen(path, "rb");

    if (file == NULL || fstat(fileno(file), &status) != 0)
        fail(path);
    mail->size = (size_t)status.st_size;
    mail->data = malloc(mail->size + 1);
    if (mail->data == NULL || fread(mail->data, 1, mail->size, file) != mail->size)
        fail(path);
    fclose(file);
}

static void read_folder(const char *name, struct folder *folder)
{
    DIR *directory = opendir(name);
    const struct dirent *entry;
    char path[4096];

    if (directory == NULL)
        fail(name);
    while ((entry = readdir(directory)) != NULL && folder->count < MAILS_MAX) {
        size_t size = strlen(entry->d_name);
        if (size < 4 || strcmp(entry->d_name + size - 4, ".eml") != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", name, entry->d_name);
        read_file(path, &folder->mails[folder->count++]);
    }
    closedir(directory);
}

static bool is_report(const struct phrasebook *book, const struct text *mail)
{
    struct report_reader *reader = report_open(book);
    bool more = true, found;

    if (reader == NULL)
        fail("report_open");
    for (size_t at = 0; more && at < mail->size; at += CHUNK) {
        size_t left = mail->size - at;
        more = report_mail(reader, mail->data + at, left < CHUNK ? left : CHUNK);
    }
    found = report_end(reader)->kind != REPORT_OTHER;
    report_close(&reader);
    return found;
}

static double cpu_seconds(void)
{
    struct timespec time;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0)
        fail("clock");
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static long peak_kb(void)
{
    char line[256];
    long peak = 0;
    FILE *file = fopen("/proc/self/status", "r");

    if (file == NULL)
        fail("/proc/self/status");
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            peak = strtol(line + 6, NULL, 10);
    fclose(file);
    return peak;
}

static void run(const struct phrasebook *book, const struct folder *folder, double seconds)
{
    double start = cpu_seconds(), used;
    size_t passes = 0, found = 0;

    do {
        found = 0;
        for (size_t i = 0; i < folder->count; i++)
            found += is_report(book, &folder->mails[i]) ? 1 : 0;
        passes++;
        used = cpu_seconds() - start;
    } while (used < seconds);
    printf("%zu %.6f %ld %zu\n", passes * folder->count, used, peak_kb(), found);
}

int main(int argc, char **argv)
{
    static struct folder folder;
    struct phrasebook *book;
    struct error why;

    if (argc != 3) {
        fputs("usage: report_reader FOLDER SECONDS\n", stderr);
        return 2;
    }
    if (phrasebook_open(&book, NULL, &why) != 0) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    read_folder(argv[1], &folder);
    if (folder.count == 0) {
        fprintf(stderr, "%s: no *.eml\n", argv[1]);
        return 1;
    }
    run(book, &folder, strtod(argv[2], NULL));
    phrasebook_close(&book);
    return 0;
}
