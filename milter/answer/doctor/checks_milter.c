/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of milter: none so far.
 */
#include "doctor.h"

const struct check checks_milter[] = {
    {0},
};
