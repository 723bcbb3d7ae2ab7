/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dry: what would be made of a mail, and no more: its facts are judged as those of a record are.
 */
#ifndef IMPORT_DRY_H
#define IMPORT_DRY_H

#include "waybill/import.h"

/* Add a mail's recipients to the tally. `facts` come from malloc(3) and are freed here; their
 * order is put right. -1: no memory. */
int dry_judge(struct import_tally *tally, struct fact *facts, size_t count, int64_t now,
              int64_t queue_lifetime, struct error *why);

#endif
