/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * turn: see turn.h.
 */
#include "turn.h"

bool turn_opens(const struct fact *fact)
{
    return fact->kind == FACT_CLIENT || fact->kind == FACT_CLEANUP || fact->kind == FACT_ACTIVE;
}

/* Refused or thrown away while it came in: it never was in the queue, which says nothing then. */
static bool stops(const struct fact *fact)
{
    static const char *const phases[] = {"data", "header", "body", "eom"};
    if (fact->kind != FACT_REJECTED && fact->kind != FACT_DISCARDED)
        return false;
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
        if (slice_is(fact->value[KEY_PHASE], phases[i]))
            return true;
    return false;
}

/* postsuper's word that it was requeued is followed by pickup's, with the new id; that is the last
 * of the old one. */
static bool moves(const struct fact *fact)
{
    return fact->kind == FACT_REQUEUED && fact->value[KEY_NEXT].at != NULL;
}

bool turn_ends(const struct fact *fact)
{
    return fact->kind == FACT_REMOVED || fact->kind == FACT_CANCELED || stops(fact) || moves(fact);
}
