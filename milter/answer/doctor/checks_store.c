/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of store: none so far.
 */
#include "doctor.h"

const struct check checks_store[] = {
    {0},
};
