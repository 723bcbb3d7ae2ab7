/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status_store: see status_store.h.
 */
#include "status_store.h"

#include "out.h"
#include "waybill/escape.h"
#include "waybill/health.h"

void status_write_bytes(int64_t bytes, char text[static 32])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double size = (double)bytes;
    size_t unit = 0;

    while (size >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) {
        size /= 1000;
        unit++;
    }
    if (bytes == 0)
        snprintf(text, 32, "0");
    else
        snprintf(text, 32, "%.*f %s", unit > 0 && size < 10 ? 1 : 0, size, units[unit]);
}

#define SERVERS_SHOWN 8

struct servers {
    struct buffer line;
    size_t count;
};

/* "tcp:10.0.0.7:6379 (1.2 of 8.0 GB)" */
static void add_server(void *context, const struct store_health *health)
{
    struct servers *servers = context;
    char used[32], most[32];

    if (servers->count++ >= SERVERS_SHOWN)
        return;
    buffer_add_text(&servers->line, servers->count > 1 ? ", " : "");
    escape_terminal(&servers->line, slice_of(health->server));
    status_write_bytes(health->memory_used > 0 ? health->memory_used : 0, used);
    status_write_bytes(health->memory_most > 0 ? health->memory_most : 0, most);
    if (health->away[0] != '\0')
        buffer_add_text(&servers->line, " (does not answer)");
    else if (health->memory_used >= 0 && health->memory_most > 0)
        buffer_addf(&servers->line, " (%s of %s)", used, most);
    else if (health->memory_used >= 0)
        buffer_addf(&servers->line, " (%s)", used);
}

/* A server that says nothing of itself is named all the same. */
void status_print_store(const struct cli *cli)
{
    static const char *const found[] = {[REDIS_SINGLE] = "Redis", [REDIS_SENTINEL] = "Sentinel's master",
                                        [REDIS_CLUSTER] = "Cluster"};
    struct servers servers = {.count = 0};
    struct buffer line;

    buffer_init(&servers.line, 8192);
    buffer_init(&line, 16384);
    if (store_look_at_servers(cli->store, add_server, &servers, NULL) == 0) {
        buffer_addf(&line, "Store: %s %s", found[cli->settings->redis_mode], servers.line.data);
        if (servers.count > SERVERS_SHOWN)
            buffer_addf(&line, ", and %zu more", servers.count - SERVERS_SHOWN);
        buffer_add_char(&line, '.');
        out_folded(cli, 0, 2, line.data);
    }
    buffer_free(&line);
    buffer_free(&servers.line);
}

/* What the store lost and gave up, where there is something to tell. */
void status_print_losses(const struct cli *cli, const struct status *status)
{
    struct buffer line;

    buffer_init(&line, 4096);
    for (size_t i = 0; i < status->host_count; i++) {
        const struct sheet *sheet = &status->hosts[i].sheet;

        if (status->hosts[i].gone || (sheet->rewinds <= 0 && sheet->days_shed <= 0))
            continue;
        buffer_clear(&line);
        escape_terminal(&line, slice_of(status->hosts[i].name));
        buffer_add_text(&line, " since its start:");
        if (sheet->rewinds > 0)
            buffer_addf(&line, " sent %lld times again what the store had lost",
                        (long long)sheet->rewinds);
        if (sheet->days_shed > 0)
            buffer_addf(&line, "%s gave up %lld days because the store was full",
                        sheet->rewinds > 0 ? ";" : "", (long long)sheet->days_shed);
        buffer_add_char(&line, '.');
        out_folded(cli, 0, 2, line.data);
    }
    buffer_free(&line);
}

/* ---- for programs ---- */

static void put_bytes(struct json *json, const char *key, int64_t bytes)
{
    json_put_key(json, key);
    if (bytes < 0)
        json_put_null(json);
    else
        json_put_number(json, bytes);
}

static void put_server(void *context, const struct store_health *health)
{
    struct json *json = context;

    json_begin_object(json);
    json_member_text(json, "server", health->server);
    json_member_bool(json, "answers", health->away[0] == '\0');
    put_bytes(json, "memory_used", health->memory_used);
    put_bytes(json, "memory_most", health->memory_most);
    json_end_object(json);
}

void status_put_store(const struct cli *cli, struct json *json)
{
    json_member_object(json, "store");
    json_member_text(json, "mode", store_mode_word(cli->settings));
    json_member_array(json, "servers");
    (void)store_look_at_servers(cli->store, put_server, json, NULL);
    json_end_array(json);
    json_end_object(json);
}
