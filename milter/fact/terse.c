/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * terse: words for values.
 *
 * A value goes three ways: not at all, if others of the same fact give it (derive.c); in a word
 * that its look tells apart; as key=word. Short forms and their undoing are in short.c.
 */
#include "terse.h"

#include <string.h>

#include "derive.h"
#include "short.h"
#include "waybill/escape.h"

void terse_begin(struct terse *terse, int64_t base, struct slice host)
{
    terse->base = base;
    terse->host = host;
    terse->from = SLICE_ABSENT;
    terse->count = terse->relay_size = terse->used = 0;
}

/* ---- which word tells the kind ---- */

/* Of each kind that may stay unsaid: whose, and the key that comes first. */
static const struct {
    char witness;
    enum fact_kind kind;
    enum fact_key key;
} implied[] = {
    {WITNESS_MILTER, FACT_MAIL, KEY_FROM},         {WITNESS_MILTER, FACT_RCPT, KEY_TO},
    {WITNESS_MILTER, FACT_HEADER, KEY_MESSAGE_ID}, {WITNESS_MILTER, FACT_QUEUED, KEY_SIZE},
    {WITNESS_LOG, FACT_DELIVERED, KEY_TO},
};
#define IMPLIED (sizeof implied / sizeof *implied)

static uint64_t keys_of(const struct fact *fact)
{
    return fact->keys & ~BODY_PLACE_KEYS;
}

bool terse_implies(const struct fact *fact)
{
    uint64_t keys = keys_of(fact);
    for (size_t i = 0; i < IMPLIED; i++)
        if (implied[i].witness == (char)fact->witness && implied[i].kind == fact->kind)
            return keys != 0 && (enum fact_key)__builtin_ctzll(keys) == implied[i].key;
    return false;
}

static enum fact_kind implied_kind(enum witness witness, enum fact_key key)
{
    for (size_t i = 0; i < IMPLIED; i++)
        if (implied[i].witness == (char)witness && implied[i].key == key)
            return implied[i].kind;
    return FACT_UNKNOWN;
}

/* ---- values as words ---- */

/* "%_" is a blank: two bytes where "%20" has three. */
static void put_word(struct buffer *to, struct slice value)
{
    escape_value_as(to, value, "%_");
}

/* To the end of the line, with its blanks. */
static void put_rest(struct buffer *to, struct slice value)
{
    escape_value_as(to, value, " ");
}

static void put_key(struct buffer *to, enum fact_key key)
{
    struct slice mark = body_mark(key);
    buffer_add(to, mark.at, mark.size);
}

static bool is_mark(char byte)
{
    return byte == '%' || byte == '=' || byte == '[' || byte == ']' || byte == '"' || byte == '#';
}

static bool is_plain(struct slice value)
{
    for (size_t i = 0; i < value.size; i++)
        if (value.at[i] <= ' ' || value.at[i] > '~' || is_mark(value.at[i]))
            return false;
    return value.size > 0;
}

static bool is_digits(struct slice value, const char *others)
{
    for (size_t i = 0; i < value.size; i++)
        if ((value.at[i] < '0' || value.at[i] > '9') &&
            (value.at[i] == '\0' || strchr(others, value.at[i]) == NULL))
            return false;
    return value.size > 0;
}

/* The relay has a name in brackets once an attempt was made, the client before. */
static bool names_relay(enum fact_kind kind)
{
    return kind >= FACT_DELIVERED;
}

/* name[address]:port */
static bool put_client(const struct fact *fact, uint64_t *keys, struct buffer *to)
{
    struct slice port = fact->value[KEY_PORT];
    if (!(*keys & KEY_BIT(IP)) || names_relay(fact->kind) || fact->kind == FACT_UNKNOWN ||
        !is_plain(fact->value[KEY_CLIENT]) || !is_plain(fact->value[KEY_IP]) ||
        fact->value[KEY_CLIENT].at[0] == '-')
        return false;
    buffer_add_char(to, ' ');
    buffer_add(to, fact->value[KEY_CLIENT].at, fact->value[KEY_CLIENT].size);
    buffer_add_char(to, '[');
    buffer_add(to, fact->value[KEY_IP].at, fact->value[KEY_IP].size);
    buffer_add_char(to, ']');
    *keys &= ~KEY_BIT(IP);
    if ((*keys & KEY_BIT(PORT)) && is_digits(port, "")) {
        buffer_add_char(to, ':');
        buffer_add(to, port.at, port.size);
        *keys &= ~KEY_BIT(PORT);
    }
    return true;
}

/* A cipher begins with a capital letter, which no key does. */
static bool is_cipher(const struct fact *fact, struct slice word)
{
    return fact->kind == FACT_MAIL && word.size > 0 && word.at[0] >= 'A' && word.at[0] <= 'Z' &&
           is_plain(word);
}

static bool put_relay(const struct fact *fact, struct slice word, struct buffer *to)
{
    ptrdiff_t open = slice_find(word, '[');
    if (!names_relay(fact->kind) || open < 0 || slice_find(word, '=') >= 0 ||
        strchr("-\"#", word.at[0]) != NULL)
        return false;
    buffer_add_char(to, ' ');
    put_word(to, word);
    return true;
}

/* The word that stands for the value, "%=" before one that must not be read as a short form. */
static struct slice word_of(struct terse *terse, const struct fact *fact, enum fact_key key,
                            bool *literal)
{
    struct slice value = fact->value[key];
    struct slice word = short_form(terse, fact, key);
    *literal = false;
    if (word.at != NULL && slice_equal(short_undo(terse, fact, key, word), value))
        return word;
    *literal = !slice_equal(short_undo(terse, fact, key, value), value);
    return value;
}

/* .1/0/.2/1, and =1.4 behind it if that is not their sum. */
static bool put_delays(struct terse *terse, const struct fact *fact, uint64_t *keys,
                       struct buffer *to)
{
    struct slice delays = fact->value[KEY_DELAYS], delay = fact->value[KEY_DELAY];
    bool literal;
    if (!is_digits(delays, "./") || slice_find(delays, '/') <= 0)
        return false;
    struct slice word = word_of(terse, fact, KEY_DELAYS, &literal);
    if (literal)
        return false;
    buffer_add_char(to, ' ');
    buffer_add(to, word.at, word.size);
    if ((*keys & KEY_BIT(DELAY)) && is_digits(delay, ".")) {
        buffer_add_char(to, '=');
        buffer_add(to, delay.at, delay.size);
        *keys &= ~KEY_BIT(DELAY);
    }
    return true;
}

static void put_value(struct terse *terse, const struct fact *fact, enum fact_key key,
                      uint64_t *keys, struct buffer *to)
{
    bool literal;
    if ((key == KEY_CLIENT && put_client(fact, keys, to)) ||
        (key == KEY_DELAYS && put_delays(terse, fact, keys, to)))
        return;
    struct slice word = word_of(terse, fact, key, &literal);
    if ((key == KEY_TO && !literal && word.at != fact->value[key].at) ||
        (key == KEY_TLS && !literal && is_cipher(fact, word))) {
        buffer_add_char(to, ' ');
        buffer_add(to, word.at, word.size);
    } else if (literal || key != KEY_RELAY || !put_relay(fact, word, to)) {
        put_key(to, key);
        buffer_add_text(to, literal                                   ? "%="
                            : word.size > 0 && word.at[0] == '"' ? "%22"
                                                                      : "");
        put_word(to, !literal && word.size > 0 && word.at[0] == '"'
                         ? slice_make(word.at + 1, word.size - 1)
                         : word);
    }
    short_learn(terse, key, fact->value[key]);
}

/* One value may have its blanks: the last. */
static enum fact_key free_key(uint64_t keys)
{
    static const enum fact_key free[] = {KEY_REPLY, KEY_SUBJECT, KEY_HEADER_FROM};
    for (size_t i = 0; i < sizeof free / sizeof *free; i++)
        if (keys & UINT64_C(1) << free[i])
            return free[i];
    return FACT_KEY_COUNT;
}

/* The key of a last value without one. */
static enum fact_key bare_key(enum fact_kind kind)
{
    return kind == FACT_HEADER ? KEY_HEADER_FROM : KEY_REPLY;
}

static void put_free(struct terse *terse, const struct fact *fact, enum fact_key key,
                     struct buffer *to)
{
    bool literal;
    terse->used = 0;
    struct slice word = word_of(terse, fact, key, &literal);
    if (key == bare_key(fact->kind))
        buffer_add_char(to, ' ');
    else
        put_key(to, key);
    buffer_add_char(to, '"');
    if (literal)
        buffer_add_text(to, "%=");
    put_rest(to, word);
}

void terse_encode(struct terse *terse, const struct fact *fact, const struct slice *more,
                  size_t more_count, struct buffer *to)
{
    uint64_t absent, keys = keys_of(fact);
    enum fact_key last = free_key(keys);
    terse->used = 0;
    keys &= ~derive_same(terse, fact, &absent);
    if (last < FACT_KEY_COUNT)
        keys &= ~(UINT64_C(1) << last);
    while (keys != 0) {
        enum fact_key key = fact_take_key(&keys);
        terse->used = 0;
        put_value(terse, fact, key, &keys, to);
    }
    while (absent != 0) {
        buffer_add_text(to, " -");
        buffer_add_text(to, fact_key_word(fact_take_key(&absent)));
    }
    for (size_t i = 0; i < more_count; i++) {
        buffer_add_char(to, ' ');
        buffer_add(to, more[i].at, more[i].size);
    }
    if (last < FACT_KEY_COUNT)
        put_free(terse, fact, last, to);
}

/* ---- and back ---- */

struct words {
    char *start;
    struct body *body;
    struct fact *fact;
    uint64_t literal, absent; /* keys */
    int key;                  /* the one read last */
    bool lost;                /* no word told the kind */
};

/* In place: %HH, and %_ for a blank. A bad % sequence stays as it is. */
static size_t unescape_word(char *data, size_t size)
{
    size_t to = 0;
    if (memchr(data, '%', size) == NULL)
        return size;
    for (size_t i = 0; i < size; to++) {
        int high, low;
        if (data[i] == '%' && i + 1 < size && data[i + 1] == '_') {
            data[to] = ' ';
            i += 2;
        } else if (data[i] == '%' && i + 2 < size && (high = text_hex(data[i + 1])) >= 0 &&
                   (low = text_hex(data[i + 2])) >= 0) {
            data[to] = (char)(high << 4 | low);
            i += 3;
        } else {
            data[to] = data[i++];
        }
    }
    return to;
}

static void take_value(struct words *words, enum fact_key key, struct slice value)
{
    if (words->body->kind.at == NULL) {
        words->fact->kind = implied_kind(words->fact->witness, key);
        words->body->kind = slice_of(fact_kind_word(words->fact->kind));
        words->lost = words->fact->kind == FACT_UNKNOWN;
    }
    if (words->fact->value[key].at != NULL || (BODY_PLACE_KEYS & UINT64_C(1) << key))
        return;
    if (text_take(&value, "%="))
        words->literal |= UINT64_C(1) << key;
    value.size = unescape_word(words->start + (value.at - words->start), value.size);
    fact_set(words->fact, key, value);
}

static void take_client(struct words *words, struct slice word)
{
    struct slice name, address;
    if (!text_take_until(&word, '[', &name) || !text_take_until(&word, ']', &address))
        return;
    take_value(words, KEY_CLIENT, name);
    take_value(words, KEY_IP, address);
    if (text_take_char(&word, ':'))
        take_value(words, KEY_PORT, word);
}

static void take_delays(struct words *words, struct slice word)
{
    struct slice delays = word;
    if (text_take_until(&word, '=', &delays))
        take_value(words, KEY_DELAY, word);
    take_value(words, KEY_DELAYS, delays);
}

/* A word without a key, by its look. */
static void take_bare(struct words *words, struct slice word)
{
    if (word.at[0] == '#')
        take_value(words, KEY_TO, word);
    else if (word.at[0] == '-') {
        int key = body_key(slice_make(word.at + 1, word.size - 1), words->key);
        if (key >= 0)
            words->absent |= UINT64_C(1) << key;
    } else if (slice_find(word, '[') < 0) {
        if (slice_find(word, '/') > 0)
            take_delays(words, word);
        else if (word.at[0] >= 'A' && word.at[0] <= 'Z')
            take_value(words, KEY_TLS, word);
    } else if (names_relay(words->fact->kind)) {
        take_value(words, KEY_RELAY, word);
    } else {
        take_client(words, word);
    }
}

/* True: that was the last, up to the end of the line. */
static bool take_word(struct words *words, struct slice *rest)
{
    struct slice word, name, value;
    if (rest->at[0] == '"') {
        take_value(words, bare_key(words->fact->kind), slice_make(rest->at + 1, rest->size - 1));
        return true;
    }
    if (!text_take_word(rest, &word))
        return false;
    value = word;
    int key;
    if (word.at[0] < 'a' || word.at[0] > 'z' || !text_take_until(&value, '=', &name)) {
        take_bare(words, word);
        return false;
    }
    key = body_key(name, words->key);
    if (key < 0) {
        body_keep(words->body, word);
        return false;
    }
    words->key = key;
    if (value.size > 0 && value.at[0] == '"') {
        size_t left = (size_t)(rest->at + rest->size - value.at);
        take_value(words, (enum fact_key)key, slice_make(value.at + 1, left - 1));
        return true;
    }
    take_value(words, (enum fact_key)key, value);
    return false;
}

static void make_whole(struct terse *terse, struct words *words)
{
    struct fact *fact = words->fact;
    for (uint64_t keys = fact->keys; keys != 0;) {
        enum fact_key key = fact_take_key(&keys);
        if (!(words->literal & UINT64_C(1) << key))
            fact_set(fact, key, short_undo(terse, fact, key, fact->value[key]));
        short_learn(terse, key, fact->value[key]);
    }
}

int terse_decode(struct terse *terse, char *text, size_t size, struct body *body)
{
    struct words words = {.start = text, .body = body, .fact = &body->fact, .key = KEY_QUEUE};
    struct slice rest = slice_make(text, size);
    terse->used = 0;
    while (rest.size > 0) {
        if (text_take_char(&rest, ' '))
            continue;
        if (take_word(&words, &rest))
            break;
    }
    if (words.lost || body->kind.at == NULL)
        return -1;
    make_whole(terse, &words);
    derive_fill(terse, &body->fact, words.absent);
    return 0;
}
