/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forget_tokens: what `waybill forget` says of the entries of `waybill token` that have to do with
 * the person.
 */
#ifndef WAYBILL_CLI_FORGET_TOKENS_H
#define WAYBILL_CLI_FORGET_TOKENS_H

#include "../person.h"
#include "command.h"
#include "waybill/json.h"

/* As they are said, and as members of an array; filled before they are taken away. */
struct forget_tokens {
    struct buffer lines, members;
    bool gone; /* they are, or else they would be */
};
int forget_tokens_read(struct forget_tokens *tokens, struct person *person, bool gone,
                       struct error *why);
void forget_tokens_free(struct forget_tokens *tokens);
void forget_tokens_json(const struct forget_tokens *tokens, struct json *json);

/* forget --dry-run: what would be forgotten. Returns the exit code. */
int forget_dry_run(struct cli *cli, struct person *person);

#endif
