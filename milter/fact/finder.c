/* SPDX-License-Identifier: BSD-2-Clause */
/* finder: see finder.h. The hash of an address stands for it; it comes out of SHA-256. */
#include "finder.h"

#include <stdlib.h>

#include "waybill/address.h"

int finder_open(struct finder *finder, struct waybill *waybill, struct error *why)
{
    size_t room = 16;
    while (room < waybill->fact_count * 4)
        room *= 2;
    finder->waybill = waybill;
    finder->mask = room - 1;
    finder->slots = calloc(room, sizeof *finder->slots);
    finder->hashes = malloc((waybill->fact_count + 1) * sizeof *finder->hashes);
    if (finder->slots == NULL || finder->hashes == NULL)
        return error_set(why, "no memory for the recipients of a waybill");
    return 0;
}

void finder_close(struct finder *finder)
{
    free(finder->slots);
    free(finder->hashes);
}

uint32_t finder_find(struct finder *finder, struct slice address, bool make)
{
    uint64_t hash = recipient_hash(address);
    size_t slot = hash & finder->mask;
    while (finder->slots[slot] != 0) {
        uint32_t index = finder->slots[slot] - 1;
        if (finder->hashes[index] == hash)
            return index;
        slot = (slot + 1) & finder->mask;
    }
    if (!make)
        return SUBJECT_MAIL;
    uint32_t index = (uint32_t)finder->waybill->recipient_count++;
    struct recipient *recipient = &finder->waybill->recipients[index];
    *recipient = (struct recipient){.address = address_bare(address), .decided_by = SIZE_MAX};
    finder->hashes[index] = hash;
    finder->slots[slot] = index + 1;
    return index;
}
