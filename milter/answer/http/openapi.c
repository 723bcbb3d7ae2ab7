/* SPDX-License-Identifier: BSD-2-Clause */
/* openapi: the description of all this, which is a part of the program (openapi.json). */
#include "http.h"

extern const unsigned char http_description[];
extern const size_t http_description_size;

void http_openapi(struct http_asker *asker, const struct http_request *request,
                  struct http_reply *reply)
{
    (void)asker;
    (void)request;
    buffer_add(&reply->body, http_description, http_description_size);
}
