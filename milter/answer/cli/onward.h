/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * onward: what became of a mail under its other queue ids, for people and for programs.
 */
#ifndef WAYBILL_CLI_ONWARD_H
#define WAYBILL_CLI_ONWARD_H

#include "../chain.h"
#include "command.h"
#include "waybill/json.h"

/* Nothing is printed where it went on under no other. -1: the store failed. */
int onward_print(const struct cli *cli, const struct waybill *waybill, struct error *why);
/* The key came_from of an open object; NULL: it came from no other mail. */
void onward_json_before(struct json *json, const struct chain_before *before);
/* The keys came_from and chain of an open object. */
int onward_json(const struct cli *cli, const struct waybill *waybill, struct json *json,
                struct error *why);

#endif
