/* SPDX-License-Identifier: BSD-2-Clause */
/* dress: the header that goes with a reply. */
#ifndef WAYBILL_ANSWER_HTTP_DRESS_H
#define WAYBILL_ANSWER_HTTP_DRESS_H

#include <microhttpd.h>

#include "http.h"

/* Adds to `response` what every reply has, a stream and a 304 as well, and what `reply` says. Only
 * the server's thread calls it. Copies all; `reply` stays the caller's. A line for which there is
 * no memory is left out. */
void http_dress(struct MHD_Response *response, const struct http_reply *reply);

/* A response of this body, which is the response's from now on; `body` is then empty. NULL: no
 * memory, `body` is as it was. MHD_destroy_response ends it. */
struct MHD_Response *http_dress_body(struct buffer *body);

#endif
