/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arguments: a row per option, so that --help cannot disagree with what is understood.
 */
#include "arguments.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "waybill/settings.h"

static const struct {
    char letter;
    const char *name, *value;
    enum request request;
    const char *text;
} rows[] = {
    {'c', "config", "FILE", REQUEST_RUN, "read this configuration"},
    {'T', "take-over", NULL, REQUEST_TAKE_OVER, "take the place of the one that runs; see waybilld(8)"},
    {'t', "test", NULL, REQUEST_CHECK, "check the configuration, then end"},
    {'C', "print-config", NULL, REQUEST_PRINT_CONFIG, "print an annotated configuration"},
    {'M', "print-manual", NULL, REQUEST_PRINT_MANUAL, "print the options for the manual, in mdoc"},
    {'R', "print-rules", NULL, REQUEST_PRINT_RULES, "print the rules that are built in"},
    {'V', "version", NULL, REQUEST_VERSION, "print the version"},
    {'h', "help", NULL, REQUEST_HELP, "print this"},
};
#define ROWS (sizeof rows / sizeof rows[0])

void arguments_help(void)
{
    printf("waybilld [-c FILE] [-t | --take-over]\n\n"
           "The milter that keeps a waybill for every mail. Stays in the foreground, but with\n"
           "--take-over, which ends as soon as the new process serves.\n\n");
    for (size_t i = 0; i < ROWS; i++) {
        char name[40];
        snprintf(name, sizeof name, "--%s%s%s", rows[i].name, rows[i].value != NULL ? " " : "",
                 rows[i].value != NULL ? rows[i].value : "");
        printf("  -%c, %-16s %s\n", rows[i].letter, name, rows[i].text);
    }
    printf("\nWithout -c it reads %s; without that file the defaults hold.\n"
           "See waybilld(8) and waybill.conf(5).\n",
           SETTINGS_FILE_DEFAULT);
}

static void build_options(char letters[2 * ROWS + 1], struct option longs[ROWS + 1])
{
    size_t at = 0;

    for (size_t i = 0; i < ROWS; i++) {
        letters[at++] = rows[i].letter;
        if (rows[i].value != NULL)
            letters[at++] = ':';
        longs[i] = (struct option){rows[i].name, rows[i].value != NULL, NULL, rows[i].letter};
    }
    letters[at] = '\0';
    longs[ROWS] = (struct option){NULL, 0, NULL, 0};
}

static enum request request_of(int letter)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].letter == letter)
            return rows[i].request;
    return REQUEST_WRONG;
}

/* A missing default file is no fault: the defaults serve a stock Postfix and a local Redis. */
static const char *default_file(enum request request)
{
    if ((request == REQUEST_RUN || request == REQUEST_TAKE_OVER) &&
        access(SETTINGS_FILE_DEFAULT, F_OK) < 0 && errno == ENOENT)
        return NULL;
    return SETTINGS_FILE_DEFAULT;
}

void arguments_read(struct arguments *arguments, int argc, char **argv)
{
    char letters[2 * ROWS + 1];
    struct option longs[ROWS + 1];
    int letter;

    build_options(letters, longs);
    *arguments = (struct arguments){.request = REQUEST_RUN};
    while ((letter = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        if (letter == 'c')
            arguments->file = optarg;
        else
            arguments->request = request_of(letter);
        if (arguments->request == REQUEST_WRONG)
            break;
    }
    if (arguments->request != REQUEST_WRONG && optind < argc) {
        fprintf(stderr, "waybilld: '%s' is not expected\n", argv[optind]);
        arguments->request = REQUEST_WRONG;
    }
    if (arguments->request == REQUEST_WRONG)
        fprintf(stderr, "See waybilld --help.\n");
    else if (arguments->file == NULL)
        arguments->file = default_file(arguments->request);
}
