/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * audit: who asked what, a hash for each hour.
 *
 *     audit:25112114   1763740832051-9f3c2a7be1d04f55  =  who=root what=forget count=3 about=...
 *
 * Not a stream: what is taken out of one stays in its memory. So an entry that names somebody can
 * be rewritten.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "waybill/clock.h"
#include "waybill/digest.h"
#include "waybill/escape.h"

#define AUDIT_FIELD 48
#define HOURS_AT_ONCE 200u

static struct life audit_life(const struct store *store, uint32_t day)
{
    return (struct life){.day = day, .days = store->settings->audit_retention_days};
}

static unsigned audit_hour(int64_t time, uint32_t *day)
{
    uint32_t second;

    *day = clock_day(time, &second);
    return second / 3600;
}

static void put_word(struct buffer *to, const char *key, struct slice value)
{
    if (value.at == NULL)
        return;
    buffer_addf(to, "%s%s=", to->size > 0 ? " " : "", key);
    escape_value(to, value);
}

static void put_entry(struct store *store, const struct store_audit *audit, struct slice field)
{
    struct buffer text;
    uint32_t day;
    unsigned hour = audit_hour(audit->time, &day);
    struct key key;

    buffer_init(&text, 65536);
    put_word(&text, "who", audit->who);
    put_word(&text, "what", audit->what);
    if (audit->count != STORE_UNCOUNTED)
        buffer_addf(&text, " count=%" PRIu64, audit->count);
    put_word(&text, "about", audit->about);
    put_word(&text, "reason", audit->reason);
    key_audit(&key, store->prefix, day, hour);
    if (text.failed)
        store->writes.failed = true;
    else if (expiry_open(day, store->settings->audit_retention_days, clock_now()))
        BATCH_ADD(&store->writes, VERB_HSET, key_slice(&key), audit_life(store, day), field,
                  slice_make(text.data, text.size));
    buffer_free(&text);
}

void store_put_audit(struct store *store, const struct store_audit *audit)
{
    char field[AUDIT_FIELD];
    uint64_t random;

    digest_random(&random, sizeof random);
    snprintf(field, sizeof field, "%" PRId64 "-%016" PRIx64, audit->time, random);
    put_entry(store, audit, slice_of(field));
}

void store_rewrite_audit(struct store *store, const struct store_audit *audit, struct slice field)
{
    put_entry(store, audit, field);
}

/* ---- reading ---- */

struct audits {
    int64_t from, until;
    void (*seen)(void *context, const struct store_audit *audit, struct slice field);
    void *context;
};

static void entry_take(struct store_audit *audit, struct slice word, struct buffer *room)
{
    const struct {
        const char *key;
        struct slice *value;
    } values[] = {{"who", &audit->who},
                  {"what", &audit->what},
                  {"about", &audit->about},
                  {"reason", &audit->reason}};
    struct slice key;

    if (!text_take_until(&word, '=', &key))
        return;
    if (slice_is(key, "count"))
        (void)text_number(word, 0, INT64_MAX, &audit->count);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (slice_is(key, values[i].key)) {
            char *at = room->data + room->size;

            memcpy(at, word.at, word.size);
            *values[i].value = slice_make(at, unescape_value(at, word.size));
            room->size += word.size;
        }
}

static void entry_read(const struct audits *audits, struct slice field, struct slice text)
{
    struct store_audit audit = {.count = STORE_UNCOUNTED};
    struct slice stamp = field, word;
    struct buffer room;
    uint64_t time;

    if (!text_take_number(&stamp, &time) || time > INT64_MAX || (int64_t)time < audits->from ||
        (int64_t)time > audits->until)
        return;
    audit.time = (int64_t)time;
    buffer_init(&room, text.size + 1);
    if (buffer_add(&room, text.at, text.size) == 0) { /* so that all values have place */
        room.size = 0;
        while (text_take_part(&text, ' ', &word))
            entry_take(&audit, word, &room);
        audits->seen(audits->context, &audit, field);
    }
    buffer_free(&room);
}

static enum got audits_got(void *context, size_t index, const struct reply *reply)
{
    (void)index;
    if (reply->type != REPLY_LIST || reply->count % 2 != 0)
        return GOT_ODD;
    for (size_t i = 0; i < reply->count; i += 2)
        entry_read(context, reply->items[i]->text, reply->items[i + 1]->text);
    return GOT_FINE;
}

int store_each_audit(struct store *store, int64_t from, int64_t until,
                     void (*seen)(void *context, const struct store_audit *audit,
                                  struct slice field),
                     void *context, struct error *why)
{
    struct audits audits = {from, until, seen, context};
    struct replies replies = {.context = &audits, .got = audits_got, .missed = pipeline_miss};
    int64_t hour = from - from % HOUR_MS;

    while (hour <= until) {
        for (unsigned i = 0; i < HOURS_AT_ONCE && hour <= until; i++, hour += HOUR_MS) {
            uint32_t day;
            unsigned number = audit_hour(hour, &day);
            struct key key;

            key_audit(&key, store->prefix, day, number);
            PIPELINE_ADD(&store->pipeline, WORD("HGETALL"), key_slice(&key));
        }
        if (store_run(store, &replies, "read who asked what", why))
            return -1;
    }
    return 0;
}
