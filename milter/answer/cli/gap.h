/* SPDX-License-Identifier: BSD-2-Clause */
/* gap: a line for people or programs about a witness that was blind. */
#ifndef WAYBILL_CLI_GAP_H
#define WAYBILL_CLI_GAP_H

#include "command.h"

/* Print what the store has of the gap that the event names; `cursor` for programs. 0, also if it
 * is not there any more; -1: the store failed, or no memory. */
int gap_tell(const struct cli *cli, const struct event *event, const char *cursor,
             struct error *why);

#endif
