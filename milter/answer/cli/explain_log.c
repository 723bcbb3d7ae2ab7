/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explain_log: what each line of a log says, an object a line. Of a broken line the dialects leave
 * the header's fields only.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "waybill/clock.h"
#include "waybill/json.h"
#include "waybill/logfile.h"
#include "waybill/logline.h"

#define OUT_SIZE ((size_t)256 << 10)     /* written at once */
#define OUT_MAX (OUT_SIZE + (8u << 20)) /* a line of 64 KiB, all \u0000, in several fields */

struct tally {
    uint64_t lines, understood, broken, without_header, too_long, bytes;
    bool failed;
};

struct run {
    bool quiet, at_once;
    bool closed;                /* nobody takes what is written */
    int64_t second;             /* that `time` words */
    char time[CLOCK_TEXT_SIZE];
    struct buffer out;
    struct tally tally;
};

/* Whoever closed the pipe has seen enough: that is no failure. */
static void write_out(struct run *run)
{
    bool whole = !run->out.failed;
    if (run->closed)
        return;
    run->closed = whole && fwrite(run->out.data, 1, run->out.size, stdout) != run->out.size;
    if (!whole || (run->closed && errno != EPIPE)) {
        complain("cannot write: %s", strerror(whole ? errno : ENOMEM));
        run->tally.failed = true;
    }
    clearerr(stdout); /* it is told */
    buffer_clear(&run->out);
}

static const char *mta_word(enum line_mta mta)
{
    switch (mta) {
    case LINE_POSTFIX:
        return "postfix";
    case LINE_SENDMAIL:
        return "sendmail";
    case LINE_SYSLOG:
        return "syslog";
    case LINE_OTHER:
        break;
    }
    return "other";
}

static void put_fields(struct json *json, const struct logline *line)
{
    for (int i = 0; i < LINE_FIELD_COUNT; i++) {
        enum line_field field = (enum line_field)i;
        if (!line_has(line, field))
            continue;
        json_member_string(json, line_field_word(field), line_value(line, field));
    }
}

/* Many lines share a second, and only the last one is worded anew. */
static struct slice worded(struct run *run, int64_t time)
{
    if (run->time[0] == '\0' || time / SECOND_MS != run->second) {
        clock_rfc3339(time, run->time);
        run->second = time / SECOND_MS;
    }
    char *ms = strchr(run->time, '.');
    for (int64_t i = 3, rest = time % SECOND_MS; i > 0; i--, rest /= 10)
        ms[i] = (char)('0' + rest % 10);
    return slice_of(run->time);
}

static void print_line(struct run *run, const struct logline *line)
{
    struct buffer *out = &run->out;
    struct json json;
    json_init(&json, out);
    json_begin_object(&json);
    if (line != NULL) {
        json_member_string(&json, "time", worded(run, line->time));
        json_member_text(&json, "mta", mta_word(line->mta));
        put_fields(&json, line);
    }
    json_end_object(&json);
    buffer_add_char(out, '\n');
}

static void explain_line(struct run *run, struct logline_reader *reader, struct slice text)
{
    static struct logline line;
    bool header = logline_header(reader, text, &line);
    if (header)
        logline_body(reader, &line);
    run->tally.without_header += !header;
    run->tally.understood += header && line.understood == LINE_UNDERSTOOD;
    run->tally.broken += header && line.understood == LINE_BROKEN;
    if (!run->quiet)
        print_line(run, header ? &line : NULL);
}

static void skip_line(struct run *run)
{
    run->tally.too_long++;
    if (!run->quiet)
        print_line(run, NULL);
}

/* All lines. -1: it could not be read to its end. */
static int explain_lines(struct run *run, struct logfile *file, struct logline_reader *reader,
                         struct error *why)
{
    struct slice text;
    enum logfile_news news = LOGFILE_END;
    while (!run->closed && (news = logfile_next(file, &text, why)) != LOGFILE_END &&
           news != LOGFILE_FAILED) {
        run->tally.lines++;
        if (news == LOGFILE_TOO_LONG)
            skip_line(run);
        else
            explain_line(run, reader, text);
        if (run->out.failed || run->at_once || run->out.size >= OUT_SIZE)
            write_out(run);
    }
    return news == LOGFILE_FAILED ? -1 : 0;
}

static int explain_file(struct run *run, const char *name, struct error *why)
{
    struct logline_reader *reader = NULL;
    struct logfile *file;
    struct logfile_place place;
    int result;
    if (logfile_open(&file, name, why) != 0)
        return -1;
    reader = logline_open();
    if (reader == NULL) {
        logfile_close(&file);
        return error_set(why, "cannot read '%s': no memory", name);
    }
    logfile_where(file, &place);
    logline_until(reader, place.written);
    logline_years(reader, file);
    result = explain_lines(run, file, reader, why);
    logfile_where(file, &place);
    run->tally.bytes += place.bytes;
    logline_close(&reader);
    logfile_close(&file);
    return result;
}

bool explain_log_fits(const char *name)
{
    static struct logline line;
    struct logline_reader *reader = NULL;
    struct logfile *file;
    struct stat status;
    struct slice text;
    struct error why;
    bool fits = false;
    if (stat(name, &status) != 0 || !S_ISREG(status.st_mode) ||
        logfile_open(&file, name, &why) != 0)
        return false;
    reader = logline_open();
    if (reader != NULL && logfile_next(file, &text, &why) == LOGFILE_LINE)
        fits = logline_header(reader, text, &line);
    logline_close(&reader);
    logfile_close(&file);
    return fits;
}

static void print_tally(const struct tally *tally, bool as_json)
{
    static const char plain[] = "lines %llu, understood %llu, broken %llu, without header %llu, "
                                "too long %llu, bytes %llu\n";
    static const char json[] = "{\"lines\":%llu,\"understood\":%llu,\"broken\":%llu,"
                               "\"without_header\":%llu,\"too_long\":%llu,\"bytes\":%llu}\n";
    printf(as_json ? json : plain, (unsigned long long)tally->lines,
           (unsigned long long)tally->understood, (unsigned long long)tally->broken,
           (unsigned long long)tally->without_header, (unsigned long long)tally->too_long,
           (unsigned long long)tally->bytes);
}

int explain_log_run(struct cli *cli)
{
    char *standard[] = {"-"};
    bool none = cli->request.argument_count == 0;
    char **names = none ? standard : cli->request.arguments;
    struct run run = {.quiet = cli->request.quiet, .at_once = cli->terminal};
    struct error why;
    buffer_init(&run.out, OUT_MAX);
    for (int i = 0; i < (none ? 1 : cli->request.argument_count) && !run.closed; i++)
        if (explain_file(&run, names[i], &why) != 0) {
            write_out(&run);
            complain("%s", why.text);
            run.tally.failed = true;
        }
    write_out(&run);
    buffer_free(&run.out);
    if (run.quiet)
        print_tally(&run.tally, cli->request.json);
    return run.tally.failed                                ? CLI_USAGE
           : run.tally.lines > run.tally.without_header + run.tally.too_long ? CLI_FOUND
                                                           : CLI_NOTHING;
}
