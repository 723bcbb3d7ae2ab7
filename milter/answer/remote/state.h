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
    bool is_stream;      /* so does it of this */
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
/* Its parts: all options of a connection but what is done with the body; how an exchange failed;
 * what an answer means that is not 200. -1. */
void remote_set_up(struct remote *remote, const char *url);
int remote_say_broken(struct remote *remote, int code, const char *words, struct error *why);
int remote_tell_problem(struct remote *remote, struct error *why);
/* Before an exchange: nothing has come. */
void remote_forget_answer(struct remote *remote);
/* As it is taken without a stream. */
size_t remote_take_body(char *data, size_t one, size_t size, void *remote);
/* How far an answer came: bounded, incomplete, unreadable. */
void remote_read_answer(const json_t *from, struct query_answer *answer);
/* The answer is not what it should be. -1. */
int remote_is_strange(struct remote *remote, struct error *why);

#endif
