/* SPDX-License-Identifier: BSD-2-Clause */
/* idlist: the ids that an answer is made of. */
#ifndef STORE_IDLIST_H
#define STORE_IDLIST_H

#include <stddef.h>
#include <stdint.h>

#define IDLIST_MAX ((size_t)16 << 20)

struct idlist {
    uint64_t *ids;
    size_t count, room;
};

/* -1: no memory, or over IDLIST_MAX. */
int idlist_add(struct idlist *list, uint64_t id);
/* Highest first, each once; the caller gets the memory. */
void idlist_give(struct idlist *list, uint64_t **ids, size_t *count);
void idlist_free(struct idlist *list);

#endif
