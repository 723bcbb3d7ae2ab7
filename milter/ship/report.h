/* SPDX-License-Identifier: BSD-2-Clause */
/* report: facts of reports whose mail is not known yet. They wait a while, and are asked about
 * once more. */
#ifndef SHIP_REPORT_H
#define SHIP_REPORT_H

#include "pins.h"
#include "waybill/text.h"

#define REPORT_WAITING_MAX 4000u /* strangers have half of it */
#define REPORT_BYTES_MAX (UINT64_C(8) << 20)

struct report {
    struct report *next;
    struct pin *pin;
    int64_t read_at; /* monotonic */
    size_t size;
    char line[]; /* encoded */
};

struct reports {
    struct report *first, *last; /* in the order in which they came */
    size_t count, bytes;
};

void reports_clear(struct reports *reports, struct pins *pins);

#endif
