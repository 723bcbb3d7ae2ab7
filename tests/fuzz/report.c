/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a mail that may be a report; the first one says in how large pieces they come. What
 * is read must not depend on that, and all that report.h promises must hold.
 */
#include "waybill/report.h"

#include <stdlib.h>
#include <string.h>

#include "../unit/observe/report/render.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct phrasebook *book;

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_clean(struct slice text, size_t most)
{
    check(text.size <= most);
    for (size_t i = 0; i < text.size; i++)
        check((unsigned char)text.at[i] >= ' ' && text.at[i] != 0x7f);
}

static void check_recipient(const struct report *report, const struct report_recipient *recipient)
{
    bool failure = recipient->action == REPORTED_FAILED || recipient->action == REPORTED_DELAYED;
    check_clean(recipient->address, REPORT_FIELD_MAX);
    check_clean(recipient->original, REPORT_FIELD_MAX);
    check_clean(recipient->words, REPORT_WORDS_MAX);
    check_clean(recipient->remote, 255);
    check_clean(recipient->command, 16);
    check(recipient->status.at == NULL || status_fits(recipient->status));
    check(recipient->code == 0 || (recipient->code >= 200 && recipient->code <= 599));
    check(report->kind == REPORT_BOUNCE || !failure);
    check(failure || recipient->reason == REASON_DELIVERED || report->kind != REPORT_BOUNCE);
}

static void check_report(const struct report *report)
{
    check(report->count <= REPORT_RECIPIENTS_MAX && report->hop_count <= REPORT_HOPS_MAX);
    check(report->text.size <= REPORT_TEXT_MAX);
    check(report->kind != REPORT_OTHER || report->count == 0);
    check(report->kind != REPORT_BOUNCE || (report->count > 0 && report->dialect[0] != '\0'));
    for (size_t i = 0; i < report->count; i++)
        check_recipient(report, &report->recipients[i]);
}

static void read_mail(const uint8_t *data, size_t size, size_t chunk, struct buffer *text)
{
    struct report_reader *reader = report_open(book);
    const struct report *report;
    if (reader == NULL)
        exit(1);
    for (size_t at = 0; at < size; at += chunk) {
        size_t part = size - at < chunk ? size - at : chunk;
        uint8_t *copy = malloc(part);
        if (copy == NULL)
            exit(1);
        memcpy(copy, data + at, part);
        bool more = report_mail(reader, copy, part);
        free(copy);
        if (!more)
            break;
    }
    report = report_end(reader);
    check_report(report);
    render_report(report, text);
    report_close(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error why;
    struct buffer whole, pieces;
    if (book == NULL && phrasebook_open(&book, NULL, &why) < 0)
        exit(1);
    if (size == 0)
        return 0;
    buffer_init(&whole, 4u << 20);
    buffer_init(&pieces, 4u << 20);
    read_mail(data + 1, size - 1, size, &whole);
    read_mail(data + 1, size - 1, 1 + (size_t)data[0] * data[0] / 8, &pieces);
    check(whole.size == pieces.size && memcmp(whole.data, pieces.data, whole.size) == 0);
    buffer_free(&whole);
    buffer_free(&pieces);
    return 0;
}
