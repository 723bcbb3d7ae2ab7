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
