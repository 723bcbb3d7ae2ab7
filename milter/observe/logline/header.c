/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * header: time, host, program and pid in front of a log message, whatever dialect follows.
 *
 *     Nov 21 20:55:43 mx postfix/smtpd[27735]: message
 *     <22>Nov  1 20:55:43 mx postfix/smtpd[27735]: message
 *     Nov 21 20:55:43 <mail.info> mx postfix/smtpd[27735]: message      FreeBSD's syslogd -v
 *     Nov 21 20:55:43 mx mail.info postfix/smtpd[27735]: message        Busybox
 *     Nov 21 20:55:43 postfix/smtpd[27735]: message                     no host
 *     2026-11-21T20:55:43.123456+01:00 mx postfix/smtpd[27735]: message
 *     <22>1 2026-11-21T20:55:43Z mx postfix/smtpd 27735 - [id a="b"] message
 *     {"log":"any of these\n","stream":"stdout","time":"2026-11-21T20:55:43Z"}     Docker
 *     2026-11-21T20:55:43.123456789Z stdout F any of these                         Kubernetes
 *
 * The log of a container stands twice in the host's log: the inner header tells who wrote it. Its
 * time is the outer one's unless it names its zone, for that of a container is seldom its host's.
 */
#include <string.h>

#include "moment.h"
#include "reader.h"

#define REPEATED_MOST 1000u /* more is a syslogd gone mad */
#define PID_SIZE_MOST 20

static inline bool take_blank(struct slice *from)
{
    return text_take_char(from, ' ');
}

/* What a crash or a careless pipe leaves at the front of a line. */
static struct slice without_filling(struct slice text)
{
    while (text.size > 0 && (text.at[0] == '\0' || text.at[0] == ' ' || text.at[0] == '\t'))
        text = slice_make(text.at + 1, text.size - 1);
    return text;
}

static struct slice without_end(struct slice text)
{
    while (text.size > 0 && (text.at[text.size - 1] == '\n' || text.at[text.size - 1] == '\r'))
        text.size--;
    return text;
}

/* "mail.info" */
static bool is_level(struct slice word)
{
    static const char *const levels[] = {"emerg", "panic", "alert",  "crit", "err",  "error",
                                         "warn",  "warning", "notice", "info", "debug"};
    struct slice facility;
    if (!text_take_until(&word, '.', &facility) || facility.size == 0)
        return false;
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (slice_is(word, levels[i]))
            return true;
    return false;
}

/* "<22>" or "<mail.info>" */
static void skip_priority(struct slice *from)
{
    struct slice rest = *from, words, digits;
    if (!text_take_char(&rest, '<') || !text_take_until(&rest, '>', &words))
        return;
    struct slice number = words;
    if ((words.size <= 3 && text_take_any(&number, "0123456789", &digits) && number.size == 0) ||
        is_level(words))
        *from = rest;
}

/* "program[pid]: " or "program: ". */
static bool take_tag(struct slice *from, struct logline *line)
{
    const char *at = from->at, *end = from->at + from->size;
    while (at < end && *at != '[' && *at != ':' && *at != ' ')
        at++;
    if (at == from->at || at == end)
        return false;
    struct slice program = slice_make(from->at, (size_t)(at - from->at)), pid = SLICE_ABSENT;
    if (*at == '[') {
        pid.at = ++at;
        while (at < end && *at >= '0' && *at <= '9')
            at++;
        pid.size = (size_t)(at - pid.at);
        if (pid.size == 0 || pid.size > PID_SIZE_MOST || at == end || *at++ != ']' || at == end)
            return false;
    }
    if (*at++ != ':')
        return false;
    line_set(line, LINE_PROGRAM, program);
    line_set(line, LINE_PID, pid);
    *from = slice_make(at, (size_t)(end - at));
    take_blank(from);
    return true;
}

/* "mx postfix/smtpd[27735]: "; a first word that ends in a colon is the tag. */
static bool take_host_and_tag(struct slice *from, struct logline *line)
{
    const char *blank = from->size == 0 ? NULL : memchr(from->at, ' ', from->size);
    struct slice rest = *from, word;
    if (blank == NULL || blank == from->at)
        return false;
    if (blank[-1] != ':') {
        line_set(line, LINE_HOST, slice_make(from->at, (size_t)(blank - from->at)));
        *from = slice_make(blank + 1, (size_t)(from->at + from->size - blank - 1));
        rest = *from;
        if (take_tag(from, line))
            return true;
        return text_take_until(&rest, ' ', &word) && is_level(word) && take_tag(&rest, line) &&
               (*from = rest, true);
    }
    return take_tag(from, line);
}

static bool take_moment(struct logline_reader *reader, struct slice *from, struct logline *line,
                        bool *zoned)
{
    struct moment moment;
    if (!moment_take(from, &moment) || !wallclock_ms(&reader->clock, &moment, &line->time))
        return false;
    line->whole_seconds = moment.whole_seconds;
    *zoned = moment.zoned;
    return take_blank(from);
}

/* A word of RFC 5424, "-" for none, and the blank behind it. */
static bool take_nil_word(struct slice *from, struct slice *word)
{
    if (!text_take_until(from, ' ', word) || word->size == 0)
        return false;
    if (slice_is(*word, "-"))
        *word = SLICE_ABSENT;
    return true;
}

/* "-" or [id name="value"][id name="a \" b \] c"]: only where it ends is of interest. */
static bool skip_structured(struct slice *from)
{
    if (text_take_char(from, '-'))
        return true;
    size_t at = 0;
    bool quoted = false, open = false;
    for (; at < from->size && (open || from->at[at] == '['); at++) {
        char byte = from->at[at];
        if (quoted && byte == '\\')
            at++;
        else if (byte == '"')
            quoted = !quoted;
        else if (!quoted && (byte == '[' || byte == ']'))
            open = byte == '[';
    }
    if (at == 0 || at > from->size || open)
        return false;
    *from = slice_make(from->at + at, from->size - at);
    return true;
}

/* What follows "<22>1 ". */
static bool read_rfc5424(struct logline_reader *reader, struct slice rest, struct logline *line)
{
    struct slice host, program, pid, kind;
    bool zoned;
    if (!take_moment(reader, &rest, line, &zoned) || !take_nil_word(&rest, &host) ||
        !take_nil_word(&rest, &program) || !take_nil_word(&rest, &pid) ||
        !take_nil_word(&rest, &kind) || !skip_structured(&rest))
        return false;
    if (rest.size > 0 && !take_blank(&rest))
        return false;
    text_take(&rest, "\xef\xbb\xbf");
    line_set(line, LINE_HOST, host);
    line_set(line, LINE_PROGRAM, program);
    line_set(line, LINE_PID, pid);
    line->body = rest;
    return true;
}

static bool read_syslog(struct logline_reader *reader, struct slice rest, struct logline *line,
                        bool *zoned)
{
    skip_priority(&rest);
    if (rest.size > 1 && rest.at[0] == '1' && rest.at[1] == ' ') {
        *zoned = true;
        return read_rfc5424(reader, slice_make(rest.at + 2, rest.size - 2), line);
    }
    if (!take_moment(reader, &rest, line, zoned))
        return false;
    if (rest.size > 0 && rest.at[0] == '<') {
        skip_priority(&rest);
        take_blank(&rest);
    }
    if (!take_host_and_tag(&rest, line))
        return false;
    line->body = rest;
    return true;
}

/* A line that was passed on, with the moment at which it was: its own time counts only where it
 * names its zone. */
static bool read_passed(struct logline_reader *reader, struct slice passed, struct slice time,
                        struct logline *line)
{
    struct moment moment;
    bool zoned;
    if (!read_syslog(reader, without_end(without_filling(passed)), line, &zoned))
        return false;
    if (!zoned && moment_take(&time, &moment) && moment.zoned)
        return wallclock_ms(&reader->clock, &moment, &line->time) &&
               (line->whole_seconds = moment.whole_seconds, true);
    return true;
}

static bool is_docker(struct slice text)
{
    return slice_starts(text, "{\"log\":");
}

static bool read_docker(struct logline_reader *reader, struct slice text, struct logline *line)
{
    struct slice passed, time;
    return entry_passed(reader, text, &passed, &time) && read_passed(reader, passed, time, line);
}

/* The Container Runtime Interface's "TIME stdout F LINE". */
static bool read_runtime(struct logline_reader *reader, struct slice text, struct logline *line)
{
    struct slice rest = text, time;
    if (!text_take_until(&rest, ' ', &time) ||
        (!text_take(&rest, "stdout F ") && !text_take(&rest, "stderr F ")))
        return false;
    logline_begin(line); /* something was taken for a host */
    line->raw = text;
    return read_passed(reader, rest, time, line);
}

/* Programs that pass on what others write, header and all. */
static bool is_container_log(struct slice program)
{
    static const char *const names[] = {"docker", "dockerd", "podman", "conmon", "containerd",
                                        "crio",   "kubelet"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t size = strlen(names[i]);
        if (program.size >= size && program.at[0] == names[i][0] &&
            memcmp(program.at, names[i], size) == 0 &&
            (program.size == size || program.at[size] == '/'))
            return true;
    }
    return false;
}

static void read_inner(struct logline_reader *reader, struct logline *line)
{
    struct logline inner;
    bool zoned;
    logline_begin(&inner);
    if (!read_syslog(reader, without_filling(line->body), &inner, &zoned))
        return;
    inner.raw = line->raw;
    if (!zoned) {
        inner.time = line->time;
        inner.whole_seconds = line->whole_seconds;
    }
    /* Only what logline_begin() and this header filled in: the rest of `inner` is nothing. */
    memcpy(line, &inner, offsetof(struct logline, field));
    for (int i = LINE_HOST; i <= LINE_PID; i++)
        line->field[i] = inner.field[i];
}

/* rsyslog's "message repeated 3 times: [ connect from a[192.0.2.1]]" */
static void read_repeated(struct logline *line)
{
    struct slice rest = line->body;
    uint64_t times;
    if (!text_take(&rest, "message repeated ") || !text_take_number(&rest, &times) ||
        !text_take(&rest, " times: [ ") || !slice_ends(rest, "]") || times == 0)
        return;
    line->repeated = times > REPEATED_MOST ? REPEATED_MOST : (unsigned)times;
    line->body = slice_make(rest.at, rest.size - 1);
}

bool logline_header(struct logline_reader *reader, struct slice text, struct logline *line)
{
    struct slice rest = without_filling(text);
    bool zoned;
    logline_begin(line);
    line->raw = text;
    if (rest.size > 0 && (rest.at[0] == '{' || rest.at[0] == '_')) {
        if (is_docker(rest) ? !read_docker(reader, rest, line) : !entry_header(reader, rest, line))
            return false;
    } else if (!read_syslog(reader, without_end(rest), line, &zoned) &&
               !read_runtime(reader, rest, line)) {
        return false;
    }
    if (is_container_log(line_value(line, LINE_PROGRAM)))
        read_inner(reader, line);
    if (line->body.size > 0 && line->body.at[0] == 'm')
        read_repeated(line);
    return true;
}
