/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * receipt: what a recipient's program did with a mail (RFC 8098).
 */
#ifndef REPORT_RECEIPT_H
#define REPORT_RECEIPT_H

#include "arena.h"
#include "waybill/report.h"

struct receipt {
    bool told; /* it has a Disposition */
    struct slice final, original, disposition, message_id, reporting;
};

void receipt_add_field(struct receipt *receipt, struct arena *arena, struct slice name,
                       struct slice value);

#endif
