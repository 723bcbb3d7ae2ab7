/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web: the HTTP API, for those who hold a token; see waybill-web(8).
 *
 * One thread speaks HTTP and never waits for the store; WEB_WORKERS threads, each with a
 * connection to the store, work the requests off. What does not fit into the queue between them is
 * told to come again. So a client that is slow, silent or many costs descriptors and memory within
 * bounds.
 */
#ifndef WAYBILL_WEB_H
#define WAYBILL_WEB_H

#include <stdio.h>

#include "waybill/settings.h"

#define WEB_WORKERS 4

struct web;
/* Serve at settings->web_listen; the settings must live until web_stop. -1: the address cannot be
 * had, key_file cannot be read, or the options of the store make no sense. A store that is away is
 * no error: requests are then answered with 503. */
int web_start(struct web **web, const struct settings *settings, struct error *why);
/* These settings from the next request on, and rules and keys read again; they must live until
 * web_stop, too. -1: the old ones stay, and `why` says what is wrong. */
int web_reload(struct web *web, const struct settings *settings, struct error *why);
/* Ends all connections. NULL: none is running. */
void web_stop(struct web **web);

#endif
