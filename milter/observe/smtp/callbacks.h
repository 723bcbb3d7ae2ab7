/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * callbacks: the table that libmilter is given.
 */
#ifndef OBSERVE_SMTP_CALLBACKS_H
#define OBSERVE_SMTP_CALLBACKS_H

#include <libmilter/mfapi.h>

struct smfiDesc callbacks_table(void);

#endif
