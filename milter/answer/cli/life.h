/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * life: one waybill as a page for people.
 */
#ifndef WAYBILL_CLI_LIFE_H
#define WAYBILL_CLI_LIFE_H

#include "command.h"

int life_print(const struct cli *cli, const struct waybill *waybill, struct error *why);
/* The facts as lines of a record. */
int life_print_raw(const struct waybill *waybill, struct error *why);

#endif
