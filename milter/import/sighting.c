/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sighting: see sighting.h.
 */
#include "sighting.h"

#include <inttypes.h>

unsigned sighting_settled(const struct waybill *waybill)
{
    unsigned count = 0;

    for (size_t i = 0; i < waybill->fact_count; i++)
        if (waybill->facts[i].witness == WITNESS_QUEUE && waybill->facts[i].kind == FACT_REMOVED)
            count++;
    return count;
}

/* NUL parts the words: none of them has one. */
static int add_word(struct buffer *text, struct slice word)
{
    buffer_add(text, word.at, word.size);
    return buffer_add_char(text, '\0');
}

int sighting_fact(struct fact *fact, const struct sighted *mail, enum fact_kind kind, int64_t time,
                  struct slice to, struct slice reply)
{
    struct buffer text;
    int result;

    buffer_init(&text, 1u << 20);
    buffer_addf(&text, "queue %s %" PRId64 " ", fact_kind_word(kind), mail->arrival);
    add_word(&text, mail->host);
    add_word(&text, mail->instance);
    add_word(&text, mail->queue_id);
    add_word(&text, to);
    result = add_word(&text, slice_make(reply.at, reply.size < FACT_VALUE_MAX ? reply.size
                                                                              : FACT_VALUE_MAX));
    fact_init(fact, WITNESS_QUEUE, kind, time);
    fact->waybill = mail->waybill;
    if (result == 0)
        fact->id = fact_id_log(slice_make(text.data, text.size), mail->settled, 0);
    fact_set(fact, KEY_HOST, mail->host);
    fact_set(fact, KEY_INSTANCE, mail->instance);
    fact_set(fact, KEY_QUEUE, mail->queue_id);
    fact_set(fact, KEY_TO, to);
    fact_set(fact, KEY_REPLY, reply);
    buffer_free(&text);
    return result;
}
