/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of log: none so far.
 */
#include "doctor.h"

const struct check checks_log[] = {
    {0},
};
