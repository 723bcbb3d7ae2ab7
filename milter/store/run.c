/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run: commands go out on one link or several, and the replies of all come back in the order of
 * the commands.
 *
 * Sending and reading are one loop: a server whose output is full stops reading, so whoever only
 * sends waits for ever. Each link has its time-out; a reply too many, or of a kind that cannot
 * be, ends the connection, since from there on nothing can be told apart.
 *
 * A reply that comes before its turn is held. When too much is held the link is not read for a
 * while, its server waits, and memory stays bounded.
 */
#include "run.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"

#define POLLED_MAX 64u /* of more links the rest is looked at in the next turn */

void run_end(struct run *run, enum store_trouble trouble)
{
    run->over = true;
    /* A refusal explains a closed connection better than the close does. */
    if (run->trouble == STORE_FINE)
        run->trouble = trouble;
}

static bool lane_is_done(const struct link *link)
{
    return link->lane.answered == link->lane.count;
}

/* What this link still owes will not come. */
static void lane_cut(struct run *run, struct link *link, enum store_trouble trouble,
                     const char *cause)
{
    struct lane *lane = &link->lane;

    link_close(link);
    lane->waiting = NULL;
    if (!run->answers || trouble == STORE_PROTOCOL) {
        if (run->trouble == STORE_FINE)
            error_set(run->why, "%s", cause);
        run_end(run, trouble);
        return;
    }
    if (run->away.text[0] == '\0') {
        error_set(&run->away, "%s: %s", link->server.name, cause);
        run->away_trouble = trouble;
    }
    for (; lane->answered < lane->count; lane->answered++)
        if (lane->asked[lane->answered] != RUN_EXTRA)
            run->answers[lane->asked[lane->answered]].state = ANSWER_AWAY;
}

/* ---- handing on ---- */

/* Which key it is that holds something else, and what helps. */
static void foreign_word(struct run *run, size_t index, bool taken, struct error *why)
{
    error_set(why,
              taken ? "the key '%.*s' also holds what is not ours; take that out, see "
                      "waybill-schema(7)"
                    : "the key '%.*s' holds something that is not ours; rename it, see "
                      "waybill-schema(7)",
              SLICE_ARGS(pipeline_key(run->pipeline, index)));
}

static void run_foreign(struct run *run, size_t index, bool taken, const struct error *why)
{
    const struct replies *replies = run->replies;

    if (replies->foreign) {
        replies->foreign(replies->context, index, taken, why->text);
    } else if (run->trouble == STORE_FINE) {
        *run->why = *why;
        run->trouble = STORE_FOREIGN;
    }
}

static void run_refused(struct run *run, size_t index, struct slice words)
{
    const struct replies *replies = run->replies;
    enum store_trouble trouble = trouble_of(words);
    struct error foreign;

    if (trouble == STORE_FOREIGN) {
        foreign_word(run, index, false, &foreign);
        words = slice_of(foreign.text);
    }
    if (replies->refused && replies->refused(replies->context, index, trouble, words))
        return;
    if (trouble == STORE_FOREIGN) {
        run_foreign(run, index, false, &foreign);
        return;
    }
    if (run->trouble == STORE_FINE) {
        error_set(run->why, "%.*s", SLICE_ARGS(words));
        run->trouble = trouble;
    }
}

static void run_hand(struct run *run, size_t index, const struct reply *reply, struct link *from)
{
    enum got got = GOT_FINE;
    struct error foreign;

    if (reply->type == REPLY_ERROR)
        run_refused(run, index, reply->text);
    else
        got = run->replies->got(run->replies->context, index, reply);
    if (got == GOT_FOREIGN) {
        foreign_word(run, index, true, &foreign);
        run_foreign(run, index, true, &foreign);
    }
    if (got == GOT_FINE || got == GOT_FOREIGN)
        return;
    if (run->trouble == STORE_FINE && got == GOT_ODD)
        error_set(run->why, "the reply to command %zu of %zu cannot be", index + 1,
                  run->pipeline->count);
    else if (run->trouble == STORE_FINE)
        error_set(run->why, "no memory");
    link_close(from);
    run_end(run, got == GOT_ODD ? STORE_PROTOCOL : STORE_UNREACHABLE);
}

static void run_hand_held(struct run *run)
{
    struct answer *answer = &run->answers[run->next];

    answer->state = ANSWER_WANTED;
    run->held -= answer->bytes;
    run_hand(run, run->next++, answer->reply, answer->from);
    reply_free(answer->parts);
    answer->parts = NULL;
}

static void run_hand_on(struct run *run)
{
    while (!run->over && run->answers && run->next < run->pipeline->count &&
           run->answers[run->next].state == ANSWER_HELD)
        run_hand_held(run);
}

void run_settle(struct run *run)
{
    const struct replies *replies = run->replies;

    while (!run->over && run->next < run->pipeline->count) {
        if (run->answers[run->next].state == ANSWER_HELD) {
            run_hand_held(run);
        } else if (replies->missed) {
            replies->missed(replies->context, run->next++, run->away.text);
        } else {
            if (run->trouble == STORE_FINE) {
                error_set(run->why, "%s", run->away.text);
                run->trouble = run->away_trouble;
                run->missing = true;
            }
            run->next++;
        }
    }
}

/* ---- one link ---- */

/* CLUSTERDOWN, LOADING and the like are said of a part of the cluster. */
static bool run_note_error(struct run *run, struct answer *answer, const struct reply *reply,
                           const struct link *link)
{
    if (run->elsewhere(run->context, answer, reply->text))
        return true;
    if (trouble_of(reply->text) != STORE_BUSY)
        return false;
    answer->state = ANSWER_AWAY;
    if (run->away.text[0] == '\0') {
        error_set(&run->away, "%s: %.*s", link->server.name, SLICE_ARGS(reply->text));
        run->away_trouble = STORE_BUSY;
    }
    return true;
}

/* False: not now, too much is held. */
static bool run_take(struct run *run, struct link *link, const struct reply *reply)
{
    struct lane *lane = &link->lane;
    size_t index = lane->asked ? lane->asked[lane->answered] : lane->answered;
    struct answer *answer = run->answers ? &run->answers[index] : NULL;

    if (lane->asked && index == RUN_EXTRA)
        return true;
    if (answer && reply->type == REPLY_ERROR && run_note_error(run, answer, reply, link))
        return true;
    if (index == run->next) {
        run->next++;
        run_hand(run, index, reply, link);
        return true;
    }
    if (run->held + reply_reader_size(link->reader) > RUN_HELD_MAX)
        return false;
    answer->state = ANSWER_HELD;
    answer->from = link;
    answer->reply = reply;
    answer->bytes = reply_reader_keep(link->reader, &answer->parts);
    run->held += answer->bytes;
    return true;
}

/* Take the whole replies out of the reader. True: some were taken. */
static bool lane_read(struct run *run, struct link *link)
{
    struct lane *lane = &link->lane;
    struct error odd = {""};
    bool moved = false;

    while (!lane_is_done(link)) {
        const struct reply *reply = lane->waiting;
        int more = reply ? 1 : reply_reader_next(link->reader, &reply, &odd);

        if (more == 0)
            return moved;
        if (more < 0) {
            lane_cut(run, link, STORE_PROTOCOL, odd.text);
            return true;
        }
        lane->waiting = reply;
        if (!run_take(run, link, reply))
            return moved;
        lane->waiting = NULL;
        moved = true;
        if (run->over)
            return true;
        lane->answered++;
        run_hand_on(run);
    }
    if (!run->over && reply_reader_rest(link->reader))
        lane_cut(run, link, STORE_PROTOCOL, "there is a reply too many");
    return true;
}

/* One round of sending and receiving. True: something went. */
static bool lane_step(struct run *run, struct link *link)
{
    struct lane *lane = &link->lane;
    struct error cut = {""}; /* what we read tells more about the end than what we send */
    ssize_t sent = 0, got;

    if (lane->sent < lane->out.size)
        sent = transport_send(&link->transport, lane->out.at + lane->sent,
                              lane->out.size - lane->sent, &cut);
    if (sent > 0)
        lane->sent += (size_t)sent;
    if (lane->waiting)
        return lane_read(run, link) || sent > 0;
    got = transport_receive(&link->transport, run->pipeline->in, PIPELINE_IN, &cut);
    if (got > 0) {
        if (reply_reader_feed(link->reader, run->pipeline->in, (size_t)got, &cut))
            lane_cut(run, link, STORE_PROTOCOL, cut.text);
        else
            lane_read(run, link);
        return true;
    }
    if (sent < 0 || got < 0) {
        lane_cut(run, link, STORE_UNREACHABLE, cut.text);
        return true;
    }
    return sent > 0;
}

/* ---- all links ---- */

static int64_t lane_patience(const struct run *run)
{
    return run->timeout + run->replies->patience;
}

/* Which links have something to wait for. */
static size_t run_collect(struct run *run, struct pollfd *polled, struct link **links,
                          int64_t *until)
{
    size_t count = 0;

    for (size_t i = 0; i < run->lane_count && count < POLLED_MAX; i++) {
        struct link *link = run->lanes[i];
        bool sending = link->lane.sent < link->lane.out.size;

        if (lane_is_done(link) || (link->lane.waiting && !sending))
            continue;
        if (count == 0 || link->lane.until < *until)
            *until = link->lane.until;
        links[count] = link;
        polled[count++] = (struct pollfd){
            .fd = link->transport.fd, .events = transport_events(&link->transport, sending)};
    }
    return count;
}

static void run_wait(struct run *run)
{
    struct pollfd polled[POLLED_MAX];
    struct link *links[POLLED_MAX];
    int64_t until = 0, left;
    size_t count = run_collect(run, polled, links, &until);
    struct error late;

    if (count == 0) { /* all wait for one that has to be asked elsewhere */
        if (run->trouble == STORE_FINE)
            error_set(run->why, "over %zu bytes of replies wait for one that moved", RUN_HELD_MAX);
        run_end(run, STORE_BUSY);
        return;
    }
    left = until - clock_monotonic();
    if (poll(polled, (nfds_t)count, left > INT32_MAX ? INT32_MAX : left > 0 ? (int)left : 0) < 0 &&
        errno != EINTR) {
        error_set(run->why, "cannot wait: %s", strerror(errno));
        run_end(run, STORE_UNREACHABLE);
        return;
    }
    error_set(&late, "no answer within %lld ms", (long long)lane_patience(run));
    for (size_t i = 0; i < count && !run->over; i++)
        if (!polled[i].revents && clock_monotonic() >= links[i]->lane.until)
            lane_cut(run, links[i], STORE_UNREACHABLE, late.text);
}

void run_lanes(struct run *run)
{
    bool busy = true;

    for (size_t i = 0; i < run->lane_count; i++)
        run->lanes[i]->lane.until = clock_monotonic() + lane_patience(run);
    while (busy && !run->over) {
        bool moved = false;

        busy = false;
        for (size_t i = 0; i < run->lane_count && !run->over; i++) {
            struct link *link = run->lanes[i];

            if (lane_is_done(link))
                continue;
            if (lane_step(run, link)) {
                link->lane.until = clock_monotonic() + lane_patience(run);
                moved = true;
            }
            busy = busy || !lane_is_done(link);
        }
        if (busy && !moved && !run->over)
            run_wait(run);
    }
    /* Replies that nobody waits for any more would be taken for those of the next run. */
    for (size_t i = 0; i < run->lane_count; i++)
        if (!lane_is_done(run->lanes[i]))
            link_close(run->lanes[i]);
}

enum store_trouble run_single(struct pipeline *pipeline, struct link *link, int64_t timeout,
                              const struct replies *replies, struct error *why)
{
    struct run run = {.pipeline = pipeline,
                      .replies = replies,
                      .timeout = timeout,
                      .why = why,
                      .lanes = &link,
                      .lane_count = 1};

    if (pipeline->failed) {
        error_set(why, "no memory for the commands");
        return STORE_UNREACHABLE;
    }
    link->lane = (struct lane){.out = slice_make(pipeline->out.data, pipeline->out.size),
                               .count = pipeline->count};
    run_lanes(&run);
    return run.trouble;
}
