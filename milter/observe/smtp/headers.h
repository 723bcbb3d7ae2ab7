/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * headers: the header fields of one mail that are kept: the first of each name, unfolded, cut.
 * One thread at a time.
 */
#ifndef OBSERVE_SMTP_HEADERS_H
#define OBSERVE_SMTP_HEADERS_H

#include "waybill/fact.h"
#include "witness.h"

#define HEADERS_KEPT 6

struct headers {
    struct buffer value[HEADERS_KEPT];
    uint64_t bytes; /* of all fields, as they go over the wire */
};

void headers_init(struct headers *headers);
void headers_clear(struct headers *headers);
/* Look at one field and keep what is to be kept. Without memory a field is as if not there. */
void headers_take(struct headers *headers, const char *name, const char *value,
                  enum subject_mode subject);
/* The Message-ID without brackets, absent if there is none; a view into `headers`. */
struct slice headers_message_id(const struct headers *headers);
#define SUBJECT_HASH_SIZE 17
/* Put what was kept into the fact, as views into `headers` and `hash`. False: nothing was. */
bool headers_fill(const struct headers *headers, const struct rules *rules, struct fact *fact,
                  char hash[static SUBJECT_HASH_SIZE]);

#endif
