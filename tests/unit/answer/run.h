/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run: the command `waybill` in a process of its own, as a user starts it, and what it prints.
 */
#ifndef WAYBILL_TEST_RUN_H
#define WAYBILL_TEST_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define OUTPUT_MAX (4u << 20)
extern char output[OUTPUT_MAX]; /* of the last run, terminated */
extern size_t output_size;

/* stdout and stderr into `output`; the exit code. */
int run(const char *line);
int run_on_terminal(const char *line, unsigned short width);
/* In this process, which ends. */
_Noreturn void run_here(const char *line);
/* Read what process `pid` writes, to its end; its exit code. */
int run_collect(int from, pid_t pid);

bool says(const char *words);

struct run_case {
    const char *line;
    int code;
    const char *says;
};

/* Fails the test at the first line that ends or speaks otherwise. */
void run_cases(const struct run_case *cases, size_t count);
size_t count_of(const char *words);
size_t widest_line(void);
/* Hand the output to a program in Python, without single quotes; 0: it was content. */
int python(const char *program);

#endif
