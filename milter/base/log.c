/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log: one line a message to stderr or syslog. Promise: a line is one write, so lines of threads
 * never mix, and nothing from outside comes out unescaped.
 */
#include "waybill/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/json.h"

#define MESSAGE_MAX 2000
#define LINE_MAX_BYTES (8 * MESSAGE_MAX)

static const struct {
    const char *word;
    int priority;
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", LOG_ERR},
    [LOG_LEVEL_WARNING] = {"warning", LOG_WARNING},
    [LOG_LEVEL_INFO] = {"info", LOG_INFO},
    [LOG_LEVEL_DEBUG] = {"debug", LOG_DEBUG},
};

static _Atomic(const char *) log_program = "waybill";
static atomic_int log_least = LOG_LEVEL_INFO;
static atomic_int log_form = LOG_FORMAT_TEXT;
static atomic_int log_where = LOG_TARGET_STDERR;
static atomic_bool log_to_journal;

/* $JOURNAL_STREAM names the device and inode of the stream; a child that was given another stderr
 * still has the variable, so it must fit. */
bool log_stderr_is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char own[64];
    struct stat status;

    if (stream == NULL || fstat(STDERR_FILENO, &status) < 0)
        return false;
    snprintf(own, sizeof own, "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    return strcmp(stream, own) == 0;
}

void log_start(const char *program, enum log_level level, enum log_format format,
               enum log_target target)
{
    atomic_store(&log_program, program);
    atomic_store(&log_least, (int)level);
    atomic_store(&log_form, (int)format);
    atomic_store(&log_to_journal, log_stderr_is_journal());
    /* Facility daemon, not mail: we read the mail log, and shall not read ourselves. */
    if (target == LOG_TARGET_SYSLOG)
        openlog(program, LOG_PID | LOG_NDELAY, LOG_DAEMON);
    atomic_store(&log_where, (int)target);
}

/* A full pipe or a closed stderr must not stop a mail: what cannot be written now is dropped. */
static void put_line(const char *line, size_t size)
{
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    ssize_t written;

    if (poll(&ready, 1, 0) <= 0)
        return;
    do
        written = write(STDERR_FILENO, line, size);
    while (written < 0 && errno == EINTR);
}

static size_t escape_message(const char *raw, char *to, size_t room)
{
    struct slice rest = slice_of(raw);
    char piece[ESCAPE_PIECE_SIZE];
    size_t used = 0;

    while (rest.size > 0) {
        size_t length = escape_piece(&rest, piece);
        if (used + length >= room)
            break;
        memcpy(to + used, piece, length);
        used += length;
    }
    to[used] = '\0';
    return used;
}

static void put_text(enum log_level level, const char *message)
{
    char line[MESSAGE_MAX + 200], when[CLOCK_TEXT_SIZE];
    int size;

    if (atomic_load(&log_to_journal)) {
        size = snprintf(line, sizeof line, "<%d>%s\n", levels[level].priority, message);
    } else {
        clock_text(clock_now(), 1, when);
        size = snprintf(line, sizeof line, "%s %.100s[%ld]: %s: %s\n", when,
                        atomic_load(&log_program), (long)getpid(), levels[level].word, message);
    }
    if (size > 0)
        put_line(line, (size_t)size < sizeof line ? (size_t)size : sizeof line - 1);
}

/* False: no memory for it. */
static bool put_json(enum log_level level, const char *raw)
{
    char when[CLOCK_TEXT_SIZE];
    struct buffer line;
    struct json json;
    bool good;

    clock_rfc3339(clock_now(), when);
    buffer_init(&line, LINE_MAX_BYTES);
    json_init(&json, &line);
    json_begin_object(&json);
    json_member_text(&json, "time", when);
    json_member_text(&json, "level", levels[level].word);
    json_member_text(&json, "program", atomic_load(&log_program));
    json_member_number(&json, "pid", getpid());
    json_member_text(&json, "message", raw);
    json_end_object(&json);
    buffer_add_char(&line, '\n');
    good = !line.failed;
    if (good)
        put_line(line.data, line.size);
    buffer_free(&line);
    return good;
}

static void log_line(enum log_level level, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void log_line(enum log_level level, const char *format, va_list arguments)
{
    int cause = errno;
    char raw[MESSAGE_MAX + 1], message[MESSAGE_MAX + 1];

    if ((int)level > atomic_load(&log_least))
        return;
    if (vsnprintf(raw, sizeof raw, format, arguments) < 0)
        memcpy(raw, "?", 2);
    escape_message(raw, message, sizeof message);
    if (atomic_load(&log_where) == LOG_TARGET_SYSLOG)
        syslog(levels[level].priority, "%s", message);
    else if (atomic_load(&log_form) != LOG_FORMAT_JSON || !put_json(level, raw))
        put_text(level, message);
    errno = cause;
}

#define DEFINE_LOG(name, level)                                                                    \
    void name(const char *format, ...)                                                             \
    {                                                                                              \
        va_list arguments;                                                                         \
        va_start(arguments, format);                                                               \
        log_line(level, format, arguments);                                                        \
        va_end(arguments);                                                                         \
    }

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warning, LOG_LEVEL_WARNING)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)
