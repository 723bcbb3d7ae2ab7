/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host: how machines are called.
 */
#ifndef WAYBILL_HOST_H
#define WAYBILL_HOST_H

#include <stdbool.h>

#include "waybill/text.h"

/* This machine's name with its domain, if one is known; free(). NULL: no memory. Start-up only,
 * one thread. */
char *host_name(void);

/* "mx1" and "MX1.example.org" name one host; an absent name fits every host. Any thread. */
bool host_same(struct slice a, struct slice b);

/* May a log that names `logged` speak of `ours`, which is not absent? As host_same, but a log that
 * names nobody does not. Any thread. */
bool host_fits(struct slice ours, struct slice logged);

#endif
