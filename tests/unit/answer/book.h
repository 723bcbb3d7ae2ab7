/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * book: the rules that are built in, for a group of tests.
 */
#ifndef WAYBILL_TEST_BOOK_H
#define WAYBILL_TEST_BOOK_H

#include "waybill/reason.h"

extern struct phrasebook *book; /* while the group runs */

/* Set up and tear down the group. */
int book_open(void **state);
int book_close(void **state);

#endif
