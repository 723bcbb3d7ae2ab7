/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain: the command that reads reports out of files. Each file is read in chunks and forgotten
 * before the next; one that cannot be read does not stop the others.
 */
#include "explanation.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "out.h"

#define CHUNK (64u << 10)

struct tally {
    size_t shown;
    bool explained, failed;
};

/* 0, or -1 with errno. */
static int read_all(int from, struct report_reader *reader, size_t *bytes)
{
    static char chunk[CHUNK];

    for (;;) {
        ssize_t size = read(from, chunk, sizeof chunk);

        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return (int)size;
        *bytes += (size_t)size;
        if (!report_mail(reader, chunk, (size_t)size))
            return 0;
    }
}

/* One line. -1, with errno: no memory. */
static int print_json(const struct cli *cli, const struct explained *explained)
{
    struct buffer line;
    struct json json;
    struct error why;
    int result;

    buffer_init(&line, EXPLAINED_JSON_MAX);
    json_init(&json, &line);
    explained_json(&json, explained, cli->basis.messages);
    json_end_object(&json);
    result = out_line(&line, &why);
    if (result != 0)
        errno = ENOMEM;
    buffer_free(&line);
    return result;
}

static int explain_open(const struct cli *cli, const char *name, int from, struct tally *tally)
{
    struct report_reader *reader = report_open(cli->book);
    struct explained explained = {.name = name};
    int result;

    if (reader == NULL) {
        errno = ENOMEM;
        return -1;
    }
    result = read_all(from, reader, &explained.bytes);
    if (result == 0) {
        explained.report = report_end(reader);
        if (cli->request.json)
            result = print_json(cli, &explained);
        else
            explanation_print(cli, &explained, tally->shown++ > 0);
        tally->explained = tally->explained || explained.report->kind != REPORT_OTHER;
        if (explained.report->kind == REPORT_OTHER && explain_log_fits(name))
            complain("'%s' looks like a log: that is what --log reads", name);
    }
    report_close(&reader);
    return result;
}

static void explain_file(const struct cli *cli, const char *name, struct tally *tally)
{
    bool standard = strcmp(name, "-") == 0;
    int from = standard ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (from < 0 || explain_open(cli, name, from, tally) != 0) {
        tally->failed = true;
        complain("cannot read '%s': %s", standard ? "standard input" : name, strerror(errno));
    }
    if (!standard && from >= 0)
        close(from);
}

int explain_run(struct cli *cli)
{
    struct tally tally = {0};

    if (cli->request.argument_count == 0 && isatty(STDIN_FILENO) == 1) {
        complain("FILE is missing; see 'waybill explain --help'");
        return CLI_USAGE;
    }
    if (cli->request.log)
        return explain_log_run(cli);
    if (cli->request.argument_count == 0)
        explain_file(cli, "-", &tally);
    for (int i = 0; i < cli->request.argument_count; i++)
        explain_file(cli, cli->request.arguments[i], &tally);
    return tally.failed ? CLI_USAGE : tally.explained ? CLI_FOUND : CLI_NOTHING;
}
