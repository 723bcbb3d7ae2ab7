/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recall: the ids that were seen lately, in bounded memory and constant time. Of 131,072 at least
 * the last hundred thousand or so are known; an id that is forgotten is taken for new.
 */
#ifndef WAYBILL_ANSWER_RECALL_H
#define WAYBILL_ANSWER_RECALL_H

#include <stdbool.h>
#include <stdint.h>

struct recall {
    uint64_t *ids; /* 0: free */
};

int recall_init(struct recall *recall); /* -1: no memory */
void recall_free(struct recall *recall);
bool recall_has(const struct recall *recall, uint64_t id);
void recall_add(struct recall *recall, uint64_t id);

#endif
