/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit: by name. A drop-in may call a service as it likes; what runs in one with another name is
 * known by its user.
 */
#include "waybill/unit.h"

bool unit_is_mta(struct slice unit)
{
    static const char *const names[] = {"postfix", "sendmail", "sm-client"};
    if (!slice_ends(unit, ".service"))
        return false;
    unit.size -= sizeof ".service" - 1;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct slice rest = unit;
        if (text_take(&rest, names[i]) &&
            (rest.size == 0 || rest.at[0] == '@' || rest.at[0] == '-'))
            return true;
    }
    return false;
}
