/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink: see sink.h.
 */
#include "sink.h"

#include <string.h>

#include "packed.h"

enum import_result sink_open(struct sink *sink, struct error *why)
{
    if (sink->options->dry_run || sink->post != NULL)
        return IMPORT_DONE;
    return post_open(&sink->post, sink->options, &sink->wait, why);
}

static struct fact *room_for(struct sink *sink, size_t count, struct error *why)
{
    struct fact *facts = dry_room(&sink->dry, count);
    if (facts == NULL)
        error_set(why, "no memory for a mail of %zu facts", count);
    return facts;
}

static size_t unpack(const struct bound_mail *mail, size_t at, struct fact *fact)
{
    size_t size = packed_get(mail->packed + at, fact);
    fact_set(fact, KEY_HOST, mail->host);
    fact_set(fact, KEY_INSTANCE, mail->instance);
    fact_set(fact, KEY_QUEUE, mail->queue_id);
    return size;
}

/* In the order in which they were told: who judges them puts them in order. */
static enum import_result post_all(struct sink *sink, const struct fact *facts, size_t count,
                                   struct error *why)
{
    enum import_result result = IMPORT_DONE;
    for (size_t i = 0; i < count && result == IMPORT_DONE && sink->post != NULL; i++)
        result = post_fact(sink->post, &facts[i], why);
    return result;
}

static void count_mail(struct import_tally *tally, size_t facts)
{
    tally->mails++;
    tally->facts += facts;
}

/* The facts that lie in the room. */
static enum import_result judge(struct sink *sink, size_t count, struct error *why)
{
    return dry_judge(&sink->dry, count, sink->tally, sink->now, sink->lifetime, why) == 0
               ? IMPORT_DONE
               : IMPORT_UNREACHABLE;
}

enum import_result sink_bound(struct sink *sink, const struct bound_mail *mail, struct error *why)
{
    struct fact *facts = room_for(sink, mail->count, why);
    enum import_result result;
    size_t at = 0;
    count_mail(sink->tally, mail->count);
    sink->tally->open += !mail->ended;
    sink->tally->forced += mail->forced;
    sink->tally->cut += mail->cut;
    if (facts == NULL)
        return IMPORT_UNREACHABLE;
    for (size_t i = 0; i < mail->count; i++)
        at += unpack(mail, at, &facts[i]);
    result = post_all(sink, facts, mail->count, why);
    return result == IMPORT_DONE ? judge(sink, mail->count, why) : result;
}

enum import_result sink_mail(struct sink *sink, const struct fact *facts, size_t count,
                             struct error *why)
{
    enum import_result result = sink_open(sink, why);
    struct fact *copy;
    count_mail(sink->tally, count);
    if (result == IMPORT_DONE)
        result = post_all(sink, facts, count, why);
    if (result != IMPORT_DONE)
        return result;
    copy = room_for(sink, count, why);
    if (copy == NULL)
        return IMPORT_UNREACHABLE;
    memcpy(copy, facts, count * sizeof *copy);
    return judge(sink, count, why);
}

enum import_result sink_loose(struct sink *sink, const struct fact *fact, struct error *why)
{
    sink->tally->facts++;
    sink->tally->refusals += fact->kind == FACT_REFUSED;
    return sink->options->dry_run ? IMPORT_DONE : post_fact(sink->post, fact, why);
}

enum import_result sink_finish(struct sink *sink, struct error *why)
{
    return sink->post != NULL ? post_finish(sink->post, why) : IMPORT_DONE;
}

void sink_close(struct sink *sink)
{
    post_close(&sink->post);
    dry_free(&sink->dry);
}
