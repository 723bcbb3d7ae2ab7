/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as the lines of a log, in any form of header and any dialect. Every value must lie in
 * the line, in the reader or be a constant: it is read to its end, so the sanitizer sees one that
 * does not. Each fact must come back from its own encoding, and of the same line the same facts.
 */
#include "waybill/logline.h"

#include <stdlib.h>
#include <string.h>

#define FACTS_MOST 100000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned char sink;

static void touch(struct slice value)
{
    unsigned char sum = 0;
    for (size_t i = 0; i < value.size; i++)
        sum ^= (unsigned char)value.at[i];
    sink = sum;
}

static void check_line(const struct logline *line)
{
    touch(line->raw);
    touch(line->body);
    touch(line->instance);
    touch(line->service);
    for (int i = 0; i < LINE_FIELD_COUNT; i++)
        touch(line_value(line, (enum line_field)i));
    if (line->repeated < 1 || line->repeated > 1000 || line->mta > LINE_SYSLOG ||
        line->shape >= SHAPE_COUNT || line->understood > LINE_BROKEN || line->time < 0)
        abort();
    if (line->doubtful && line->understood != LINE_SAYS_NOTHING)
        abort();
}

static void check_fact(const struct fact *fact)
{
    struct buffer text;
    struct fact again;
    buffer_init(&text, FACT_LINE_MAX);
    if (fact_encode(fact, &text) != 0 || memchr(text.data, '\n', text.size) != NULL ||
        fact_decode(text.data, text.size, &again, NULL) != 0 || again.kind != fact->kind ||
        again.time != fact->time || again.id != fact->id)
        abort();
    buffer_free(&text);
}

static unsigned check_facts(struct logline_reader *reader, const struct logline *line)
{
    struct fact fact;
    unsigned count = 0;
    while (logline_fact(reader, line, count, &fact)) {
        check_fact(&fact);
        if (++count > FACTS_MOST)
            abort();
    }
    if (count > 0 && line->understood != LINE_UNDERSTOOD)
        abort();
    return count;
}

static void read_one(struct logline_reader *reader, struct slice text)
{
    static struct logline line;
    if (!logline_header(reader, text, &line))
        return;
    logline_body(reader, &line);
    check_line(&line);
    if (check_facts(reader, &line) != check_facts(reader, &line))
        abort();
}

/* With FUZZ_TAG each line is one of this tag: what is tried is a dialect, not the way to it. */
#ifdef FUZZ_TAG
static const char before[] = "2026-11-22T07:00:00Z mx " FUZZ_TAG;
#else
static const char before[] = "";
#endif

/* Each line in memory of its own, so that nothing lies behind its end. */
static void read_copy(struct logline_reader *reader, const uint8_t *data, size_t size)
{
    size_t head = sizeof before - 1;
    char *text = malloc(head + size + 1);
    if (text == NULL)
        abort();
    memcpy(text, before, head);
    if (size > 0)
        memcpy(text + head, data, size);
    char *exact = realloc(text, head + size > 0 ? head + size : 1);
    read_one(reader, slice_make(exact, head + size));
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct logline_reader *reader = logline_open();
    if (reader == NULL)
        abort();
    logline_until(reader, INT64_C(1795300000000));
    read_copy(reader, data, size); /* an entry has several lines */
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t length = end == NULL ? size : (size_t)(end - data);
        read_copy(reader, data, length);
        length += end != NULL;
        data += length;
        size -= length;
    }
    logline_close(&reader);
    return 0;
}
