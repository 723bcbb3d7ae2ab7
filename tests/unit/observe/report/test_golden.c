/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tests/golden/reports/NAME.eml and what is read from it, NAME.report. A case is two files;
 * GOLDEN_WRITE=1 writes the second, to be looked at before it is kept.
 */
#include "waybill/report.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "render.h"

static char folder[300];
static struct phrasebook *book;

static void read_file(const char *path, const char *mode, struct buffer *to)
{
    char chunk[4096];
    size_t size;
    FILE *file = fopen(path, mode);
    if (file == NULL)
        fail_msg("there is no '%s'", path);
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

static void compare(const char *name, const struct buffer *mail)
{
    static const size_t chunks[] = {1, 7, 4096};
    char path[700];
    struct buffer kept, text;
    snprintf(path, sizeof path, "%s/%s.report", folder, name);
    buffer_init(&text, 1 << 20);
    read_mail(mail, mail->size + 1, &text);
    if (getenv("GOLDEN_WRITE") != NULL) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fwrite(text.data, 1, text.size, file);
        fclose(file);
    }
    buffer_init(&kept, 1 << 20);
    read_file(path, "r", &kept);
    if (strcmp(kept.data, text.data) != 0)
        fprintf(stderr, "%s\n", path);
    assert_string_equal(kept.data, text.data);
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        buffer_clear(&text);
        read_mail(mail, chunks[i], &text);
        assert_string_equal(kept.data, text.data);
    }
    buffer_free(&kept);
    buffer_free(&text);
}

static void test_each_mail_gives_its_report_however_it_is_cut(void **state)
{
    (void)state;
    unsigned cases = 0;
    DIR *stream = opendir(folder);
    assert_non_null(stream);
    const struct dirent *entry;
    while ((entry = readdir(stream)) != NULL) {
        char path[700], name[300];
        struct buffer mail;
        size_t size = strlen(entry->d_name);
        if (size < 5 || strcmp(entry->d_name + size - 4, ".eml") != 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)size - 4, entry->d_name);
        snprintf(path, sizeof path, "%s/%s.eml", folder, name);
        buffer_init(&mail, REPORT_BYTES_MAX);
        read_file(path, "r", &mail);
        compare(name, &mail);
        buffer_free(&mail);
        cases++;
    }
    closedir(stream);
    assert_true(cases >= 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_mail_gives_its_report_however_it_is_cut),
    };
    struct error why;
    const char *top = getenv("srcdir");
    snprintf(folder, sizeof folder, "%s/tests/golden/reports", top != NULL ? top : ".");
    if (phrasebook_open(&book, NULL, &why) < 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    phrasebook_close(&book);
    return failed;
}
