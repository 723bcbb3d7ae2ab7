/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * life: one waybill as a page for people.
 */
#ifndef WAYBILL_CLI_LIFE_H
#define WAYBILL_CLI_LIFE_H

#include "command.h"

int life_print(const struct cli *cli, const struct waybill *waybill, struct error *why);
/* What the store holds under an id, value by value, decoded. 1; 0: nothing; -1. */
int life_print_raw(const struct cli *cli, uint64_t id, struct error *why);

#endif
