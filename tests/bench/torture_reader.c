/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads mails as reports and says what each costs.
 *
 *     torture_reader ROUNDS FILE...
 *
 * Each file is fed in chunks of 64 KiB, once to warm up and then ROUNDS times. Prints a line for
 * each: bytes of the mail, bytes until the reader wanted no more, median of CPU seconds, peak of
 * its heap in bytes, partial (0, 1), kind, and recipients, tabs between.
 *
 * The heap is all that lives between report_open and report_close, as the allocator rounds it: the
 * reader, its tables, the report. The rules are open before, and what is built once for all
 * readers comes with the first; they are not counted, nor is what iconv takes inside of libc.
 * A reader that keeps any of it ends the program with 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "../support/heap.h"
#include "waybill/report.h"

#define CHUNK 65536
#define ROUNDS_MAX 100

struct text {
    char *data;
    size_t size;
};

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

static struct text read_file(const char *path)
{
    struct stat status;
    struct text mail;
    FILE *file = fopen(path, "rb");

    if (file == NULL || fstat(fileno(file), &status) != 0)
        fail(path);
    mail.size = (size_t)status.st_size;
    mail.data = malloc(mail.size + 1);
    if (mail.data == NULL || fread(mail.data, 1, mail.size, file) != mail.size)
        fail(path);
    fclose(file);
    return mail;
}

static double cpu_seconds(void)
{
    struct timespec time;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0)
        fail("clock");
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

struct cost {
    size_t fed, heap, recipients;
    double seconds;
    bool partial;
    const char *kind;
};

static struct cost read_mail(const struct phrasebook *book, const struct text *mail)
{
    size_t before = heap_now;
    double start = cpu_seconds();
    struct report_reader *reader = report_open(book);
    const struct report *report;
    struct cost cost = {.fed = 0};
    bool more = true;

    heap_peak = heap_now;
    if (reader == NULL)
        fail("report_open");
    while (more && cost.fed < mail->size) {
        size_t left = mail->size - cost.fed, size = left < CHUNK ? left : CHUNK;
        more = report_mail(reader, mail->data + cost.fed, size);
        cost.fed += size;
    }
    report = report_end(reader);
    cost.partial = report->partial;
    cost.kind = report_kind_word(report->kind);
    cost.recipients = report->count;
    report_close(&reader);
    cost.seconds = cpu_seconds() - start;
    cost.heap = heap_peak - before;
    return cost;
}

static int compare(const void *left, const void *right)
{
    const double *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

static void measure(const struct phrasebook *book, const char *path, size_t rounds)
{
    struct text mail = read_file(path);
    double seconds[ROUNDS_MAX];
    struct cost cost = read_mail(book, &mail);
    size_t before = heap_now;

    for (size_t i = 0; i < rounds; i++) {
        cost = read_mail(book, &mail);
        seconds[i] = cost.seconds;
    }
    if (heap_now != before) {
        fprintf(stderr, "%s: not all was given back\n", path);
        exit(1);
    }
    qsort(seconds, rounds, sizeof(*seconds), compare);
    printf("%zu\t%zu\t%.9f\t%zu\t%d\t%s\t%zu\n", mail.size, cost.fed, seconds[rounds / 2],
           cost.heap, cost.partial ? 1 : 0, cost.kind, cost.recipients);
    fflush(stdout);
    free(mail.data);
}

int main(int argc, char **argv)
{
    struct phrasebook *book;
    struct error why;
    unsigned long rounds = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;

    if (rounds == 0 || rounds > ROUNDS_MAX) {
        fputs("usage: torture_reader ROUNDS FILE...\n", stderr);
        return 2;
    }
    heap_counting = true;
    if (phrasebook_open(&book, NULL, &why) != 0) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    for (int i = 2; i < argc; i++)
        measure(book, argv[i], rounds);
    phrasebook_close(&book);
    return 0;
}
