/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render: what is absent has no line; words are cut.
 */
#include "render.h"

#include "waybill/clock.h"

#define WORDS_SHOWN 160

static void put(struct buffer *to, const char *name, struct slice value)
{
    if (value.at != NULL)
        buffer_addf(to, "%s: %.*s\n", name, SLICE_ARGS(value));
}

static void put_time(struct buffer *to, const char *name, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];

    if (ms == 0)
        return;
    clock_rfc3339(ms, text);
    buffer_addf(to, "%s: %s\n", name, text);
}

static void put_recipient(struct buffer *to, const struct report_recipient *recipient)
{
    struct slice words = recipient->words;

    if (words.size > WORDS_SHOWN)
        words.size = WORDS_SHOWN;
    buffer_addf(to, "\nrecipient: %.*s\n", SLICE_ARGS(recipient->address));
    put(to, "original", recipient->original);
    buffer_addf(to, "action: %s\n", report_action_word(recipient->action));
    put(to, "status", recipient->status);
    if (recipient->code != 0)
        buffer_addf(to, "code: %u\n", recipient->code);
    buffer_addf(to, "reason: %s\n", reason_word(recipient->reason));
    put(to, "remote", recipient->remote);
    put(to, "command", recipient->command);
    put_time(to, "tried", recipient->tried);
    put_time(to, "until", recipient->until);
    put(to, "words", words);
}

void render_report(const struct report *report, struct buffer *to)
{
    buffer_addf(to, "kind: %s\n", report_kind_word(report->kind));
    buffer_addf(to, "dialect: %s\n", report->dialect);
    buffer_addf(to, "partial: %s\n", report->partial ? "yes" : "no");
    put(to, "reporting", report->reporting);
    put(to, "envelope id", report->envelope_id);
    put(to, "queue id", report->queue_id);
    put_time(to, "arrived", report->arrived);
    put(to, "message id", report->message_id);
    put(to, "from", report->from);
    put(to, "to", report->to);
    put(to, "subject", report->subject);
    put_time(to, "date", report->date);
    for (size_t i = 0; i < report->hop_count; i++) {
        const struct report_hop *hop = &report->hops[i];

        buffer_addf(to, "hop: %.*s %.*s", SLICE_ARGS(hop->by), SLICE_ARGS(hop->id));
        put_time(to, "", hop->time);
        if (hop->time == 0)
            buffer_add_char(to, '\n');
    }
    for (size_t i = 0; i < report->count; i++)
        put_recipient(to, &report->recipients[i]);
}
