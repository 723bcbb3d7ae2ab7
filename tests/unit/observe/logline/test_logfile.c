/* SPDX-License-Identifier: BSD-2-Clause */
/* Logs out of files of every kind: plain, compressed, damaged, entries of a journal. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "waybill/buffer.h"
#include "waybill/clock.h"
#include "waybill/logfile.h"

#define LOG_MAX ((size_t)64 << 20)

static char path[] = "/tmp/waybill-logfile-XXXXXX";

static void save(const void *bytes, size_t size)
{
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    assert_int_equal(fwrite(bytes, 1, size, to), size);
    fclose(to);
}

static struct logfile *open_saved(const void *bytes, size_t size)
{
    struct logfile *file;
    struct error why;
    save(bytes, size);
    assert_int_equal(logfile_open(&file, path, &why), 0);
    return file;
}

struct pack {
    const char *name;
    void (*pack)(const struct buffer *from, struct buffer *to); /* adds a member */
};

static void pack_plain(const struct buffer *from, struct buffer *to)
{
    buffer_add(to, from->data, from->size);
}

static void pack_gzip(const struct buffer *from, struct buffer *to)
{
    z_stream stream = {0};
    size_t room = from->size + 1000;
    unsigned char *bytes = malloc(room);
    deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
    stream.next_in = (unsigned char *)from->data;
    stream.avail_in = (unsigned)from->size;
    stream.next_out = bytes;
    stream.avail_out = (unsigned)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    buffer_add(to, bytes, room - stream.avail_out);
    deflateEnd(&stream);
    free(bytes);
}

static void pack_xz(const struct buffer *from, struct buffer *to)
{
    size_t room = from->size + 1000, size = 0;
    unsigned char *bytes = malloc(room);
    assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL,
                                             (const unsigned char *)from->data, from->size, bytes,
                                             &size, room),
                     LZMA_OK);
    buffer_add(to, bytes, size);
    free(bytes);
}

static void pack_zstd(const struct buffer *from, struct buffer *to)
{
    size_t room = ZSTD_compressBound(from->size);
    unsigned char *bytes = malloc(room);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1); /* as zstd does */
    buffer_add(to, bytes, ZSTD_compress2(context, bytes, room, from->data, from->size));
    ZSTD_freeCCtx(context);
    free(bytes);
}

static const struct pack packs[] = {
    {"plain", pack_plain}, {"gzip", pack_gzip}, {"xz", pack_xz}, {"zstd", pack_zstd}};
#define PACKS (sizeof packs / sizeof packs[0])

static void numbered(struct buffer *log, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        buffer_addf(log, "line %u %u\n", i, i * 2654435761u);
}

/* Lines from `first` on, until other news. */
static enum logfile_news read_numbered(struct logfile *file, unsigned first, unsigned *count,
                                       struct slice *line, struct error *why)
{
    enum logfile_news news;
    *count = first;
    while ((news = logfile_next(file, line, why)) == LOGFILE_LINE) {
        char expected[60];
        snprintf(expected, sizeof expected, "line %u %u", *count, *count * 2654435761u);
        if (!slice_is(*line, expected))
            break;
        (*count)++;
    }
    return news;
}

static void test_all_lines_come_whatever_the_file_is_packed_with(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKS; i++) {
        struct buffer log, packed;
        struct slice line;
        struct error why;
        struct logfile_place place;
        unsigned count;
        buffer_init(&log, LOG_MAX);
        buffer_init(&packed, LOG_MAX);
        numbered(&log, 0, 70000);
        packs[i].pack(&log, &packed);
        size_t size = log.size;
        buffer_clear(&log);
        numbered(&log, 70000, 100000); /* a second member */
        packs[i].pack(&log, &packed);
        struct logfile *file = open_saved(packed.data, packed.size);
        assert_int_equal(read_numbered(file, 0, &count, &line, &why), LOGFILE_END);
        assert_int_equal(count, 100000);
        assert_int_equal(logfile_next(file, &line, &why), LOGFILE_END);
        logfile_where(file, &place);
        assert_int_equal(place.bytes, size + log.size);
        assert_int_equal(place.packed, packed.size);
        assert_int_equal(place.total, packed.size);
        assert_true(place.written <= clock_now() && place.written > clock_now() - HOUR_MS);
        logfile_close(&file);
        assert_null(file);
        buffer_free(&log);
        buffer_free(&packed);
    }
}

static void test_what_came_before_the_damage_is_good(void **state)
{
    (void)state;
    for (size_t i = 1; i < PACKS; i++)
        for (int torn = 0; torn < 2; torn++) {
            struct buffer log, packed;
            struct slice line;
            struct error why = {""};
            unsigned count;
            buffer_init(&log, LOG_MAX);
            buffer_init(&packed, LOG_MAX);
            numbered(&log, 0, 300000);
            packs[i].pack(&log, &packed);
            size_t half = packed.size / 2;
            if (!torn)
                memset(packed.data + half, 0xff, 2000);
            struct logfile *file = open_saved(packed.data, torn ? half : packed.size);
            enum logfile_news news = read_numbered(file, 0, &count, &line, &why);
            /* Damaged data unpacks to something; the sum that tells it stands behind. */
            while (!torn && news != LOGFILE_FAILED && news != LOGFILE_END)
                news = logfile_next(file, &line, &why);
            if (news != LOGFILE_FAILED)
                fail_msg("%s %d", packs[i].name, torn);
            if (strstr(why.text, packs[i].name) == NULL || strstr(why.text, path) == NULL)
                fail_msg("%s: %s", packs[i].name, why.text);
            if (count < 100000 || count > 200000)
                fail_msg("%s %d: %u lines", packs[i].name, torn, count);
            assert_int_equal(logfile_next(file, &line, &why), LOGFILE_END);
            logfile_close(&file);
            buffer_free(&log);
            buffer_free(&packed);
        }
}

static void test_a_small_file_that_was_a_huge_log_is_read_in_little_memory(void **state)
{
    (void)state;
    for (size_t i = 1; i < PACKS; i++) {
        struct buffer log, packed;
        struct slice line;
        struct error why;
        unsigned lines = 0;
        buffer_init(&log, LOG_MAX);
        buffer_init(&packed, LOG_MAX);
        for (unsigned n = 0; n < 50000; n++)
            buffer_add(&log, "0123456789012345678901234567890123456789\n", 41);
        for (unsigned n = 0; n < 50; n++)
            packs[i].pack(&log, &packed);
        struct logfile *file = open_saved(packed.data, packed.size);
        while (logfile_next(file, &line, &why) == LOGFILE_LINE)
            lines++;
        assert_int_equal(lines, 2500000);
        logfile_close(&file);
        buffer_free(&log);
        buffer_free(&packed);
    }
}

static void test_a_line_that_is_too_long_is_told_once(void **state)
{
    (void)state;
    static const size_t sizes[] = {LOGFILE_LINE_MAX, LOGFILE_LINE_MAX + 1, 10u << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buffer log;
        struct slice line;
        struct error why;
        buffer_init(&log, LOG_MAX);
        buffer_add_text(&log, "one\n");
        for (size_t n = 0; n < sizes[i]; n++)
            buffer_add_char(&log, 'x');
        buffer_add_text(&log, "\ntwo\n");
        struct logfile *file = open_saved(log.data, log.size);
        assert_int_equal(logfile_next(file, &line, &why), LOGFILE_LINE);
        assert_int_equal(logfile_next(file, &line, &why),
                         i == 0 ? LOGFILE_LINE : LOGFILE_TOO_LONG);
        assert_int_equal(logfile_next(file, &line, &why), LOGFILE_LINE);
        assert_true(slice_is(line, "two"));
        assert_int_equal(logfile_next(file, &line, &why), LOGFILE_END);
        logfile_close(&file);
        log.size -= 5; /* and one that has no end at all */
        file = open_saved(log.data, log.size);
        assert_int_equal(logfile_next(file, &line, &why), LOGFILE_LINE);
        assert_int_equal(logfile_next(file, &line, &why),
                         i == 0 ? LOGFILE_CUT : LOGFILE_TOO_LONG);
        assert_int_equal(logfile_next(file, &line, &why), LOGFILE_END);
        logfile_close(&file);
        buffer_free(&log);
    }
}

static void test_half_a_line_at_the_end_is_told_as_such(void **state)
{
    (void)state;
    struct slice line;
    struct error why;
    struct logfile *file = open_saved("one\n\ntwo", 8);
    assert_int_equal(logfile_next(file, &line, &why), LOGFILE_LINE);
    assert_true(slice_is(line, "one"));
    assert_int_equal(logfile_next(file, &line, &why), LOGFILE_LINE);
    assert_true(slice_is(line, ""));
    assert_int_equal(logfile_next(file, &line, &why), LOGFILE_CUT);
    assert_true(slice_is(line, "two"));
    assert_int_equal(logfile_next(file, &line, &why), LOGFILE_END);
    logfile_close(&file);
    file = open_saved("", 0);
    assert_int_equal(logfile_next(file, &line, &why), LOGFILE_END);
    logfile_close(&file);
}

static void test_a_hole_of_nuls_in_front_of_a_line_is_nothing(void **state)
{
    (void)state;
    static char hole[(3u << 20) + 8];
    struct slice line;
    struct error why;
    memcpy(hole, "one\n", 4);
    memcpy(hole + sizeof hole - 4, "two\n", 4);
    struct logfile *file = open_saved(hole, sizeof hole);
    assert_int_equal(logfile_next(file, &line, &why), LOGFILE_LINE);
    assert_int_equal(logfile_next(file, &line, &why), LOGFILE_LINE);
    assert_true(slice_is(line, "two"));
    assert_int_equal(logfile_next(file, &line, &why), LOGFILE_END);
    logfile_close(&file);
}

static void test_an_open_file_is_read_whatever_its_name_leads_to_by_now(void **state)
{
    (void)state;
    struct slice line;
    struct error why;
    struct logfile *file;
    save("one\n", 4);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(lseek(fd, 2, SEEK_SET), 2);
    assert_int_equal(unlink(path), 0);
    save("another\n", 8);
    assert_int_equal(logfile_open_fd(&file, fd, path, &why), 0);
    assert_int_equal(logfile_next(file, &line, &why), LOGFILE_LINE);
    assert_true(slice_is(line, "one"));
    assert_int_equal(logfile_next(file, &line, &why), LOGFILE_END);
    logfile_close(&file);
    assert_int_equal(close(fd), 0); /* it is still the caller's */
}

static void test_reading_goes_on_where_it_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < PACKS; i++) {
        struct buffer log, packed;
        struct slice line;
        struct error why;
        struct logfile_place place;
        unsigned count;
        buffer_init(&log, LOG_MAX);
        buffer_init(&packed, LOG_MAX);
        numbered(&log, 0, 100000);
        packs[i].pack(&log, &packed);
        struct logfile *file = open_saved(packed.data, packed.size);
        for (unsigned n = 0; n < 77777; n++)
            assert_int_equal(logfile_next(file, &line, &why), LOGFILE_LINE);
        logfile_where(file, &place);
        logfile_close(&file);
        assert_int_equal(logfile_open(&file, path, &why), 0);
        assert_int_equal(logfile_skip(file, place.bytes, &why), 0);
        assert_int_equal(read_numbered(file, 77777, &count, &line, &why), LOGFILE_END);
        assert_int_equal(count, 100000);
        logfile_close(&file);
        assert_int_equal(logfile_open(&file, path, &why), 0);
        assert_int_equal(logfile_skip(file, log.size, &why), 0);
        assert_int_equal(logfile_next(file, &line, &why), LOGFILE_END);
        logfile_close(&file);
        assert_int_equal(logfile_open(&file, path, &why), 0);
        assert_int_equal(logfile_skip(file, log.size + 1, &why), -1);
        logfile_close(&file);
        buffer_free(&log);
        buffer_free(&packed);
    }
}

static void test_an_entry_of_a_journal_is_one_line(void **state)
{
    (void)state;
    static const char head[] = "__CURSOR=a\nMESSAGE\n\x06\0\0\0\0\0\0\0a\n\nb\n\n\nX=1\n\n\n"
                               "__CURSOR=b\nBIG\n\0\0\x20\0\0\0\0\0";
    static const char tail[] = "\nY=2\n\n__CURSOR=c\nMESSAGE=m\n\n";
    struct buffer log;
    struct slice line;
    struct error why;
    buffer_init(&log, LOG_MAX);
    buffer_add(&log, head, sizeof head - 1);
    for (size_t i = 0; i < (2u << 20); i++)
        buffer_add_char(&log, '\n');
    buffer_add(&log, tail, sizeof tail - 1);
    struct logfile *file = open_saved(log.data, log.size);
    assert_int_equal(logfile_next(file, &line, &why), LOGFILE_LINE);
    assert_int_equal(line.size, 37);
    assert_memory_equal(line.at + 33, "\nX=1", 4);
    assert_int_equal(logfile_next(file, &line, &why), LOGFILE_TOO_LONG);
    assert_int_equal(logfile_next(file, &line, &why), LOGFILE_LINE);
    assert_true(slice_is(line, "__CURSOR=c\nMESSAGE=m"));
    assert_int_equal(logfile_next(file, &line, &why), LOGFILE_END);
    logfile_close(&file);
    file = open_saved(log.data, log.size - 1); /* without the empty line */
    for (int i = 0; i < 2; i++)
        logfile_next(file, &line, &why);
    assert_int_equal(logfile_next(file, &line, &why), LOGFILE_CUT);
    logfile_close(&file);
    buffer_free(&log);
}

static void test_what_cannot_be_read_is_named(void **state)
{
    (void)state;
    struct logfile *file;
    struct slice line;
    struct error why;
    assert_int_equal(logfile_open(&file, "/nowhere/mail.log", &why), -1);
    assert_null(file);
    assert_non_null(strstr(why.text, "'/nowhere/mail.log': No such file"));
    assert_int_equal(logfile_open(&file, "/", &why), 0);
    assert_int_equal(logfile_next(file, &line, &why), LOGFILE_FAILED);
    assert_non_null(strstr(why.text, "cannot read '/': read: Is a directory"));
    logfile_close(&file);
}

static int make(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 || close(fd) != 0;
}

static int drop(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_lines_come_whatever_the_file_is_packed_with),
        cmocka_unit_test(test_what_came_before_the_damage_is_good),
        cmocka_unit_test(test_a_small_file_that_was_a_huge_log_is_read_in_little_memory),
        cmocka_unit_test(test_a_line_that_is_too_long_is_told_once),
        cmocka_unit_test(test_half_a_line_at_the_end_is_told_as_such),
        cmocka_unit_test(test_a_hole_of_nuls_in_front_of_a_line_is_nothing),
        cmocka_unit_test(test_an_open_file_is_read_whatever_its_name_leads_to_by_now),
        cmocka_unit_test(test_reading_goes_on_where_it_is_told),
        cmocka_unit_test(test_an_entry_of_a_journal_is_one_line),
        cmocka_unit_test(test_what_cannot_be_read_is_named),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
