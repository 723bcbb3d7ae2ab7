/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render: a report as lines of text, to compare with.
 */
#ifndef TEST_REPORT_RENDER_H
#define TEST_REPORT_RENDER_H

#include "waybill/buffer.h"
#include "waybill/report.h"

void render_report(const struct report *report, struct buffer *to);

#endif
