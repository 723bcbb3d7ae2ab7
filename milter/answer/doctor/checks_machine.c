/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of machine: none so far.
 */
#include "doctor.h"

const struct check checks_machine[] = {
    {0},
};
