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
#include "octets.h"
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

/* What ends a program's name. */
static const char *find_tag_mark(const char *at, const char *end)
{
    for (; end - at >= OCTETS; at += OCTETS) {
        uint64_t octets = octets_load(at);
        uint64_t marks = octets_equal(octets, '[') | octets_equal(octets, ':') |
                         octets_equal(octets, ' ');
        if (marks != 0)
            return at + octets_first(marks);
    }
    while (at < end && *at != '[' && *at != ':' && *at != ' ')
        at++;
    return at;
}

static const char *skip_digits(const char *at, const char *end)
{
    for (; end - at >= OCTETS; at += OCTETS) {
        uint64_t others = octets_between(octets_load(at), '0', '9') ^ OCTETS_MARKS;
        if (others != 0)
            return at + octets_first(others);
    }
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* "program[pid]: " or "program: ". */
static bool take_tag(struct slice *from, struct logline *line)
{
    const char *end = from->at + from->size, *at = find_tag_mark(from->at, end);
    if (at == from->at || at == end)
        return false;
    struct slice program = slice_make(from->at, (size_t)(at - from->at)), pid = SLICE_ABSENT;
    if (*at == '[') {
        pid.at = ++at;
        at = skip_digits(at, end);
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

/* A busy log has many lines of one second: the words of the line before mean what they meant. The
 * blank at their end tells that no fraction follows. */
static bool same_second(const struct logline_reader *reader, struct slice text)
{
    return text.size >= SECOND_SIZE && reader->second.words[SECOND_SIZE - 1] == ' ' &&
           text_same(text.at, reader->second.words, SECOND_SIZE);
}

static void keep_second(struct logline_reader *reader, struct slice words,
                        const struct moment *moment, int64_t time)
{
    if (words.size == SECOND_SIZE && moment->whole_seconds && !moment->zoned) {
        memcpy(reader->second.words, words.at, SECOND_SIZE);
        reader->second.time = time;
    }
}

static bool take_new_moment(struct logline_reader *reader, struct slice *from,
                            struct logline *line, bool *zoned)
{
    struct moment moment;
    const char *begin = from->at;
    reader->second.words[SECOND_SIZE - 1] = '\0';
    if (!moment_take(from, &moment) || !wallclock_ms(&reader->clock, &moment, &line->time) ||
        !take_blank(from))
        return false;
    line->whole_seconds = moment.whole_seconds;
    *zoned = moment.zoned;
    keep_second(reader, slice_make(begin, (size_t)(from->at - begin)), &moment, line->time);
    return true;
}

static inline bool take_moment(struct logline_reader *reader, struct slice *from,
                               struct logline *line, bool *zoned)
{
    if (!same_second(reader, *from))
        return take_new_moment(reader, from, line, zoned);
    line->time = reader->second.time;
    line->whole_seconds = true;
    *zoned = false;
    *from = slice_make(from->at + SECOND_SIZE, from->size - SECOND_SIZE);
    return true;
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
    if (rest.size > 0 && rest.at[0] == '<')
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

/* Programs that pass on what others write, header and all. The second letter tells most apart, for
 * each line asks. */
static bool is_container_log(struct slice program)
{
    struct slice rest = program;
    bool named = false;
    switch (program.size > 1 ? program.at[1] : '\0') {
    case 'o':
        named = text_take(&rest, "dockerd") || text_take(&rest, "docker") ||
                text_take(&rest, "containerd") || text_take(&rest, "conmon") ||
                text_take(&rest, "podman");
        break;
    case 'r':
        named = text_take(&rest, "crio");
        break;
    case 'u':
        named = text_take(&rest, "kubelet");
        break;
    default:
        break;
    }
    return named && (rest.size == 0 || rest.at[0] == '/');
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
