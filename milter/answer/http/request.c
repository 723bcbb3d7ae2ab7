/* SPDX-License-Identifier: BSD-2-Clause */
/* request: the parts of a request, as strictly as can be. */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <string.h>

#include "http.h"
#include "proxy.h"

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

/* ---- out of a connection ---- */

static bool take_words(struct http_request *request, const char *words, struct slice *taken)
{
    size_t at = request->text.size;

    if (!http_decode(words != NULL ? words : "", &request->text))
        return false;
    *taken = slice_make(request->text.data + at, request->text.size - at);
    return true;
}

static enum MHD_Result take_argument(void *context, enum MHD_ValueKind kind, const char *name,
                                     const char *value)
{
    struct http_request *request = context;
    struct http_argument *argument = &request->arguments[request->argument_count];

    (void)kind;
    if (request->argument_count == HTTP_ARGUMENTS_MAX)
        request->malformed = "There are too many arguments.";
    else if (!take_words(request, name, &argument->name) ||
             !take_words(request, value, &argument->value))
        request->malformed = "An argument is badly encoded, or too long.";
    else
        request->argument_count++;
    return request->malformed == NULL ? MHD_YES : MHD_NO;
}

static void take_headers(struct MHD_Connection *connection, struct http_request *request)
{
    static const struct {
        const char *name;
        size_t most;
    } rows[HTTP_HEADER_COUNT] = {
#define X(symbol, name, most) [HTTP_HEADER_##symbol] = {name, most},
        HTTP_HEADERS(X)
#undef X
    };

    for (size_t i = 0; i < HTTP_HEADER_COUNT; i++) {
        const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, rows[i].name);
        size_t at = request->text.size, size = value != NULL ? strlen(value) : 0;

        request->headers[i] = SLICE_ABSENT;
        if (value != NULL && size <= rows[i].most &&
            buffer_add(&request->text, value, size) == 0)
            request->headers[i] = slice_make(request->text.data + at, size);
    }
}

static void take_peer(struct MHD_Connection *connection, struct http_request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info != NULL ? info->client_addr : NULL;

    if (address != NULL && address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr,
                  request->peer, sizeof request->peer);
    else if (address != NULL && address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr,
                  request->peer, sizeof request->peer);
}

/* The buffer was given all its memory before: what is in it does not move. */
bool http_request_read(struct http_request *request, const struct settings *settings,
                       struct MHD_Connection *connection, const char *url, const char *method)
{
    size_t size = strlen(url);

    buffer_init(&request->text, HTTP_TEXT_MAX);
    if (size >= HTTP_TEXT_MAX / 2 || buffer_extend(&request->text, HTTP_TEXT_MAX - 1) == NULL)
        return false;
    buffer_clear(&request->text);
    buffer_add(&request->text, url, size);
    request->path = slice_make(request->text.data, size);
    slice_copy(slice_of(method), request->method, sizeof request->method);
    take_headers(connection, request);
    proxy_take_user(connection, settings->web_user_header, request);
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, take_argument, request);
    take_peer(connection, request);
    http_route_find(request);
    buffer_init(&request->body, request->route != NULL ? request->route->body : 0);
    return true;
}
