/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delays: see delays.h.
 */
#include "delays.h"

#include "waybill/clock.h"

#define DELAY_MAX (366 * DAY_MS)

static int64_t bounded(uint64_t seconds)
{
    return seconds < DELAY_MAX / SECOND_MS ? (int64_t)seconds * SECOND_MS : DELAY_MAX;
}

/* "2.5", to the ms. */
static bool take_seconds(struct slice *from, int64_t *ms)
{
    uint64_t whole, part;
    struct slice digits;

    if (!text_take_number(from, &whole))
        return false;
    *ms = bounded(whole);
    if (!text_take_char(from, '.'))
        return true;
    if (!text_take_any(from, "0123456789", &digits))
        return false;
    if (digits.size > 3)
        digits.size = 3;
    if (!text_number(digits, 0, 999, &part))
        return false;
    for (size_t i = digits.size; i < 3; i++)
        part *= 10;
    *ms += (int64_t)part;
    return true;
}

static bool read_postfix(struct slice text, struct delays *delays)
{
    return take_seconds(&text, &delays->before) && text_take_char(&text, '/') &&
           take_seconds(&text, &delays->turn) && text_take_char(&text, '/') &&
           take_seconds(&text, &delays->connecting) && text_take_char(&text, '/') &&
           take_seconds(&text, &delays->sending) && text.size == 0;
}

/* "[days+]hh:mm:ss" */
static bool read_sendmail(struct slice text, struct delays *delays)
{
    uint64_t days = 0, hours, minutes, seconds;
    struct slice rest = text;

    if (text_take_number(&rest, &days) && text_take_char(&rest, '+'))
        text = rest;
    else
        days = 0;
    if (!text_take_number(&text, &hours) || hours > 23 || !text_take_char(&text, ':') ||
        !text_take_number(&text, &minutes) || minutes > 59 || !text_take_char(&text, ':') ||
        !text_take_number(&text, &seconds) || seconds > 59 || text.size > 0)
        return false;
    delays->sending = bounded((days < 1000 ? days : 1000) * 86400 + hours * 3600 + minutes * 60 +
                              seconds);
    delays->whole = true;
    return true;
}

bool delays_read(struct slice text, struct delays *delays)
{
    *delays = (struct delays){0};
    if (read_postfix(text, delays))
        return true;
    *delays = (struct delays){0};
    if (read_sendmail(text, delays))
        return true;
    *delays = (struct delays){0};
    return false;
}
