/* SPDX-License-Identifier: BSD-2-Clause */
/* finder: the recipients of a waybill by their address; open addressing, never full. */
#ifndef WAYBILL_FACT_FINDER_H
#define WAYBILL_FACT_FINDER_H

#include "waybill/waybill.h"

struct finder {
    struct waybill *waybill;
    uint64_t *hashes; /* by recipient; slots stand behind them */
    uint32_t *slots;  /* recipient + 1 */
    size_t mask;
};

/* The waybill has room for so many recipients, and no more will be made. */
int finder_open(struct finder *finder, struct waybill *waybill, size_t count, struct error *why);
void finder_close(struct finder *finder);
/* The recipient with this address; SUBJECT_MAIL if there is none and none shall be made. */
uint32_t finder_find(struct finder *finder, struct slice address, bool make);

#endif
