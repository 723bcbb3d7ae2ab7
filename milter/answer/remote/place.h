/* SPDX-License-Identifier: BSD-2-Clause */
/* place: where the API is, and the token that opens it. */
#ifndef WAYBILL_ANSWER_REMOTE_PLACE_H
#define WAYBILL_ANSWER_REMOTE_PLACE_H

#include "waybill/buffer.h"
#include "waybill/error.h"

#define TOKEN_SIZE 128

struct remote_place {
    char *base;   /* "https://host:port/prefix", without a slash at the end */
    char *socket; /* of "unix:/path"; else NULL */
};
/* -1: `why` says which forms there are. Clear it in either case. */
int remote_place_read(struct remote_place *place, const char *url, struct error *why);
void remote_place_clear(struct remote_place *place);
/* From a file that nobody else can read. `path` NULL: ~/.config/waybill/token. */
int remote_token_read(const char *path, char token[static TOKEN_SIZE], struct error *why);

#endif
