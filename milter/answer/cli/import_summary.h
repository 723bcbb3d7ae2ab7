/* SPDX-License-Identifier: BSD-2-Clause */
/* import_summary: what an import read and made of it. */
#ifndef WAYBILL_CLI_IMPORT_SUMMARY_H
#define WAYBILL_CLI_IMPORT_SUMMARY_H

#include "command.h"
#include "waybill/import.h"

struct import_summary {
    const struct import_tally *tally;
    bool dry_run, stopped;
    bool complete; /* all was read, and is where it shall be */
    int64_t retention_days;
    int64_t ms; /* that it took */
};

/* As JSON or for people, on stdout. */
void import_summary_print(const struct cli *cli, const struct import_summary *summary);

#endif
