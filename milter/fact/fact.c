/* SPDX-License-Identifier: BSD-2-Clause */
/* fact: the words of the vocabulary, and the line that a fact is written as. */
#include "waybill/fact.h"

#include <string.h>

#include "body.h"
#include "waybill/address.h"
#include "waybill/digest.h"
#include "waybill/escape.h"

#define FACT_ID_BITS 60
#define FACT_ID_MASK ((UINT64_C(1) << FACT_ID_BITS) - 1)
#define FACT_NUMBER_MASK UINT64_C(0xFFFFF)
#define VALUE_SHORT 64 /* bytes that a value may have whatever the others have */

static const char id_alphabet[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-";

static const char *const kind_words[FACT_KIND_COUNT] = {
    [FACT_UNKNOWN] = "unknown",
#define X(symbol, word, text) [FACT_##symbol] = word,
    FACT_KINDS(X)
#undef X
};

static const char *const key_words[FACT_KEY_COUNT] = {
#define X(symbol, word, text) [KEY_##symbol] = word,
    FACT_KEYS(X)
#undef X
};

_Static_assert(FACT_KEY_COUNT <= 64, "a set of keys is of 64 bits");
_Static_assert(FACT_KEY_COUNT * (VALUE_SHORT * 3 + 16) + 128 < FACT_LINE_MAX,
               "a line has room for all keys with short values");

const char *witness_name(enum witness witness)
{
    switch (witness) {
    case WITNESS_MILTER:
        return "milter";
    case WITNESS_REPORT:
        return "report";
    case WITNESS_LOG:
        return "log";
    case WITNESS_QUEUE:
        return "queue";
    case WITNESS_ADMIN:
        return "admin";
    }
    return "unknown";
}

const char *fact_kind_word(enum fact_kind kind)
{
    return kind < FACT_KIND_COUNT ? kind_words[kind] : kind_words[FACT_UNKNOWN];
}

enum fact_kind fact_kind_of(struct slice word)
{
    for (int kind = FACT_UNKNOWN + 1; kind < FACT_KIND_COUNT; kind++)
        if (slice_is(word, kind_words[kind]))
            return (enum fact_kind)kind;
    return FACT_UNKNOWN;
}

const char *fact_key_word(enum fact_key key)
{
    return key_words[key];
}

static int key_of(struct slice word)
{
    for (int key = 0; key < FACT_KEY_COUNT; key++)
        if (slice_is(word, key_words[key]))
            return key;
    return -1;
}

static void name(struct fact *fact, enum witness witness, enum fact_kind kind, int64_t time)
{
    fact->witness = witness;
    fact->kind = kind;
    fact->time = time;
}

void fact_init(struct fact *fact, enum witness witness, enum fact_kind kind, int64_t time)
{
    memset(fact, 0, sizeof *fact);
    name(fact, witness, kind, time);
}

void fact_renew(struct fact *fact, enum witness witness, enum fact_kind kind, int64_t time)
{
    while (fact->keys != 0)
        fact->value[fact_take_key(&fact->keys)] = SLICE_ABSENT;
    fact->id = fact->waybill = 0;
    name(fact, witness, kind, time);
}

void fact_id_text(uint64_t id, char text[static FACT_ID_SIZE])
{
    for (int i = FACT_ID_SIZE - 2; i >= 0; i--, id >>= 6)
        text[i] = id_alphabet[id & 63];
    text[FACT_ID_SIZE - 1] = '\0';
}

bool fact_id_parse(struct slice text, uint64_t *id)
{
    uint64_t number = 0;
    if (text.size != FACT_ID_SIZE - 1)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        const char *found = text.at[i] ? strchr(id_alphabet, text.at[i]) : NULL;
        if (found == NULL)
            return false;
        number = number << 6 | (uint64_t)(found - id_alphabet);
    }
    *id = number;
    return true;
}

uint64_t fact_id_milter(uint64_t waybill, unsigned number)
{
    unsigned char bytes[sizeof waybill];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(waybill >> (8 * i));
    /* The number stands last, so that the facts of one moment sort as they were seen. */
    return (digest_64(bytes, sizeof bytes) & FACT_ID_MASK & ~FACT_NUMBER_MASK) |
           (number & FACT_NUMBER_MASK);
}

/* Far enough from the next occurrence of the same line. */
#define PART_STEP (UINT64_C(1) << 40)

uint64_t fact_id_log(struct slice raw_line, unsigned occurrence, unsigned part)
{
    return fact_id_again(digest_64(raw_line.at, raw_line.size), occurrence, part);
}

uint64_t fact_id_again(uint64_t first, unsigned occurrence, unsigned part)
{
    return (first + occurrence + part * PART_STEP) & FACT_ID_MASK;
}

uint64_t fact_id_report(struct slice recipient, enum fact_kind kind, struct slice words)
{
    char normal[ADDRESS_MAX];
    struct slice word = slice_of(fact_kind_word(kind));
    unsigned char parts[3][8];
    uint64_t hashes[3] = {digest_64(normal, address_normal(recipient, normal)),
                          digest_64(word.at, word.size), digest_64(words.at, words.size)};
    for (size_t i = 0; i < sizeof parts; i++)
        parts[i / 8][i % 8] = (unsigned char)(hashes[i / 8] >> (8 * (i % 8)));
    return digest_64(parts, sizeof parts) & FACT_ID_MASK;
}

/* Cut to `size` bytes, but not inside a UTF-8 sequence. */
static struct slice cut_value(struct slice value, size_t size)
{
    if (value.size <= size)
        return value;
    size_t keep = size;
    while (keep > 0 && size - keep < 4 && ((unsigned char)value.at[keep] & 0xC0) == 0x80)
        keep--;
    return slice_make(value.at, keep);
}

static bool key_stands(const struct fact *fact, uint64_t left_out, int key)
{
    return key != KEY_WAYBILL && fact->value[key].at != NULL && !(left_out & UINT64_C(1) << key);
}

/* Room that longer values before it must leave: who may choose these must not be able to push out
 * where a fact came from. Escaped, a byte may become three. */
static size_t key_share(const struct fact *fact, int key)
{
    size_t size = fact->value[key].size;
    return strlen(key_words[key]) + 2 + (size < VALUE_SHORT ? size : VALUE_SHORT) * 3;
}

int body_encode(const struct fact *fact, uint64_t left_out, size_t used, struct buffer *to)
{
    size_t start = to->size, shares = 0;
    for (int key = 0; key < FACT_KEY_COUNT; key++)
        shares += key_stands(fact, left_out, key) ? key_share(fact, key) : 0;
    buffer_add_text(to, fact_kind_word(fact->kind));
    if (fact->waybill != 0 && !(left_out & UINT64_C(1) << KEY_WAYBILL))
        buffer_addf(to, " %s=%llu", key_words[KEY_WAYBILL], (unsigned long long)fact->waybill);
    for (int key = 0; key < FACT_KEY_COUNT; key++) {
        if (!key_stands(fact, left_out, key))
            continue;
        shares -= key_share(fact, key);
        size_t name = strlen(key_words[key]) + 2;
        size_t most = (FACT_LINE_MAX - used - (to->size - start) - shares - name) / 3;
        buffer_add_char(to, ' ');
        buffer_add_text(to, key_words[key]);
        buffer_add_char(to, '=');
        most = most < FACT_VALUE_MAX ? most : FACT_VALUE_MAX;
        escape_value(to, cut_value(fact->value[key], most));
    }
    return to->failed ? -1 : 0;
}

int body_decode(char *body, size_t size, struct fact *fact)
{
    struct slice rest = slice_make(body, size), word;
    if (!text_take_word(&rest, &word))
        return -1;
    fact->kind = fact_kind_of(word);
    while (text_take_char(&rest, ' ')) {
        struct slice pair, name;
        if (!text_take_word(&rest, &pair))
            break;
        if (!text_take_until(&pair, '=', &name))
            continue;
        int key = key_of(name);
        if (key < 0 || fact->value[key].at != NULL)
            continue;
        pair.size = unescape_value(body + (pair.at - body), pair.size);
        if (key == KEY_WAYBILL) {
            if (!text_number(pair, 1, UINT64_MAX, &fact->waybill))
                return -1;
        } else {
            fact_set(fact, (enum fact_key)key, pair);
        }
    }
    return 0;
}

int fact_encode(const struct fact *fact, struct buffer *to)
{
    char id[FACT_ID_SIZE];
    size_t start = to->size;
    fact_id_text(fact->id, id);
    buffer_addf(to, "%lld %c%s ", (long long)fact->time, (char)fact->witness, id);
    return body_encode(fact, 0, to->size - start, to);
}

static bool is_witness(char byte)
{
    return byte != '\0' && strchr("mrlqa", byte) != NULL;
}

int fact_decode(char *line, size_t size, struct fact *fact, struct error *why)
{
    struct slice rest = slice_make(line, size), name;
    uint64_t time, id;
    if (!text_take_number(&rest, &time) || time > INT64_MAX || !text_take_char(&rest, ' ') ||
        !text_take_word(&rest, &name) || !is_witness(name.at[0]) ||
        !fact_id_parse(slice_make(name.at + 1, name.size - 1), &id) || !text_take_char(&rest, ' '))
        return error_set(why, "cannot read a fact: no 'time witness-id kind' at its front");
    fact_init(fact, (enum witness)name.at[0], FACT_UNKNOWN, (int64_t)time);
    fact->id = id;
    if (body_decode(line + (rest.at - line), rest.size, fact) != 0)
        return error_set(why, "cannot read a fact: no kind, or no number after 'w='");
    return 0;
}
