/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command: what the subcommands of `waybill` share: their rows, their options, and the run.
 */
#ifndef WAYBILL_CLI_COMMAND_H
#define WAYBILL_CLI_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "waybill/cli.h"
#include "waybill/query.h"
#include "waybill/settings.h"
#include "waybill/verdict.h"

#define TIME_NOT_GIVEN INT64_MIN
#define RETENTION_NOT_GIVEN INT64_MIN
#define LIMIT_NOT_GIVEN 0

/* The values of an option that may be given several times. */
#define REQUEST_SEVERAL_MAX 32
struct several {
    const char *words[REQUEST_SEVERAL_MAX];
    size_t count;
};

/* What was asked for on the command line; filled by the option table (options.c). */
struct request {
    const char *config;
    const char *from, *to, *message_id, *queue_id, *client, *login, *state;
    int64_t since, until;
    const char *since_words, *until_words; /* as they were given */
    int64_t limit;
    int64_t seconds; /* follow: 0: until Ctrl-C */
    const char *after, *by;
    const char *live_after; /* follow's cursor is of another kind */
    const char *host, *instance;
    const char *mc; /* sendmail.mc */
    const char *config_directory, *only, *send_test, *sender;
    int64_t mta; /* enum mta_kind; -1: what is there */
    int64_t retention; /* days */
    bool json, csv, raw, no_header, unclassified, coverage, log, quiet, queue, complete, dry_run;
    bool verbose, redis_acl;
    bool yes, receipt;
    int64_t wait; /* forget: seconds */
    const char *role, *name, *expires; /* token */
    struct several domains, addresses, logins;
    bool subjects, no_token;
    const char *reason;
    const char *language;
    bool help;
    char **arguments; /* without the options */
    int argument_count;
};

struct cli {
    struct request request;
    struct settings *settings;
    struct store *store;
    struct query query;         /* of a command that asks_query */
    struct phrasebook *book;    /* NULL: the command asks for no verdict */
    struct messages *messages;  /* NULL: English */
    struct verdict_basis basis; /* of those above */
    int64_t now;
    bool terminal;          /* stdout is one: cut, fold, and, where wanted, colour */
    bool colour;
    size_t width;
};

/* Which commands take an option; the bits stand in struct command and struct command_option. */
enum command_bit {
    FOR_TRACE = 1,
    FOR_SHOW = 2,
    FOR_FOLLOW = 4,
    FOR_STATS = 8,
    FOR_EXPLAIN = 16,
    FOR_HELP = 32,
    FOR_IMPORT = 64,
    FOR_DOCTOR = 128,
    FOR_STATUS = 256,
    FOR_ATTACH = 512,
    FOR_DETACH = 1024,
    FOR_FORGET = 2048,
    FOR_EXPORT_PERSON = 4096,
    FOR_AUDIT = 8192,
    FOR_TOKEN = 16384,
};
#define FOR_ALL                                                                                    \
    (FOR_TRACE | FOR_SHOW | FOR_FOLLOW | FOR_STATS | FOR_EXPLAIN | FOR_HELP | FOR_IMPORT |         \
     FOR_DOCTOR | FOR_STATUS | FOR_ATTACH | FOR_DETACH | FOR_FORGET | FOR_EXPORT_PERSON |          \
     FOR_AUDIT | FOR_TOKEN)

struct command {
    const char *name;
    enum command_bit bit;
    const char *arguments; /* "" or "ID" */
    int least, most;       /* arguments */
    const char *summary;   /* one line in the list of commands */
    const char *details;   /* paragraphs in its own help */
    const char *examples;  /* lines in its own help */
    bool alone; /* opens what it needs itself: it goes on without, or needs nothing */
    bool asks_store;
    bool asks_query; /* its words are a query */
    bool writes; /* into the journal, unless it is a dry run: the configuration must be right */
    bool asks_rules; /* always, not only with --json, which tells verdicts everywhere */
    const char *noted; /* in the audit by this word, before it answers; NULL: not, or by itself */
    int (*run)(struct cli *cli); /* returns the exit code */
};
extern const struct command commands[];
extern const size_t command_count;
const struct command *command_find(const char *name);

enum option_type {
    OPTION_SWITCH,
    OPTION_WORDS,
    OPTION_SEVERAL, /* words, as often as it is given */
    OPTION_MOMENT,
    OPTION_NUMBER,
    OPTION_RETENTION, /* days, or "keep" */
    OPTION_MTA,       /* "postfix" or "sendmail" */
};
struct command_option {
    char letter; /* 0: none */
    const char *name;
    const char *value; /* "ADDRESS"; NULL: a switch */
    enum option_type type;
    size_t at; /* offsetof(struct request, ...) */
    unsigned commands;
    int64_t least, most; /* of a number */
    const char *text;
};
extern const struct command_option command_options[];
extern const size_t command_option_count;

void request_init(struct request *request);
/* Read the words after the command's name. -1: `why` says what is allowed. */
int request_read(struct request *request, const struct command *command, int argc, char **argv,
                 int64_t now, struct error *why);

/* The configuration that was named, by an option or the environment, or the default one if there
 * is one; NULL: there is none. */
const char *settings_file(const struct cli *cli);

/* One line on stderr: "waybill: ...". */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The store failed: says what, where and what to do; returns CLI_UNREACHABLE. */
int complain_store(const struct cli *cli, const struct error *why);

/* Note who asks what in the audit, if this command is noted. A store that does not take it is no
 * reason to answer nothing: a line says so. */
void noted_put(const struct cli *cli, const struct command *command);
/* False: he does not say why, and must; a line says so. */
bool noted_check(const struct cli *cli, const struct command *command);

int trace_run(struct cli *cli);
int show_run(struct cli *cli);
int follow_run(struct cli *cli);
/* doctor --redis-acl. */
int redis_acl_run(struct cli *cli);
int stats_run(struct cli *cli);
int status_run(struct cli *cli);
int explain_run(struct cli *cli);
int import_run(struct cli *cli);
int attach_run(struct cli *cli);
int detach_run(struct cli *cli);
int doctor_run(struct cli *cli);
/* explain --log, for all files. */
int explain_log_run(struct cli *cli);
/* Does the first line of this file have the header of a log? A pipe is not asked: it is read. */
bool explain_log_fits(const char *name);
int forget_run(struct cli *cli);
int export_person_run(struct cli *cli);
int audit_run(struct cli *cli);
int token_run(struct cli *cli);
int help_run(struct cli *cli);
void help_print(FILE *to, const struct command *command); /* NULL: the list of commands */

#endif
