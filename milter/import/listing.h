/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listing: what `postqueue -j` prints, an object a line:
 *
 *     {"queue_name": "deferred", "queue_id": "4mGprq8lpWzGsdv", "arrival_time": 1795298143,
 *      "message_size": 431, "forced_expire": false, "sender": "shop@example.org",
 *      "recipients": [{"address": "bob@example.com", "delay_reason": "connect to ..."}]}
 *
 * Fields that are not known are passed over. One thread.
 */
#ifndef IMPORT_LISTING_H
#define IMPORT_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "waybill/error.h"
#include "waybill/text.h"

#define LISTING_LINE_MAX (16u << 20)
#define LISTING_RECIPIENTS_MAX 10000u /* of one mail: half of what a record takes */

struct listed_recipient {
    struct slice address;
    struct slice reason; /* why it is delayed; absent: it is not */
};
struct listed {
    struct slice queue_name; /* "active", "deferred", "hold", "incoming", "maildrop", ... */
    struct slice queue_id, sender;
    int64_t arrival; /* ms, whole seconds */
    int64_t size;    /* bytes; -1: not told */
    struct listed_recipient *recipients;
    size_t count;
    void *owner;
};

struct listing;

/* "-" is standard input. -1: it cannot be read; `why` names it. */
int listing_open(struct listing **listing, const char *path, struct error *why);
void listing_close(struct listing **listing);
/* When it was taken: the last change of the file, but not later than now; of standard input: now.
 * ms */
int64_t listing_taken(const struct listing *listing);

enum listing_news {
    LISTING_MAIL,   /* *mail; good until the next call or the end */
    LISTING_BAD,    /* no mail: `why` says "FILE:LINE: what" */
    LISTING_END,
    LISTING_FAILED, /* not to be read on */
};
enum listing_news listing_next(struct listing *listing, struct listed *mail, struct error *why);

/* One line; *mail shows bytes of `line`'s copy. -1: `why` says what is wrong with it. */
int listed_read(struct listed *mail, struct slice line, struct error *why);
void listed_clear(struct listed *mail);

#endif
