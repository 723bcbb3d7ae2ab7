/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pins: one list per generation, in reading order. See pins.h.
 */
#include "pins.h"

#include <stdlib.h>

struct pin pins_read(struct pins *pins, const struct journal_position *position)
{
    struct generation *generation = &pins->of[position->generation % ID_GENERATIONS];
    struct pin place = {.before = generation->read, .known = generation->is_read};
    place.before.generation = position->generation;
    generation->read = *position;
    generation->is_read = true;
    return place;
}

struct pin *pins_set(struct pins *pins, const struct pin *place)
{
    struct generation *generation = &pins->of[place->before.generation % ID_GENERATIONS];
    struct pin *pin = malloc(sizeof *pin);
    if (pin == NULL)
        return NULL;
    *pin = *place;
    pin->next = NULL;
    pin->more = NULL;
    pin->previous = generation->last;
    if (generation->last != NULL)
        generation->last->next = pin;
    else
        generation->first = pin;
    generation->last = pin;
    return pin;
}

struct pin *pins_copy(struct pins *pins, struct pin *pin)
{
    struct generation *generation = &pins->of[pin->before.generation % ID_GENERATIONS];
    struct pin *copy = malloc(sizeof *copy);
    if (copy == NULL)
        return NULL;
    *copy = *pin;
    copy->more = NULL;
    copy->previous = pin;
    pin->next = copy;
    if (copy->next != NULL)
        copy->next->previous = copy;
    else
        generation->last = copy;
    return copy;
}

void pins_release(struct pins *pins, struct pin *pin)
{
    if (pin == NULL)
        return;
    struct generation *generation = &pins->of[pin->before.generation % ID_GENERATIONS];
    if (pin->previous != NULL)
        pin->previous->next = pin->next;
    else
        generation->first = pin->next;
    if (pin->next != NULL)
        pin->next->previous = pin->previous;
    else
        generation->last = pin->previous;
    free(pin);
}

static bool position_older(const struct pin *a, const struct pin *b)
{
    if (a->known != b->known)
        return !a->known;
    if (a->before.segment != b->before.segment)
        return a->before.segment < b->before.segment;
    return a->before.offset < b->before.offset;
}

void pins_gather(struct pins *pins, struct pin **chain, struct pin *pin)
{
    if (pin == NULL)
        return;
    for (struct pin **at = chain; *at != NULL; at = &(*at)->more) {
        struct pin *other = *at;
        if (other->before.generation != pin->before.generation)
            continue;
        if (position_older(pin, other)) {
            pin->more = other->more;
            *at = pin;
            pin = other;
        }
        pins_release(pins, pin);
        return;
    }
    pin->more = *chain;
    *chain = pin;
}

void pins_release_chain(struct pins *pins, struct pin **chain)
{
    while (*chain != NULL) {
        struct pin *pin = *chain;
        *chain = pin->more;
        pins_release(pins, pin);
    }
}

bool pins_commit(const struct pins *pins, unsigned number, struct journal_position *position)
{
    const struct generation *generation = &pins->of[number];
    bool known = generation->first != NULL ? generation->first->known : generation->is_read;
    if (!known)
        return false;
    *position = generation->first != NULL ? generation->first->before : generation->read;
    return true;
}
