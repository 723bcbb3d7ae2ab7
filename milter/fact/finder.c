/* SPDX-License-Identifier: BSD-2-Clause */
/* finder: see finder.h. */
#include "finder.h"

#include <stdlib.h>
#include <string.h>

#include "waybill/address.h"
#include "waybill/digest.h"

/* One block: this is done for each mail of an old log. */
int finder_open(struct finder *finder, struct waybill *waybill, size_t count, struct error *why)
{
    size_t room = 4;
    while (room < count * 4)
        room *= 2;
    finder->waybill = waybill;
    finder->mask = room - 1;
    finder->hashes = malloc((count + 1) * sizeof *finder->hashes + room * sizeof *finder->slots);
    if (finder->hashes == NULL)
        return error_set(why, "no memory for the recipients of a waybill");
    finder->slots = (uint32_t *)(finder->hashes + count + 1);
    memset(finder->slots, 0, room * sizeof *finder->slots);
    return 0;
}

void finder_close(struct finder *finder)
{
    free(finder->hashes);
}

static uint64_t hash_of(struct slice address)
{
    char normal[ADDRESS_MAX];
    return digest_here(0, normal, address_normal(address, normal));
}

uint32_t finder_find(struct finder *finder, struct slice address, bool make)
{
    struct recipient *recipients = finder->waybill->recipients;
    uint64_t hash = hash_of(address);
    size_t slot = hash & finder->mask;
    while (finder->slots[slot] != 0) {
        uint32_t index = finder->slots[slot] - 1;
        if (finder->hashes[index] == hash && address_same(recipients[index].address, address))
            return index;
        slot = (slot + 1) & finder->mask;
    }
    if (!make)
        return SUBJECT_MAIL;
    uint32_t index = (uint32_t)finder->waybill->recipient_count++;
    recipients[index] =
        (struct recipient){.address = address_bare(address), .decided_by = SIZE_MAX};
    finder->hashes[index] = hash;
    finder->slots[slot] = index + 1;
    return index;
}
