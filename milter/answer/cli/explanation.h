/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explanation: what one report says, for people and for programs.
 */
#ifndef WAYBILL_CLI_EXPLANATION_H
#define WAYBILL_CLI_EXPLANATION_H

#include "../catalogue.h"
#include "command.h"
#include "waybill/report.h"

struct explained {
    const char *name; /* of the file, as given */
    size_t bytes;     /* that were read of it */
    const struct report *report;
};

/* Why, and who has to act, in the catalogue's words. */
void explanation_why(const struct report_recipient *recipient, struct saying *saying);
/* A paragraph or more; with `others` before it, an empty line first. */
void explanation_print(const struct cli *cli, const struct explained *explained, bool others);
/* One line. -1, with errno: no memory. */
int explanation_json(const struct explained *explained);

#endif
