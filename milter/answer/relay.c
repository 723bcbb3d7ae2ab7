/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * relay: takes the words for a next server apart. See relay.h.
 */
#include "relay.h"

bool relay_read(struct slice text, struct relay *relay)
{
    *relay = (struct relay){SLICE_ABSENT, SLICE_ABSENT, SLICE_ABSENT};
    if (!text_take_until(&text, '[', &relay->name) || !text_take_until(&text, ']', &relay->ip))
        return false;
    if (text_take_char(&text, ':') && text.size > 0)
        relay->port = text;
    return true;
}

bool relay_is_beyond(const struct waybill *waybill, const struct recipient *recipient)
{
    return recipient->decided_by < waybill->fact_count &&
           waybill->facts[recipient->decided_by].witness == WITNESS_REPORT;
}

bool relay_decided(const struct waybill *waybill, const struct recipient *recipient,
                   struct relay *relay)
{
    if (!relay_is_beyond(waybill, recipient))
        return relay_read(recipient->relay, relay);
    *relay = (struct relay){waybill->facts[recipient->decided_by].value[KEY_RELAY], SLICE_ABSENT,
                            SLICE_ABSENT};
    return relay->name.size > 0;
}
