/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options: one row per option; getopt, --help, completion and manual follow the rows.
 */
#include "command.h"

#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"
#include "waybill/import.h"
#include "waybill/mta.h"

#define AT(field) offsetof(struct request, field)
#define FOR_FIND (FOR_TRACE | FOR_FOLLOW)

const struct command_option command_options[] = {
    {'f', "from", "ADDRESS", OPTION_WORDS, AT(from), FOR_FIND, 0, 0,
     "envelope sender, or @domain; '<>' for reports"},
    {'t', "to", "ADDRESS", OPTION_WORDS, AT(to), FOR_FIND, 0, 0,
     "recipient, before or after aliases, or @domain"},
    {'m', "message-id", "ID", OPTION_WORDS, AT(message_id), FOR_TRACE, 0, 0,
     "Message-ID, with or without < >"},
    {'q', "queue-id", "ID", OPTION_WORDS, AT(queue_id), FOR_TRACE, 0, 0,
     "queue id in the mail server"},
    {'s', "since", "TIME", OPTION_WORDS, AT(since_words), FOR_TRACE | FOR_STATS, 0, 0,
     "arrived at this time or later"},
    {'e', "until", "TIME", OPTION_WORDS, AT(until_words), FOR_TRACE | FOR_STATS, 0, 0,
     "arrived at this time or earlier"},
    {'s', "since", "TIME", OPTION_MOMENT, AT(since),
     FOR_IMPORT | FOR_EXPORT_PERSON | FOR_AUDIT, 0, 0,
     "arrived at this time or later"},
    {'e', "until", "TIME", OPTION_MOMENT, AT(until), FOR_IMPORT, 0, 0,
     "arrived at this time or earlier"},
    {'l', "limit", "NUMBER", OPTION_NUMBER, AT(limit), FOR_TRACE, 1, QUERY_LIMIT_MAX,
     "at most so many mails (default 50)"},
    {0, "state", "STATE", OPTION_WORDS, AT(state), FOR_FIND, 0, 0,
     "recipients in this state (the words are listed below)"},
    {0, "client", "CLIENT", OPTION_WORDS, AT(client), FOR_TRACE, 0, 0,
     "who handed it in: an address, a name, or @domain"},
    {0, "login", "NAME", OPTION_WORDS, AT(login), FOR_TRACE, 0, 0, "SASL login of the sender"},
    {0, "after", "CURSOR", OPTION_WORDS, AT(after), FOR_TRACE, 0, 0,
     "go on there; the line \"more:\" of an answer has it"},
    {0, "after", "CURSOR", OPTION_WORDS, AT(live_after), FOR_FOLLOW, 0, 0,
     "go on there; its last line, or \"cursor\", has it"},
    {0, "by", "WORDS", OPTION_WORDS, AT(by), FOR_STATS, 0, 0,
     "count by these, e.g. reason,domain"},
    {0, "for", "SECONDS", OPTION_NUMBER, AT(seconds), FOR_FOLLOW, 1, 1000000,
     "end after so many seconds"},
    {0, "json", NULL, OPTION_SWITCH, AT(json), FOR_ALL & ~(unsigned)FOR_HELP, 0, 0,
     "an object a line, for programs"},
    {0, "csv", NULL, OPTION_SWITCH, AT(csv), FOR_TRACE | FOR_STATS, 0, 0,
     "a row per recipient or group, for tables"},
    {0, "unclassified", NULL, OPTION_SWITCH, AT(unclassified), FOR_STATS, 0, 0,
     "only what servers said that no rule knows"},
    {0, "coverage", NULL, OPTION_SWITCH, AT(coverage), FOR_STATS, 0, 0,
     "only what was watched, and what was blind"},
    {0, "log", NULL, OPTION_SWITCH, AT(log), FOR_EXPLAIN, 0, 0,
     "FILE is a mail server's log: an object a line"},
    {0, "quiet", NULL, OPTION_SWITCH, AT(quiet), FOR_EXPLAIN, 0, 0,
     "with --log: only count, a line at the end"},
    {0, "raw", NULL, OPTION_SWITCH, AT(raw), FOR_SHOW, 0, 0, "what the store holds: key, field, bytes, text"},
    {0, "no-header", NULL, OPTION_SWITCH, AT(no_header), FOR_TRACE, 0, 0,
     "only the rows: no headings, nothing after them"},
    {'n', "dry-run", NULL, OPTION_SWITCH, AT(dry_run), FOR_IMPORT, 0, 0,
     "read and count only; store and journal are not touched"},
    {'n', "dry-run", NULL, OPTION_SWITCH, AT(dry_run), FOR_ATTACH | FOR_DETACH, 0, 0,
     "only show what would be changed"},
    {'n', "dry-run", NULL, OPTION_SWITCH, AT(dry_run), FOR_FORGET, 0, 0,
     "only show how much would be forgotten"},
    {0, "mc", "FILE", OPTION_WORDS, AT(mc), FOR_ATTACH, 0, 0,
     "sendmail: the .mc file (else /etc/mail/sendmail.mc)"},
    {0, "host", "NAME", OPTION_WORDS, AT(host), FOR_IMPORT, 0, 0,
     "mail server of all lines, whatever they say"},
    {0, "host", "NAME", OPTION_WORDS, AT(host), FOR_STATUS, 0, 0, "only this mail server"},
    {0, "queue", NULL, OPTION_SWITCH, AT(queue), FOR_IMPORT, 0, 0,
     "the files are what postqueue -j prints, not logs"},
    {0, "complete", NULL, OPTION_SWITCH, AT(complete), FOR_IMPORT, 0, 0,
     "--queue: the listings are whole; settle the rest"},
    {0, "instance", "NAME", OPTION_WORDS, AT(instance), FOR_IMPORT, 0, 0,
     "--queue: whose queue it is (else postfix)"},
    {0, "retention", "DAYS", OPTION_RETENTION, AT(retention), FOR_IMPORT, 1, 3650,
     "leave out older ones (else retention_days); or 'keep'"},
    {0, "config-directory", "DIR", OPTION_WORDS, AT(config_directory),
     FOR_DOCTOR | FOR_ATTACH | FOR_DETACH, 0, 0,
     "of a Postfix instance, or where sendmail.cf is"},
    {0, "mta", "NAME", OPTION_MTA, AT(mta), FOR_DOCTOR, 0, 0,
     "postfix or sendmail (else what is there)"},
    {0, "only", "CHECK", OPTION_WORDS, AT(only), FOR_DOCTOR, 0, 0, "make this check alone"},
    {0, "send-test", "ADDRESS", OPTION_WORDS, AT(send_test), FOR_DOCTOR, 0, 0,
     "send a mail there and follow it to its end"},
    {0, "sender", "ADDRESS", OPTION_WORDS, AT(sender), FOR_DOCTOR, 0, 0,
     "--send-test: who sends it (else root at this host)"},
    {0, "verbose", NULL, OPTION_SWITCH, AT(verbose), FOR_DOCTOR, 0, 0,
     "list what is good, too"},
    {0, "redis-acl", NULL, OPTION_SWITCH, AT(redis_acl), FOR_DOCTOR, 0, 0,
     "only print the users that Redis needs for us"},
    {'y', "yes", NULL, OPTION_SWITCH, AT(yes), FOR_FORGET, 0, 0, "do not ask"},
    {0, "status", NULL, OPTION_SWITCH, AT(receipt), FOR_FORGET, 0, 0,
     "only show the receipt again"},
    {'w', "wait", "SECONDS", OPTION_NUMBER, AT(wait), FOR_FORGET, 1, 1000000,
     "wait so long for all mail servers to answer"},
    {0, "role", "ROLE", OPTION_WORDS, AT(role), FOR_TOKEN, 0, 0,
     "add: sender, desk or admin"},
    {0, "name", "NAME", OPTION_WORDS, AT(name), FOR_TOKEN, 0, 0,
     "add: whose it is, for list, revoke and audit"},
    {0, "expires", "TIME", OPTION_WORDS, AT(expires), FOR_TOKEN, 0, 0,
     "add: when it ends: 12h, 90d, 8w"},
    {0, "domain", "DOMAIN", OPTION_SEVERAL, AT(domains), FOR_TOKEN, 0, 0,
     "add: this domain, or all below .DOMAIN; repeatable"},
    {0, "address", "ADDRESS", OPTION_SEVERAL, AT(addresses), FOR_TOKEN, 0, 0,
     "add: sender: an address of his; repeatable"},
    {0, "login", "NAME", OPTION_SEVERAL, AT(logins), FOR_TOKEN, 0, 0,
     "add: sender: a SASL login of his; repeatable"},
    {0, "subjects", NULL, OPTION_SWITCH, AT(subjects), FOR_TOKEN, 0, 0,
     "add: this desk may see subjects"},
    {0, "no-token", NULL, OPTION_SWITCH, AT(no_token), FOR_TOKEN, 0, 0,
     "add: no token, for who is let in by a proxy"},
    {0, "reason", "TEXT", OPTION_WORDS, AT(reason),
     FOR_TRACE | FOR_SHOW | FOR_FOLLOW | FOR_STATS | FOR_FORGET | FOR_EXPORT_PERSON | FOR_TOKEN |
         FOR_AUDIT,
     0, 0, "why, for the audit"},
    {0, "language", "LANGUAGE", OPTION_WORDS, AT(language), FOR_TRACE | FOR_SHOW | FOR_EXPLAIN, 0,
     0, "tell what happened in this language, e.g. de"},
    {'c', "config", "FILE", OPTION_WORDS, AT(config), FOR_ALL, 0, 0,
     "the configuration (else $WAYBILL_CONFIG)"},
    {0, "api", "URL", OPTION_WORDS, AT(api), FOR_ALL, 0, 0,
     "ask waybill-web there, not the store (or $WAYBILL_API)"},
    {0, "token-file", "FILE", OPTION_WORDS, AT(token_file), FOR_ALL, 0, 0,
     "the token for it (else $WAYBILL_TOKEN_FILE)"},
    {'h', "help", NULL, OPTION_SWITCH, AT(help), FOR_ALL, 0, 0, "this text"},
};
const size_t command_option_count = sizeof command_options / sizeof command_options[0];

#define LONG_ONLY 256 /* getopt_long's number for the row i is LONG_ONLY + i */

void request_init(struct request *request)
{
    *request = (struct request){
        .mta = -1,
        .since = TIME_NOT_GIVEN,
        .until = TIME_NOT_GIVEN,
        .retention = RETENTION_NOT_GIVEN,
        .limit = LIMIT_NOT_GIVEN,
    };
}

static int read_retention(const char *value, const struct command_option *row, int64_t *days,
                          struct error *why)
{
    uint64_t number = IMPORT_KEEP_DAYS;

    if (strcmp(value, "keep") != 0 &&
        !text_number(slice_of(value), (uint64_t)row->least, (uint64_t)row->most, &number))
        return error_set(why, "--retention '%s': must be a number of days from %lld to %lld, or "
                              "'keep'",
                         value, (long long)row->least, (long long)row->most);
    *days = (int64_t)number;
    return 0;
}

static int read_mta(const char *value, int64_t *mta, struct error *why)
{
    if (strcmp(value, "postfix") != 0 && strcmp(value, "sendmail") != 0)
        return error_set(why, "--mta '%s': must be postfix or sendmail", value);
    *mta = *value == 'p' ? MTA_POSTFIX : MTA_SENDMAIL;
    return 0;
}

static int add_value(struct several *several, const struct command_option *row, const char *value,
                     struct error *why)
{
    if (*value == '\0')
        return error_set(why, "--%s needs a value that is not empty", row->name);
    if (several->count == REQUEST_SEVERAL_MAX)
        return error_set(why, "--%s: at most %d of them", row->name, REQUEST_SEVERAL_MAX);
    several->words[several->count++] = value;
    return 0;
}

static int read_value(struct request *request, const struct command_option *row, char *value,
                      int64_t now, struct error *why)
{
    void *field = (char *)request + row->at;
    uint64_t number;

    switch (row->type) {
    case OPTION_SWITCH:
        *(bool *)field = true;
        return 0;
    case OPTION_WORDS:
        if (*value == '\0' && row->letter != 'f')
            return error_set(why, "--%s needs a value that is not empty", row->name);
        *(const char **)field = value;
        return 0;
    case OPTION_SEVERAL:
        return add_value(field, row, value, why);
    case OPTION_MOMENT:
        if (clock_parse(slice_of(value), now, field, why) != 0)
            return error_prefix(why, "--%s", row->name);
        return 0;
    case OPTION_NUMBER:
        if (!text_number(slice_of(value), (uint64_t)row->least, (uint64_t)row->most, &number))
            return error_set(why, "--%s '%s': must be a number from %lld to %lld", row->name, value,
                             (long long)row->least, (long long)row->most);
        *(int64_t *)field = (int64_t)number;
        return 0;
    case OPTION_RETENTION:
        return read_retention(value, row, field, why);
    case OPTION_MTA:
        return read_mta(value, field, why);
    }
    return -1;
}

/* "-state:failed" is a term of a query, and no row of options: such words are put behind all others,
 * in their order. Returns how many words are left in front. */
static int set_terms_aside(const struct command *command, int argc, char **argv)
{
    int kept = 0, aside = 0;
    char **words;

    if (!command->asks_query || (words = calloc((size_t)argc, sizeof *words)) == NULL)
        return argc;
    for (int i = 0; i < argc; i++) {
        struct slice rest = slice_of(argv[i]), name;

        if (strcmp(argv[i], "--") == 0) {
            free(words);
            return argc; /* whoever writes it needs no help */
        }
        if (text_take_char(&rest, '-') && text_take_until(&rest, ':', &name) &&
            query_field_of(name) >= 0)
            words[argc - ++aside] = argv[i];
        else
            words[kept++] = argv[i];
    }
    for (int i = 0; i < aside; i++)
        argv[kept + i] = words[argc - 1 - i];
    memcpy(argv, words, (size_t)kept * sizeof *argv);
    free(words);
    return kept;
}

/* The rows of this command in the form of getopt_long. */
static void table_fill(const struct command *command, struct option *longs, char *shorts)
{
    size_t count = 0, letters = 0;

    shorts[letters++] = ':'; /* a missing value is told apart from an unknown option */
    for (size_t i = 0; i < command_option_count; i++) {
        const struct command_option *row = &command_options[i];
        if ((row->commands & command->bit) == 0)
            continue;
        longs[count++] = (struct option){row->name,
                                         row->value != NULL ? required_argument : no_argument, NULL,
                                         (int)(LONG_ONLY + i)};
        if (row->letter == 0)
            continue;
        shorts[letters++] = row->letter;
        if (row->value != NULL)
            shorts[letters++] = ':';
    }
    longs[count] = (struct option){0};
    shorts[letters] = '\0';
}

static const struct command_option *row_of(const struct command *command, int found)
{
    if (found >= LONG_ONLY && (size_t)(found - LONG_ONLY) < command_option_count)
        return &command_options[found - LONG_ONLY];
    for (size_t i = 0; i < command_option_count; i++)
        if (command_options[i].letter != 0 && command_options[i].letter == found &&
            (command_options[i].commands & command->bit) != 0)
            return &command_options[i];
    return NULL;
}

static int check_arguments(const struct request *request, const struct command *command,
                           struct error *why)
{
    if (request->help)
        return 0;
    if (request->argument_count > command->most)
        return error_set(why, "'%s': one word too many",
                         request->arguments[command->most]);
    if (request->argument_count < command->least)
        return error_set(why, "%s is missing", command->arguments);
    if (!request->queue && (request->complete || request->instance != NULL))
        return error_set(why, "--%s needs --queue", request->complete ? "complete" : "instance");
    if (request->queue &&
        (request->until != TIME_NOT_GIVEN || request->retention != RETENTION_NOT_GIVEN))
        return error_set(why, "--%s does not go with --queue: a listing tells of now",
                         request->until != TIME_NOT_GIVEN ? "until" : "retention");
    if (request->by != NULL && (request->coverage || request->unclassified))
        return error_set(why, "--by does not go with --%s",
                         request->coverage ? "coverage" : "unclassified");
    if (command->bit == FOR_STATS && request->csv && request->by == NULL)
        return error_set(why, "--csv goes with --by");
    if (request->coverage && request->unclassified)
        return error_set(why, "--coverage and --unclassified exclude each other");
    if (request->json && request->csv)
        return error_set(why, "--json and --csv exclude each other");
    if (request->json && request->raw)
        return error_set(why, "--json and --raw exclude each other");
    if (request->sender != NULL && request->send_test == NULL)
        return error_set(why, "--sender goes with --send-test");
    if (request->redis_acl && (request->json || request->send_test != NULL || request->only != NULL))
        return error_set(why, "--redis-acl goes alone");
    if (request->quiet && !request->log)
        return error_set(why, "--quiet goes with --log");
    if (request->since != TIME_NOT_GIVEN && request->until != TIME_NOT_GIVEN &&
        request->since > request->until)
        return error_set(why, "--since is later than --until");
    return 0;
}

int request_read(struct request *request, const struct command *command, int argc, char **argv,
                 int64_t now, struct error *why)
{
    struct option longs[sizeof command_options / sizeof command_options[0] + 1];
    char shorts[2 * sizeof command_options / sizeof command_options[0] + 2];
    int found, all = argc;

    argc = set_terms_aside(command, argc, argv);
    table_fill(command, longs, shorts);
    opterr = 0;
    optind = 0; /* start anew, whatever was read before */
    while ((found = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        const struct command_option *row = row_of(command, found);

        if (found == ':')
            return error_set(why, "'%s' needs a value", argv[optind - 1]);
        if (row == NULL && optopt != 0 && optopt < LONG_ONLY)
            return error_set(why, "there is no option '-%c'", optopt);
        if (row == NULL)
            return error_set(why, "there is no option '%s'", argv[optind - 1]);
        if (read_value(request, row, optarg, now, why) != 0)
            return -1;
    }
    request->arguments = argv + optind;
    request->argument_count = all - optind;
    return check_arguments(request, command, why);
}
