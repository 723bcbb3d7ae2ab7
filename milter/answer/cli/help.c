/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * help: prints the rows of the tables.
 */
#include "command.h"

#include <string.h>

#include "../catalogue.h"

enum { NAME_WIDTH = 19 }; /* of an option with its value; a longer one has a line of its own */

static void print_commands(FILE *to)
{
    fputs("Usage: waybill [-c FILE] COMMAND [OPTION]...\n"
          "\n"
          "Tells where a mail is: who handed it in, what the next servers said, its end.\n"
          "\n"
          "Commands:\n",
          to);
    for (size_t i = 0; i < command_count; i++)
        fprintf(to, "  %-13s %s\n", commands[i].name, commands[i].summary);
    fputs("\n"
          "Start with:\n"
          "  waybill trace --to bob@example.org     every mail to bob in the last 30 days\n"
          "  waybill show 77XH-339H-SXC1-E          all about one of them\n"
          "  waybill help query                     what else mails can be asked for by\n"
          "\n"
          "'waybill COMMAND --help' tells more, and so does waybill(1).\n"
          "Exit: 0 found, 1 nothing found, 2 wrong usage, 3 the store cannot be reached,\n"
          "130 an import was stopped; doctor and status have their own, see their help.\n",
          to);
}

static void print_option(FILE *to, const struct command_option *row)
{
    char name[64];

    snprintf(name, sizeof name, "--%s%s%s", row->name, row->value != NULL ? " " : "",
             row->value != NULL ? row->value : "");
    if (row->letter != 0)
        fprintf(to, "  -%c, %-*s %s\n", row->letter, NAME_WIDTH, name, row->text);
    else if (strlen(name) <= NAME_WIDTH)
        fprintf(to, "      %-*s %s\n", NAME_WIDTH, name, row->text);
    else
        fprintf(to, "      %s\n      %-*s %s\n", name, NAME_WIDTH, "", row->text);
}

static void print_states(FILE *to)
{
    fputs("\nStates:\n", to);
    for (int state = 0; state < STATE_COUNT; state++)
        fprintf(to, "  %-11s %s\n", state_word((enum recipient_state)state),
                catalogue_state(NULL, (enum recipient_state)state));
}

static void print_query(FILE *to)
{
    fputs("Usage: waybill trace [QUERY...], and so follow and stats\n"
          "\n"
          "A query is terms with blanks between them; all must hold. A term is FIELD:VALUE, or\n"
          "FIELD:ONE,OTHER where either will do, or -FIELD:VALUE where it must not hold. A\n"
          "value with blanks or commas stands in quotes. Terms of a recipient must hold for one\n"
          "and the same. See waybill-query(7) for all of it.\n"
          "\n"
          "Fields of the mail:\n",
          to);
    for (int recipient = 0; recipient <= 1; recipient++) {
        if (recipient)
            fputs("\nFields of a recipient:\n", to);
        for (int field = 0; field < QUERY_FIELD_COUNT; field++)
            if (query_rows[field].recipient == recipient)
                fprintf(to, "  %-12s %s\n", query_rows[field].word, query_rows[field].text);
    }
    fputs("\n"
          "Time, order, number:\n"
          "  since        arrived then or later: 2026-11-21, 14:03, -2d, today, yesterday\n"
          "  until        arrived then or earlier; a day is meant to its end\n"
          "  order        newest (as it is by itself) or oldest\n"
          "  limit        at most so many mails\n"
          "\n"
          "Addresses: bob@example.org, @example.org for that domain, @.example.org for it and\n"
          "all below. A word without a field may be an address, a <Message-ID> or a case code.\n",
          to);
    print_states(to);
    fputs("\nReasons:\n", to);
    for (int reason = 0; reason < REASON_COUNT; reason++)
        fprintf(to, "  %-15s %s\n", reason_word((enum reason)reason),
                reason_text((enum reason)reason));
    fputs("\nExamples:\n"
          "  waybill trace to:bob@example.org\n"
          "  waybill trace 'to:@example.org state:failed since:-2d'\n"
          "  waybill trace state:failed,expired -reason:mailboxfull client:192.0.2.0/24\n"
          "  waybill stats --by reason,domain since:today\n",
          to);
}

static void print_examples(FILE *to, const char *examples)
{
    fputs("\nExamples:\n", to);
    while (*examples != '\0') {
        size_t size = strcspn(examples, "\n");
        fprintf(to, "  %.*s\n", (int)size, examples);
        examples += size + (examples[size] == '\n');
    }
}

void help_print(FILE *to, const struct command *command)
{
    bool states = false;

    if (command == NULL) {
        print_commands(to);
        return;
    }
    fprintf(to, "Usage: waybill %s%s%s [OPTION]...\n\n", command->name,
            *command->arguments != '\0' ? " " : "", command->arguments);
    fprintf(to, "waybill %s: %s.\n", command->name, command->summary);
    if (*command->details != '\0')
        fprintf(to, "\n%s", command->details);
    fputs("\nOptions:\n", to);
    for (size_t i = 0; i < command_option_count; i++)
        if ((command_options[i].commands & command->bit) != 0) {
            print_option(to, &command_options[i]);
            states = states || strcmp(command_options[i].name, "state") == 0;
        }
    if (states)
        print_states(to);
    print_examples(to, command->examples);
}

int help_run(struct cli *cli)
{
    const struct command *command = NULL;

    if (cli->request.argument_count > 0 && strcmp(cli->request.arguments[0], "query") == 0) {
        print_query(stdout);
        return CLI_FOUND;
    }
    if (cli->request.argument_count > 0) {
        command = command_find(cli->request.arguments[0]);
        if (command == NULL) {
            complain("there is no command '%s'; see 'waybill help'", cli->request.arguments[0]);
            return CLI_USAGE;
        }
    }
    help_print(stdout, command);
    return CLI_FOUND;
}
