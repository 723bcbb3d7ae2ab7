/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unclassified: the answer of `waybill stats --unclassified`.
 */
#ifndef WAYBILL_CLI_UNCLASSIFIED_H
#define WAYBILL_CLI_UNCLASSIFIED_H

#include "../unknown.h"
#include "command.h"

struct unclassified {
    struct unknown *unknown;
    int64_t since, until;  /* ms: of what time */
    bool bounded;          /* the count stopped at its bound ... */
    int64_t scanned_until; /* ... and came back to this time */
};

void unclassified_print(const struct cli *cli, const struct unclassified *asked);
/* -1: no memory, and nothing is printed. */
int unclassified_json(const struct unclassified *asked, struct error *why);

#endif
