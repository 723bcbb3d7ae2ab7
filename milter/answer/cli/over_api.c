/* SPDX-License-Identifier: BSD-2-Clause */
/* over_api: see over_api.h. */
#include "over_api.h"

#include <stdlib.h>

#include "waybill/clock.h"

static const char *from_environment(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && *value != '\0' ? value : NULL;
}

/* Who names a configuration means the store that stands there, whatever the environment says. */
static const char *address(const struct cli *cli)
{
    if (cli->request.api != NULL)
        return cli->request.api;
    return cli->request.config == NULL ? from_environment("WAYBILL_API") : NULL;
}

/* What has to do with neither is not kept from running by an environment for others. */
bool over_api_refuses(const struct cli *cli, const struct command *command)
{
    if (command->over_api || command->bit == FOR_HELP || command->bit == FOR_EXPLAIN)
        return false;
    return cli->request.api != NULL || (command->asks_store && address(cli) != NULL);
}

int over_api_open(struct cli *cli, const struct command *command, struct error *why)
{
    struct remote_options options = {.url = address(cli),
                                     .token_file = cli->request.token_file,
                                     .reason = cli->request.reason,
                                     .language = cli->request.language};

    if (options.url == NULL || !command->over_api)
        return 0;
    if (options.token_file == NULL)
        options.token_file = from_environment("WAYBILL_TOKEN_FILE");
    return remote_open(&cli->remote, &options, why);
}

int over_api_settings(struct cli *cli, struct error *why)
{
    struct remote_settings settings;

    if (remote_get_settings(cli->remote, &settings, why) != 0)
        return -1;
    cli->basis.queue_lifetime = settings.queue_lifetime_hours * HOUR_MS;
    cli->settings->reply_retention_days = settings.reply_retention_days;
    cli->settings->subject_retention_days = settings.subject_retention_days;
    cli->settings->subject = settings.subjects ? SUBJECT_FULL : SUBJECT_OFF;
    return 0;
}

void over_api_moment(int64_t ms, char words[static QUERY_MOMENT_SIZE])
{
    char text[CLOCK_TEXT_SIZE];

    clock_rfc3339(ms, text);
    snprintf(words, QUERY_MOMENT_SIZE, "%.19sZ", text);
}

int over_api_code(const struct cli *cli)
{
    return remote_last_trouble(cli->remote) == REMOTE_REFUSED ? CLI_USAGE : CLI_UNREACHABLE;
}

int over_api_skip(void *context, struct remote_mail *mail, struct error *why)
{
    (void)context;
    (void)mail;
    (void)why;
    return 0;
}
