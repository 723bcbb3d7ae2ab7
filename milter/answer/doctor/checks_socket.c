/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of socket: none so far.
 */
#include "doctor.h"

const struct check checks_socket[] = {
    {0},
};
