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

/* The same, measured by the compiler: each fact that is read looks its words up. */
static const struct slice kind_slices[FACT_KIND_COUNT] = {
    [FACT_UNKNOWN] = SLICE_LITERAL("unknown"),
#define X(symbol, word, text) [FACT_##symbol] = SLICE_LITERAL(word),
    FACT_KINDS(X)
#undef X
};

static const struct slice key_slices[FACT_KEY_COUNT] = {
#define X(symbol, word, text) [KEY_##symbol] = SLICE_LITERAL(word),
    FACT_KEYS(X)
#undef X
};

/* As they stand before a value. */
static const struct slice key_marks[FACT_KEY_COUNT] = {
#define X(symbol, word, text) [KEY_##symbol] = SLICE_LITERAL(" " word "="),
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
        if (slice_equal(word, kind_slices[kind]))
            return (enum fact_kind)kind;
    return FACT_UNKNOWN;
}

const char *fact_key_word(enum fact_key key)
{
    return key_words[key];
}

struct slice body_mark(enum fact_key key)
{
    return key_marks[key];
}

/* Keys stand in their order, so the one that is looked for is not far behind the last. */
int body_key(struct slice name, int after)
{
    for (int i = 1; i <= FACT_KEY_COUNT; i++) {
        int key = after + i < FACT_KEY_COUNT ? after + i : after + i - FACT_KEY_COUNT;
        if (slice_equal(name, key_slices[key]))
            return key;
    }
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

/* The hash is dear, and who asks for one fact of a waybill asks for its others too. */
static uint64_t milter_front(uint64_t waybill)
{
    static _Thread_local uint64_t last, front;
    unsigned char bytes[sizeof waybill];
    if (waybill == last && front != 0)
        return front;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(waybill >> (8 * i));
    front = digest_64(bytes, sizeof bytes) & FACT_ID_MASK & ~FACT_NUMBER_MASK;
    last = waybill;
    return front;
}

uint64_t fact_id_milter(uint64_t waybill, unsigned number)
{
    /* The number stands last, so that the facts of one moment sort as they were seen. */
    return milter_front(waybill) | (number & FACT_NUMBER_MASK);
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

/* Room that longer values before it must leave: who may choose these must not be able to push out
 * where a fact came from. Escaped, a byte may become three. */
static size_t key_share(const struct fact *fact, enum fact_key key)
{
    size_t size = fact->value[key].size;
    return key_marks[key].size + (size < VALUE_SHORT ? size : VALUE_SHORT) * 3;
}

/* The keys that stand there, and the room that they must have in any case. */
static uint64_t keys_that_stand(const struct fact *fact, uint64_t left_out, size_t *shares)
{
    uint64_t keys = 0;
    *shares = 0;
    for (uint64_t rest = fact->keys & ~left_out & ~KEY_BIT(WAYBILL); rest != 0;) {
        enum fact_key key = fact_take_key(&rest);
        if (fact->value[key].at == NULL)
            continue;
        keys |= UINT64_C(1) << key;
        *shares += key_share(fact, key);
    }
    return keys;
}

static void encode_values(const struct fact *fact, uint64_t left_out, size_t room,
                          struct buffer *to)
{
    size_t start = to->size, shares;
    for (uint64_t keys = keys_that_stand(fact, left_out, &shares); keys != 0;) {
        enum fact_key key = fact_take_key(&keys);
        shares -= key_share(fact, key);
        size_t most = (room - (to->size - start) - shares - key_marks[key].size) / 3;
        buffer_add(to, key_marks[key].at, key_marks[key].size);
        most = most < FACT_VALUE_MAX ? most : FACT_VALUE_MAX;
        escape_value(to, cut_value(fact->value[key], most));
    }
}

static void encode(const struct fact *fact, struct slice kind, uint64_t left_out, size_t used,
                   struct buffer *to)
{
    size_t start = to->size;
    buffer_add(to, kind.at, kind.size);
    if (fact->waybill != 0 && !(left_out & KEY_BIT(WAYBILL)))
        buffer_addf(to, " w=%llu", (unsigned long long)fact->waybill);
    encode_values(fact, left_out, FACT_LINE_MAX - used - (to->size - start), to);
}

int body_encode(const struct fact *fact, uint64_t left_out, size_t used, struct buffer *to)
{
    encode(fact, slice_of(fact_kind_word(fact->kind)), left_out, used, to);
    return to->failed ? -1 : 0;
}

int body_encode_all(const struct body *body, uint64_t left_out, size_t used, struct buffer *to)
{
    size_t start = to->size;
    encode(&body->fact, body->kind, left_out, used, to);
    for (size_t i = 0; i < body->more_count; i++) {
        if (to->size - start + 1 + body->more[i].size > FACT_LINE_MAX - used)
            continue;
        buffer_add_char(to, ' ');
        buffer_add(to, body->more[i].at, body->more[i].size);
    }
    return to->failed ? -1 : 0;
}

/* As all keys of ours: a letter first, by which a record tells a key from a number. */
static bool is_name(struct slice name)
{
    if (name.size == 0 || name.size > 32 || name.at[0] < 'a' || name.at[0] > 'z')
        return false;
    for (size_t i = 0; i < name.size; i++)
        if ((name.at[i] < 'a' || name.at[i] > 'z') && (name.at[i] < '0' || name.at[i] > '9'))
            return false;
    return true;
}

void body_keep(struct body *body, struct slice word)
{
    struct slice value = word, name;
    if (body->more_count < BODY_MORE && text_take_until(&value, '=', &name) && is_name(name) &&
        !text_take_char(&value, '"'))
        body->more[body->more_count++] = word;
}

/* `whole` takes what is unknown; it may be NULL. */
static int decode(char *text, size_t size, struct fact *fact, struct body *whole)
{
    struct slice rest = slice_make(text, size), word;
    bool escaped = slice_find(rest, '%') >= 0;
    int key = KEY_QUEUE;
    if (!text_take_word(&rest, &word))
        return -1;
    fact->kind = fact_kind_of(word);
    if (whole != NULL)
        whole->kind = word;
    while (text_take_char(&rest, ' ')) {
        struct slice pair, name;
        if (!text_take_word(&rest, &pair))
            break;
        word = pair;
        if (!text_take_until(&pair, '=', &name))
            continue;
        int found = body_key(name, key);
        if (found < 0 && whole != NULL)
            body_keep(whole, word);
        if (found < 0 || fact->value[found].at != NULL)
            continue;
        key = found;
        if (escaped)
            pair.size = unescape_value(text + (pair.at - text), pair.size);
        if (key == KEY_WAYBILL) {
            if (!text_number(pair, 1, UINT64_MAX, &fact->waybill))
                return -1;
        } else {
            fact_set(fact, (enum fact_key)key, pair);
        }
    }
    return 0;
}

int body_decode(char *body, size_t size, struct fact *fact)
{
    return decode(body, size, fact, NULL);
}

int body_decode_all(char *text, size_t size, struct body *whole)
{
    fact_renew(&whole->fact, whole->fact.witness, FACT_UNKNOWN, whole->fact.time);
    whole->more_count = 0;
    return decode(text, size, &whole->fact, whole);
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
