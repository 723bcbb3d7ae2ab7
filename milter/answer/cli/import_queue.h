/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import_queue: `waybill import --queue`: what is in the mail server's queue.
 */
#ifndef WAYBILL_CLI_IMPORT_QUEUE_H
#define WAYBILL_CLI_IMPORT_QUEUE_H

#include <stdatomic.h>

#include "command.h"
#include "waybill/import.h"

/* IMPORT_UNREADABLE also if some lines were. `stop` is set by a signal. */
enum import_result import_queue_run(const struct cli *cli, struct import *import,
                                    const atomic_bool *stop);

#endif
