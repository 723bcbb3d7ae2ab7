/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan: the records of one segment in order, and the way past damage.
 *
 * The file may still be growing. One thread a scan.
 */
#ifndef WAYBILL_JOURNAL_SCAN_H
#define WAYBILL_JOURNAL_SCAN_H

#include "layout.h"

struct scan {
    int fd; /* not owned */
    struct place place;
    uint64_t offset; /* of the next record; after SCAN_BAD: of the byte where nothing fits */
    unsigned char *buffer;
    uint64_t base; /* offset in the file of the buffer's first byte */
    size_t have;
    int error;       /* errno of the last read, 0: none */
    bool unreadable; /* the disk refused some of this segment */
};

/* -1: no memory. */
int scan_init(struct scan *scan);
void scan_clear(struct scan *scan);
/* Begin with a segment. False: its head is damaged; the scan then stands at 0, on SCAN_BAD. */
bool scan_start(struct scan *scan, int fd, struct place place);
/* Go on at `offset`, with fresh bytes from the file. */
void scan_seek(struct scan *scan, uint64_t offset);

enum scan_result {
    SCAN_RECORD, /* *view is filled; it lives until the next call */
    SCAN_END,    /* exactly the end of the file */
    SCAN_BAD,    /* bytes are there, but no whole and good record */
};
enum scan_result scan_next(struct scan *scan, struct record_view *view);
/* After SCAN_BAD: go to the next offset where a record fits. False: there is none, and the scan
 * stands where it stood. */
bool scan_resync(struct scan *scan);

#endif
