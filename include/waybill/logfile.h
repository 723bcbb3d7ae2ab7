/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logfile: the lines of a log that is read once, from its first byte to its last: plain, or
 * compressed by gzip, xz or zstd (known by its first bytes, whatever its name). An entry of
 * `journalctl -o export` is one line here, though it has several.
 *
 * Bounded memory: a line over LOGFILE_LINE_MAX is skipped and told as such; archives that ask for
 * more than 128 MiB to be unpacked are refused. NULs in front of a line are dropped. One thread.
 */
#ifndef WAYBILL_LOGFILE_H
#define WAYBILL_LOGFILE_H

#include <stdint.h>

#include "waybill/error.h"
#include "waybill/text.h"

#define LOGFILE_LINE_MAX ((size_t)64 << 10)

struct logfile;

/* "-" is standard input, of which a duplicate is read. -1: it cannot be read; `why` names it. */
int logfile_open(struct logfile **file, const char *path, struct error *why);
/* The same of an open file, from its first byte on: a duplicate of `fd` is read, which shares its
 * place with it. `name` is for messages. */
int logfile_open_fd(struct logfile **file, int fd, const char *name, struct error *why);
void logfile_close(struct logfile **file);

enum logfile_news {
    LOGFILE_LINE,     /* *line is it, without its newline; valid until the next call */
    LOGFILE_CUT,      /* *line is the last one, and has no end */
    LOGFILE_TOO_LONG, /* a line was skipped */
    LOGFILE_END,
    LOGFILE_FAILED,   /* `why` says it: damaged, cut off, or not to be read on; told once, then it
                       * is the end. What came before is good; where packed bytes were changed only
                       * as far as the archive can tell, whose sums stand behind its members */
};
enum logfile_news logfile_next(struct logfile *file, struct slice *line, struct error *why);

struct logfile_place {
    uint64_t bytes;  /* of the log itself, up to behind the line last told: its place in
                      * occurrence.h, and what logfile_skip takes */
    uint64_t packed; /* of the file, as far as it was read; the same if it is not compressed */
    uint64_t total;  /* of the file; 0: not known (standard input, a pipe) */
    int64_t written; /* ms, when the file was last written; for standard input: now */
};
void logfile_where(const struct logfile *file, struct logfile_place *place);
/* Go on behind the first `bytes` of the log itself, which is where a line ends; once, before the
 * first logfile_next. -1: it has fewer, or cannot be read. */
int logfile_skip(struct logfile *file, uint64_t bytes, struct error *why);

#endif
