/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lastid: finds the ids in recovered facts. The node is not known yet while the journal is
 * opened, so all are kept apart.
 */
#include "lastid.h"

static unsigned generation_of(uint64_t id)
{
    return (unsigned)(id % 100000 / 10000);
}

/* Values are escaped, so a blank always ends one and " w=" is only ever the key. */
void lastid_see(void *context, enum journal_type type, struct slice payload)
{
    struct lastid *lastid = context;
    struct slice before;
    uint64_t id, *highest;

    if (type != JOURNAL_FACT || !text_take_until_text(&payload, " w=", &before) ||
        !text_take_number(&payload, &id) || !id_valid(id) || generation_of(id) >= ID_GENERATIONS)
        return;
    highest = &lastid->highest[id_node(id)][generation_of(id)];
    if (id > *highest)
        *highest = id;
}

uint64_t lastid_of(const struct lastid *lastid, struct journal *journal, unsigned node)
{
    unsigned generation = journal_generation(journal);
    uint64_t last = lastid->highest[node % ID_NODES][generation % ID_GENERATIONS], noted;
    char text[32];

    if (journal_recall(journal, "id", text, sizeof text) == 0 &&
        text_number(slice_of(text), 0, UINT64_MAX, &noted) && id_valid(noted) && noted > last)
        last = noted;
    return last;
}
