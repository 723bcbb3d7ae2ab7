/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings_print: the option table as an annotated file and as a section of the manual.
 */
#include "waybill/settings.h"

#include <string.h>

#include "options.h"
#include "values.h"
#include "waybill/buffer.h"

#define LINE_WIDTH 78
#define RANGE_MAX 1000

typedef void print_word(FILE *to, struct slice word, bool at_head);

/* All words, each line behind `head`, a new one before the word that would pass the width. */
static void print_wrapped(FILE *to, const char *head, struct slice rest, print_word *print)
{
    struct slice word;
    size_t column = 0;

    while (text_take_word(&rest, &word)) {
        if (column > 0 && column + 1 + word.size > LINE_WIDTH) {
            fputc('\n', to);
            column = 0;
        }
        fputs(column == 0 ? head : " ", to);
        print(to, word, column == 0);
        column += word.size + (column == 0 ? strlen(head) : 1);
        text_take_char(&rest, ' ');
    }
    fputc('\n', to);
}

/* ---- the annotated file ---- */

static void print_plain_word(FILE *to, struct slice word, bool at_head)
{
    (void)at_head;
    fprintf(to, "%.*s", SLICE_ARGS(word));
}

static void print_remark(FILE *to, const char *words)
{
    print_wrapped(to, "# ", slice_of(words), print_plain_word);
}

/* The default as it would stand in the file. */
static void print_initial(FILE *to, const struct option *option)
{
    switch (option->type) {
    case OPTION_TEXT:
        fprintf(to, "\"%s\"", option->initial);
        break;
    case OPTION_LIST:
        fprintf(to, "{ \"%s\" }", option->initial);
        break;
    default:
        fputs(option->initial, to);
    }
}

static void add_range(struct buffer *to, const struct option *option)
{
    switch (option->type) {
    case OPTION_NUMBER:
        buffer_addf(to, "%lld to %lld", (long long)option->least, (long long)option->most);
        break;
    case OPTION_MODE:
        buffer_add_text(to, "an octal mode");
        break;
    case OPTION_CHOICE:
        value_say_choices(option, to);
        break;
    case OPTION_TEXT:
        buffer_add_text(to, option->allowed);
        break;
    case OPTION_LIST:
        buffer_addf(to, "a list; each item %s", option->allowed);
        break;
    }
}

static void print_option(FILE *to, const struct option *option)
{
    struct buffer range;

    buffer_init(&range, RANGE_MAX);
    buffer_add_char(&range, '[');
    add_range(&range, option);
    buffer_addf(&range, "]%s", option->live ? "" : " [new process]");
    print_remark(to, option->text);
    print_remark(to, range.data);
    buffer_free(&range);
    fprintf(to, "#%s = ", option->name);
    print_initial(to, option);
    fputc('\n', to);
}

void settings_print_example(FILE *to)
{
    fputs("# Configuration of waybilld and waybill; see waybill.conf(5).\n"
          "#\n"
          "# Every option stands here with its default. To change one, take the # away\n"
          "# before its name. `waybilld --test` checks the file.\n"
          "#\n"
          "# `systemctl reload waybill` brings a change into force: a new process takes\n"
          "# over from the one that runs. Only listen and state_directory need a restart.\n"
          "# Where listen is a port a reload makes the one that runs read the file again;\n"
          "# options marked [new process] then need a restart, too.\n",
          to);
    for (size_t i = 0; i < option_count; i++) {
        if (options[i].heading != NULL)
            fprintf(to, "\n\n# ---- %s ----\n", options[i].heading);
        fputc('\n', to);
        print_option(to, &options[i]);
    }
}

/* ---- the manual ---- */

/* mdoc takes a dot or an apostrophe at the head of a line, and every backslash, for its own. */
static void print_mdoc_word(FILE *to, struct slice word, bool at_head)
{
    if (at_head && (slice_starts(word, ".") || slice_starts(word, "'")))
        fputs("\\&", to);
    for (size_t i = 0; i < word.size; i++) {
        if (word.at[i] == '\\')
            fputs("\\e", to);
        else
            fputc(word.at[i], to);
    }
}

static void print_sentence(FILE *to, struct slice words)
{
    print_wrapped(to, "", words, print_mdoc_word);
}

/* mandoc wants each sentence on a line of its own. */
static void print_sentences(FILE *to, const char *text)
{
    struct slice rest = slice_of(text), sentence;

    while (text_take_until_text(&rest, ". ", &sentence)) {
        sentence.size++;
        print_sentence(to, sentence);
    }
    print_sentence(to, rest);
}

/* "\\&" keeps a last colon from being taken for punctuation. */
static void print_default(FILE *to, const struct option *option)
{
    if (option->initial[0] == '\0')
        fputs("Default: empty.\n", to);
    else if (option->type == OPTION_LIST)
        fprintf(to, "Default:\n.Ql { %s } .\n", option->initial);
    else
        fprintf(to, "Default:\n.Ql %s\\& .\n", option->initial);
}

static void print_item(FILE *to, const struct option *option)
{
    struct buffer range;

    buffer_init(&range, RANGE_MAX);
    buffer_add_text(&range, "Allowed: ");
    add_range(&range, option);
    buffer_add_char(&range, '.');
    fprintf(to, ".It Ic %s\n", option->name);
    print_sentences(to, option->text);
    print_sentence(to, slice_of(range.data));
    buffer_free(&range);
    print_default(to, option);
    if (!option->live)
        fputs("A change needs a new process.\n", to);
}

void settings_print_manual(FILE *to)
{
    for (size_t i = 0; i < option_count; i++) {
        if (options[i].heading != NULL)
            fprintf(to, "%s.Ss %s\n.Bl -tag -width Ds\n", i == 0 ? "" : ".El\n",
                    options[i].heading);
        print_item(to, &options[i]);
    }
    fputs(".El\n", to);
}
