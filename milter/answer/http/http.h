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
#define HTTP_TEXT_MAX 32768u     /* path and arguments of a request */
#define HTTP_REPLY_MAX (32u << 20)

struct http_argument {
    struct slice name, value;
};

struct http_request {
    char method[16];
    struct buffer text; /* what the slices show */
    struct slice path;  /* as it was sent: nothing in it is decoded */
    struct slice rest;  /* what stands in the place of "*" in the route */
    struct http_argument arguments[HTTP_ARGUMENTS_MAX];
    size_t argument_count;
    const char *malformed; /* what is wrong with it; NULL: nothing */
    char authorization[128];
    char if_none_match[64];
};

struct http_reply {
    unsigned status;
    struct buffer body;
    bool problem;       /* application/problem+json */
    const char *allow;  /* of 405 */
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
    const char *path; /* a last "*" stands for one part that is not empty */
    int least;        /* enum access_role; HTTP_ANYBODY: without a token */
    http_handler *handler;
    const char *arguments; /* names that are allowed, a blank between two */
    const char *summary;
};
#define HTTP_ANYBODY (-1)
extern const struct http_route http_routes[];
extern const size_t http_route_count;
/* NULL: there is no such path. Sets `rest`. */
const struct http_route *http_route_find(struct http_request *request);
/* The answer to a request, whatever it is. */
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

http_handler http_search, http_waybill, http_stats, http_coverage, http_health;

#endif
