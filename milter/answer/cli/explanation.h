/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explanation: what one report says, for people.
 */
#ifndef WAYBILL_CLI_EXPLANATION_H
#define WAYBILL_CLI_EXPLANATION_H

#include "../explained.h"
#include "command.h"

/* A paragraph or more; with `others` before it, an empty line first. */
void explanation_print(const struct cli *cli, const struct explained *explained, bool others);

#endif
