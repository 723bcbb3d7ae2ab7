/* SPDX-License-Identifier: BSD-2-Clause */
/* over_api: a command answered by waybill-web, for staff who have a token and no store. */
#ifndef WAYBILL_CLI_OVER_API_H
#define WAYBILL_CLI_OVER_API_H

#include "../remote/remote.h"
#include "command.h"

/* An address was given for a command that it is of no use for. */
bool over_api_refuses(const struct cli *cli, const struct command *command);
/* cli->remote, if an address was given and the command asks for mails. -1: `why`. */
int over_api_open(struct cli *cli, const struct command *command, struct error *why);
/* What of the configuration at the other end a page about a mail rests on. */
int over_api_settings(struct cli *cli, struct error *why);
/* A moment for a question: "2026-11-22T18:03:09Z". */
void over_api_moment(int64_t ms, char words[static QUERY_MOMENT_SIZE]);
/* The exit code for the last trouble. */
int over_api_code(const struct cli *cli);
/* A remote_found that looks at nothing. */
int over_api_skip(void *context, struct remote_mail *mail, struct error *why);

#endif
