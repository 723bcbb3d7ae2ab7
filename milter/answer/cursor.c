/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cursor: where a search goes on, as text that is good for this search alone.
 *
 * It is "1" and, in hexadecimal, the id, since and until, and a MAC over these and the query. The
 * moments are in it because "-2d" means another time on the next page.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "terms.h"
#include "waybill/digest.h"
#include "waybill/id.h"

#define FRONT 49 /* "1" and three numbers of 16 digits */
#define MAC_BYTES 10
#define CURSOR_LENGTH (FRONT + 2 * MAC_BYTES)

static void sign(const struct query *query, const char *front, const unsigned char *key,
                 char mac[static 2 * MAC_BYTES + 1])
{
    static const char nobody[] = "waybill cursor";
    unsigned char whole[32];
    struct buffer text;

    buffer_init(&text, 4u << 20);
    buffer_add(&text, front, FRONT);
    buffer_add_char(&text, query->oldest_first ? 'o' : 'n');
    buffer_addf(&text, "%s\n%s\n", query->since_given, query->until_given);
    query_write(query, true, &text);
    digest_hmac(key != NULL ? (const void *)key : nobody, key != NULL ? 32 : sizeof nobody,
                text.data, text.size, whole);
    text_put_hex(whole, MAC_BYTES, mac);
    buffer_free(&text);
}

void query_cursor(const struct query *query, uint64_t next, const unsigned char *key,
                  char text[static QUERY_CURSOR_SIZE])
{
    snprintf(text, QUERY_CURSOR_SIZE, "1%016" PRIx64 "%016" PRIx64 "%016" PRIx64, next,
             (uint64_t)query->since, (uint64_t)query->until);
    sign(query, text, key, text + FRONT);
}

static bool take_hex(const char *digits, uint64_t *number)
{
    *number = 0;
    for (int i = 0; i < 16; i++) {
        int value = text_hex(digits[i]);
        if (value < 0)
            return false;
        *number = *number << 4 | (unsigned)value;
    }
    return true;
}

int query_resume(struct query *query, struct slice cursor, const unsigned char *key,
                 struct error *why)
{
    char right[2 * MAC_BYTES + 1];
    uint64_t id, since, until;

    if (cursor.size != CURSOR_LENGTH || cursor.at[0] != '1' || !take_hex(cursor.at + 1, &id) ||
        !take_hex(cursor.at + 17, &since) || !take_hex(cursor.at + 33, &until) || !id_valid(id))
        return error_set(why, "this is no cursor; take it as the answer before gave it");
    sign(query, cursor.at, key, right);
    if (!digest_same(cursor.at + FRONT, right, 2 * MAC_BYTES))
        return error_set(why, "this cursor belongs to another query, or was changed; ask again "
                              "from the start");
    query->after = id;
    query->since = (int64_t)since;
    query->until = (int64_t)until;
    return 0;
}
