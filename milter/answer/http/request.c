/* SPDX-License-Identifier: BSD-2-Clause */
/* request: the parts of a request, as strictly as can be. */
#include <string.h>

#include "http.h"

bool http_decode(const char *from, struct buffer *to)
{
    for (; *from != '\0'; from++) {
        int high, low;

        if (*from != '%') {
            buffer_add_char(to, *from);
            continue;
        }
        high = text_hex(from[1]);
        low = high < 0 ? -1 : text_hex(from[2]);
        if (low < 0)
            return false;
        buffer_add_char(to, (char)(high << 4 | low));
        from += 2;
    }
    return !to->failed;
}

struct slice http_argument(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->argument_count; i++)
        if (slice_is(request->arguments[i].name, name))
            return request->arguments[i].value;
    return SLICE_ABSENT;
}

bool http_is_text(struct slice words)
{
    while (words.size > 0) {
        size_t size = text_utf8(words, NULL);

        if (size == 0 || ((unsigned char)words.at[0] < ' ' && words.at[0] != '\t'))
            return false;
        words = slice_make(words.at + size, words.size - size);
    }
    return true;
}

const char *http_read_reason(struct http_asker *asker, const struct http_request *request)
{
    struct slice sent = request->headers[HTTP_HEADER_REASON], plain;
    char words[3 * HTTP_REASON_MAX + 1];
    struct buffer text;
    const char *wrong = NULL;

    asker->reason[0] = '\0';
    if (sent.at == NULL || asker->settings->audit_reason == AUDIT_REASON_NONE)
        return NULL;
    buffer_init(&text, sizeof words);
    if (!slice_copy(sent, words, sizeof words) || !http_decode(words, &text)) {
        wrong = "Waybill-Reason is badly encoded, or too long: at most 500 bytes, as %HH.";
    } else {
        plain = slice_trim(slice_make(text.data, text.size));
        if (!http_is_text(plain) || !slice_copy(plain, asker->reason, sizeof asker->reason))
            wrong = "Waybill-Reason must be at most 500 bytes of text in UTF-8.";
    }
    buffer_free(&text);
    if (wrong != NULL)
        asker->reason[0] = '\0';
    return wrong;
}
