/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of hosts: none so far.
 */
#include "doctor.h"

const struct check checks_hosts[] = {
    {0},
};
