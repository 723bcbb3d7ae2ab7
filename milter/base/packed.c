/* SPDX-License-Identifier: BSD-2-Clause */
/* packed: see packed.h. */
#include "waybill/packed.h"

#include <string.h>

static const char *const endings[] = {".gz", ".xz", ".zst", ".bz2"};

struct slice packed_stem(struct slice name)
{
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (slice_ends(name, endings[i])) {
            name.size -= strlen(endings[i]);
            break;
        }
    return name;
}
