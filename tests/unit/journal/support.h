/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * support: a directory of its own for each test, and short ways to say what a journal shall do.
 */
#ifndef WAYBILL_TESTS_JOURNAL_SUPPORT_H
#define WAYBILL_TESTS_JOURNAL_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <sys/types.h>

#include "waybill/journal.h"

/* Group setup and teardown: `directory` is fresh for each test. */
extern char directory[];
int directory_setup(void **state);
int directory_teardown(void **state);
void directory_remove(const char *path);

struct journal_options options_usual(void);
struct journal *journal_must_open(const struct journal_options *options);
/* Append a fact of text; it must be taken. */
uint64_t append_text(struct journal *journal, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct journal_reader *reader_must_lead(const struct journal_options *options);

/* Payloads of facts in order. */
struct list {
    char **line;
    size_t *size;
    size_t count, room;
    size_t stepped_over; /* times journal_next said -1 */
    struct journal_position last;
};
void list_add(struct list *list, const void *data, size_t size);
void list_clear(struct list *list);
bool list_has(const struct list *list, const char *line);
/* Read until there is nothing more. */
void list_read(struct list *list, struct journal_reader *reader);
/* A `recovered` callback; context is a struct list. */
void list_recovered(void *context, enum journal_type type, struct slice payload);
/* Sum of KEY_COUNT over all gap facts; *gaps (may be NULL) is their number. */
uint64_t list_gap_count(const struct list *list, size_t *gaps);
/* Number of facts that are no gaps. */
size_t list_facts(const struct list *list);

/* Whole files. */
unsigned char *file_read(const char *path, size_t *size);
void file_write(const char *path, const void *data, size_t size);
/* Names in a generation's directory that begin with a digit, sorted; at most 64. */
size_t segments(unsigned generation, uint64_t numbers[64]);
/* Path of a segment; a static buffer. */
const char *segment_path(unsigned generation, uint64_t segment, const char *suffix);
bool exists(const char *path);

/* Run a program; its exit status, or 128 + signal. `output` (may be NULL) gets the beginning of its
 * standard output; its standard error is dropped then. */
int run(char *const arguments[], char *output, size_t room);
/* Skip the test if there is no strace. */
void need_strace(void);

/* The decimal number that a text ends in. */
uint64_t number_at_end(struct slice text);

#endif
