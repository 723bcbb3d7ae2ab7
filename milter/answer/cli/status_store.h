/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status_store: what `status` says of the store: its servers, their memory, and what was lost there
 * or given up.
 */
#ifndef WAYBILL_CLI_STATUS_STORE_H
#define WAYBILL_CLI_STATUS_STORE_H

#include "../status.h"
#include "command.h"
#include "waybill/json.h"

void status_print_store(const struct cli *cli);
void status_print_losses(const struct cli *cli, const struct status *status);
void status_put_store(const struct cli *cli, struct json *json);
/* Bytes for a person: "0", "812 B", "3.1 MB". */
void status_write_bytes(int64_t bytes, char text[static 32]);

#endif
