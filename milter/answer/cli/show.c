/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show: the command that tells all about one mail.
 */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#include "../chain_json.h"
#include "asked.h"
#include "coverage.h"
#include "life.h"
#include "onward.h"
#include "out.h"
#include "over_api.h"
#include "rows.h"
#include "waybill/access.h"
#include "waybill/address.h"
#include "waybill/clock.h"
#include "waybill/id.h"

#define ALIKE_MAX 50 /* mails listed that share a queue id or a Message-ID */

static void say_alike(size_t count, bool more)
{
    printf("%zu%s mails are called so; show one by its case code:\n", count,
           more ? " and more" : "");
}

static int print_json(const struct cli *cli, const struct waybill *waybill, struct error *why)
{
    struct buffer line;
    struct json json;
    int result = 0;

    buffer_init(&line, 64u << 20);
    json_init(&json, &line);
    result = chain_json_mail(&json, cli->store, waybill, &cli->basis, NULL, why);
    if (result == 0)
        result = out_line(&line, why);
    buffer_free(&line);
    return result;
}

static int print_onward(const struct cli *cli, const struct waybill *waybill, struct error *why)
{
    static struct chain chain;
    struct chain_before before;
    int back = chain_back(cli->store, waybill, cli->basis.queue_lifetime, &before, why);

    if (back == 0)
        before.id = 0;
    if (back < 0 ||
        chain_follow(cli->store, waybill, cli->basis.queue_lifetime, &chain, why) != 0)
        return -1;
    onward_print(cli, &before, &chain);
    chain_clear(&chain);
    return 0;
}

static int print_waybill(const struct cli *cli, const struct waybill *waybill, struct error *why)
{
    if (cli->request.json)
        return print_json(cli, waybill, why);
    if (cli->request.raw)
        return life_print_raw(cli, waybill->id, why) < 0 ? -1 : 0;
    if (life_print(cli, waybill, why) != 0)
        return -1;
    return print_onward(cli, waybill, why);
}

/* ---- over the API ---- */

static int print_shown(const struct cli *cli, const struct remote_shown *shown,
                       struct buffer *line, struct error *why)
{
    if (cli->request.json)
        return out_line(line, why);
    if (life_print(cli, &shown->waybill, why) != 0)
        return -1;
    onward_print(cli, &shown->before, &shown->chain);
    return 0;
}

static int show_over_api(const struct cli *cli, uint64_t id, struct error *why)
{
    struct remote_shown shown;
    struct buffer line;
    int result;

    buffer_init(&line, 64u << 20);
    result = remote_show(cli->remote, id, &shown, cli->request.json ? &line : NULL, why);
    if (result > 0) {
        result = print_shown(cli, &shown, &line, why) == 0 ? 1 : -1;
        remote_shown_clear(&shown);
    }
    buffer_free(&line);
    return result;
}

/* The mails that are called so; what they show is the last answer's. */
struct alike {
    struct waybill waybills[ALIKE_MAX];
    struct chain_before befores[ALIKE_MAX];
    size_t count;
};

static int keep_alike(void *context, struct remote_mail *mail, struct error *why)
{
    struct alike *alike = context;

    (void)why;
    if (alike->count == ALIKE_MAX)
        return 0;
    alike->befores[alike->count] = mail->before;
    alike->waybills[alike->count++] = mail->waybill;
    mail->waybill = (struct waybill){0};
    return 0;
}

static int show_alike_over_api(const struct cli *cli, const struct query *query,
                               struct alike *alike, bool more, struct error *why)
{
    uint64_t ids[ALIKE_MAX];

    if (alike->count > 1 && !cli->request.json) {
        say_alike(alike->count, more);
        return rows_list(cli, query, alike->waybills, alike->befores, alike->count, why);
    }
    for (size_t i = 0; i < alike->count; i++)
        ids[i] = alike->waybills[i].id;
    for (size_t i = 0; i < alike->count; i++)
        if (show_over_api(cli, ids[i], why) < 0)
            return -1;
    return 0;
}

static int find_over_api(const struct cli *cli, struct query *query, struct error *why)
{
    struct alike *alike = calloc(1, sizeof *alike);
    struct remote_search search = {.query = query, .found = keep_alike, .context = alike};
    int result;

    if (alike == NULL)
        return error_set(why, "no memory");
    result = remote_search(cli->remote, &search, why);
    if (result == 0)
        result = show_alike_over_api(cli, query, alike, search.answer.next != 0, why);
    if (result == 0 && alike->count > 0)
        result = 1;
    for (size_t i = 0; i < alike->count; i++)
        waybill_clear(&alike->waybills[i]);
    remote_search_clear(&search);
    free(alike);
    return result;
}

/* ---- by what it is called ---- */

/* 1: shown; 0: there is none; -1. */
static int show_by_id(const struct cli *cli, uint64_t id, struct error *why)
{
    struct waybill waybill;
    int result;

    if (cli->remote != NULL)
        return show_over_api(cli, id, why);
    if (cli->request.raw) /* also what cannot be read as a record */
        return life_print_raw(cli, id, why);
    result = query_one(cli->store, id, cli->basis.queue_lifetime, &waybill, why);

    if (result <= 0)
        return result;
    result = print_waybill(cli, &waybill, why);
    waybill_clear(&waybill);
    return result == 0 ? 1 : -1;
}

static int print_alike(const struct cli *cli, const struct query *query,
                       const struct query_answer *answer, struct error *why)
{
    if (cli->request.json || cli->request.raw) {
        for (size_t i = 0; i < answer->count; i++)
            if (print_waybill(cli, &answer->waybills[i], why) != 0)
                return -1;
        return 0;
    }
    say_alike(answer->count, answer->next != 0);
    return rows_table(cli, query, answer->waybills, answer->count, why);
}

/* By a queue id, or by a Message-ID, which has an '@'; to be cleared in either case. */
static int ask_name(const struct cli *cli, const char *name, struct query *query,
                    struct error *why)
{
    query_init(query);
    query->until = cli->now + MINUTE_MS;
    query->since = cli->now - QUERY_DAYS_NARROW * DAY_MS;
    query->limit = ALIKE_MAX;
    query->queue_lifetime = cli->basis.queue_lifetime;
    return query_add(query,
                     strchr(name, '@') != NULL ? QUERY_FIELD_MESSAGE_ID : QUERY_FIELD_QUEUE_ID,
                     false, slice_of(name), why);
}

static int find_in_store(const struct cli *cli, const struct query *query, struct error *why)
{
    struct query_answer answer;
    int result = query_run(cli->store, query, &answer, why);

    if (result != 0)
        return -1;
    result = answer.count == 0   ? 0
             : answer.count == 1 ? print_waybill(cli, &answer.waybills[0], why)
                                 : print_alike(cli, query, &answer, why);
    if (result == 0 && answer.count > 0)
        result = 1;
    query_answer_clear(&answer);
    return result;
}

static int show_by_name(const struct cli *cli, const char *name, struct error *why)
{
    struct query query;
    int result = ask_name(cli, name, &query, why);

    if (result == 0)
        result = cli->remote != NULL ? find_over_api(cli, &query, why)
                                     : find_in_store(cli, &query, why);
    query_clear(&query);
    return result;
}

/* An id tells its day; of a name the days that were searched are told. */
static int tell_watched(const struct cli *cli, const char *name, bool is_code, uint64_t id,
                        struct error *why)
{
    struct query query;
    int result = ask_name(cli, name, &query, why);

    query.until = cli->now;
    if (is_code) {
        query.since = id_time(id) - MINUTE_MS;
        query.until = id_time(id) + MINUTE_MS;
    }
    if (result == 0)
        result = coverage_tell(cli, &query, stderr, why);
    query_clear(&query);
    return result;
}

/* Of a name that may be meant for a case code: which ones are near. -1: the store failed. */
static int say_near(const struct cli *cli, const char *name, struct error *why)
{
    uint64_t ids[ID_NEAR_MAX];
    char code[ID_CODE_SIZE];
    struct buffer codes;
    size_t count;

    if (cli->remote != NULL
            ? remote_near(cli->remote, slice_of(name), ids, &count, why) != 0
            : access_near(cli->store, NULL, slice_of(name), cli->basis.queue_lifetime, ids, &count,
                          why) != 0)
        return -1;
    buffer_init(&codes, 2 * ID_NEAR_MAX * ID_CODE_SIZE);
    for (size_t i = 0; i < count; i++) {
        id_code(ids[i], code);
        buffer_addf(&codes, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", code);
    }
    if (count > 0)
        complain("the case code '%s' has a mistyped character; did you mean %s?", name, codes.data);
    buffer_free(&codes);
    return count > 0;
}

static int say_nothing(const struct cli *cli, const char *name, bool is_code, uint64_t id)
{
    struct error why;
    int near = is_code ? 0 : say_near(cli, name, &why);

    if (near < 0)
        return complain_store(cli, &why);
    if (near > 0)
        return CLI_NOTHING;
    if (is_code)
        complain("there is no mail '%s' %s; it may be older than what is kept", name,
                 cli->remote != NULL ? "that you may see" : "in the store");
    else
        complain("no mail of the last %d days is called '%s'; if it is a case code, one character "
                 "of it is wrong",
                 QUERY_DAYS_NARROW, name);
    if (tell_watched(cli, name, is_code, id, &why) != 0)
        return complain_store(cli, &why);
    return CLI_NOTHING;
}

int show_run(struct cli *cli)
{
    const char *name = cli->request.arguments[0];
    struct error why;
    uint64_t id = 0;
    bool is_code = id_parse(slice_of(name), &id);
    int result = 0;

    if (cli->remote != NULL && cli->request.raw) {
        complain("--raw needs the store itself, and cannot be asked over the API");
        return CLI_USAGE;
    }
    if (cli->remote != NULL && !cli->request.json)
        result = over_api_settings(cli, &why);
    if (result == 0 && is_code)
        result = show_by_id(cli, id, &why);
    if (result == 0)
        result = show_by_name(cli, name, &why);
    if (result > 0)
        return CLI_FOUND;
    if (result == 0)
        return say_nothing(cli, name, is_code, id);
    if (cli->remote != NULL || store_last_trouble(cli->store) != STORE_FINE)
        return complain_store(cli, &why);
    complain("%s", why.text);
    return CLI_NOTHING;
}
