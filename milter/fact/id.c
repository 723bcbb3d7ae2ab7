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
