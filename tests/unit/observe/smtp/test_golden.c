/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plays tests/golden/smtp/NAME.in, one phase a line, and compares the facts with NAME.facts.
 * How to write a case: tests/golden/smtp/README. UPDATE_GOLDEN=1 writes the .facts anew.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stage.h"

static SMFICTX *context;
static bool negotiated;
static char internal_name[32];

/* \n \t \\ \xHH and \s (a blank at the end of a line) become bytes. */
static void unescape(char *text)
{
    char *to = text;

    for (; *text != '\0'; text++) {
        unsigned byte;
        if (*text != '\\') {
            *to++ = *text;
        } else if (text[1] == 'x' && sscanf(text + 2, "%2x", &byte) == 1) {
            *to++ = (char)byte;
            text += 3;
        } else {
            text++;
            *to++ = *text == 'n' ? '\n' : *text == 't' ? '\t' : *text == 's' ? ' ' : *text;
        }
    }
    *to = '\0';
}

/* Cut the first word off; what is left begins after one blank. */
static char *cut_word(char **rest)
{
    char *word = *rest;
    size_t size = strcspn(word, " ");

    *rest = word + size;
    if (**rest == ' ')
        *(*rest)++ = '\0';
    return word;
}

static int stage_of(const char *name)
{
    static const char *const names[] = {"connect", "helo", "mail", "rcpt", "data", "eom", "eoh"};

    for (int i = 0; i <= SMFIM_LAST; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    fail_msg("no such stage: %s", name);
    return -1;
}

static void play_set(char *rest)
{
    const char *name = cut_word(&rest);

    if (strcmp(name, "subject") == 0)
        stage_settings.subject = strcmp(rest, "off") == 0 ? SUBJECT_OFF : SUBJECT_FULL;
    else if (strcmp(name, "internal_daemon_name") == 0)
        snprintf(internal_name, sizeof internal_name, "%s", rest);
    else
        fail_msg("no such setting: %s", name);
    smtp_reload(&stage_settings);
}

static void play_macro(char *rest)
{
    int stage = stage_of(cut_word(&rest));
    const char *name = cut_word(&rest);

    unescape(rest);
    shim_macro(context, stage, name, rest);
}

static void play_connect(char *rest)
{
    char *host = cut_word(&rest), *address = cut_word(&rest);

    unescape(host);
    shim_connect(context, host, address, (unsigned)strtoul(rest, NULL, 10));
}

static void play_header(char *rest)
{
    char *name = cut_word(&rest);

    unescape(name);
    unescape(rest);
    shim_header(context, name, rest);
}

/* "header-of-size NAME COUNT": a value of so many letters. */
static void play_big_header(char *rest)
{
    char *name = cut_word(&rest);
    size_t size = strtoul(rest, NULL, 10);
    char *value = malloc(size + 1);

    assert_non_null(value);
    memset(value, 'a', size);
    value[size] = '\0';
    shim_header(context, name, value);
    free(value);
}

static void play_negotiate(char *rest)
{
    unsigned long actions = strtoul(cut_word(&rest), NULL, 16);

    shim_negotiate(context, actions, strtoul(rest, NULL, 16));
}

static void play_helo(char *rest)
{
    unescape(rest);
    shim_helo(context, rest);
}

static void play_mail(char *rest)
{
    unescape(rest);
    shim_mail(context, rest);
}

static void play_rcpt(char *rest)
{
    unescape(rest);
    shim_rcpt(context, rest);
}

static void play_data(char *rest)
{
    (void)rest;
    shim_data(context);
}

static void play_eoh(char *rest)
{
    (void)rest;
    shim_eoh(context);
}

static void play_body(char *rest)
{
    shim_body(context, strtoul(rest, NULL, 10));
}

static char lines[65536];
static size_t lines_size;

/* "line TEXT": one more line of a body that "lines" sends. */
static void play_line_of_body(char *rest)
{
    unescape(rest);
    lines_size += (size_t)snprintf(lines + lines_size, sizeof lines - lines_size, "%s\r\n", rest);
    assert_true(lines_size < sizeof lines);
}

/* "lines SIZE": send them, in chunks of this size, until the milter has enough. */
static void play_lines(char *rest)
{
    size_t chunk = strtoul(rest, NULL, 10);

    for (size_t at = 0; at < lines_size; at += chunk) {
        size_t size = lines_size - at < chunk ? lines_size - at : chunk;
        if (shim_body_bytes(context, lines + at, size) == SMFIS_SKIP)
            break;
    }
    lines_size = 0;
}

static void play_eom(char *rest)
{
    (void)rest;
    shim_eom(context);
}

static void play_abort(char *rest)
{
    (void)rest;
    shim_abort(context);
}

static void play_close(char *rest)
{
    (void)rest;
    stage_end(context);
    context = NULL;
}

static const struct {
    const char *word;
    void (*play)(char *rest);
} commands[] = {
    {"set", play_set},           {"negotiate", play_negotiate}, {"macro", play_macro},
    {"connect", play_connect},   {"helo", play_helo},           {"mail", play_mail},
    {"rcpt", play_rcpt},         {"data", play_data},           {"header", play_header},
    {"eoh", play_eoh},           {"body", play_body},           {"eom", play_eom},
    {"abort", play_abort},       {"close", play_close},         {"header-of-size", play_big_header},
    {"line", play_line_of_body}, {"lines", play_lines},
};

static void begin_if_needed(const char *word)
{
    if (context == NULL) {
        context = shim_connection();
        negotiated = strcmp(word, "close") == 0; /* a health check: closes at once */
    }
    if (!negotiated && strcmp(word, "negotiate") != 0 && strcmp(word, "macro") != 0)
        shim_negotiate(context, SHIM_ACTIONS, SHIM_PROTOCOL);
    negotiated |= strcmp(word, "macro") != 0;
}

static void play_line(char *line)
{
    char *rest = line;
    const char *word = cut_word(&rest);

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].word, word) == 0) {
            if (strcmp(word, "set") != 0)
                begin_if_needed(word);
            commands[i].play(rest);
            return;
        }
    fail_msg("no such command: %s", word);
}

static void play_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char line[4096];

    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0' && line[0] != '#')
            play_line(line);
    }
    fclose(file);
    if (context != NULL)
        play_close(NULL);
}

/* The number of a waybill in the order in which they appear. */
static unsigned ordinal(const char *id, size_t size, char known[][24], unsigned *count)
{
    for (unsigned i = 0; i < *count; i++)
        if (strncmp(known[i], id, size) == 0 && known[i][size] == '\0')
            return i + 1;
    assert_true(*count < 100 && size < 24);
    memcpy(known[*count], id, size);
    known[*count][size] = '\0';
    return ++*count;
}

/* Time and fact id say nothing here; waybills are numbered. A fact is the milter's, or a report's
 * that names the waybill by which it came in. */
static void write_masked(FILE *to)
{
    char known[100][24];
    unsigned waybills = 0;

    for (size_t i = 0; i < stage_lines(); i++) {
        const char *line = stage_line(i);
        const char *kind = strchr(strchr(line, ' ') + 1, ' ') + 1;
        bool is_report = strchr(line, ' ')[1] == WITNESS_REPORT;
        const char *id = strstr(kind, is_report ? " by=" : " w=");
        size_t size;

        assert_non_null(id);
        id = strchr(id, '=') + 1;
        size = strcspn(id, " ");
        fprintf(to, "%s%.*s%u%s\n", is_report ? "report: " : "", (int)(id - kind), kind,
                ordinal(id, size, known, &waybills), id + size);
    }
}

static char *read_all(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 65536);

    assert_non_null(text);
    if (file != NULL) {
        size_t size = fread(text, 1, 65535, file);
        text[size] = '\0';
        fclose(file);
    }
    return text;
}

static void check_case(const char *in)
{
    char expected_path[512];
    char *expected, *got = NULL;
    size_t got_size;
    FILE *to;

    stage_settings = stage_defaults;
    stage_settings.internal_daemon_name = internal_name;
    internal_name[0] = '\0';
    stage_open();
    play_file(in);
    stage_close();
    snprintf(expected_path, sizeof expected_path, "%.*s.facts", (int)(strlen(in) - 3), in);
    to = getenv("UPDATE_GOLDEN") != NULL ? fopen(expected_path, "w")
                                         : open_memstream(&got, &got_size);
    assert_non_null(to);
    write_masked(to);
    fclose(to);
    if (got == NULL)
        return;
    expected = read_all(expected_path);
    if (strcmp(expected, got) != 0)
        fail_msg("%s\n--- expected\n%s--- told\n%s---", in, expected, got);
    free(expected);
    free(got);
}

static void test_each_session_tells_the_facts_beside_it(void **state)
{
    const char *source = getenv("srcdir");
    char pattern[512];
    glob_t found;

    (void)state;
    snprintf(pattern, sizeof pattern, "%s/tests/golden/smtp/*.in", source == NULL ? "." : source);
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 15);
    for (size_t i = 0; i < found.gl_pathc; i++)
        check_case(found.gl_pathv[i]);
    printf("%zu golden sessions\n", found.gl_pathc);
    globfree(&found);
    assert_int_equal(shim_bad_answers(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_session_tells_the_facts_beside_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
