/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forget: which words name a person, and what goes with them.
 *
 * First all facts are looked at, since it depends on the whole mail what of a fact may stay; then
 * each is blanked. What was blanked before says by its FORGOTTEN that it was, so a fact that comes
 * a week later meets the same rules.
 */
#include "waybill/forget.h"

#include <stdlib.h>
#include <string.h>

#include "record_set.h"

/* What a record says of its people. */
struct naming {
    const struct forgetting *forgetting;
    bool sender; /* one of them handed the mail in */
    bool mail;   /* one of them is the sender or a recipient */
    bool any;
    int gone;
};

#define KEYS_ADDRESS (KEY_BIT(TO) | KEY_BIT(ORIGINAL) | KEY_BIT(FROM))
#define KEYS_EXACT (KEYS_ADDRESS | KEY_BIT(LOGIN))
#define KEYS_CLIENT                                                                                \
    (KEY_BIT(CLIENT) | KEY_BIT(IP) | KEY_BIT(PORT) | KEY_BIT(HELO) | KEY_BIT(LOGIN) |              \
     KEY_BIT(UID) | KEY_BIT(HEADER_FROM) | KEY_BIT(ENVID) | KEY_BIT(MESSAGE_ID))
#define KEYS_SUBJECT (KEY_BIT(SUBJECT) | KEY_BIT(SUBJECT_HASH))
#define KEYS_RECIPIENT (KEY_BIT(REPLY) | KEY_BIT(ORCPT))
/* A word has to stand here, that people see why there is nothing. */
#define KEYS_WORD (KEYS_ADDRESS | KEY_BIT(HEADER_FROM) | KEY_BIT(REPLY))

static bool value_was_forgotten(const struct fact *fact, enum fact_key key)
{
    return slice_is(fact->value[key], FORGOTTEN);
}

static void naming_look(struct naming *naming, const struct fact *fact)
{
    uint64_t keys = fact->keys;
    while (keys != 0) {
        enum fact_key key = fact_take_key(&keys);
        uint64_t bit = UINT64_C(1) << key;
        bool before = (bit & KEYS_WORD) != 0 && value_was_forgotten(fact, key);
        bool now = !before && fact->value[key].size > 0 &&
                   forget_names(naming->forgetting, fact->value[key], (bit & KEYS_EXACT) != 0);
        if (!before && !now)
            continue;
        naming->any = naming->any || now;
        if (bit & (KEYS_EXACT | KEY_BIT(HEADER_FROM)))
            naming->mail = true;
        /* What a report says of its own sender is not this mail's. */
        if (fact->witness != WITNESS_REPORT &&
            (bit & (KEY_BIT(FROM) | KEY_BIT(LOGIN) | KEY_BIT(HEADER_FROM))))
            naming->sender = true;
    }
}

/* The keys of this fact that go, whatever stands there. */
static uint64_t keys_to_go(const struct naming *naming, const struct fact *fact, bool recipient)
{
    uint64_t keys = 0;
    if (naming->mail)
        keys |= KEYS_SUBJECT;
    /* A report's client is the other server: trust rests on it. */
    if (naming->sender && fact->witness != WITNESS_REPORT)
        keys |= KEYS_CLIENT;
    if (recipient)
        keys |= KEYS_RECIPIENT;
    return keys;
}

static bool fact_of_forgotten(const struct naming *naming, const struct fact *fact)
{
    static const enum fact_key keys[] = {KEY_TO, KEY_ORIGINAL};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (fact->value[keys[i]].size > 0 &&
            (value_was_forgotten(fact, keys[i]) ||
             forget_names(naming->forgetting, fact->value[keys[i]], true)))
            return true;
    return false;
}

/* Blank one fact; the number of values that went. */
static int fact_forget(const struct naming *naming, struct fact *fact)
{
    const struct forgetting *forgetting = naming->forgetting;
    uint64_t all = keys_to_go(naming, fact, fact_of_forgotten(naming, fact)), go = 0;
    for (uint64_t keys = fact->keys & ~BODY_PLACE_KEYS; keys != 0;) {
        enum fact_key key = fact_take_key(&keys);
        uint64_t bit = UINT64_C(1) << key;
        struct slice value = fact->value[key];
        if (value.size == 0 || ((bit & KEYS_WORD) && value_was_forgotten(fact, key)))
            continue;
        if ((all & bit) || forget_names(forgetting, value, (bit & KEYS_EXACT) != 0))
            go |= bit;
    }
    int count = 0;
    for (uint64_t keys = go; keys != 0 && forgetting->gone != NULL;)
        forgetting->gone(forgetting->context, fact, fact_take_key(&keys));
    for (uint64_t keys = go; keys != 0; count++) {
        enum fact_key key = fact_take_key(&keys);
        bool word = (UINT64_C(1) << key) & KEYS_WORD;
        fact_set(fact, key, word ? slice_of(FORGOTTEN) : SLICE_ABSENT);
    }
    return count;
}

/* ---- the record ---- */

static int naming_read(struct naming *naming, const struct record *record, struct buffer *scratch)
{
    struct fact fact;
    for (size_t i = 0; i < record->count; i++) {
        if (record_fact(record, i, &fact, scratch) == 0)
            naming_look(naming, &fact);
        else if (scratch->failed)
            return -1;
    }
    return 0;
}

int record_names(const struct record *record, const struct forgetting *forgetting)
{
    struct naming naming = {.forgetting = forgetting};
    struct buffer scratch;
    buffer_init(&scratch, FACT_LINE_MAX * 2);
    int result = naming_read(&naming, record, &scratch);
    buffer_free(&scratch);
    return result != 0 ? -1 : naming.any;
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
 * that was blanked before. And since the word may be longer than the address was, the last ones go
 * if nobody could read the record otherwise. */
static void record_reorder(struct record *record)
{
    size_t left = 0;
    if (record->count > 0)
        qsort(record->lines, record->count, sizeof *record->lines, line_compare);
    record->bytes = 0;
    for (size_t i = 0; i < record->count; i++) {
        struct record_line *line = &record->lines[i];
        bool again = left > 0 && line_order(line, &record->lines[left - 1]) == 0;
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
    struct fact fact;
    for (size_t i = 0; i < record->count; i++) {
        if (record_fact(record, i, &fact, scratch) != 0) {
            if (scratch->failed)
                return -1;
            continue; /* this version cannot read it, nor what it names */
        }
        int gone = fact_forget(naming, &fact);
        if (gone > 0 && line_rewrite(&record->lines[i], &fact) != 0)
            return -1;
        naming->gone += gone;
    }
    if (naming->gone > 0)
        record_reorder(record);
    return 0;
}

int record_forget(struct record *record, const struct forgetting *forgetting)
{
    struct naming naming = {.forgetting = forgetting};
    struct buffer scratch;
    buffer_init(&scratch, FACT_LINE_MAX * 2);
    int result = naming_read(&naming, record, &scratch);
    if (result == 0 && (naming.any || naming.mail))
        result = record_blank(&naming, record, &scratch);
    buffer_free(&scratch);
    return result != 0 ? -1 : naming.gone;
}
