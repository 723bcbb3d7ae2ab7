/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli: from the words of the command line to one command's answer and exit code.
 */
#include "waybill/cli.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "asked.h"
#include "over_api.h"
#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/log.h"

#define WIDTH_UNKNOWN 80
#define WIDTH_LEAST 40

void complain(const char *format, ...)
{
    struct buffer text, line;
    va_list arguments;

    buffer_init(&text, 4096);
    buffer_init(&line, 16384);
    va_start(arguments, format);
    buffer_addv(&text, format, arguments);
    va_end(arguments);
    escape_terminal(&line, slice_make(text.data, text.size));
    fflush(stdout);
    fprintf(stderr, "waybill: %s\n", line.data);
    buffer_free(&text);
    buffer_free(&line);
}

int complain_store(const struct cli *cli, const struct error *why)
{
    enum store_trouble trouble = STORE_FINE;
    bool ours;

    if (cli->remote != NULL) {
        complain("%s", why->text);
        return over_api_code(cli);
    }
    trouble = store_last_trouble(cli->store);
    ours = trouble == STORE_DENIED;

    if (trouble == STORE_FOREIGN || trouble == STORE_FINE) { /* Redis answered */
        complain("%s", why->text);
        return CLI_UNREACHABLE;
    }
    complain("%s; %s", why->text,
             ours ? "check redis_user and redis_password_file in the configuration"
                  : "is Redis running, and is 'redis' in the configuration right?");
    return CLI_UNREACHABLE;
}

/* A locale that knows no UTF-8 would measure every foreign name wrongly. */
static void start_locale(void)
{
    setlocale(LC_ALL, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        setlocale(LC_CTYPE, "C.UTF-8");
    setlocale(LC_NUMERIC, "C");
}

static void look_at_terminal(struct cli *cli)
{
    const char *columns = getenv("COLUMNS"), *no_colour = getenv("NO_COLOR"),
               *kind = getenv("TERM");
    struct winsize size;
    uint64_t number;

    cli->terminal = isatty(STDOUT_FILENO) == 1;
    cli->colour = cli->terminal && (no_colour == NULL || *no_colour == '\0') && kind != NULL &&
                  strcmp(kind, "dumb") != 0;
    cli->width = WIDTH_UNKNOWN;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        cli->width = size.ws_col;
    else if (columns != NULL && text_number(slice_of(columns), 1, 10000, &number))
        cli->width = (size_t)number;
    if (cli->width < WIDTH_LEAST)
        cli->width = WIDTH_LEAST;
}

static const char *named_file(const struct cli *cli)
{
    return cli->request.config != NULL ? cli->request.config : getenv("WAYBILL_CONFIG");
}

/* A directory that we may not look into is no proof that there is no file: with the defaults one
 * would ask a store that may be the wrong one, and not be told why. */
static const char *default_file(void)
{
    bool missing = access(SETTINGS_FILE_DEFAULT, F_OK) != 0 && errno != EACCES;

    return missing ? NULL : SETTINGS_FILE_DEFAULT;
}

const char *settings_file(const struct cli *cli)
{
    const char *named = named_file(cli);

    return named != NULL ? named : default_file();
}

/* The file that was named, or the one of the environment, or the default if there is one. Who
 * asks for no store need not be able to read the default, which may hold passwords, and is told
 * what he wants to know although there is a mistake in it. */
static int read_settings(struct cli *cli, bool strict, struct error *why)
{
    const char *path = named_file(cli);
    bool by_default = path == NULL;

    if (cli->remote != NULL) /* the other end has its own */
        return settings_read(&cli->settings, NULL, why);
    if (by_default && (strict || access(SETTINGS_FILE_DEFAULT, R_OK) == 0))
        path = default_file();
    if (settings_read(&cli->settings, path, why) != 0) {
        if (!by_default || strict)
            return -1;
        complain("%s; going on with the defaults", why->text);
        if (settings_read(&cli->settings, NULL, why) != 0)
            return -1;
    }
    cli->basis.queue_lifetime = cli->settings->queue_lifetime_hours * HOUR_MS;
    return 0;
}

/* A mistake in the administrator's rules is no reason to tell nothing. */
static int open_rules(struct cli *cli, struct error *why)
{
    const char *own = cli->remote != NULL ? NULL : cli->settings->rules_directory;
    int result = phrasebook_open(&cli->book, own, why);

    if (result != 0) {
        complain("%s; going on with the rules that are built in", why->text);
        result = phrasebook_open(&cli->book, NULL, why);
    }
    cli->basis.book = cli->book;
    return result;
}

static bool asks_store(const struct cli *cli, const struct command *command)
{
    return command->asks_store && cli->remote == NULL;
}

/* Nor is a language that is not there. */
static void open_messages(struct cli *cli)
{
    struct error why;

    if (cli->request.language != NULL &&
        messages_open(&cli->messages, cli->settings->messages_directory, cli->request.language,
                      &why) != 0)
        complain("%s; going on in English", why.text);
    cli->basis.messages = cli->messages;
    cli->query.messages = cli->messages;
}

static int prepare(struct cli *cli, const struct command *command, struct error *why)
{
    bool rules = command->asks_rules || (cli->request.json && command->asks_store) ||
                 query_asks_reason(&cli->query);
    bool strict = command->asks_store || (command->writes && !cli->request.dry_run);

    if (over_api_open(cli, command, why) != 0 || read_settings(cli, strict, why) != 0)
        return -1;
    open_messages(cli);
    if (rules && open_rules(cli, why) != 0)
        return -1;
    if (command->asks_query && asked_prepare(cli, why) != 0)
        return -1;
    return asks_store(cli, command) ? store_open(&cli->store, cli->settings, why) : 0;
}

static int run_prepared(struct cli *cli, const struct command *command)
{
    struct error why;
    int code;

    if (!noted_check(cli, command))
        return CLI_USAGE;
    if (asks_store(cli, command) && store_connect(cli->store, &why) != 0)
        return complain_store(cli, &why);
    if (cli->remote == NULL) /* what is asked there is noted there */
        noted_put(cli, command);
    code = command->run(cli);
    if (asks_store(cli, command) && store_unanswered(cli->store, &why) > 0)
        complain("the answer is incomplete: %s", why.text);
    return code;
}

static int run_command(struct cli *cli, const struct command *command)
{
    struct error why;
    int code;

    if (cli->request.help) {
        help_print(stdout, command);
        return CLI_FOUND;
    }
    if (over_api_refuses(cli, command)) {
        complain("'%s' needs the store itself, and cannot be asked over the API", command->name);
        code = CLI_USAGE;
    } else if (command->alone) {
        code = command->run(cli);
    } else if (command->asks_query && asked_read(cli) != 0) {
        code = CLI_USAGE;
    } else if (prepare(cli, command, &why) != 0) {
        complain("%s", why.text);
        code = CLI_USAGE;
    } else {
        code = run_prepared(cli, command);
    }
    remote_close(&cli->remote);
    store_close(&cli->store);
    query_clear(&cli->query);
    phrasebook_close(&cli->book);
    messages_close(&cli->messages);
    settings_free(&cli->settings);
    return code;
}

/* Whoever closed the pipe has seen enough; any other failure means that the answer is not whole. */
static int finish_output(int code)
{
    errno = 0;
    if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE)
        return code;
    complain("cannot write the answer: %s", errno != 0 ? strerror(errno) : "output error");
    return code == CLI_FOUND ? CLI_UNREACHABLE : code;
}

/* Where the value of an option goes that may stand before the command; NULL: it may not. */
static const char **global_value(struct request *request, const char *word)
{
    if (strcmp(word, "-c") == 0 || strcmp(word, "--config") == 0)
        return &request->config;
    if (strcmp(word, "--api") == 0)
        return &request->api;
    return strcmp(word, "--token-file") == 0 ? &request->token_file : NULL;
}

/* What may stand before the command. The number of words eaten, or -1. */
static int read_global(struct cli *cli, int argc, char **argv)
{
    int at = 1;

    while (at < argc && argv[at][0] == '-') {
        const char **value = global_value(&cli->request, argv[at]);

        if (strcmp(argv[at], "-h") == 0 || strcmp(argv[at], "--help") == 0) {
            cli->request.help = true;
            at++;
        } else if (value != NULL && at + 1 < argc) {
            *value = argv[at + 1];
            at += 2;
        } else if (strcmp(argv[at], "--version") == 0) {
            puts("waybill " PACKAGE_VERSION);
            return argc;
        } else {
            complain("'%s' cannot stand before the command; see 'waybill help'", argv[at]);
            return -1;
        }
    }
    return at;
}

static int start_command(struct cli *cli, int argc, char **argv, int at)
{
    const struct command *command = command_find(argv[at]);
    bool help = cli->request.help;
    struct error why;

    if (command == NULL) {
        complain("there is no command '%s'; see 'waybill help'", argv[at]);
        return CLI_USAGE;
    }
    if (request_read(&cli->request, command, argc - at, argv + at, cli->now, &why) != 0) {
        complain("%s; see 'waybill %s --help'", why.text, command->name);
        return CLI_USAGE;
    }
    cli->request.help = cli->request.help || help;
    return run_command(cli, command);
}

int cli_main(int argc, char **argv)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct cli cli = {.now = clock_now()};
    int at, code = CLI_FOUND;

    start_locale();
    sigaction(SIGPIPE, &ignore, NULL);
    log_start("waybill", LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, LOG_TARGET_STDERR);
    request_init(&cli.request);
    query_init(&cli.query);
    look_at_terminal(&cli);
    at = read_global(&cli, argc, argv);
    if (at < 0)
        return CLI_USAGE;
    if (at < argc) {
        code = start_command(&cli, argc, argv, at);
    } else if (cli.request.help) {
        help_print(stdout, NULL);
    } else if (argc < 2 || strcmp(argv[argc - 1], "--version") != 0) {
        help_print(stderr, NULL);
        code = CLI_USAGE;
    }
    return finish_output(code);
}
