/* SPDX-License-Identifier: BSD-2-Clause */
/* gap: what follow says of a witness that was blind. */
#ifndef WAYBILL_CLI_GAP_H
#define WAYBILL_CLI_GAP_H

#include "command.h"

/* A line for people about a witness that was blind. */
void gap_print(const struct cli *cli, const struct store_gap *gap);

#endif
