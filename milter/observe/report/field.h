/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * field: puts a header field together from its lines. What is longer than REPORT_FIELD_MAX is
 * left out.
 */
#ifndef REPORT_FIELD_H
#define REPORT_FIELD_H

#include "waybill/report.h"

struct field {
    size_t size;
    size_t name_size; /* 0: no field is open */
    bool cut;         /* something was left out; never reset */
    char bytes[REPORT_FIELD_MAX];
};

void field_begin(struct field *field);
/* The size of the field name that the line begins with, or 0: it begins no field. */
size_t field_name_size(struct slice line);
/* A line that begins a field whose name has that size. */
void field_start(struct field *field, struct slice line, size_t name_size);
/* More of the same line, and a line that is folded into the field. */
void field_more(struct field *field, struct slice bytes);
void field_fold(struct field *field, struct slice line);
/* Close the field: its parts, trimmed, NUL shown as a blank; valid until the next start. False:
 * none was open. */
bool field_take(struct field *field, struct slice *name, struct slice *value);

#endif
