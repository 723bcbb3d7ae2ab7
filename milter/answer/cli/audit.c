/* SPDX-License-Identifier: BSD-2-Clause */
/* audit: who asked what. */
#include "command.h"
#include "out.h"
#include "over_api.h"
#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/waybill_json.h"

struct listing {
    const struct cli *cli;
    struct buffer line;
    uint64_t count;
};

static void put_word(struct buffer *line, const char *name, struct slice value)
{
    if (value.at == NULL)
        return;
    buffer_addf(line, "  %s", name);
    escape_terminal(line, value);
}

static void print_entry(void *context, const struct store_audit *audit)
{
    struct listing *listing = context;
    struct json json;
    char when[WHEN_SIZE];

    buffer_clear(&listing->line);
    if (listing->cli->request.json) {
        json_init(&json, &listing->line);
        waybill_json_audit(&json, audit);
    } else {
        out_when(listing->cli, audit->time, when);
        buffer_add_text(&listing->line, when);
        put_word(&listing->line, "", audit->who);
        put_word(&listing->line, "", audit->what);
        put_word(&listing->line, "", audit->about);
        if (audit->count != STORE_UNCOUNTED)
            buffer_addf(&listing->line, "  mails: %llu", (unsigned long long)audit->count);
        put_word(&listing->line, "reason: ", audit->reason);
    }
    puts(listing->line.data);
    listing->count++;
}

static void audit_seen(void *context, const struct store_audit *audit, struct slice field)
{
    (void)field;
    print_entry(context, audit);
}

int audit_run(struct cli *cli)
{
    struct listing listing = {.cli = cli};
    int64_t since = cli->request.since;
    struct error why;
    int result;

    if (since == TIME_NOT_GIVEN)
        since = cli->now - 30 * DAY_MS;
    buffer_init(&listing.line, 1u << 20);
    result = cli->remote != NULL
                 ? remote_audit(cli->remote, since, print_entry, &listing, &why)
                 : store_each_audit(cli->store, since, cli->now, audit_seen, &listing, &why);
    buffer_free(&listing.line);
    if (result != 0)
        return complain_store(cli, &why);
    if (listing.count == 0 && !cli->request.json)
        puts("No entry in that time.");
    return listing.count > 0 ? CLI_FOUND : CLI_NOTHING;
}
