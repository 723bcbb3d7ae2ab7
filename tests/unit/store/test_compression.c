/* SPDX-License-Identifier: BSD-2-Clause */
/* A frame is read as its text, whoever wrote it; what cannot be read is told for itself alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zdict.h>

#include "../../../milter/store/codec.h"
#include "../../support/redis.h"
#include "waybill/clock.h"
#include "waybill/id.h"
#include "waybill/store.h"

#define HEAD "1 mx1.example.org postfix 4mGprq8lpWzGsdv\n"
#define FACT_A "51 mAb3dEf9012 mail from=shop@example.org client=mail.example.org ip=192.0.2.7 size=8695\n"
#define FACT_B "60 mAb3dEf9013 rcpt to=bob@example.com\n"
#define FACT_C                                                                                     \
    "2522 lQw8rTy4567 delivered to=bob@example.com relay=mx.example.com[192.0.2.9]:25 dsn=2.0.0 "  \
    "reply=250%202.0.0%20Ok:%20queued%20as%204bK2Lw0Qx9z\n"
#define TEXT HEAD FACT_A FACT_B FACT_C

static struct redis redis;
static struct settings settings;
static uint32_t today;

static int start(void **state)
{
    (void)state;
    redis_prepare(&redis);
    redis_start(&redis, (const char *[]){NULL}, true);
    redis_settings(&settings, redis.address);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    redis_remove(&redis);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    free(redis_ask(&redis, "FLUSHALL"));
    today = clock_day(clock_now(), NULL);
    return 0;
}

static uint64_t id_at(uint32_t second)
{
    return id_make(today, second * UINT64_C(10000000) + 300001);
}

static struct store *open_store(bool compress)
{
    struct store *store;
    struct error why = {""};

    if (store_open(&store, &settings, &why))
        fail_msg("%s", why.text);
    store_compress(store, compress);
    return store;
}

static void flush(struct store *store)
{
    struct error why = {""};

    if (store_flush(store, &why))
        fail_msg("%s", why.text);
}

static void put(struct store *store, uint32_t second, struct slice text)
{
    store_put_record(store, 3, id_at(second), text, false);
    flush(store);
}

/* How many bytes stand in the store for it. */
static long long bytes_of(uint32_t second)
{
    uint64_t id = id_at(second);
    unsigned slice = second / 600;

    return redis_number(&redis, "HSTRLEN wb:r:%06u:%02u%u0:3 %012llu", today, slice / 6, slice % 6,
                        (unsigned long long)id_ref(id));
}

#define SEEN_MAX 4
struct seen {
    size_t calls;
    char text[SEEN_MAX][2000], why[SEEN_MAX][300];
};

static void take(void *context, uint64_t id, const struct record *record, const char *why_not)
{
    struct seen *seen = context;
    struct buffer text;

    (void)id;
    assert_true(seen->calls < SEEN_MAX);
    buffer_init(&text, sizeof seen->text[0] - 1);
    if (record->count && record_format(record, UINT64_MAX, &text) == 0)
        snprintf(seen->text[seen->calls], sizeof seen->text[0], "%s", text.data);
    snprintf(seen->why[seen->calls++], sizeof seen->why[0], "%s", why_not ? why_not : "");
    buffer_free(&text);
}

static struct seen *get(struct store *store, size_t count)
{
    static struct seen seen;
    struct error why = {""};
    uint64_t ids[SEEN_MAX];

    memset(&seen, 0, sizeof seen);
    for (size_t i = 0; i < count; i++)
        ids[i] = id_at((uint32_t)(1 + i));
    if (store_get_records(store, ids, count, take, &seen, &why))
        fail_msg("%s", why.text);
    assert_int_equal(seen.calls, count);
    return &seen;
}

/* The record number `which` says all of this, in whatever format. */
static void assert_told(const char *told, uint32_t which, const char *text)
{
    struct record record;
    struct buffer expected;
    struct error why;

    record_init(&record, id_at(1 + which));
    buffer_init(&expected, 4000);
    assert_int_equal(record_parse(&record, slice_of(text), &why), 0);
    assert_int_equal(record_format(&record, UINT64_MAX, &expected), 0);
    assert_string_equal(told, expected.data);
    record_clear(&record);
    buffer_free(&expected);
}

/* ---- */

static void test_text_and_frames_stand_side_by_side(void **state)
{
    struct store *writer = open_store(true), *reader = open_store(false);
    struct seen *seen;

    (void)state;
    put(writer, 1, slice_of(TEXT));
    store_compress(writer, false);
    put(writer, 2, slice_of(TEXT));
    assert_int_equal(bytes_of(2), sizeof TEXT - 1);
    assert_in_range(bytes_of(1), 20, (sizeof TEXT - 1) * 2 / 3);
    seen = get(reader, 3);
    assert_told(seen->text[0], 0, TEXT);
    assert_told(seen->text[1], 1, TEXT);
    assert_string_equal(seen->text[2], "");
    assert_string_equal(seen->why[0], "");
    assert_int_equal(redis_number(&redis, "DBSIZE"), 3); /* bucket, nodes, dictionary */
    assert_int_equal(redis_number(&redis, "EXISTS wb:dict:%u", dictionary_number()), 1);
    assert_int_equal(redis_number(&redis, "TTL wb:dict:%u", dictionary_number()), -1);
    store_close(&writer);
    store_close(&reader);
}

static void test_number_takes_two_bytes_of_a_frame(void **state)
{
    (void)state;
    assert_in_range(dictionary_number(), 32768, 65535);
}

static void test_missing_dictionary_is_told_for_its_records_alone(void **state)
{
    struct store *writer = open_store(true), *reader = open_store(false);
    struct seen *seen;
    char expected[120];

    (void)state;
    put(writer, 1, slice_of(TEXT));
    store_compress(writer, false);
    put(writer, 2, slice_of(TEXT));
    free(redis_ask(&redis, "RENAME wb:dict:%u wb:kept", dictionary_number()));
    seen = get(reader, 2);
    snprintf(expected, sizeof expected,
             "the dictionary of this record is not in the store (key wb:dict:%u)",
             dictionary_number());
    assert_non_null(strstr(seen->why[0], expected));
    assert_ptr_equal(strstr(seen->why[0], "the key 'wb:r:"), seen->why[0]);
    assert_string_equal(seen->why[1], "");
    assert_told(seen->text[1], 1, TEXT);
    free(redis_ask(&redis, "SET wb:dict:%u nonsense", dictionary_number()));
    seen = get(reader, 2);
    assert_non_null(strstr(seen->why[0], "is not the dictionary"));
    assert_told(seen->text[1], 1, TEXT);
    free(redis_ask(&redis, "DEL wb:dict:%u", dictionary_number()));
    free(redis_ask(&redis, "SADD wb:dict:%u x", dictionary_number()));
    assert_non_null(strstr(get(reader, 2)->why[0], "is not the dictionary"));
    free(redis_ask(&redis, "RENAME wb:kept wb:dict:%u", dictionary_number()));
    assert_told(get(reader, 2)->text[0], 0, TEXT); /* the same process */
    store_close(&writer);
    store_close(&reader);
}

/* As another version of zstd would have made it. */
static void put_another_dictionary(void)
{
    char content[4096], samples[64 * 64], *room = malloc(65536), path[160];
    size_t sizes[64], size;
    ZDICT_params_t how = {.dictID = dictionary_number()};
    FILE *file;

    for (size_t i = 0; i < sizeof content; i++)
        content[i] = (char)('a' + i * i % 23);
    for (size_t i = 0; i < sizeof samples; i++)
        samples[i] = (char)('0' + i * i * i % 61);
    for (size_t i = 0; i < 64; i++)
        sizes[i] = 64;
    size = ZDICT_finalizeDictionary(room, 65536, content, sizeof content, samples, sizes, 64, how);
    assert_false(ZDICT_isError(size));
    snprintf(path, sizeof path, "%s/dictionary", redis.directory);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(room, 1, size, file), size);
    fclose(file);
    free(redis_ask(&redis, "-x SET wb:dict:%u < %s", dictionary_number(), path));
    free(room);
}

static void test_dictionary_of_the_store_is_the_one_that_counts(void **state)
{
    struct store *writer = open_store(true), *reader = open_store(false);
    long long size;

    (void)state;
    put_another_dictionary();
    size = redis_number(&redis, "STRLEN wb:dict:%u", dictionary_number());
    put(writer, 1, slice_of(TEXT));
    assert_int_equal(redis_number(&redis, "STRLEN wb:dict:%u", dictionary_number()), size);
    assert_told(get(reader, 1)->text[0], 0, TEXT);
    store_close(&writer);
    store_close(&reader);
}

static void test_dictionary_goes_in_again_where_the_store_lost_it(void **state)
{
    struct store *writer = open_store(true), *reader;
    struct error why;
    int result = -1;

    (void)state;
    put(writer, 1, slice_of(TEXT));
    free(redis_ask(&redis, "FLUSHALL"));
    free(redis_ask(&redis, "CLIENT KILL TYPE normal SKIPME yes"));
    for (int i = 0; i < 3 && result; i++) { /* the first may find out that the connection is gone */
        store_put_record(writer, 3, id_at(1), slice_of(TEXT), false);
        result = store_flush(writer, &why);
    }
    assert_int_equal(result, 0);
    reader = open_store(false);
    assert_told(get(reader, 1)->text[0], 0, TEXT);
    store_close(&writer);
    store_close(&reader);
}

static void test_frames_of_an_emptied_store_are_made_with_its_new_dictionary(void **state)
{
    struct store *writer = open_store(true), *reader;
    struct error why;
    int result = -1;

    (void)state;
    put(writer, 1, slice_of(TEXT));
    store_put_record(writer, 3, id_at(1), slice_of(TEXT), false); /* with the first one */
    free(redis_ask(&redis, "FLUSHALL"));
    put_another_dictionary();
    free(redis_ask(&redis, "CLIENT KILL TYPE normal SKIPME yes"));
    for (int i = 0; i < 4 && result; i++) {
        result = store_flush(writer, &why);
        if (result)
            store_put_record(writer, 3, id_at(1), slice_of(TEXT), false);
    }
    assert_int_equal(result, 0);
    reader = open_store(false);
    assert_told(get(reader, 1)->text[0], 0, TEXT);
    store_close(&writer);
    store_close(&reader);
}

static void test_bomb_is_refused_by_what_it_says_of_itself(void **state)
{
    static const char bomb[] = "\x28\xb5\x2f\xfd\xe0\0\0\0\0\1\0\0\0\1\0\0";
    struct store *store = open_store(false);
    struct seen *seen;

    (void)state;
    put(store, 1, slice_make(bomb, sizeof bomb - 1));
    put(store, 2, slice_of(TEXT));
    seen = get(store, 2);
    assert_non_null(strstr(seen->why[0], "a zstd frame of 4294967296 bytes"));
    assert_told(seen->text[1], 1, TEXT);
    store_close(&store);
}

static void make_codec(struct codec **codec, struct buffer *dictionary)
{
    struct error why;

    *codec = codec_open();
    buffer_init(dictionary, DICTIONARY_MAX);
    assert_int_equal(dictionary_make(dictionary, &why), 0);
    assert_int_equal(codec_write_with(*codec, slice_make(dictionary->data, dictionary->size), &why),
                     0);
}

static void test_damaged_frame_does_no_harm(void **state)
{
    struct codec *codec;
    struct buffer dictionary;
    struct slice frame, text;
    struct error why;
    char copy[1000];
    size_t broken = 0;

    (void)state;
    make_codec(&codec, &dictionary);
    assert_true(codec_pack(codec, slice_of(TEXT), &frame));
    assert_int_equal(codec_unpack(codec, "wb:", frame, &text, &why), UNPACK_WANTS);
    codec_tell(codec, dictionary_number(), slice_make(dictionary.data, dictionary.size));
    assert_int_equal(codec_unpack(codec, "wb:", frame, &text, &why), UNPACKED);
    assert_true(slice_is(text, TEXT));
    for (size_t size = 4; size < frame.size; size++) {
        memcpy(copy, frame.at, size);
        broken += codec_unpack(codec, "wb:", slice_make(copy, size), &text, &why) == UNPACK_BROKEN;
    }
    assert_int_equal(broken, frame.size - 4);
    for (size_t bit = 32; bit < frame.size * 8; bit++) {
        memcpy(copy, frame.at, frame.size);
        copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
        (void)codec_unpack(codec, "wb:", slice_make(copy, frame.size), &text, &why);
    }
    buffer_free(&dictionary);
    codec_close(&codec);
}

static void test_many_strange_dictionaries_are_bounded(void **state)
{
    struct codec *codec = codec_open();
    uint32_t numbers[CODEC_DICTIONARIES];
    struct slice text;
    struct error why;

    (void)state;
    for (unsigned i = 1; i <= CODEC_DICTIONARIES; i++) {
        char frame[] = {0x28, (char)0xb5, 0x2f, (char)0xfd, 0x21, (char)i, 3, 1, 0, 0};

        assert_int_equal(codec_unpack(codec, "wb:", slice_make(frame, sizeof frame), &text, &why),
                         UNPACK_WANTS);
    }
    assert_int_equal(codec_wanted(codec, numbers), CODEC_DICTIONARIES);
    char frame[] = {0x28, (char)0xb5, 0x2f, (char)0xfd, 0x21, 99, 3, 1, 0, 0};
    assert_int_equal(codec_unpack(codec, "wb:", slice_make(frame, sizeof frame), &text, &why),
                     UNPACK_BROKEN);
    assert_non_null(strstr(why.text, "needs the dictionary 99"));
    codec_close(&codec);
}

/* ---- what lives shorter ---- */

#define MAIN_C                                                                                     \
    "2522 lQw8rTy4567 delivered to=bob@example.com relay=mx.example.com[192.0.2.9]:25 dsn=2.0.0\n"
#define REPLY_C                                                                                    \
    "2522 lQw8rTy4567 delivered to=bob@example.com reply=250%202.0.0%20Ok:%20queued%20as%204bK2"   \
    "Lw0Qx9z\n"

static void put_in_two(struct store *store, bool refused)
{
    store_put_record(store, 3, id_at(1), slice_of(HEAD FACT_A FACT_B MAIN_C), refused);
    store_put_apart(store, 3, id_at(1), APART_REPLY, slice_of(HEAD REPLY_C), refused);
    flush(store);
}

static void test_words_that_live_shorter_are_read_with_the_record(void **state)
{
    struct store *writer, *reader;
    long long record, words;

    (void)state;
    settings.reply_retention_days = 2;
    writer = open_store(true);
    settings.reply_retention_days = 0; /* a reader who does not know */
    reader = open_store(false);
    settings.reply_retention_days = 2;
    put_in_two(writer, false);
    assert_told(get(reader, 1)->text[0], 0, TEXT);
    record = redis_number(&redis, "EXPIRETIME wb:r:%06u:0000:3", today);
    words = redis_number(&redis, "EXPIRETIME wb:t:%06u:0000:3", today);
    assert_in_range(record - words, 28 * 86400 - 3600, 28 * 86400 + 3600);
    free(redis_ask(&redis, "DEL wb:t:%06u:0000:3", today)); /* as if it had expired */
    assert_told(get(reader, 1)->text[0], 0, HEAD FACT_A FACT_B MAIN_C);
    put_in_two(writer, false);
    store_drop_record(writer, 3, id_at(1), false);
    flush(writer);
    assert_int_equal(redis_number(&redis, "EXISTS wb:t:%06u:0000:3", today), 0);
    settings.reply_retention_days = 0;
    store_close(&writer);
    store_close(&reader);
}

static void test_what_stands_apart_counts_beside_its_record_only(void **state)
{
    struct store *store;

    (void)state;
    settings.reply_retention_days = 2;
    store = open_store(false);
    put_in_two(store, true);
    assert_told(get(store, 1)->text[0], 0, TEXT);
    assert_int_equal(redis_number(&redis, "EXISTS wb:rt:%06u:0000:3", today), 1);
    free(redis_ask(&redis, "DEL wb:rr:%06u:0000:3", today));
    assert_string_equal(get(store, 1)->text[0], "");
    settings.reply_retention_days = 0;
    store_close(&store);
}

static void test_nothing_stands_apart_that_lives_as_long(void **state)
{
    struct store *store;

    (void)state;
    settings.reply_retention_days = 5;
    store = open_store(false);
    assert_true(store_apart_keys(store, APART_REPLY, false) == KEY_BIT(REPLY));
    assert_true(store_apart_keys(store, APART_REPLY, true) == 0); /* refused: three days */
    assert_true(store_apart_keys(store, APART_SUBJECT, false) == 0);
    settings.reply_retention_days = 0;
    assert_true(store_apart_keys(store, APART_REPLY, false) == 0);
    store_close(&store);
}

#define EACH(test) cmocka_unit_test_setup(test, empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(test_text_and_frames_stand_side_by_side),
        EACH(test_number_takes_two_bytes_of_a_frame),
        EACH(test_missing_dictionary_is_told_for_its_records_alone),
        EACH(test_dictionary_of_the_store_is_the_one_that_counts),
        EACH(test_dictionary_goes_in_again_where_the_store_lost_it),
        EACH(test_frames_of_an_emptied_store_are_made_with_its_new_dictionary),
        EACH(test_bomb_is_refused_by_what_it_says_of_itself),
        EACH(test_damaged_frame_does_no_harm),
        EACH(test_many_strange_dictionaries_are_bounded),
        EACH(test_words_that_live_shorter_are_read_with_the_record),
        EACH(test_what_stands_apart_counts_beside_its_record_only),
        EACH(test_nothing_stands_apart_that_lives_as_long),
    };

    return cmocka_run_group_tests_name("compression", tests, start, stop);
}
