/* SPDX-License-Identifier: BSD-2-Clause */
/* dress: see dress.h. */
#include "dress.h"

#include <stdio.h>

#define NO_PAGE "default-src 'none'; frame-ancestors 'none'"

static void add_file(struct MHD_Response *response, const char *name)
{
    char words[80];

    snprintf(words, sizeof words, "attachment; filename=\"%s\"", name);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_DISPOSITION, words);
}

void http_dress(struct MHD_Response *response, const struct http_reply *reply)
{
    static const char *const always[][2] = {
        {"X-Content-Type-Options", "nosniff"},
        {"Cache-Control", "private, no-cache"},
        {"Referrer-Policy", "no-referrer"},
        {"X-Frame-Options", "DENY"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Embedder-Policy", "require-corp"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
        {"Vary", "Authorization, Cookie, Accept-Encoding, Accept-Language"},
    };

    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        MHD_add_response_header(response, always[i][0], always[i][1]);
    MHD_add_response_header(response, "Content-Security-Policy",
                            reply->policy != NULL ? reply->policy : NO_PAGE);
    if (reply->status != MHD_HTTP_NOT_MODIFIED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                reply->type != NULL ? reply->type : "application/json");
    if (reply->etag[0] != '\0')
        MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, reply->etag);
    if (reply->encoding != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, reply->encoding);
    if (reply->language != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_LANGUAGE, reply->language);
    if (reply->cookie[0] != '\0')
        MHD_add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, reply->cookie);
    if (reply->file[0] != '\0')
        add_file(response, reply->file);
    if (reply->stream != NULL) /* to a proxy: hand on what comes, when it comes */
        MHD_add_response_header(response, "X-Accel-Buffering", "no");
    if (reply->allow[0] != '\0')
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, reply->allow);
    if (reply->status == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                                "Bearer realm=\"waybill\"");
    if (reply->status == MHD_HTTP_SERVICE_UNAVAILABLE)
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "5");
    if (reply->retry > 0) {
        char seconds[16];

        snprintf(seconds, sizeof seconds, "%u", reply->retry);
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
    }
}

struct MHD_Response *http_dress_body(struct buffer *body)
{
    bool owned = body->capacity > 0;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body->size, body->data, owned ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);

    if (response != NULL)
        buffer_init(body, body->limit);
    return response;
}
