/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host: how this machine is called.
 */
#ifndef WAYBILL_BASE_HOST_H
#define WAYBILL_BASE_HOST_H

/* This machine's name with its domain, if one is known; free(). NULL: no memory. Start-up only,
 * one thread. */
char *host_name(void);

#endif
