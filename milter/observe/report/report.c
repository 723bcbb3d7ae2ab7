/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: the reader as a whole.
 */
#include "waybill/report.h"

#include <stdlib.h>

struct report_reader {
    const struct phrasebook *book;
    struct report report;
};

struct report_reader *report_open(const struct phrasebook *book)
{
    struct report_reader *reader = calloc(1, sizeof(*reader));

    if (reader != NULL) {
        reader->book = book;
        reader->report.dialect = "";
    }
    return reader;
}

void report_close(struct report_reader **reader)
{
    free(*reader);
    *reader = NULL;
}

void report_header(struct report_reader *reader, struct slice name, struct slice value)
{
    (void)reader;
    (void)name;
    (void)value;
}

bool report_expected(const struct report_reader *reader, bool null_sender)
{
    (void)reader;
    return null_sender;
}

bool report_body(struct report_reader *reader, const void *bytes, size_t size)
{
    (void)reader;
    (void)bytes;
    (void)size;
    return false;
}

bool report_mail(struct report_reader *reader, const void *bytes, size_t size)
{
    return report_body(reader, bytes, size);
}

const struct report *report_end(struct report_reader *reader)
{
    return &reader->report;
}
