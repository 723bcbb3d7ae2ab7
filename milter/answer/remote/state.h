/* SPDX-License-Identifier: BSD-2-Clause */
/* state: the one connection, and the last answer over it. */
#ifndef WAYBILL_ANSWER_REMOTE_STATE_H
#define WAYBILL_ANSWER_REMOTE_STATE_H

#include <curl/curl.h>
#include <jansson.h>

#include "place.h"
#include "remote.h"

struct remote {
    struct remote_place place;
    CURL *curl;
    struct curl_slist *headers;
    struct buffer body;
    size_t header_bytes;
    int64_t retry_after; /* seconds; -1: not told */
    bool is_problem;     /* its type says so */
    long status;
    json_t *tree;
    enum remote_trouble trouble;
};

/* Start with the path; then arguments by "?" or "&", escaped. */
void remote_put_argument(struct buffer *path, const char *name, struct slice value);
void remote_put_escaped(struct buffer *to, struct slice text);
/* GET: `remote->tree` is an object. -1: `why`, and the trouble is set; with 404 `remote->status`
 * says so. */
int remote_get(struct remote *remote, const char *path, struct error *why);
/* How far an answer came: bounded, incomplete, unreadable. */
void remote_read_answer(const json_t *from, struct query_answer *answer);
/* The answer is not what it should be. -1. */
int remote_is_strange(struct remote *remote, struct error *why);

#endif
