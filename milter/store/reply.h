/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply: what the server says, read by hiredis' reader into a tree of our own, with limits on
 * all that a hostile server could make grow.
 */
#ifndef STORE_REPLY_H
#define STORE_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "waybill/error.h"
#include "waybill/text.h"

#define REPLY_MAX ((size_t)64 << 20) /* bytes of one reply, on the wire and as a tree */

enum reply_type { REPLY_NIL, REPLY_TEXT, REPLY_STATUS, REPLY_ERROR, REPLY_NUMBER, REPLY_LIST };

struct reply {
    enum reply_type type;
    int64_t number;
    struct slice text; /* TEXT, STATUS, ERROR */
    struct reply **items;
    size_t count, room;
    struct reply *older; /* all parts of one reply, to free them without recursion */
};

struct reply_reader;

int reply_reader_open(struct reply_reader **reader);
void reply_reader_close(struct reply_reader **reader);
int reply_reader_feed(struct reply_reader *reader, const char *data, size_t size,
                      struct error *why);
/* 1: *reply is the next one, until the next call; 0: more bytes are needed; -1: it cannot be a
 * reply, or is over a limit. */
int reply_reader_next(struct reply_reader *reader, const struct reply **reply, struct error *why);
/* Take what was returned last out of the reader, to be read later; reply_free(*parts). Returns
 * its bytes. */
size_t reply_reader_keep(struct reply_reader *reader, struct reply **parts);
/* What keeping it would take. */
size_t reply_reader_size(const struct reply_reader *reader);
void reply_free(struct reply *parts);
/* Bytes that were fed and are not yet part of a reply? */
bool reply_reader_rest(const struct reply_reader *reader);

/* The whole text as a decimal number; NUMBER works too. */
bool reply_number(const struct reply *reply, uint64_t most, uint64_t *number);

#endif
