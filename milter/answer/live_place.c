/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live_place: the cursor as text.
 *
 * It is "L1", the time, and for each stream "." (not known), "," (0-0), or how far its
 * milliseconds are from the time, and the sequence; then a MAC over these and the prefix of the
 * keys. A number is written five bits a letter, the lowest first; letters of the second half of
 * the alphabet say that more follow.
 */
#include "live_state.h"

#include <stdio.h>
#include <string.h>

#include "waybill/buffer.h"
#include "waybill/digest.h"

#define MAC_BYTES 10u
#define MAC_LENGTH (2 * MAC_BYTES)

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void put_number(struct buffer *to, uint64_t number)
{
    while (number >= 32) {
        buffer_add_char(to, letters[32 + number % 32]);
        number /= 32;
    }
    buffer_add_char(to, letters[number]);
}

static bool take_number(struct slice *from, uint64_t *number)
{
    *number = 0;
    for (unsigned shift = 0; from->size > 0 && shift < 65; shift += 5) {
        const char *letter = memchr(letters, from->at[0], 64);
        uint64_t value = letter != NULL ? (uint64_t)(letter - letters) : 0;

        if (letter == NULL)
            return false;
        *from = slice_make(from->at + 1, from->size - 1);
        *number |= value % 32 << shift;
        if (value < 32)
            return true;
    }
    return false;
}

/* Near ones in few letters, in either direction: 0, -1, 1, -2 ... */
static uint64_t fold(uint64_t difference)
{
    return difference >> 63 ? ~difference << 1 | 1 : difference << 1;
}

static uint64_t unfold(uint64_t folded)
{
    return folded & 1 ? ~(folded >> 1) : folded >> 1;
}

static void sign(const struct live *live, struct slice front, char mac[static MAC_LENGTH + 1])
{
    static const char nobody[] = "waybill cursor";
    unsigned char whole[32];
    struct buffer text;

    buffer_init(&text, 65536);
    buffer_addf(&text, "live\n%s\n", live->settings->redis_prefix);
    buffer_add(&text, front.at, front.size);
    digest_hmac(live->has_key ? (const void *)live->key : nobody,
                live->has_key ? sizeof live->key : sizeof nobody, text.data, text.size, whole);
    text_put_hex(whole, MAC_BYTES, mac);
    buffer_free(&text);
}

void live_place_write(const struct live *live, char text[static LIVE_CURSOR_SIZE])
{
    const struct live_place *place = &live->place;
    char mac[MAC_LENGTH + 1];
    struct buffer front;

    buffer_init(&front, LIVE_CURSOR_SIZE);
    buffer_add_text(&front, "L1");
    put_number(&front, (uint64_t)place->time);
    for (size_t i = 0; i < STORE_STREAMS; i++) {
        if (!place->last[i].known) {
            buffer_add_char(&front, '.');
            continue;
        }
        if (place->last[i].ms == 0 && place->last[i].sequence == 0) {
            buffer_add_char(&front, ',');
            continue;
        }
        put_number(&front, fold(place->last[i].ms - (uint64_t)place->time));
        put_number(&front, place->last[i].sequence);
    }
    sign(live, slice_make(front.data, front.size), mac);
    snprintf(text, LIVE_CURSOR_SIZE, "%s%s", front.data, mac);
    buffer_free(&front);
}

static bool take_place(struct slice text, struct live_place *place)
{
    uint64_t time, difference;

    if (!text_take(&text, "L1") || !take_number(&text, &time) || time > INT64_MAX)
        return false;
    place->time = (int64_t)time;
    for (size_t i = 0; i < STORE_STREAMS; i++) {
        struct store_position *last = &place->last[i];

        *last = (struct store_position){.known = !text_take_char(&text, '.')};
        if (!last->known || text_take_char(&text, ','))
            continue;
        if (!take_number(&text, &difference) || !take_number(&text, &last->sequence))
            return false;
        last->ms = time + unfold(difference);
    }
    return text.size == 0;
}

int live_place_read(struct live *live, struct slice text, struct error *why)
{
    char right[MAC_LENGTH + 1];
    struct slice front = {text.at, text.size - MAC_LENGTH};

    if (text.size <= MAC_LENGTH || text.size >= LIVE_CURSOR_SIZE ||
        !take_place(front, &live->place))
        return error_set(why, "this is no cursor; take it as 'waybill follow' gave it");
    sign(live, front, right);
    if (!digest_same(text.at + front.size, right, MAC_LENGTH))
        return error_set(why, "this cursor belongs to another store or key, or was changed; take "
                              "it as 'waybill follow' gave it, or start without one");
    return 0;
}
