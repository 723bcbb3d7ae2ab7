/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of mta: none so far.
 */
#include "doctor.h"

const struct check checks_mta[] = {
    {0},
};
