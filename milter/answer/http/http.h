/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * http: what the files of this folder share: a request, its reply, and who asks.
 */
#ifndef WAYBILL_HTTP_H
#define WAYBILL_HTTP_H

#include "waybill/access.h"
#include "waybill/buffer.h"
#include "waybill/json.h"
#include "waybill/settings.h"
#include "waybill/verdict.h"

#define HTTP_ARGUMENTS_MAX 8
#define HTTP_TEXT_MAX 32768u     /* path, arguments and headers of a request */
#define HTTP_REPLY_MAX (32u << 20)
#define HTTP_BODY_MAX (1u << 20) /* of any route */

struct http_argument {
    struct slice name, value;
};

/* The headers of a request that anything here looks at. X(symbol, name, bytes that it may have:
 * a longer one counts as absent) */
#define HTTP_HEADERS(X)                                                                            \
    X(AUTHORIZATION, "Authorization", 128)                                                         \
    X(IF_NONE_MATCH, "If-None-Match", 64)

enum http_header {
#define X(symbol, name, most) HTTP_HEADER_##symbol,
    HTTP_HEADERS(X)
#undef X
    HTTP_HEADER_COUNT
};

struct http_request {
    char method[16];
    struct buffer text; /* what the slices show, but for the body */
    struct slice path;  /* as it was sent: nothing in it is decoded */
    struct slice rest;  /* what stands in the place of "*" in the route */
    const struct http_route *route; /* NULL: there is none for this path and method */
    struct http_argument arguments[HTTP_ARGUMENTS_MAX];
    size_t argument_count;
    struct slice headers[HTTP_HEADER_COUNT]; /* absent: not sent, or too long */
    struct buffer body;
    const char *malformed; /* what is wrong with it; NULL: nothing */
};

struct http_reply {
    unsigned status;
    struct buffer body;
    const char *type;   /* NULL: application/json */
    char allow[64];     /* of 405; else "" */
};

/* Who asks, and what is needed to answer him; of one worker. */
struct http_asker {
    const struct settings *settings;
    struct store *store;
    struct phrasebook *book;
    struct verdict_basis basis;
    unsigned char token_key[32], cursor_key[32];
    int64_t now;
    struct access access;
};

/* ---- routes ---- */

typedef void http_handler(struct http_asker *asker, const struct http_request *request,
                          struct http_reply *reply);
struct http_route {
    const char *method; /* GET serves HEAD, too */
    const char *path;   /* a last "*" stands for one part that is not empty */
    int least;          /* enum access_role; HTTP_ANYBODY: without a token */
    http_handler *handler;
    const char *arguments; /* names that are allowed, a blank between two */
    size_t body;           /* bytes of a body that it takes, at most HTTP_BODY_MAX; 0: none */
    const char *summary;
};
#define HTTP_ANYBODY (-1)
extern const struct http_route http_routes[];
extern const size_t http_route_count;
/* Sets `route` and `rest`; any thread. */
void http_route_find(struct http_request *request);
/* The answer to a request whose route was looked for, whatever it is. */
void http_answer(struct http_asker *asker, struct http_request *request,
                 struct http_reply *reply);

/* ---- requests ---- */

/* %HH as bytes. False: it is malformed. */
bool http_decode(const char *from, struct buffer *to);
/* Absent: it was not given. */
struct slice http_argument(const struct http_request *request, const char *name);

/* The arguments q, limit and after on top of a query that was begun. False: a reply says why. */
bool http_read_query(struct http_asker *asker, const struct http_request *request,
                     struct http_reply *reply, struct query *query);

/* ---- replies ---- */

#define HTTP_PROBLEM "application/problem+json"
/* A problem of RFC 9457: empties the reply before. */
void http_problem(struct http_reply *reply, unsigned status, const char *detail);
/* The same about a part of the query's text. */
void http_query_problem(struct http_reply *reply, const struct query_fault *fault);
/* The store failed: 503, and the log has why. */
void http_store_problem(struct http_reply *reply, const struct error *why);
/* Take out of an answer what is told of the store itself, for whom not all mails are. */
void http_cover(const struct http_asker *asker, struct query_answer *answer);

/* Note in the audit who asked what; without that nothing is told: false, and a problem. */
bool http_note(struct http_asker *asker, struct http_reply *reply, const char *what,
               struct slice about, uint64_t count);

/* ---- handlers ---- */

http_handler http_search, http_waybill, http_stats, http_coverage, http_settings, http_health;

#endif
