/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arguments: what the command line of waybilld asks for.
 */
#ifndef WAYBILLD_ARGUMENTS_H
#define WAYBILLD_ARGUMENTS_H

#include <stdbool.h>

enum request {
    REQUEST_RUN,
    REQUEST_TAKE_OVER,
    REQUEST_CHECK,
    REQUEST_PRINT_CONFIG,
    REQUEST_PRINT_MANUAL,
    REQUEST_PRINT_RULES,
    REQUEST_VERSION,
    REQUEST_HELP,
    REQUEST_WRONG, /* stderr was told why */
};

struct arguments {
    enum request request;
    const char *file; /* NULL: no -c was given, and the default file does not exist */
};

void arguments_read(struct arguments *arguments, int argc, char **argv);
void arguments_help(void);

#endif
