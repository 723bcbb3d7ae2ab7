/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * id: numbers that people can read, in digits and in letters.
 *
 * The case code's check character makes sum(digit[i] * a^(12-i)) + check = 0 over GF(32), a being
 * a generator. All weights differ and none is 0, so a single wrong character changes the sum, and
 * so does swapping two neighbours: (a^i + a^j)(x + y) is 0 only if x = y.
 */
#include "waybill/id.h"

#include <stdio.h>
#include <string.h>

#include "waybill/clock.h"
#include "waybill/digest.h"

#define SEQUENCE 100000u          /* numbers a node has in a second */
#define GENERATION_SEQUENCE 10000u /* of which a daemon's generation has so many */
#define LOG_SEQUENCE 80000u       /* from here on: ids made from the log */
#define CODE_DIGITS 12

static const char code_alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

int64_t id_time(uint64_t id)
{
    return clock_of_day(id_day(id), (uint32_t)(id_ref(id) / 10000000u));
}

bool id_valid(uint64_t id)
{
    uint32_t day = id_day(id), month = day / 100 % 100, of_month = day % 100;
    return id_ref(id) / 10000000u < 86400 && day < 920000 && month >= 1 && month <= 12 &&
           of_month >= 1 && of_month <= 31;
}

static uint64_t id_compose(int64_t second, unsigned node, unsigned sequence)
{
    uint32_t of_day;
    uint32_t day = clock_day(second * SECOND_MS, &of_day);
    return id_make(day, ((uint64_t)of_day * 100 + node) * SEQUENCE + sequence);
}

void id_mint_init(struct id_mint *mint, unsigned node, unsigned generation, uint64_t last)
{
    mint->node = node;
    mint->generation = generation;
    /* Pretend that the last second was used up: what was given in it is not known. */
    mint->last = last == 0 ? 0
                           : id_compose(id_time(last) / SECOND_MS, node,
                                        (generation + 1) * GENERATION_SEQUENCE - 1);
}

uint64_t id_mint_next(struct id_mint *mint, int64_t now)
{
    int64_t second = now / SECOND_MS, last = mint->last ? id_time(mint->last) / SECOND_MS : -1;
    unsigned sequence = mint->generation * GENERATION_SEQUENCE;
    if (second <= last) {
        unsigned used = (unsigned)(mint->last % SEQUENCE);
        second = last;
        if (used % GENERATION_SEQUENCE == GENERATION_SEQUENCE - 1)
            second++;
        else
            sequence = used + 1;
    }
    mint->last = id_compose(second, mint->node, sequence);
    return mint->last;
}

uint64_t id_from_log(unsigned node, struct slice host, struct slice instance,
                     struct slice queue_id, int64_t first_seen, unsigned attempt)
{
    char key[1024];
    int size = snprintf(key, sizeof key, "%.*s\n%.*s\n%.*s\n", SLICE_ARGS(host),
                        SLICE_ARGS(instance), SLICE_ARGS(queue_id));
    size_t used = size < 0 ? 0 : (size_t)size < sizeof key ? (size_t)size : sizeof key - 1;
    unsigned range = SEQUENCE - LOG_SEQUENCE;
    unsigned place = (unsigned)((digest_64(key, used) + attempt) % range);
    return id_compose(first_seen / SECOND_MS, node, LOG_SEQUENCE + place);
}

static unsigned gf32_times_a(unsigned value)
{
    value <<= 1;
    return value & 32 ? value ^ 0x25 : value;
}

static unsigned code_check(const unsigned digits[static CODE_DIGITS])
{
    unsigned sum = 0;
    for (int i = 0; i < CODE_DIGITS; i++)
        sum = gf32_times_a(sum ^ digits[i]);
    return sum;
}

void id_code(uint64_t id, char code[static ID_CODE_SIZE])
{
    unsigned digits[CODE_DIGITS];
    for (int i = CODE_DIGITS - 1; i >= 0; i--, id >>= 5)
        digits[i] = id & 31;
    char *to = code;
    for (int i = 0; i < CODE_DIGITS; i++) {
        *to++ = code_alphabet[digits[i]];
        if (i % 4 == 3)
            *to++ = '-';
    }
    *to++ = code_alphabet[code_check(digits)];
    *to = '\0';
}

static int code_value(char byte)
{
    char upper = text_upper(byte);
    if (upper == 'O')
        upper = '0';
    if (upper == 'I' || upper == 'L')
        upper = '1';
    const char *found = upper ? strchr(code_alphabet, upper) : NULL;
    return found ? (int)(found - code_alphabet) : -1;
}

static bool code_parse(struct slice text, uint64_t *id)
{
    unsigned digits[CODE_DIGITS + 1];
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '-' || text.at[i] == ' ')
            continue;
        int value = code_value(text.at[i]);
        if (value < 0 || count > CODE_DIGITS)
            return false;
        digits[count++] = (unsigned)value;
    }
    if (count != CODE_DIGITS + 1 || code_check(digits) != digits[CODE_DIGITS])
        return false;
    uint64_t number = 0;
    for (int i = 0; i < CODE_DIGITS; i++)
        number = number << 5 | digits[i];
    *id = number;
    return id_valid(number);
}

bool id_parse(struct slice text, uint64_t *id)
{
    uint64_t number;
    text = slice_trim(text);
    if (text.size >= 17 && text_number(text, 1, UINT64_MAX, &number) && id_valid(number)) {
        *id = number;
        return true;
    }
    return code_parse(text, id);
}

/* ---- codes that are mistyped ---- */

#define CODE_SIZE (CODE_DIGITS + 1)
#define NO_DIGIT 32 /* "U", which stands in no code */

struct typed {
    unsigned digits[CODE_SIZE + 1];
    size_t count;
};

/* What was typed, as far as it may be a code with one fault. */
static bool read_typed(struct slice text, struct typed *typed)
{
    text = slice_trim(text);
    typed->count = 0;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text_upper(text.at[i]);
        int value = code_value(byte);

        if (byte == '-' || byte == ' ')
            continue;
        if ((value < 0 && byte != 'U') || typed->count > CODE_SIZE)
            return false;
        typed->digits[typed->count++] = value < 0 ? NO_DIGIT : (unsigned)value;
    }
    return typed->count + 1 >= CODE_SIZE;
}

struct near {
    uint64_t *ids;
    size_t count;
};

static bool is_right(const unsigned digits[static CODE_SIZE])
{
    for (size_t i = 0; i < CODE_SIZE; i++)
        if (digits[i] == NO_DIGIT)
            return false;
    return code_check(digits) == digits[CODE_DIGITS];
}

static void take(struct near *near, const unsigned digits[static CODE_SIZE])
{
    uint64_t id = 0;

    for (int i = 0; i < CODE_DIGITS; i++)
        id = id << 5 | digits[i];
    for (size_t i = 0; i < near->count; i++)
        if (near->ids[i] == id)
            return;
    if (id_valid(id) && near->count < ID_NEAR_MAX)
        near->ids[near->count++] = id;
}

/* For each place there is just one character with which the check fits. */
static void try_place(struct near *near, unsigned digits[static CODE_SIZE], size_t place)
{
    unsigned typed = digits[place];

    for (digits[place] = 0; digits[place] < NO_DIGIT; digits[place]++)
        if (digits[place] != typed && is_right(digits))
            take(near, digits);
    digits[place] = typed;
}

static void try_missing(struct near *near, const struct typed *typed, size_t place)
{
    unsigned digits[CODE_SIZE];

    memcpy(digits, typed->digits, place * sizeof digits[0]);
    memcpy(digits + place + 1, typed->digits + place, (CODE_DIGITS - place) * sizeof digits[0]);
    digits[place] = NO_DIGIT;
    try_place(near, digits, place);
}

static void try_surplus(struct near *near, const struct typed *typed, size_t place)
{
    unsigned digits[CODE_SIZE];

    memcpy(digits, typed->digits, place * sizeof digits[0]);
    memcpy(digits + place, typed->digits + place + 1, (CODE_SIZE - place) * sizeof digits[0]);
    if (is_right(digits))
        take(near, digits);
}

static void try_swap(struct near *near, unsigned digits[static CODE_SIZE], size_t place)
{
    unsigned first = digits[place];

    digits[place] = digits[place + 1];
    digits[place + 1] = first;
    if (is_right(digits))
        take(near, digits);
    digits[place + 1] = digits[place];
    digits[place] = first;
}

bool id_mistyped(struct slice text)
{
    struct typed typed;
    uint64_t id;

    return !id_parse(text, &id) && read_typed(text, &typed);
}

size_t id_near(struct slice text, uint64_t ids[static ID_NEAR_MAX])
{
    struct near near = {.ids = ids};
    struct typed typed;

    if (!id_mistyped(text) || !read_typed(text, &typed))
        return 0;
    for (size_t i = 0; i < CODE_SIZE; i++) {
        if (typed.count == CODE_SIZE)
            try_place(&near, typed.digits, i);
        if (typed.count == CODE_SIZE && i + 1 < CODE_SIZE)
            try_swap(&near, typed.digits, i);
        if (typed.count < CODE_SIZE)
            try_missing(&near, &typed, i);
    }
    for (size_t i = 0; i < typed.count && typed.count > CODE_SIZE; i++)
        try_surplus(&near, &typed, i);
    return near.count;
}
