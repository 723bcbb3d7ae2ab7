/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * families: see families.h.
 */
#include "families.h"

const struct metric families[FAMILY_COUNT] = {
#define X(symbol, name, type, labels, help) {name, METRIC_##type, labels, help},
    FAMILIES(X)
#undef X
};
