/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * layout: the bytes of a segment's head, of a record and of a cursor, as FORMAT describes them.
 * Nothing here touches a file.
 */
#ifndef WAYBILL_JOURNAL_LAYOUT_H
#define WAYBILL_JOURNAL_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "waybill/journal.h"
#include "waybill/text.h"

#define GENERATIONS 8u
#define FORMAT_VERSION 1u
#define TOTAL_LEAST (1u << 20) /* bytes of all generations */

#define SEGMENT_HEAD 48u
#define RECORD_HEAD 16u
#define RECORD_OVERHEAD (RECORD_HEAD + 4u)
#define RECORD_SIZE_MAX (RECORD_OVERHEAD + JOURNAL_RECORD_MAX)
#define NOTE_PAYLOAD_MAX (1u + JOURNAL_NOTE_NAME_MAX + JOURNAL_NOTE_VALUE_MAX)
#define CURSOR_SLOT 512u

/* Where in the file a record's mark stands, and what it begins with; for the search after damage.
 */
#define RECORD_MARK_AT 5u
#define RECORD_MARK_FIRST 0xf5

/* Which segment; part of each record's checksum, so a record counts only where it was written. */
struct place {
    unsigned generation;
    uint64_t segment;
};

void segment_head_make(unsigned char head[static SEGMENT_HEAD], struct place place,
                       uint64_t created);
bool segment_head_good(const unsigned char head[static SEGMENT_HEAD], struct place place);
/* The format that a whole head says it is of, be it one that came after ours. 0: it is damaged. */
uint32_t segment_head_format(const unsigned char head[static SEGMENT_HEAD]);

/* Fill in all but the checksum; `bytes` has room for RECORD_OVERHEAD + size. The payload may be
 * there already (payload == NULL). Returns the size of the whole record. */
size_t record_make(unsigned char *bytes, enum journal_type type, uint64_t time, const void *payload,
                   size_t size);
uint64_t record_time(const unsigned char *bytes);
/* Set the time; before record_seal. */
void record_set_time(unsigned char *bytes, uint64_t time);
/* Fill in the checksum for this place and offset. */
void record_seal(unsigned char *bytes, size_t size, struct place place, uint64_t offset);

struct record_view {
    enum journal_type type;
    uint64_t time; /* microseconds */
    struct slice payload;
    size_t size; /* of the whole record */
};
/* Size of the whole record whose first RECORD_HEAD bytes these are; 0: they are no record's. */
size_t record_span(const unsigned char head[static RECORD_HEAD]);
/* Is there a whole, good record at the front of `bytes`? */
bool record_good(const unsigned char *bytes, size_t have, struct place place, uint64_t offset,
                 struct record_view *view);

/* A note's payload: one byte, the length of the name; the name; the value. 0: does not fit. */
size_t note_make(unsigned char payload[static NOTE_PAYLOAD_MAX], struct slice name,
                 struct slice value);

struct cursor_view {
    uint64_t counter; /* of writes of the cursor: the higher one is the later one */
    uint64_t segment, offset;           /* all before is shipped */
    uint64_t kept_segment, kept_offset; /* from here on it is kept for a rewind; not behind it */
    uint64_t store; /* the run of the store that has what is kept; 0: not known */
};
void cursor_make(unsigned char slot[static CURSOR_SLOT], unsigned generation,
                 const struct cursor_view *cursor);
bool cursor_good(const unsigned char slot[static CURSOR_SLOT], unsigned generation,
                 struct cursor_view *cursor);
/* As segment_head_format. */
uint32_t cursor_format(const unsigned char slot[static CURSOR_SLOT]);

#endif
