/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * error: why something failed, in one line.
 *
 * A function that can fail takes `struct error *why` as its last parameter, returns 0 or -1 and
 * words the reason itself, because the failing line knows the cause: what failed, the subject in
 * quotes, then the cause; lower case, no full stop. The caller decides what it means.
 */
#ifndef WAYBILL_ERROR_H
#define WAYBILL_ERROR_H

struct error {
    char text[512];
};

/* Write the reason into `why` (NULL: nobody asks) and return -1. Text that does not fit is cut;
 * bytes that are not printable UTF-8 are escaped, so the line may go to a terminal or a log.
 * Keeps errno. Any thread. */
int error_set(struct error *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put `context: ` in front of the reason that is already there. Returns -1. */
int error_prefix(struct error *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
