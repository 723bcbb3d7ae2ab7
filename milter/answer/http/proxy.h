/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proxy: whom the proxy in front of us names.
 */
#ifndef WAYBILL_HTTP_PROXY_H
#define WAYBILL_HTTP_PROXY_H

#include <microhttpd.h>

#include "http.h"

/* Sets `user`, a view into the text of the request, if `header` (web_user_header; "": none) names
 * somebody in a way that is believed. */
void proxy_take_user(struct MHD_Connection *connection, const char *header,
                     struct http_request *request);

#endif
