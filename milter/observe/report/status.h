/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status: the groups of fields of a delivery report (RFC 3464, RFC 6533), one recipient each.
 * Servers write them with fields missing, doubled, or cut by empty lines; what belongs together is
 * put together here, and the same recipient again is one recipient.
 */
#ifndef REPORT_STATUS_H
#define REPORT_STATUS_H

#include "arena.h"
#include "waybill/report.h"

struct group {
    struct slice final, original, actual; /* addresses, or what stood there */
    struct slice status, remote, words;   /* status: fits, or absent */
    struct slice remark;                  /* what stands beside the status, or in its place */
    uint32_t hash, original_hash;         /* of `final` and `original` */
    bool has_action, has_status;          /* has_status: the field was there */
    bool program;                         /* the words are those of a local program */
    enum report_action action;
    int64_t tried, until;
};

#define GROUP_SLOTS 1024u /* a power of two */

struct groups {
    struct arena *arena;
    struct group *of;
    size_t count, room;
    size_t seen;                          /* groups, those that were united too */
    uint16_t first[GROUP_SLOTS];          /* by the hash of `final`, from 1; 0: none */
    uint16_t next[REPORT_RECIPIENTS_MAX]; /* by the index of a group: another in its slot */
    struct group current;
    bool begun; /* `current` has a field */
    bool partial;
    /* Of the mail as a whole. */
    struct slice reporting, envelope_id, queue_id;
    int64_t arrived;
};

void groups_init(struct groups *groups, struct arena *arena);
void groups_free(struct groups *groups);
void groups_add_field(struct groups *groups, struct slice name, struct slice value);
void groups_end_group(struct groups *groups);
/* Does it say what became of somebody? A torn one may only begin to. */
bool group_tells(const struct group *group);
/* Does one of them, of a recipient that it names? */
bool groups_tell(const struct groups *groups);
/* Does one of them tell of a failure or a delay? */
bool groups_fail(const struct groups *groups);

#endif
