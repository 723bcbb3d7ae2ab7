/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * links: see links.h.
 */
#include "links.h"

size_t links_find(const struct waybill *waybill, struct link links[static LINKS_MAX])
{
    size_t count = 0, at;
    uint64_t id;

    for (size_t i = 0; i < waybill->fact_count; i++) {
        const struct fact *fact = &waybill->facts[i];
        if (fact->value[KEY_BY_WAYBILL].at == NULL ||
            !text_number(fact->value[KEY_BY_WAYBILL], 1, UINT64_MAX, &id))
            continue;
        for (at = 0; at < count && links[at].id != id; at++)
            ;
        if (at == LINKS_MAX)
            continue;
        if (at == count)
            links[count++] = (struct link){id, waybill->trust[i]};
        else if (waybill->trust[i] > links[at].trust)
            links[at].trust = waybill->trust[i];
    }
    return count;
}
