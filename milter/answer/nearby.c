/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nearby: see nearby.h.
 */
#include "nearby.h"

#include <stdlib.h>
#include <string.h>

struct nearby *nearby_new(nearby_tell *tell, void *context)
{
    struct nearby *nearby = malloc(sizeof *nearby);

    if (nearby != NULL) {
        nearby->tell = tell;
        nearby->context = context;
        nearby->count = nearby->told = 0;
    }
    return nearby;
}

static int tell_until(struct nearby *nearby, size_t end, struct error *why)
{
    if (chain_among(nearby->waybills, nearby->count, nearby->befores) != 0)
        return error_set(why, "cannot write the answer: no memory");
    while (nearby->told < end) {
        size_t i = nearby->told++;

        if (nearby->tell(nearby->context, &nearby->waybills[i], &nearby->befores[i], why) != 0)
            return -1;
    }
    return 0;
}

static void forget(struct nearby *nearby, size_t count)
{
    for (size_t i = 0; i < count; i++)
        waybill_clear(&nearby->waybills[i]);
    nearby->count -= count;
    nearby->told -= count;
    memmove(nearby->waybills, nearby->waybills + count,
            nearby->count * sizeof nearby->waybills[0]);
}

int nearby_add(struct nearby *nearby, struct waybill *waybill, struct error *why)
{
    nearby->waybills[nearby->count++] = *waybill;
    *waybill = (struct waybill){0};
    if (nearby->count < NEARBY_MAX)
        return 0;
    if (tell_until(nearby, NEARBY_MAX - NEARBY_MARGIN, why) != 0)
        return -1;
    forget(nearby, nearby->told - NEARBY_MARGIN);
    return 0;
}

int nearby_end(struct nearby *nearby, struct error *why)
{
    return tell_until(nearby, nearby->count, why);
}

void nearby_free(struct nearby **nearby)
{
    if (*nearby == NULL)
        return;
    for (size_t i = 0; i < (*nearby)->count; i++)
        waybill_clear(&(*nearby)->waybills[i]);
    free(*nearby);
    *nearby = NULL;
}
