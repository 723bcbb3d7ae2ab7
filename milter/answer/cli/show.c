/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show: the command that tells all about one mail.
 */
#include "command.h"

#include <string.h>

#include "../chain_json.h"
#include "asked.h"
#include "coverage.h"
#include "life.h"
#include "onward.h"
#include "out.h"
#include "rows.h"
#include "waybill/access.h"
#include "waybill/address.h"
#include "waybill/clock.h"
#include "waybill/id.h"

#define ALIKE_MAX 50 /* mails listed that share a queue id or a Message-ID */

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

static int print_waybill(const struct cli *cli, const struct waybill *waybill, struct error *why)
{
    if (cli->request.json)
        return print_json(cli, waybill, why);
    if (cli->request.raw)
        return life_print_raw(cli, waybill->id, why) < 0 ? -1 : 0;
    if (life_print(cli, waybill, why) != 0)
        return -1;
    return onward_print(cli, waybill, why);
}

/* 1: shown; 0: there is none; -1. */
static int show_by_id(const struct cli *cli, uint64_t id, struct error *why)
{
    struct waybill waybill;
    int result;

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
    printf("%zu%s mails are called so; show one by its case code:\n", answer->count,
           answer->next != 0 ? " and more" : "");
    return rows_table(cli, query, answer->waybills, answer->count, why);
}

/* By a queue id, or by a Message-ID, which has an '@'. */
static int show_by_name(const struct cli *cli, const char *name, struct error *why)
{
    struct query query;
    struct query_answer answer;
    int result;

    query_init(&query);
    query.until = cli->now + MINUTE_MS;
    query.since = cli->now - QUERY_DAYS_NARROW * DAY_MS;
    query.limit = ALIKE_MAX;
    query.queue_lifetime = cli->basis.queue_lifetime;
    result = query_add(&query,
                       strchr(name, '@') != NULL ? QUERY_FIELD_MESSAGE_ID : QUERY_FIELD_QUEUE_ID,
                       false, slice_of(name), why);
    if (result == 0)
        result = query_run(cli->store, &query, &answer, why);
    if (result != 0) {
        query_clear(&query);
        return -1;
    }
    result = answer.count == 0   ? 0
             : answer.count == 1 ? print_waybill(cli, &answer.waybills[0], why)
                                 : print_alike(cli, &query, &answer, why);
    if (result == 0 && answer.count > 0)
        result = 1;
    query_answer_clear(&answer);
    query_clear(&query);
    return result;
}

/* An id tells its day; of a name the days that were searched are told. */
static int64_t searched_since(const struct cli *cli, bool is_code, uint64_t id)
{
    return is_code ? id_time(id) - MINUTE_MS : cli->now - QUERY_DAYS_NARROW * DAY_MS;
}

/* Of a name that may be meant for a case code: which ones are near. -1: the store failed. */
static int say_near(const struct cli *cli, const char *name, struct error *why)
{
    uint64_t ids[ID_NEAR_MAX];
    char code[ID_CODE_SIZE];
    struct buffer codes;
    size_t count;

    if (access_near(cli->store, NULL, slice_of(name), cli->basis.queue_lifetime, ids, &count,
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
    int64_t until = is_code ? id_time(id) + MINUTE_MS : cli->now;
    struct error why;
    int near = is_code ? 0 : say_near(cli, name, &why);

    if (near < 0)
        return complain_store(cli, &why);
    if (near > 0)
        return CLI_NOTHING;
    if (is_code)
        complain("there is no mail '%s' in the store; it may be older than what is kept", name);
    else
        complain("no mail of the last %d days is called '%s'; if it is a case code, one character "
                 "of it is wrong",
                 QUERY_DAYS_NARROW, name);
    if (coverage_tell(cli, searched_since(cli, is_code, id), until, stderr, &why) != 0)
        return complain_store(cli, &why);
    return CLI_NOTHING;
}

int show_run(struct cli *cli)
{
    const char *name = cli->request.arguments[0];
    struct error why;
    uint64_t id = 0;
    bool is_code = id_parse(slice_of(name), &id);
    int result = is_code ? show_by_id(cli, id, &why) : 0;

    if (result == 0)
        result = show_by_name(cli, name, &why);
    if (result > 0)
        return CLI_FOUND;
    if (result == 0)
        return say_nothing(cli, name, is_code, id);
    if (store_last_trouble(cli->store) != STORE_FINE)
        return complain_store(cli, &why);
    complain("%s", why.text);
    return CLI_NOTHING;
}
