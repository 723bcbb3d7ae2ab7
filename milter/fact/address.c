/* SPDX-License-Identifier: BSD-2-Clause */
/* address: see the header; the one place that knows how two addresses are compared. */
#include "waybill/address.h"

#include <string.h>

struct slice address_bare(struct slice address)
{
    struct slice bare = slice_trim(address);
    if (bare.size >= 2 && bare.at[0] == '<' && bare.at[bare.size - 1] == '>')
        bare = slice_make(bare.at + 1, bare.size - 2);
    struct slice route, rest = bare;
    if (slice_starts(bare, "@") && text_take_until(&rest, ':', &route) &&
        slice_find(rest, '@') >= 0)
        bare = rest;
    return bare;
}

struct slice address_domain(struct slice address)
{
    struct slice bare = address_bare(address);
    bool quoted = false;
    size_t at = bare.size;
    for (size_t i = 0; i < bare.size; i++) {
        if (bare.at[i] == '\\' && quoted)
            i++;
        else if (bare.at[i] == '"')
            quoted = !quoted;
        else if (bare.at[i] == '@' && !quoted)
            at = i;
    }
    if (at == bare.size)
        return SLICE_ABSENT;
    return slice_make(bare.at + at + 1, bare.size - at - 1);
}

size_t address_normal(struct slice address, char to[static ADDRESS_MAX])
{
    struct slice bare = address_bare(address);
    if (bare.size > 1 && bare.at[bare.size - 1] == '.')
        bare.size--;
    size_t size = bare.size < ADDRESS_MAX ? bare.size : ADDRESS_MAX - 1;
    for (size_t i = 0; i < size; i++)
        to[i] = text_lower(bare.at[i]);
    to[size] = '\0';
    return size;
}

bool address_same(struct slice a, struct slice b)
{
    char left[ADDRESS_MAX], right[ADDRESS_MAX];
    size_t size = address_normal(a, left);
    return size == address_normal(b, right) && memcmp(left, right, size) == 0;
}
