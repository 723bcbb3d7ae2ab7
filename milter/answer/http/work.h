/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * work: the threads that ask the store, and the queue in front of them.
 */
#ifndef WAYBILL_HTTP_WORK_H
#define WAYBILL_HTTP_WORK_H

#include "http.h"

#define WORK_QUEUE_MAX 256

struct work_job {
    struct http_request request;
    struct http_reply reply;
    void *owner; /* the server's */
    struct work_job *next;
};

struct work;
/* `done` (an eventfd) is written when work_take has something. -1: the options of the store make no
 * sense, no key, no thread. */
int work_start(struct work **work, const struct settings *settings, int done, struct error *why);
/* As http_common_reload. */
int work_reload(struct work *work, const struct settings *settings, struct error *why);
/* False: the queue is full, or it ends; the job is still the caller's. */
bool work_put(struct work *work, struct work_job *job);
/* What its handlers start; see stream.h. */
struct http_streams *work_streams(struct work *work);
/* A job that is answered; NULL: none. */
struct work_job *work_take(struct work *work);
/* Waits for what is being answered, cuts all streams; what is queued is not answered. All jobs are
 * in work_take afterwards. */
void work_stop(struct work *work);
void work_free(struct work **work);

#endif
