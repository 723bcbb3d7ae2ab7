/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * onward: what became of a mail under its other queue ids, for people.
 */
#ifndef WAYBILL_CLI_ONWARD_H
#define WAYBILL_CLI_ONWARD_H

#include "../chain.h"
#include "command.h"

/* Nothing is printed where it went on under no other; `before->id` 0: it had none before. */
void onward_print(const struct cli *cli, const struct chain_before *before,
                  const struct chain *chain);

#endif
