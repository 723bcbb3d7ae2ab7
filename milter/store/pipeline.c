/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipeline: commands go out together, replies come back in their order.
 *
 * Sending and reading are one loop: a server whose output is full stops reading, so whoever only
 * sends waits for ever. Each wait has the time-out; a reply too many, or of a kind that cannot
 * be, ends the connection, since from there on nothing can be told apart.
 */
#include "pipeline.h"

#include <stdlib.h>
#include <string.h>

#define OUT_MAX ((size_t)512 << 20)
#define IN_SIZE 65536u

int pipeline_init(struct pipeline *pipeline)
{
    *pipeline = (struct pipeline){0};
    buffer_init(&pipeline->out, OUT_MAX);
    pipeline->in = malloc(IN_SIZE);
    return pipeline->in && reply_reader_open(&pipeline->reader) == 0 ? 0 : -1;
}

void pipeline_free(struct pipeline *pipeline)
{
    buffer_free(&pipeline->out);
    reply_reader_close(&pipeline->reader);
    free(pipeline->in);
    *pipeline = (struct pipeline){0};
}

void pipeline_clear(struct pipeline *pipeline)
{
    if (pipeline->out.capacity > 4u << 20)
        buffer_free(&pipeline->out);
    else
        buffer_clear(&pipeline->out);
    pipeline->count = 0;
    pipeline->failed = false;
}

int pipeline_restart(struct pipeline *pipeline)
{
    reply_reader_close(&pipeline->reader);
    return reply_reader_open(&pipeline->reader);
}

/* What stands before a word, or a list of words: its kind, its size, CR LF. */
static char *put_size(char *to, char kind, size_t size)
{
    *to++ = kind;
    to += text_digits(size, to);
    *to++ = '\r';
    *to++ = '\n';
    return to;
}

static size_t size_of_size(size_t size)
{
    char digits[TEXT_DIGITS_MAX];

    return text_digits(size, digits) + 3;
}

/* Straight to where it is sent from: redisFormatCommandArgv() makes a string of its own of each
 * command, which was a third of what a mail cost here. */
void pipeline_add(struct pipeline *pipeline, const struct slice *words, size_t count)
{
    size_t size = size_of_size(count);
    char *to;

    for (size_t i = 0; i < count; i++)
        size += size_of_size(words[i].size) + words[i].size + 2;
    to = buffer_extend(&pipeline->out, size);
    if (to == NULL) {
        pipeline->failed = true;
        return;
    }
    to = put_size(to, '*', count);
    for (size_t i = 0; i < count; i++) {
        to = put_size(to, '$', words[i].size);
        if (words[i].size > 0)
            memcpy(to, words[i].at, words[i].size);
        to += words[i].size;
        *to++ = '\r';
        *to++ = '\n';
    }
    pipeline->count++;
}

/* ---- running ---- */

struct run {
    struct pipeline *pipeline;
    struct transport *transport;
    const struct replies *replies;
    struct error *why;
    size_t sent, answered;
    enum store_trouble trouble;
    bool over; /* what comes now on this connection has no meaning */
};

static enum store_trouble run_end(struct run *run, enum store_trouble trouble)
{
    run->over = true;
    /* A refusal explains a closed connection better than the close does. */
    if (run->trouble == STORE_FINE)
        run->trouble = trouble;
    return trouble;
}

static enum store_trouble run_odd(struct run *run)
{
    if (run->trouble == STORE_FINE)
        error_set(run->why, "the reply to command %zu of %zu cannot be", run->answered + 1,
                  run->pipeline->count);
    return run_end(run, STORE_PROTOCOL);
}

static void run_refused(struct run *run, struct slice words)
{
    const struct replies *replies = run->replies;
    enum store_trouble trouble = trouble_of(words);

    if (replies->refused && replies->refused(replies->context, run->answered, trouble, words))
        return;
    if (run->trouble == STORE_FINE) {
        error_set(run->why, "%.*s", SLICE_ARGS(words));
        run->trouble = trouble;
    }
}

static enum store_trouble run_take(struct run *run, const struct reply *reply)
{
    const struct replies *replies = run->replies;
    enum got got = GOT_FINE;

    if (reply->type == REPLY_ERROR)
        run_refused(run, reply->text);
    else
        got = replies->got(replies->context, run->answered, reply);
    if (got == GOT_ODD)
        return run_odd(run);
    if (got == GOT_NO_MEMORY) {
        error_set(run->why, "no memory");
        return run_end(run, STORE_UNREACHABLE);
    }
    run->answered++;
    return STORE_FINE;
}

/* Take all whole replies out of the reader. */
static enum store_trouble run_read_replies(struct run *run)
{
    const struct reply *reply;
    struct error odd = {""};
    int more;

    while (run->answered < run->pipeline->count) {
        more = reply_reader_next(run->pipeline->reader, &reply, &odd);
        if (more == 0)
            return STORE_FINE;
        if (more < 0) {
            if (run->trouble == STORE_FINE)
                error_set(run->why, "%s", odd.text);
            return run_end(run, STORE_PROTOCOL);
        }
        if (run_take(run, reply) != STORE_FINE)
            return run->trouble;
    }
    if (reply_reader_rest(run->pipeline->reader))
        return run_odd(run);
    return STORE_FINE;
}

/* One round of sending and receiving. *moved: something went. */
static enum store_trouble run_step(struct run *run, bool *moved)
{
    struct pipeline *pipeline = run->pipeline;
    struct error cut = {""}; /* what we read tells more about the end than what we send */
    ssize_t sent = 0, got;

    *moved = false;
    if (run->sent < pipeline->out.size)
        sent = transport_send(run->transport, pipeline->out.data + run->sent,
                              pipeline->out.size - run->sent, &cut);
    if (sent > 0)
        run->sent += (size_t)sent;
    got = transport_receive(run->transport, pipeline->in, IN_SIZE, &cut);
    if (got > 0) {
        *moved = true;
        if (reply_reader_feed(pipeline->reader, pipeline->in, (size_t)got, run->why))
            return run_end(run, STORE_PROTOCOL);
        return run_read_replies(run);
    }
    if (sent < 0 || got < 0) {
        if (run->trouble == STORE_FINE)
            error_set(run->why, "%s", cut.text);
        return run_end(run, STORE_UNREACHABLE);
    }
    *moved = sent > 0;
    return STORE_FINE;
}

static void run_all(struct run *run, int64_t timeout)
{
    struct error late = {""};
    bool moved;

    while (run->answered < run->pipeline->count) {
        if (run_step(run, &moved) != STORE_FINE)
            return;
        if (moved || run->answered == run->pipeline->count)
            continue;
        if (transport_wait(run->transport, run->sent < run->pipeline->out.size,
                           timeout + run->replies->patience, &late)) {
            if (run->trouble == STORE_FINE)
                error_set(run->why, "%s", late.text);
            run_end(run, STORE_UNREACHABLE);
            return;
        }
    }
}

enum store_trouble pipeline_run(struct pipeline *pipeline, struct transport *transport,
                                int64_t timeout, const struct replies *replies, struct error *why)
{
    struct run run = {.pipeline = pipeline, .transport = transport, .replies = replies, .why = why};

    if (pipeline->failed) {
        error_set(why, "no memory for the commands");
        run.trouble = STORE_UNREACHABLE;
    } else {
        run_all(&run, timeout);
        if (run.over)
            transport_close(transport);
    }
    pipeline_clear(pipeline);
    return run.trouble;
}
