/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loads a Redis with mails, in our schema or in the naive one, and asks.
 *
 *     store_load SCHEMA MAILS SETTINGS HOST PORT [refused=PERCENT] [ask=COUNT] [seed=N] [batch=N]
 *                [whole] [twice] [streams] [capped] [rounds=N] [now=MS] [loaded]
 *
 * SCHEMA is `ours`, `naive`, `ship` (ours, out of a journal) or `floor`. The Redis is empty, and
 * nobody else's. Mails are made outside of all that is measured. Prints a line for each figure: its
 * name, a blank, its value. With `rounds` each question is asked so often, and the median round of
 * each kind is told. `loaded`: only ask, of a Redis that the same command with the same `now`
 * filled. `whole`: mails have HELO, ports, BODY, Date, header From, and full names of hosts.
 */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_ask.h"
#include "store_floor.h"
#include "store_naive.h"
#include "store_ours.h"
#include "store_ship.h"
#include "waybill/clock.h"

struct load {
    const char *host;
    unsigned port;
    uint64_t mails, seed;
    size_t batch, ask, rounds;
    int64_t now;
    bool loaded, whole;
    unsigned refused;
    struct ours_options options;
    struct settings *settings;
    struct traffic *traffic;
    struct mails_mail *several;
    struct asks *asks;
    redisContext *info;
};

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "store_load: %s\n", what);
    exit(1);
}

/* ---- what the server says ---- */

static double info_of(const char *text, const char *name)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\n%s:", name);
    const char *at = strstr(text, wanted);
    return at != NULL ? strtod(at + strlen(wanted), NULL) : 0;
}

struct server {
    double cpu, memory, rss, commands, bytes_in, keys;
};

static struct server server_now(struct load *load)
{
    redisReply *all = redisCommand(load->info, "INFO"), *size = redisCommand(load->info, "DBSIZE");
    if (all == NULL || all->type != REDIS_REPLY_STRING || size == NULL)
        fail("the server gives no INFO");
    struct server server = {
        .cpu = info_of(all->str, "used_cpu_user") + info_of(all->str, "used_cpu_sys"),
        .memory = info_of(all->str, "used_memory"),
        .rss = info_of(all->str, "used_memory_rss"),
        .commands = info_of(all->str, "total_commands_processed"),
        .bytes_in = info_of(all->str, "total_net_input_bytes"),
        .keys = (double)size->integer,
    };
    freeReplyObject(all);
    freeReplyObject(size);
    return server;
}

static void print_server(const struct load *load, const struct server *before,
                         const struct server *after)
{
    double mails = (double)load->mails;
    printf("bytes_per_mail %.2f\n", (after->memory - before->memory) / mails);
    printf("rss_per_mail %.2f\n", (after->rss - before->rss) / mails);
    printf("server_us_per_mail %.3f\n", (after->cpu - before->cpu) / mails * 1e6);
    printf("commands_per_mail %.3f\n", (after->commands - before->commands) / mails);
    printf("wire_bytes_per_mail %.1f\n", (after->bytes_in - before->bytes_in) / mails);
    printf("keys %.0f\n", after->keys);
}

static struct traffic *traffic_of(const struct load *load, uint64_t seed)
{
    return traffic_open(seed, load->mails, load->refused, load->whole, load->now);
}

/* ---- loading ---- */

static void load_mails(struct load *load, void (*write)(void *context, size_t count), void *context)
{
    for (uint64_t done = 0; done < load->mails;) {
        size_t count = load->mails - done < load->batch ? load->mails - done : load->batch;
        for (size_t i = 0; i < count; i++) {
            traffic_next(load->traffic, &load->several[i]);
            if (load->asks != NULL)
                asks_note(load->asks, &load->several[i]);
        }
        write(context, count);
        done += count;
    }
}

struct writer {
    struct load *load;
    struct ours *ours;
    struct naive *naive;
    double client;
};

static void write_ours(void *context, size_t count)
{
    struct writer *writer = context;
    if (writer->load->loaded)
        return;
    ours_write(writer->ours, writer->load->several, count);
}

static void write_naive(void *context, size_t count)
{
    struct writer *writer = context;
    double begin = cpu_now();
    for (size_t i = 0; i < count; i++) {
        const struct mails_mail *mail = &writer->load->several[i];
        naive_put(writer->naive, mail->id, mail->facts, mail->count);
    }
    naive_flush(writer->naive);
    writer->client += cpu_now() - begin;
}

static int run_ours(struct load *load)
{
    struct writer writer = {load, ours_open(load->settings, &load->options, load->batch), NULL, 0};
    const struct ours_figures *figures = ours_figures(writer.ours);
    struct server before = server_now(load), after;
    double mails = (double)load->mails;
    size_t wrong = 0;
    load_mails(load, write_ours, &writer);
    after = server_now(load);
    print_server(load, &before, &after);
    printf("record_us_per_mail %.3f\n", figures->record / mails * 1e6);
    printf("judge_us_per_mail %.3f\n", figures->judge / mails * 1e6);
    printf("store_us_per_mail %.3f\n", figures->store / mails * 1e6);
    printf("client_us_per_mail %.3f\n",
           (figures->record + figures->judge + figures->store) / mails * 1e6);
    printf("text_bytes %.1f\n", (double)figures->text_bytes / mails);
    printf("postings_per_mail %.3f\n", (double)figures->postings / mails);
    printf("records_per_mail %.4f\n", (double)figures->records / mails);
    if (load->asks != NULL)
        wrong = asks_run(load->asks, ours_store(writer.ours), load->info, load->rounds, stdout);
    ours_close(writer.ours);
    return wrong > 0;
}

static void run_naive(struct load *load)
{
    struct naive *naive =
        naive_open(load->host, load->port, load->settings->retention_days, load->options.streams);
    struct writer writer = {load, NULL, naive, 0};
    struct server before = server_now(load), after;
    load_mails(load, write_naive, &writer);
    after = server_now(load);
    print_server(load, &before, &after);
    printf("client_us_per_mail %.3f\n", writer.client / (double)load->mails * 1e6);
    naive_close(naive);
}

static void run_ship(struct load *load)
{
    struct server before = server_now(load), after;
    struct shipped shipped = ship_all(load->settings, load->mails, load->seed);
    after = server_now(load);
    print_server(load, &before, &after);
    printf("client_us_per_mail %.3f\n", shipped.client / (double)load->mails * 1e6);
    printf("facts_per_mail %.2f\n", (double)shipped.facts / (double)load->mails);
}

static void run_floor(struct load *load)
{
    struct traffic *others = traffic_of(load, load->seed + 1000);
    struct floors floors = floors_of(load->traffic, load->mails, others);
    printf("raw_bytes %.1f\n", (double)floors.raw / (double)floors.mails);
    printf("packed_bytes %.1f\n", (double)floors.packed / (double)floors.mails);
    traffic_close(others);
}

/* ---- the command line ---- */

static void take_option(struct load *load, const char *option)
{
    unsigned long number = strchr(option, '=') ? strtoul(strchr(option, '=') + 1, NULL, 10) : 0;
    if (strncmp(option, "refused=", 8) == 0)
        load->refused = (unsigned)number;
    else if (strncmp(option, "ask=", 4) == 0)
        load->ask = number;
    else if (strncmp(option, "seed=", 5) == 0)
        load->seed = number;
    else if (strncmp(option, "batch=", 6) == 0 && number > 0)
        load->batch = number;
    else if (strncmp(option, "rounds=", 7) == 0 && number > 0)
        load->rounds = number;
    else if (strncmp(option, "now=", 4) == 0)
        load->now = (int64_t)number;
    else if (strcmp(option, "loaded") == 0)
        load->loaded = true;
    else if (strcmp(option, "whole") == 0)
        load->whole = true;
    else if (strcmp(option, "twice") == 0)
        load->options.twice = true;
    else if (strcmp(option, "streams") == 0)
        load->options.streams = true;
    else if (strcmp(option, "capped") == 0)
        load->options.capped = true;
    else
        fail("an option that is none");
}

static void prepare(struct load *load, const char *settings)
{
    struct error why;
    if (settings_read(&load->settings, settings, &why) != 0)
        fail(why.text);
    load->traffic = traffic_of(load, load->seed);
    load->several = calloc(load->batch, sizeof *load->several);
    load->info = redisConnect(load->host, (int)load->port);
    if (load->several == NULL || load->info == NULL || load->info->err != 0)
        fail("cannot connect to the server");
    if (load->ask == 0)
        return;
    struct traffic *same = traffic_of(load, load->seed);
    load->asks = asks_open(same, load->ask, load->now);
    traffic_close(same);
}

int main(int count, char **words)
{
    struct load load = {.seed = 1, .batch = 1000, .rounds = 1, .now = clock_now()};
    int result = 0;
    if (count < 6)
        fail("store_load SCHEMA MAILS SETTINGS HOST PORT [OPTION ...]");
    load.mails = strtoull(words[2], NULL, 10);
    load.host = words[4];
    load.port = (unsigned)strtoul(words[5], NULL, 10);
    for (int i = 6; i < count; i++)
        take_option(&load, words[i]);
    prepare(&load, words[3]);
    if (strcmp(words[1], "ours") == 0)
        result = run_ours(&load);
    else if (strcmp(words[1], "naive") == 0)
        run_naive(&load);
    else if (strcmp(words[1], "ship") == 0)
        run_ship(&load);
    else if (strcmp(words[1], "floor") == 0)
        run_floor(&load);
    else
        fail("SCHEMA is ours, naive, ship or floor");
    if (load.asks != NULL)
        asks_close(load.asks);
    traffic_close(load.traffic);
    free(load.several);
    settings_free(&load.settings);
    redisFree(load.info);
    return result;
}
