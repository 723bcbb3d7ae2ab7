/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a log line. The values must lie inside the line (but for the two of Sendmail's that
 * are written anew), the fact must come back from its own encoding, and what the words after
 * status= are must not matter to the verdict.
 */
#include "waybill/logline.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(const struct fact *fact, const char *line, size_t size, bool sendmail)
{
    static const enum fact_key views[] = {KEY_TO, KEY_FROM, KEY_RELAY, KEY_REPLY, KEY_QUEUE,
                                          KEY_HOST, KEY_NEXT, KEY_HELO, KEY_CLIENT, KEY_IP};
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        struct slice value = fact->value[views[i]];
        if (sendmail && (views[i] == KEY_TO || views[i] == KEY_RELAY))
            continue;
        if (value.at != NULL && (value.at < line || value.at + value.size > line + size))
            abort();
    }
}

static void check_encoding(const struct fact *fact)
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct logline line;
    struct logline_reader *reader = logline_open();
    struct fact fact;
    char *text = malloc(size + 1);
    if (text == NULL || reader == NULL)
        abort();
    if (size > 0)
        memcpy(text, data, size);
    logline_until(reader, INT64_C(1795300000000));
    if (logline_header(reader, slice_make(text, size), &line)) {
        logline_body(reader, &line);
        for (unsigned i = 0; logline_fact(reader, &line, i, &fact); i++) {
            check_inside(&fact, text, size, line.mta == LINE_SENDMAIL);
            check_encoding(&fact);
        }
    }
    free(text);
    logline_close(&reader);
    return 0;
}
