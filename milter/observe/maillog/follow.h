/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow: the state of a file that is followed; private to follow*.c.
 */
#ifndef MAILLOG_FOLLOW_H
#define MAILLOG_FOLLOW_H

#include "position.h"
#include "source.h"
#include "waybill/log.h"
#include "waybill/logfile.h"

#define FOLLOW_LINE_MAX ((size_t)64 << 10)
#define FOLLOW_BUFFER ((size_t)256 << 10)

struct follow {
    struct source source; /* first: a source is cast to it */
    char *path;
    int fd;                /* -1: no file is open */
    struct logfile *packed; /* the open file is compressed: reads it; NULL: it is not */
    bool fresh;            /* no position yet: a file that is there is read from its end */
    struct position at;    /* after the last line that was told */
    uint64_t cursor;       /* file offset of buffer[start] */
    uint64_t base;         /* place of the file's first byte, see occurrence.h */
    char *buffer;
    size_t start, end;     /* bytes that were read and not yet taken */
    enum { SKIP_NOTHING, SKIP_FIRST, SKIP_LONG } skip; /* up to the next newline */
    int64_t covered;       /* wall clock at the last sight of the end */
    int64_t missed;        /* monotonic: since when the position's file is not found; 0: it is */
    bool kept_out;         /* the log goes on in a file that we may not read */
    bool has_gap, has_cut; /* to be told */
    struct source_gap gap;
    int notify, file_watch; /* inotify; -1: none */
    struct log_trouble trouble;
};

/* Find the file that the position speaks of, or the one to begin with, and open it. False: there
 * is none now, or the position's is looked for again. */
bool follow_find(struct follow *follow);
/* The end of the open file is reached: go on to the next one, if the log goes on there. */
bool follow_turn(struct follow *follow);
/* The open file is shorter than it was, or its beginning is another. */
void follow_truncated(struct follow *follow);
/* Lines from `from` on may be lost. */
void follow_lost(struct follow *follow, int64_t from, const char *cause);
/* Read more bytes. 1: some; 0: the end; -1: the file was truncated; -2: it cannot be read. */
int follow_fill(struct follow *follow);
/* Wake us when the open file grows. */
void follow_watch(struct follow *follow);

#endif
