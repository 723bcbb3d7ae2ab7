/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz the language of queries. What is taken is written in a form that is taken again and means
 * the same; a fault lies within the text, and can be shown.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "waybill/query.h"

#define NOW INT64_C(1795000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void show(const struct query_fault *fault, struct slice text)
{
    struct buffer shown;

    if (fault->at > text.size || fault->why.text[0] == '\0')
        abort();
    buffer_init(&shown, 65536);
    query_fault_show(fault, text, &shown);
    if (shown.failed || strncmp(shown.data, "column ", 7) != 0)
        abort();
    buffer_free(&shown);
}

static void read_again(const struct query *first, struct slice text)
{
    struct query second;
    struct query_fault fault;
    struct buffer again;

    query_init(&second);
    buffer_init(&again, 4u << 20);
    if (query_parse(&second, text, NOW, &fault) != 0 || second.count != first->count ||
        second.values != first->values || second.oldest_first != first->oldest_first)
        abort();
    query_write(&second, false, &again);
    if (!slice_equal(text, slice_make(again.data, again.size)))
        abort();
    buffer_free(&again);
    query_clear(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_make((const char *)data, size);
    struct query query;
    struct query_fault fault;
    struct buffer written;

    query_init(&query);
    buffer_init(&written, 4u << 20);
    if (query_parse(&query, text, NOW, &fault) != 0) {
        show(&fault, text);
    } else {
        query_write(&query, false, &written);
        if (written.size <= QUERY_TEXT_MAX)
            read_again(&query, slice_make(written.data, written.size));
    }
    buffer_free(&written);
    query_clear(&query);
    return 0;
}
