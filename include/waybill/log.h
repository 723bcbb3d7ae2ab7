/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log: what the operator is told; one line a message, on stderr or to syslog, as text or JSON.
 *
 * Text to stderr begins with the systemd level prefix (<3>, <4>, <6>, <7>) only where stderr is
 * a journal stream. Whatever is formatted is escaped for a terminal and cut at 2,000 bytes.
 * Before log_start, lines go to stderr as text at level info. Any thread, any time.
 */
#ifndef WAYBILL_LOG_H
#define WAYBILL_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };
enum log_target { LOG_TARGET_STDERR, LOG_TARGET_SYSLOG };

/* `program` must live as long as the process. May be called again: a reload. */
void log_start(const char *program, enum log_level level, enum log_format format,
               enum log_target target);

/* Does stderr lead into the journal of systemd? */
bool log_stderr_is_journal(void);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * A trouble is told once when it begins, once when it ends, and once an hour while it lasts;
 * not once per record. Zero-initialised. One thread at a time per trouble.
 */
struct log_trouble {
    bool on;
    char text[200];
    long long told;     /* clock_monotonic */
    long long began;
    unsigned long count; /* times it was raised since it began */
};
/* It is so (again). A changed text is told at once. */
void log_trouble_on(struct log_trouble *trouble, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* It is over; says nothing if it was not on. The line tells how long it lasted, how often. */
void log_trouble_off(struct log_trouble *trouble, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
