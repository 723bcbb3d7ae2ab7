/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forget: which words name a person, and what goes with them.
 *
 * First all facts are looked at, since it depends on the whole mail what of a fact may stay; then
 * each is blanked. What was blanked before says by its FORGOTTEN that it was, so a fact that comes
 * a week later meets the same rules.
 */
#include "waybill/forget.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record_set.h"
#include "waybill/digest.h"

#define TAG_BYTES 2u

struct naming {
    const struct forgetting *forgetting;
    const struct forget_named *named;
    uint64_t id; /* of the mail */
    int gone;
};

#define KEYS_ADDRESS (KEY_BIT(TO) | KEY_BIT(ORIGINAL) | KEY_BIT(FROM))
#define KEYS_EXACT (KEYS_ADDRESS | KEY_BIT(LOGIN))
#define KEYS_CLIENT                                                                                \
    (KEY_BIT(CLIENT) | KEY_BIT(IP) | KEY_BIT(PORT) | KEY_BIT(HELO) | KEY_BIT(LOGIN) |              \
     KEY_BIT(UID) | KEY_BIT(HEADER_FROM) | KEY_BIT(ENVID) | KEY_BIT(MESSAGE_ID))
#define KEYS_SUBJECT (KEY_BIT(SUBJECT) | KEY_BIT(SUBJECT_HASH))
#define KEYS_TAGGED (KEY_BIT(TO) | KEY_BIT(ORIGINAL))
#define KEYS_RECIPIENT (KEY_BIT(REPLY) | KEY_BIT(ORCPT))
/* A word has to stand here, that people see why there is nothing. */
#define KEYS_WORD (KEYS_ADDRESS | KEY_BIT(HEADER_FROM) | KEY_BIT(REPLY))

bool address_was_forgotten(struct slice address)
{
    size_t word = sizeof FORGOTTEN - 1;
    if (!slice_starts(address, FORGOTTEN))
        return false;
    if (address.size == word)
        return true;
    if (address.size != word + 1 + 2 * TAG_BYTES || address.at[word] != '-')
        return false;
    for (size_t i = word + 1; i < address.size; i++)
        if (text_hex(address.at[i]) < 0)
            return false;
    return true;
}

static bool value_names(const struct forgetting *forgetting, const struct fact *fact,
                        enum fact_key key, const char *host)
{
    struct slice value = fact->value[key];
    if (value.size == 0)
        return false;
    return KEYS_EXACT & UINT64_C(1) << key
               ? forget_names_address(forgetting, value, slice_of(host))
               : forget_names(forgetting, value);
}

static void naming_look(const struct forgetting *forgetting, struct forget_named *named,
                        const struct fact *fact)
{
    uint64_t keys = fact->keys;
    while (keys != 0) {
        enum fact_key key = fact_take_key(&keys);
        uint64_t bit = UINT64_C(1) << key;
        bool before = (bit & KEYS_WORD) != 0 && address_was_forgotten(fact->value[key]);
        bool now = !before && value_names(forgetting, fact, key, named->host);
        if (!before && !now)
            continue;
        named->any = named->any || now;
        named->before = named->before || before;
        if (bit & (KEYS_EXACT | KEY_BIT(HEADER_FROM)))
            named->mail = true;
        /* What a report says of its own sender is not this mail's. */
        if (fact->witness != WITNESS_REPORT &&
            (bit & (KEY_BIT(FROM) | KEY_BIT(LOGIN) | KEY_BIT(HEADER_FROM))))
            named->sender = true;
    }
}

/* The keys of this fact that go, whatever stands there. */
static uint64_t keys_to_go(const struct naming *naming, const struct fact *fact, bool recipient)
{
    uint64_t keys = 0;
    if (naming->named->mail)
        keys |= KEYS_SUBJECT;
    /* A report's client is the other server: trust rests on it. */
    if (naming->named->sender && fact->witness != WITNESS_REPORT)
        keys |= KEYS_CLIENT;
    if (recipient)
        keys |= KEYS_RECIPIENT;
    return keys;
}

static bool fact_of_forgotten(const struct naming *naming, const struct fact *fact)
{
    static const enum fact_key keys[] = {KEY_TO, KEY_ORIGINAL};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (address_was_forgotten(fact->value[keys[i]]) ||
            value_names(naming->forgetting, fact, keys[i], naming->named->host))
            return true;
    return false;
}

/* What stands there from now on: the same for all spellings that are one recipient to the judge,
 * and for all who have the key. */
static struct slice word_for(const struct naming *naming, struct slice address, bool tagged,
                             char room[static FORGOTTEN_SIZE])
{
    static const unsigned char no_key[FORGET_KEY_SIZE];
    const unsigned char *key = naming->forgetting->key;
    char text[ADDRESS_MAX + 24], canonical[ADDRESS_MAX];
    unsigned char hash[32];
    if (!tagged)
        return slice_of(FORGOTTEN);
    size_t size = forget_canonical(address, canonical);
    if (size == 0)
        size = address_normal(address, canonical);
    int length = snprintf(text, sizeof text, "%" PRIu64 " %.*s", naming->id, (int)size, canonical);
    digest_hmac(key != NULL ? key : no_key, FORGET_KEY_SIZE, text, (size_t)length, hash);
    snprintf(room, FORGOTTEN_SIZE, FORGOTTEN "-%02x%02x", hash[0], hash[1]);
    return slice_of(room);
}

static void fact_blank(const struct naming *naming, struct fact *fact, enum fact_key key,
                       char room[static FORGOTTEN_SIZE])
{
    uint64_t bit = UINT64_C(1) << key;
    fact_set(fact, key,
             bit & KEYS_WORD ? word_for(naming, fact->value[key], (bit & KEYS_TAGGED) != 0, room)
                             : SLICE_ABSENT);
}

/* Blank one fact; the number of values that went. `rooms`: of what stands there then. */
static int fact_forget(const struct naming *naming, struct fact *fact,
                       char rooms[static 2][FORGOTTEN_SIZE])
{
    const struct forgetting *forgetting = naming->forgetting;
    uint64_t all = keys_to_go(naming, fact, fact_of_forgotten(naming, fact)), go = 0;
    for (uint64_t keys = fact->keys & ~BODY_PLACE_KEYS; keys != 0;) {
        enum fact_key key = fact_take_key(&keys);
        uint64_t bit = UINT64_C(1) << key;
        if (fact->value[key].size == 0 ||
            ((bit & KEYS_WORD) && address_was_forgotten(fact->value[key])))
            continue;
        if ((all & bit) || value_names(forgetting, fact, key, naming->named->host))
            go |= bit;
    }
    int count = 0;
    for (uint64_t keys = go; keys != 0 && forgetting->gone != NULL;)
        forgetting->gone(forgetting->context, fact, fact_take_key(&keys));
    for (uint64_t keys = go; keys != 0; count++) {
        enum fact_key key = fact_take_key(&keys);
        fact_blank(naming, fact, key, rooms[key == KEY_TO]);
    }
    return count;
}

/* ---- the record ---- */

int record_named(const struct record *record, const struct forgetting *forgetting,
                 struct forget_named *named)
{
    struct buffer scratch;
    struct fact fact;
    int result = 0;
    if (record->host != NULL)
        slice_copy(slice_of(record->host), named->host, sizeof named->host);
    buffer_init(&scratch, FACT_LINE_MAX * 2);
    for (size_t i = 0; i < record->count && result == 0; i++) {
        if (record_fact(record, i, &fact, &scratch) == 0)
            naming_look(forgetting, named, &fact);
        else if (scratch.failed)
            result = -1;
    }
    buffer_free(&scratch);
    return result;
}

int record_names(const struct record *record, const struct forgetting *forgetting)
{
    struct forget_named named = {.any = false};
    return record_named(record, forgetting, &named) != 0 ? -1 : named.any;
}

bool record_was_forgotten(const struct record *record)
{
    for (size_t i = 0; i < record->count; i++)
        if (slice_find_text(slice_make(record->lines[i].text, record->lines[i].size),
                            "=" FORGOTTEN) >= 0)
            return true;
    return false;
}

static int line_rewrite(struct record_line *line, const struct fact *fact)
{
    struct buffer body;
    buffer_init(&body, FACT_LINE_MAX);
    char *text = NULL;
    if (body_encode(fact, BODY_PLACE_KEYS, 32, &body) == 0)
        text = strndup(body.data, body.size);
    if (text != NULL) {
        free(line->text);
        line->text = text;
        line->size = (uint32_t)body.size;
        line->who = line_of(fact, slice_of(fact_kind_word(fact->kind))).who;
    }
    buffer_free(&body);
    return text != NULL ? 0 : -1;
}

static int line_compare(const void *a, const void *b)
{
    return line_order(a, b);
}

/* A line is known by its recipient, too; so one that came again, with the address, is now the one
 * that was blanked before, and each may have values that the other has not. And since the word may
 * be longer than the address was, the last ones go if nobody could read the record otherwise. */
static void record_reorder(struct record *record)
{
    size_t left = 0;
    if (record->count > 0)
        qsort(record->lines, record->count, sizeof *record->lines, line_compare);
    record->bytes = 0;
    for (size_t i = 0; i < record->count; i++) {
        struct record_line *line = &record->lines[i];
        bool again = left > 0 && line_order(line, &record->lines[left - 1]) == 0;
        if (again)
            again = line_join(record, &record->lines[left - 1], line) >= 0;
        if (again || record->bytes + line_cost(line) > RECORD_MAX) {
            free(line->text);
            continue;
        }
        record->bytes += line_cost(line);
        record->lines[left++] = *line;
    }
    record->count = left;
}

static int record_blank(struct naming *naming, struct record *record, struct buffer *scratch)
{
    char rooms[2][FORGOTTEN_SIZE];
    struct fact fact;
    for (size_t i = 0; i < record->count; i++) {
        if (record_fact(record, i, &fact, scratch) != 0) {
            if (scratch->failed)
                return -1;
            continue; /* this version cannot read it, nor what it names */
        }
        int gone = fact_forget(naming, &fact, rooms);
        if (gone > 0 && line_rewrite(&record->lines[i], &fact) != 0)
            return -1;
        naming->gone += gone;
    }
    if (naming->gone > 0)
        record_reorder(record);
    return 0;
}

int record_forget(struct record *record, const struct forgetting *forgetting,
                  const struct forget_named *named)
{
    struct naming naming = {forgetting, named, record->id, 0};
    struct buffer scratch;
    int result = 0;
    buffer_init(&scratch, FACT_LINE_MAX * 2);
    if (named->any || named->mail)
        result = record_blank(&naming, record, &scratch);
    buffer_free(&scratch);
    return result != 0 ? -1 : naming.gone;
}
