/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compress: bodies as zstd or gzip, for whoever says that he takes it (RFC 9110, 12.5.3), by the
 * thread that wrote the answer. Each form of a body has an ETag of its own.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "http.h"
#include "waybill/digest.h"

#define WORTH_IT 1024u /* bytes; less than that goes in one packet anyhow */
#define ZSTD_LEVEL 1
#define GZIP_LEVEL 1
#define GZIP_WINDOW (15 + 16) /* of zlib: 32 KB, and gzip's frame */
#define Q_WHOLE 1000

enum form { FORM_PLAIN, FORM_ZSTD, FORM_GZIP, FORM_COUNT };
static const char *const form_words[FORM_COUNT] = {"identity", "zstd", "gzip"};

struct http_compressor {
    ZSTD_CCtx *zstd;
};

struct http_compressor *http_compressor_open(void)
{
    struct http_compressor *compressor = calloc(1, sizeof *compressor);

    if (compressor != NULL && (compressor->zstd = ZSTD_createCCtx()) == NULL) {
        free(compressor);
        return NULL;
    }
    return compressor;
}

void http_compressor_free(struct http_compressor **freed)
{
    if (*freed == NULL)
        return;
    ZSTD_freeCCtx((*freed)->zstd);
    free(*freed);
    *freed = NULL;
}

/* ---- what he takes ---- */

/* "0", "0.5", "1.000" in thousandths; else 0: what is not understood is not wanted. */
static int read_q(struct slice text)
{
    int q, unit = Q_WHOLE / 10;

    if (text.size == 0 || text.size > 5 || (text.at[0] != '0' && text.at[0] != '1') ||
        (text.size > 1 && text.at[1] != '.'))
        return 0;
    q = (text.at[0] - '0') * Q_WHOLE;
    for (size_t i = 2; i < text.size; i++, unit /= 10) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return 0;
        q += (text.at[i] - '0') * unit;
    }
    return q <= Q_WHOLE ? q : 0;
}

static int q_of(struct slice parameters)
{
    struct slice parameter;

    while (text_take_part(&parameters, ';', &parameter)) {
        parameter = slice_trim(parameter);
        if (text_take(&parameter, "q=") || text_take(&parameter, "Q="))
            return read_q(parameter);
    }
    return Q_WHOLE;
}

/* The one that he likes best; of two alike the first of ours. */
static enum form choose(struct slice accepted)
{
    int q[FORM_COUNT] = {-1, -1, -1}, any = 0;
    enum form best = FORM_PLAIN;
    struct slice item;

    if (accepted.at == NULL)
        return FORM_PLAIN;
    while (text_take_part(&accepted, ',', &item)) {
        ptrdiff_t end = slice_find(item, ';');
        struct slice name = slice_trim(end < 0 ? item : slice_make(item.at, (size_t)end));
        int value = end < 0 ? Q_WHOLE
                            : q_of(slice_make(item.at + end + 1, item.size - (size_t)end - 1));

        for (int form = FORM_PLAIN; form < FORM_COUNT; form++)
            if (slice_equal_nocase(name, slice_of(form_words[form])))
                q[form] = value;
        if (slice_is(name, "*"))
            any = value;
    }
    for (int form = FORM_ZSTD; form < FORM_COUNT; form++) {
        if (q[form] < 0)
            q[form] = any;
        if (q[form] > 0 && q[form] >= q[FORM_PLAIN] && (best == FORM_PLAIN || q[form] > q[best]))
            best = (enum form)form;
    }
    return best;
}

/* ---- the ETag ---- */

/* RFC 9110, 13.1.2: a list, compared without the mark of weak ones. */
static bool is_had(struct slice had, const char *etag)
{
    struct slice item;

    if (had.at == NULL)
        return false;
    while (text_take_part(&had, ',', &item)) {
        item = slice_trim(item);
        (void)text_take(&item, "W/");
        if (slice_is(item, etag) || slice_is(item, "*"))
            return true;
    }
    return false;
}

/* Good in this process alone: after a restart each answer is sent once more. */
static void put_etag(struct http_reply *reply, enum form form)
{
    snprintf(reply->etag, sizeof reply->etag, "\"%016" PRIx64 "%s%s\"",
             digest_here(0, reply->body.data, reply->body.size), form != FORM_PLAIN ? "-" : "",
             form != FORM_PLAIN ? form_words[form] : "");
}

/* ---- the forms ---- */

/* The bytes that were written; 0: it would not get smaller. */
static size_t write_zstd(struct http_compressor *compressor, struct slice from, char *to)
{
    size_t size = ZSTD_compressCCtx(compressor->zstd, to, from.size, from.at, from.size, ZSTD_LEVEL);

    return ZSTD_isError(size) ? 0 : size;
}

static size_t write_gzip(struct slice from, char *to)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)from.at,
                       .avail_in = (uInt)from.size,
                       .next_out = (Bytef *)to,
                       .avail_out = (uInt)from.size};
    size_t size = 0;

    if (deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return 0;
    if (deflate(&stream, Z_FINISH) == Z_STREAM_END)
        size = from.size - stream.avail_out;
    deflateEnd(&stream);
    return size;
}

static bool compress_body(struct http_compressor *compressor, enum form form, struct buffer *body)
{
    struct slice from = slice_make(body->data, body->size);
    char *to = malloc(from.size);
    size_t size = 0;

    if (to != NULL)
        size = form == FORM_ZSTD ? write_zstd(compressor, from, to) : write_gzip(from, to);
    if (size > 0) {
        buffer_free(body); /* it may wait long for a slow reader: let go of what was larger */
        buffer_add(body, to, size);
    }
    free(to);
    return size > 0;
}

void http_finish(struct http_compressor *compressor, const struct http_request *request,
                 struct http_reply *reply)
{
    enum form form = reply->body.size > WORTH_IT && reply->encoding == NULL
                         ? choose(request->headers[HTTP_HEADER_ACCEPT_ENCODING])
                         : FORM_PLAIN;

    if (reply->status == 200 && reply->etag[0] == '\0') {
        put_etag(reply, form);
        if (is_had(request->headers[HTTP_HEADER_IF_NONE_MATCH], reply->etag)) {
            reply->status = 304;
            buffer_clear(&reply->body);
            return;
        }
    }
    if (form == FORM_PLAIN)
        return;
    if (compress_body(compressor, form, &reply->body))
        reply->encoding = form_words[form];
}
