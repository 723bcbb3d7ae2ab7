/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of sendmail: none so far.
 */
#include "doctor.h"

const struct check checks_sendmail[] = {
    {0},
};
