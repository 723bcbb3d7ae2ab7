/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * groups: what `waybill stats --by` prints.
 */
#ifndef WAYBILL_CLI_GROUPS_H
#define WAYBILL_CLI_GROUPS_H

#include "command.h"

/* Read the words of --by. -1: `why` names those that there are. */
int groups_read(const char *words, enum query_by *by, size_t *count, struct error *why);
/* The exit code. */
int groups_run(struct cli *cli);

#endif
