/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delays: see delays.h.
 */
#include "delays.h"

#include "waybill/clock.h"

static bool take_seconds(struct slice *from, double *seconds)
{
    uint64_t whole, part;
    struct slice before;
    double scale = 1;

    if (!text_take_number(from, &whole))
        return false;
    *seconds = (double)whole;
    if (!text_take_char(from, '.'))
        return true;
    before = *from;
    if (!text_take_number(from, &part))
        return false;
    for (size_t digits = before.size - from->size; digits > 0; digits--)
        scale *= 10;
    *seconds += (double)part / scale;
    return true;
}

bool delays_read(struct slice text, double seconds[4])
{
    for (int i = 0; i < 4; i++) {
        if (i > 0 && !text_take_char(&text, '/'))
            return false;
        if (!take_seconds(&text, &seconds[i]))
            return false;
    }
    return text.size == 0;
}

/* What the first number holds: Postfix counts into it all that was before the queue manager took
 * the mail up for the last time. */
static const char *before_this_try(enum delays_wait wait)
{
    switch (wait) {
    case DELAYS_RETRIED:
        return "arriving and waiting to be tried again";
    case DELAYS_HELD:
        return "arriving and on hold";
    default:
        return "before the queue";
    }
}

int delays_words(const double seconds[4], enum delays_wait wait, struct buffer *to)
{
    const char *const where[] = {before_this_try(wait), "waiting for its turn", "connecting",
                                 "sending"};
    int most = 0;

    for (int i = 0; i < 4; i++) {
        char span[CLOCK_TEXT_SIZE];
        clock_span((int64_t)(seconds[i] * 1000 + 0.5), span);
        buffer_addf(to, "%s%s %s", i == 0 ? "" : ", ", span, where[i]);
        if (seconds[i] > seconds[most])
            most = i;
    }
    if (seconds[0] + seconds[1] + seconds[2] + seconds[3] >= 1)
        buffer_addf(to, "; most of it %s", where[most]);
    return to->failed ? -1 : 0;
}
