/* SPDX-License-Identifier: BSD-2-Clause */
/* run: see run.h. */
#include "run.h"

#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "waybill/cli.h"

char output[OUTPUT_MAX];
size_t output_size;

#define WORDS_MAX 16

/* Split at blanks; a word that begins with a quote goes to the next quote. */
static int split(char *line, char **words)
{
    int count = 0;

    words[count++] = (char *)"waybill";
    while (*line != '\0' && count < WORDS_MAX - 1) {
        char stop = *line == '\'' ? '\'' : ' ';
        line += stop == '\'';
        words[count++] = line;
        line += strcspn(line, stop == '\'' ? "'" : " ");
        if (*line != '\0')
            *line++ = '\0';
        line += strspn(line, " ");
    }
    words[count] = NULL;
    return count;
}

void run_here(const char *line)
{
    char copy[1024], *words[WORDS_MAX];

    snprintf(copy, sizeof copy, "%s", line);
    alarm(60); /* a command that runs in circles fails the test instead of stopping it */
    exit(cli_main(split(copy, words), words));
}

int run_collect(int from, pid_t pid)
{
    ssize_t size;
    int status;

    output_size = 0;
    while ((size = read(from, output + output_size, OUTPUT_MAX - 1 - output_size)) > 0)
        output_size += (size_t)size;
    output[output_size] = '\0';
    close(from);
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

int run(const char *line)
{
    int ends[2];
    pid_t pid;

    fflush(NULL);
    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        run_here(line);
    }
    close(ends[1]);
    return run_collect(ends[0], pid);
}

int run_on_terminal(const char *line, unsigned short width)
{
    struct winsize size = {.ws_row = 50, .ws_col = width};
    int terminal;
    pid_t pid;

    fflush(NULL);
    pid = forkpty(&terminal, NULL, NULL, &size);
    if (pid == 0) {
        setenv("TERM", "xterm", 1);
        unsetenv("NO_COLOR");
        run_here(line);
    }
    return run_collect(terminal, pid);
}

bool says(const char *words)
{
    return strstr(output, words) != NULL;
}

void run_cases(const struct run_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int code = run(cases[i].line);
        if (code != cases[i].code || !says(cases[i].says))
            fail_msg("waybill %s: exit %d, wanted %d and '%s':\n%s", cases[i].line, code,
                     cases[i].code, cases[i].says, output);
    }
}

size_t widest_line(void)
{
    size_t widest = 0, width = 0;

    for (size_t i = 0; i < output_size; i++) {
        unsigned char byte = (unsigned char)output[i];
        if (byte == 033) {
            i += strcspn(output + i, "m");
        } else if (byte == '\n') {
            widest = width > widest ? width : widest;
            width = 0;
        } else if (byte != '\r' && (byte & 0xc0) != 0x80) {
            width += byte >= 0xe6 ? 2 : 1; /* the wide letters of the test begin there */
        }
    }
    return widest;
}

size_t count_of(const char *words)
{
    size_t count = 0;

    for (const char *at = output; (at = strstr(at, words)) != NULL; at++)
        count++;
    return count;
}

int python(const char *program)
{
    char command[2048];
    FILE *python;

    snprintf(command, sizeof command, "python3 -c '%s'", program);
    fflush(NULL);
    python = popen(command, "w");
    assert_non_null(python);
    fwrite(output, 1, output_size, python);
    return pclose(python);
}
