/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * relay: takes the MTA's words for a next server apart. See relay.h.
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
