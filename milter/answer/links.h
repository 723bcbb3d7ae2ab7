/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * links: the reports that were read about a mail, and are mails themselves.
 */
#ifndef WAYBILL_ANSWER_LINKS_H
#define WAYBILL_ANSWER_LINKS_H

#include "waybill/waybill.h"

#define LINKS_MAX 16 /* are named; whoever gets more knows them by the timeline */

struct link {
    uint64_t id;      /* waybill of the report */
    enum trust trust; /* the best of what it told */
};

/* In the order in which they came; returns how many. */
size_t links_find(const struct waybill *waybill, struct link links[static LINKS_MAX]);

#endif
