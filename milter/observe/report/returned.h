/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * returned: the header of the mail that a report speaks of, as the report gives it back.
 */
#ifndef REPORT_RETURNED_H
#define REPORT_RETURNED_H

#include "arena.h"
#include "waybill/report.h"

void returned_add_field(struct report *report, struct arena *arena, struct slice name,
                        struct slice value);
/* The same out of a copy in the readable text: from its first field to the first empty line. */
void returned_read_copy(struct report *report, struct arena *arena, struct slice copy);
/* The queue id that Postfix puts in front of the boundary of its reports; absent: no such. */
struct slice returned_boundary_id(struct slice content_type);

#endif
