/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import_bar: how far an import is, on the terminal that stderr is. Elsewhere only a store that
 * takes nothing is told of, once.
 */
#ifndef WAYBILL_CLI_IMPORT_BAR_H
#define WAYBILL_CLI_IMPORT_BAR_H

#include "command.h"
#include "waybill/import.h"

struct import_bar {
    const struct cli *cli;
    bool terminal, drawn, told;
    int64_t began;     /* monotonic, as the others */
    uint64_t unshipped; /* as it was at `moved` */
    int64_t moved;
};

void import_bar_begin(struct import_bar *bar, const struct cli *cli, int64_t began);
/* For import_options; `context` is the bar. */
void import_bar_show(void *context, const struct import_progress *progress);
void import_bar_end(struct import_bar *bar);

#endif
