/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * years: what logline_years asks of a file; private to this room.
 */
#ifndef LOGLINE_YEARS_H
#define LOGLINE_YEARS_H

#include "waybill/logfile.h"

/* The plain file and its bytes that are still to be read, or -1: it cannot be read anywhere. */
int logfile_plain(struct logfile *file, uint64_t *from, uint64_t *to);

#endif
