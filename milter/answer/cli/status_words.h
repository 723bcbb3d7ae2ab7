/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status_words: what `status` says in words: the line that tells whether all is well, and what to
 * do where it is not.
 */
#ifndef WAYBILL_CLI_STATUS_WORDS_H
#define WAYBILL_CLI_STATUS_WORDS_H

#include "../status.h"
#include "command.h"
#include "waybill/clock.h"

bool status_is_well(const struct status *status);
/* The first line, escaped. */
void status_add_summary(const struct cli *cli, const struct status *status, struct buffer *line);
const char *status_advice(enum status_kind kind);
/* 340 us as "0.3 ms", 3100 us as "3 ms". */
void status_write_delay(int64_t us, char text[static CLOCK_TEXT_SIZE]);

#endif
