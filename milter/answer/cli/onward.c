/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * onward: a leg of the chain is a line for each of its recipients. See chain.h for what is
 * believed.
 */
#include "onward.h"

#include "../chain.h"
#include "out.h"
#include "waybill/escape.h"
#include "waybill/id.h"
#include "waybill/verdict.h"
#include "waybill/waybill_json.h"

#define TEXT_MAX 65536

static const char *way_words(enum chain_way way)
{
    static const char *const words[] = {
        [CHAIN_FORWARDED] = "forwarded here",
        [CHAIN_REQUEUED] = "put through the queue anew",
        [CHAIN_FILTERED] = "handed to our filter",
        [CHAIN_RELAYED] = "handed to our other host",
        [CHAIN_REPORTED] = "reported to the sender",
    };
    return words[way];
}

static void print_ends(const struct cli *cli, const struct leg *leg)
{
    struct buffer text;

    buffer_init(&text, TEXT_MAX);
    for (size_t i = 0; i < leg->waybill.recipient_count; i++) {
        struct verdict verdict;
        buffer_clear(&text);
        verdict_read(&leg->waybill, &leg->waybill.recipients[i], &cli->basis, &verdict);
        out_address(&text, leg->waybill.recipients[i].address);
        buffer_addf(&text, ": %s", verdict.what);
        fputs("    ", stdout);
        out_folded(cli, 4, 6, text.data);
    }
    buffer_free(&text);
}

static void print_leg(const struct cli *cli, const struct leg *leg)
{
    struct buffer text;
    char code[ID_CODE_SIZE];

    buffer_init(&text, TEXT_MAX);
    id_code(leg->waybill.id, code);
    if (leg->recipient.at != NULL) {
        out_address(&text, leg->recipient);
        buffer_add_text(&text, ": ");
    }
    buffer_addf(&text, "%s, went on as ", way_words(leg->way));
    escape_terminal(&text, leg->waybill.queue_id);
    buffer_addf(&text, " (%s), and there:", code);
    fputs("  ", stdout);
    out_folded(cli, 2, 4, text.data);
    buffer_free(&text);
    print_ends(cli, leg);
}

int onward_print(const struct cli *cli, const struct waybill *waybill, struct error *why)
{
    static struct chain chain;
    struct chain_before before;
    char code[ID_CODE_SIZE];
    int back = chain_back(cli->store, waybill, cli->basis.queue_lifetime, &before, why);

    if (back < 0 || chain_follow(cli->store, waybill, cli->basis.queue_lifetime, &chain, why) != 0)
        return -1;
    if (back > 0 || chain.count > 0) {
        putchar('\n');
        out_heading(cli, "Under other queue ids");
    }
    if (back > 0) {
        id_code(before.id, code);
        printf("  before: %s, %s\n", code, way_words(before.way));
    }
    for (size_t i = 0; i < chain.count; i++)
        print_leg(cli, &chain.legs[i]);
    if (chain.more)
        puts("  and more, which were not followed");
    chain_clear(&chain);
    return 0;
}

static void put_leg(struct json *json, const struct cli *cli, const struct leg *leg)
{
    json_begin_object(json);
    json_member_text(json, "way", chain_way_word(leg->way));
    json_put_key(json, "step_before");
    if (leg->from == CHAIN_MAX)
        json_put_null(json);
    else
        json_put_number(json, (int64_t)leg->from);
    json_member_string(json, "recipient", leg->recipient);
    json_member_string(json, "queue_id", leg->waybill.queue_id);
    waybill_json_id(json, leg->waybill.id);
    json_member_text(json, "state", state_word(waybill_state(&leg->waybill)));
    json_member_array(json, "recipients");
    for (size_t i = 0; i < leg->waybill.recipient_count; i++)
        waybill_json_recipient(json, &leg->waybill, &leg->waybill.recipients[i], &cli->basis);
    json_end_array(json);
    json_end_object(json);
}

void onward_json_before(struct json *json, const struct chain_before *before)
{
    json_put_key(json, "came_from");
    if (before == NULL) {
        json_put_null(json);
        return;
    }
    json_begin_object(json);
    json_member_text(json, "way", chain_way_word(before->way));
    waybill_json_id(json, before->id);
    json_end_object(json);
}

int onward_json(const struct cli *cli, const struct waybill *waybill, struct json *json,
                struct error *why)
{
    static struct chain chain;
    struct chain_before before;
    int back = chain_back(cli->store, waybill, cli->basis.queue_lifetime, &before, why);

    if (back < 0 || chain_follow(cli->store, waybill, cli->basis.queue_lifetime, &chain, why) != 0)
        return -1;
    onward_json_before(json, back > 0 ? &before : NULL);
    json_member_array(json, "chain");
    for (size_t i = 0; i < chain.count; i++)
        put_leg(json, cli, &chain.legs[i]);
    json_end_array(json);
    json_member_bool(json, "chain_bounded", chain.more);
    chain_clear(&chain);
    return 0;
}
