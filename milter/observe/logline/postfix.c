/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix: which of Postfix's lines is it?
 *
 * The tag gives instance (before the first '/') and service (after the last): postfix/smtpd,
 * postfix/submission/smtpd, postfix-out/smtp. The message begins with a queue id or NOQUEUE, then
 * with one of the words of the table. All other lines say nothing of a mail's fate.
 */
#include "postfix.h"

static const char *const after_from[] = {", size=", ", status=", NULL};

static int read_client(struct reading *reading)
{
    struct fact *fact = reading->fact;
    struct slice rest = reading->rest, value;
    if (!postfix_take_client(&rest, fact))
        return -1;
    fact->kind = FACT_CLIENT;
    while (text_take(&rest, ", ")) {
        struct slice field = rest;
        if (!text_take_until_text(&rest, ", ", &value)) {
            value = rest;
            rest.size = 0;
        } else { /* the comma belongs to the next field */
            rest = slice_make(field.at + value.size, field.size - value.size);
        }
        if (slice_starts(value, "orig_queue_id="))
            fact_set(fact, KEY_PARAMETERS, value);
        else if (text_take(&value, "sasl_method="))
            fact_set(fact, KEY_AUTH, value);
        else if (text_take(&value, "sasl_username="))
            fact_set(fact, KEY_LOGIN, value);
    }
    return rest.size == 0 ? 1 : -1;
}

/* Brackets are usual, not sure: the header's words are logged as they are. What follows the
 * closing one is no part of it; a cut line may lack it. */
static int read_message_id(struct reading *reading)
{
    struct slice id = slice_trim(reading->rest);
    if (text_take_char(&id, '<')) {
        ptrdiff_t end = slice_find(id, '>');
        if (end >= 0)
            id.size = (size_t)end;
    }
    reading->fact->kind = FACT_CLEANUP;
    fact_set(reading->fact, KEY_MESSAGE_ID, id);
    return 1;
}

static int read_active(struct reading *reading, struct slice rest)
{
    struct slice size, count;
    if (!text_take_any(&rest, "0123456789", &size) || !text_take(&rest, ", nrcpt=") ||
        !text_take_any(&rest, "0123456789", &count) || !text_take(&rest, " (queue active)"))
        return -1;
    reading->fact->kind = FACT_ACTIVE;
    fact_set(reading->fact, KEY_SIZE, size);
    fact_set(reading->fact, KEY_RECIPIENTS, count);
    return 1;
}

static int read_queue_manager(struct reading *reading)
{
    struct fact *fact = reading->fact;
    struct slice rest = reading->rest, from;
    if (!text_take_char(&rest, '<') || !postfix_take_address(&rest, after_from, &from))
        return -1;
    fact_set(fact, KEY_FROM, from);
    if (text_take(&rest, ", size="))
        return read_active(reading, rest);
    text_take(&rest, ", status=");
    if (!slice_starts(rest, "expired, ") && !slice_starts(rest, "force-expired, "))
        return -1;
    fact->kind = FACT_EXPIRED;
    fact_set(fact, KEY_VIA, reading->service);
    fact_set(fact, KEY_REPLY, rest);
    return 1;
}

static int read_removed(struct reading *reading)
{
    struct fact *fact = reading->fact;
    if (reading->rest.size != 0)
        return 0;
    fact_set(fact, KEY_VIA, reading->service);
    fact->kind = FACT_REMOVED;
    if (slice_is(reading->service, "postsuper")) {
        fact->kind = FACT_CANCELED;
        fact_set(fact, KEY_CAUSE, slice_of("postsuper"));
    }
    return 1;
}

static int read_on_hold(struct reading *reading)
{
    struct fact *fact = reading->fact;
    if (reading->rest.size != 0 || !slice_is(reading->service, "postsuper"))
        return 0;
    fact->kind = FACT_HELD;
    fact_set(fact, KEY_CAUSE, slice_of("postsuper"));
    return 1;
}

/* "sender non-delivery notification: NEWID"; the word was eaten, the cause begins with it. */
static int read_notification(struct reading *reading)
{
    struct slice rest = reading->rest, words, id;
    if (!text_take_until_text(&rest, ": ", &words) || !slice_ends(words, "notification"))
        return 0;
    if (!postfix_take_queue_id(&rest, &id) || rest.size != 0)
        return -1;
    reading->fact->kind = FACT_NOTIFIED;
    fact_set(reading->fact, KEY_NEXT, id);
    fact_set(reading->fact, KEY_CAUSE,
             slice_make(reading->word.at, reading->word.size + words.size));
    return 1;
}

static const struct {
    const char *word; /* the message begins with it */
    bool needs_queue_id;
    int (*read)(struct reading *reading);
} shapes[] = {
    {"to=", true, postfix_read_delivery},
    {"from=", true, read_queue_manager},
    {"client=", true, read_client},
    {"message-id=", true, read_message_id},
    {"removed", true, read_removed},
    {"placed on hold", true, read_on_hold},
    {"sender ", true, read_notification},
    {"postmaster ", true, read_notification},
    {"reject: ", false, postfix_read_refusal},
    {"milter-reject: ", false, postfix_read_refusal},
    {"hold: ", false, postfix_read_refusal},
    {"milter-hold: ", false, postfix_read_refusal},
    {"discard: ", false, postfix_read_refusal},
    {"milter-discard: ", false, postfix_read_refusal},
};

static int read_shape(struct reading *reading, bool queued)
{
    struct slice all = reading->rest;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (!text_take(&reading->rest, shapes[i].word))
            continue;
        if (shapes[i].needs_queue_id && !queued)
            return 0;
        reading->word = slice_make(all.at, all.size - reading->rest.size);
        return shapes[i].read(reading);
    }
    return 0;
}

static bool split_tag(struct slice program, struct slice *instance, struct slice *service)
{
    struct slice rest = program, part;
    if (!text_take_until(&rest, '/', instance) || instance->size == 0)
        return false;
    while (text_take_until(&rest, '/', &part))
        continue;
    *service = rest;
    return rest.size > 0;
}

int postfix_read(const struct logline *line, struct fact *fact)
{
    struct reading reading = {.rest = line->body, .fact = fact};
    struct slice instance, id;
    if (!split_tag(line_value(line, LINE_PROGRAM), &instance, &reading.service))
        return 0;
    fact_init(fact, WITNESS_LOG, FACT_UNKNOWN, line->time);
    bool queued = postfix_take_queue_id(&reading.rest, &id);
    if (queued)
        fact_set(fact, KEY_QUEUE, id);
    else if (!text_take(&reading.rest, "NOQUEUE"))
        return 0;
    if (!text_take(&reading.rest, ": "))
        return 0;
    fact_set(fact, KEY_HOST, line_value(line, LINE_HOST));
    fact_set(fact, KEY_INSTANCE, instance);
    return read_shape(&reading, queued);
}
