/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * course: how it went: the timeline of a mail, where its time was spent, and the words it rests
 * on; the second half of the page of `waybill show`.
 */
#ifndef WAYBILL_CLI_COURSE_H
#define WAYBILL_CLI_COURSE_H

#include "command.h"

void course_print(const struct cli *cli, const struct waybill *waybill);

#endif
