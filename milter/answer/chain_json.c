/* SPDX-License-Identifier: BSD-2-Clause */
/* chain_json: see chain_json.h. */
#include "chain_json.h"

#include <stdlib.h>

#include "search_json.h"

#define HIDDEN SIZE_MAX

static bool may_see(const struct query_lens *lens, struct waybill *waybill)
{
    return lens == NULL || lens->look(lens->context, waybill);
}

/* Is the mail before one that he may see? */
static int look_back(struct store *store, const struct waybill *waybill,
                     const struct verdict_basis *basis, const struct query_lens *lens,
                     struct chain_before *before, struct error *why)
{
    int back = chain_back(store, waybill, basis->queue_lifetime, before, why);
    struct waybill other;

    if (back <= 0) {
        before->id = 0;
        return back;
    }
    if (lens == NULL)
        return 0;
    back = query_one(store, before->id, basis->queue_lifetime, &other, why);
    if (back > 0 && may_see(lens, &other)) {
        waybill_clear(&other);
        return 0;
    }
    if (back > 0)
        waybill_clear(&other);
    before->id = 0;
    return back < 0 && store_last_trouble(store) != STORE_FINE ? -1 : 0;
}

/* `place`: where the legs stand in the answer, some of which are not told. */
static void put_leg(struct json *json, const struct leg *leg, const size_t *place,
                    const struct verdict_basis *basis)
{
    json_begin_object(json);
    json_member_text(json, "way", chain_way_word(leg->way));
    json_put_key(json, "step_before");
    if (leg->from == CHAIN_MAX || place[leg->from] == HIDDEN)
        json_put_null(json);
    else
        json_put_number(json, (int64_t)place[leg->from]);
    json_member_string(json, "recipient", leg->recipient);
    json_member_string(json, "queue_id", leg->waybill.queue_id);
    waybill_json_id(json, leg->waybill.id);
    json_member_text(json, "state", state_word(waybill_state(&leg->waybill)));
    json_member_array(json, "recipients");
    for (size_t i = 0; i < leg->waybill.recipient_count; i++)
        waybill_json_recipient(json, &leg->waybill, &leg->waybill.recipients[i], basis);
    json_end_array(json);
    json_end_object(json);
}

static void put_chain(struct json *json, struct chain *chain, const struct verdict_basis *basis,
                      const struct query_lens *lens)
{
    size_t place[CHAIN_MAX], told = 0;

    json_member_array(json, "chain");
    for (size_t i = 0; i < chain->count; i++) {
        place[i] = may_see(lens, &chain->legs[i].waybill) ? told++ : HIDDEN;
        if (place[i] != HIDDEN)
            put_leg(json, &chain->legs[i], place, basis);
    }
    json_end_array(json);
    json_member_bool(json, "chain_bounded", chain->more);
}

int chain_json_mail(struct json *json, struct store *store, const struct waybill *waybill,
                    const struct verdict_basis *basis, const struct query_lens *lens,
                    struct error *why)
{
    struct chain *chain = calloc(1, sizeof *chain);
    struct chain_before before;
    int result = -1;

    if (chain == NULL)
        return error_set(why, "cannot write the answer: no memory");
    if (look_back(store, waybill, basis, lens, &before, why) == 0 &&
        chain_follow(store, waybill, basis->queue_lifetime, chain, why) == 0) {
        waybill_json_open(json, waybill, basis, true);
        search_json_before(json, &before);
        put_chain(json, chain, basis, lens);
        json_end_object(json);
        chain_clear(chain);
        result = 0;
    }
    free(chain);
    return result;
}
