/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/golden/reports/NAME.eml and what is read from it, NAME.report. A case is two files,
 * as tests/support/golden.h says.
 */
#include "waybill/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "../../../support/golden.h"
#include "render.h"

static struct phrasebook *book;

static void read_file(const char *path, struct buffer *to)
{
    char chunk[4096];
    size_t size;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while ((size = fread(chunk, 1, sizeof chunk, file)) > 0)
        assert_int_equal(buffer_add(to, chunk, size), 0);
    fclose(file);
}

static void read_mail(const struct buffer *mail, size_t chunk, struct buffer *text)
{
    struct report_reader *reader = report_open(book);
    assert_non_null(reader);
    for (size_t at = 0; at < mail->size; at += chunk) {
        size_t rest = mail->size - at;
        if (!report_mail(reader, mail->data + at, rest < chunk ? rest : chunk))
            break;
    }
    render_report(report_end(reader), text);
    assert_false(text->failed);
    report_close(&reader);
    assert_null(reader);
}

static void check(const char *path)
{
    static const size_t chunks[] = {1, 7, 4096};
    char name[GOLDEN_PATH_MAX + 16];
    struct buffer mail, whole, text;
    snprintf(name, sizeof name, "%s.eml", path);
    buffer_init(&mail, REPORT_BYTES_MAX);
    buffer_init(&whole, 1 << 20);
    buffer_init(&text, 1 << 20);
    read_file(name, &mail);
    read_mail(&mail, mail.size + 1, &whole);
    golden_compare(path, ".report", &whole);
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        buffer_clear(&text);
        read_mail(&mail, chunks[i], &text);
        assert_string_equal(whole.data, text.data);
    }
    buffer_free(&mail);
    buffer_free(&whole);
    buffer_free(&text);
}

static void test_each_mail_gives_its_report_however_it_is_cut(void **state)
{
    (void)state;
    assert_true(golden_each("reports", ".eml", check) >= 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_mail_gives_its_report_however_it_is_cut),
    };
    struct error why;
    if (phrasebook_open(&book, NULL, &why) < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    phrasebook_close(&book);
    return failed;
}
