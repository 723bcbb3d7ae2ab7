/* SPDX-License-Identifier: BSD-2-Clause */
/* token_json: an entry of who may ask over HTTP, as JSON. */
#ifndef WAYBILL_CLI_TOKEN_JSON_H
#define WAYBILL_CLI_TOKEN_JSON_H

#include "waybill/access.h"
#include "waybill/json.h"

/* `secret`: where it is just made; else NULL. */
void token_json(struct json *json, const struct access *access, const char *secret);

#endif
