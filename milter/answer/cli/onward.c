/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * onward: a leg of the chain is a line for each of its recipients. See chain.h for what is
 * believed.
 */
#include "onward.h"

#include "out.h"
#include "waybill/escape.h"
#include "waybill/id.h"
#include "waybill/verdict.h"

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

void onward_print(const struct cli *cli, const struct chain_before *before,
                  const struct chain *chain)
{
    char code[ID_CODE_SIZE];

    if (before->id != 0 || chain->count > 0) {
        putchar('\n');
        out_heading(cli, "Under other queue ids");
    }
    if (before->id != 0) {
        id_code(before->id, code);
        printf("  before: %s, %s\n", code, way_words(before->way));
    }
    for (size_t i = 0; i < chain->count; i++)
        print_leg(cli, &chain->legs[i]);
    if (chain->more)
        puts("  and more, which were not followed");
}
