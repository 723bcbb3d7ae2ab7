/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * directory: names, locks and sizes of the journal's directories. Any thread; nothing is kept.
 */
#ifndef WAYBILL_JOURNAL_DIRECTORY_H
#define WAYBILL_JOURNAL_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layout.h"

#include "waybill/error.h"

#define SEGMENT_NAME_SIZE 28 /* 20 digits, ".broken", NUL */
#define SEGMENT_NEW "new"    /* a segment whose head is not yet whole */

/* Open (make, if it is not there) the journal's directory. Returns its descriptor or -1. */
int directory_open(const char *path, struct error *why);
/* The same for a generation in it; `make` false: -1 with ENOENT if it is not there. */
int directory_generation(int root, unsigned generation, bool make);
/* Lock the file `name` in `directory` for this process. Returns the descriptor that holds the
 * lock, or -1; errno is EWOULDBLOCK if another one has it. */
int directory_lock(int directory, const char *name);
/* Make created, renamed and removed names durable. 0 or -1 with errno. */
int directory_sync(int directory);

void segment_name(uint64_t segment, char name[static SEGMENT_NAME_SIZE]);
void segment_name_broken(uint64_t segment, char name[static SEGMENT_NAME_SIZE]);
bool segment_of_name(const char *name, uint64_t *segment);

struct segment_list {
    uint64_t *numbers; /* ascending */
    size_t count;
    size_t broken_count; /* names that end in .broken */
    uint64_t highest;    /* of all names, broken ones too; 0: none */
};
/* 0 or -1 with errno (ENOMEM among them). The caller calls segment_list_clear in either case. */
int segment_list_read(struct segment_list *list, int directory);
void segment_list_clear(struct segment_list *list);

/* Bytes of a generation's records behind a place in one of its segments. */
uint64_t directory_backlog(int directory, uint64_t segment, uint64_t offset);
/* Bytes in all generations, as well as can be told. */
uint64_t directory_bytes(int root);

#endif
