/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transport: one question and its answer over HTTP. Promise: the token goes nowhere but to the
 * address that was named, a certificate is always verified, and an answer is bounded in bytes and
 * time.
 */
#include <stdlib.h>
#include <string.h>

#include "state.h"
#include "tree.h"
#include "waybill/clock.h"

#define HEADERS_MAX 65536u
#define DETAIL_MAX 300

/* ---- what comes ---- */

size_t remote_take_body(char *data, size_t one, size_t size, void *context)
{
    struct remote *remote = context;

    (void)one;
    return buffer_add(&remote->body, data, size) == 0 ? size : 0;
}

static void read_header(struct remote *remote, struct slice line)
{
    struct slice name;
    uint64_t number;

    if (slice_starts(line, "HTTP/")) { /* another answer: the one before was of a proxy */
        remote->retry_after = -1;
        remote->is_problem = remote->is_stream = false;
    }
    if (!text_take_until(&line, ':', &name))
        return;
    line = slice_trim(line);
    if (slice_equal_nocase(name, slice_of("Retry-After")) &&
        text_number(line, 0, 1000000, &number))
        remote->retry_after = (int64_t)number;
    if (slice_equal_nocase(name, slice_of("Content-Type"))) {
        remote->is_problem = slice_starts(line, "application/problem+json");
        remote->is_stream = slice_starts(line, "text/event-stream");
    }
}

static size_t take_header(char *data, size_t one, size_t size, void *context)
{
    struct remote *remote = context;

    (void)one;
    remote->header_bytes += size;
    if (remote->header_bytes > HEADERS_MAX)
        return 0;
    read_header(remote, slice_make(data, size));
    return size;
}

/* ---- one exchange ---- */

void remote_set_up(struct remote *remote, const char *url)
{
    curl_easy_reset(remote->curl);
    curl_easy_setopt(remote->curl, CURLOPT_URL, url);
    curl_easy_setopt(remote->curl, CURLOPT_HTTPHEADER, remote->headers);
    curl_easy_setopt(remote->curl, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    curl_easy_setopt(remote->curl, CURLOPT_USERAGENT, "waybill/" PACKAGE_VERSION);
    curl_easy_setopt(remote->curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(remote->curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(remote->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(remote->curl, CURLOPT_CONNECTTIMEOUT, (long)REMOTE_CONNECT_SECONDS);
    curl_easy_setopt(remote->curl, CURLOPT_TIMEOUT, (long)REMOTE_SECONDS);
    curl_easy_setopt(remote->curl, CURLOPT_WRITEFUNCTION, remote_take_body);
    curl_easy_setopt(remote->curl, CURLOPT_WRITEDATA, remote);
    curl_easy_setopt(remote->curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(remote->curl, CURLOPT_HEADERDATA, remote);
    if (getenv("SSL_CERT_FILE") != NULL) /* as other programs over OpenSSL take it */
        curl_easy_setopt(remote->curl, CURLOPT_CAINFO, getenv("SSL_CERT_FILE"));
    if (remote->place.socket == NULL)
        return;
    curl_easy_setopt(remote->curl, CURLOPT_UNIX_SOCKET_PATH, remote->place.socket);
    curl_easy_setopt(remote->curl, CURLOPT_PROXY, "");
}

static const char *name_of(const struct remote *remote)
{
    return remote->place.socket != NULL ? remote->place.socket : remote->place.base;
}

void remote_forget_answer(struct remote *remote)
{
    remote->header_bytes = 0;
    remote->retry_after = -1;
    remote->is_problem = remote->is_stream = false;
    remote->status = 0;
    remote->trouble = REMOTE_AWAY;
    buffer_clear(&remote->body);
}

int remote_say_broken(struct remote *remote, int code, const char *words, struct error *why)
{
    if (remote->body.failed || remote->header_bytes > HEADERS_MAX)
        return error_set(why, "the answer of the API at '%s' is larger than any of a Waybill",
                         name_of(remote));
    return error_set(why, "cannot reach the API at '%s': %s; is the address right, and does "
                          "waybill-web run there?", name_of(remote),
                     words[0] != '\0' ? words : curl_easy_strerror((CURLcode)code));
}

static int exchange(struct remote *remote, const char *url, struct error *why)
{
    char words[CURL_ERROR_SIZE] = "";
    CURLcode code;

    remote_forget_answer(remote);
    remote_set_up(remote, url);
    curl_easy_setopt(remote->curl, CURLOPT_ERRORBUFFER, words);
    code = curl_easy_perform(remote->curl);
    curl_easy_getinfo(remote->curl, CURLINFO_RESPONSE_CODE, &remote->status);
    return code == CURLE_OK ? 0 : remote_say_broken(remote, (int)code, words, why);
}

/* ---- what it means ---- */

int remote_is_strange(struct remote *remote, struct error *why)
{
    remote->trouble = REMOTE_AWAY;
    return error_set(why, "the API at '%s' gave no answer of a Waybill", name_of(remote));
}

static int read_tree(struct remote *remote, struct error *why)
{
    remote->tree = tree_read(slice_make(remote->body.data, remote->body.size));
    return remote->tree != NULL && json_is_object(remote->tree) ? 0
                                                                : remote_is_strange(remote, why);
}

int remote_tell_problem(struct remote *remote, struct error *why)
{
    struct slice detail = SLICE_ABSENT;
    struct error ignored;

    if (remote->is_problem && read_tree(remote, &ignored) == 0)
        detail = tree_string(remote->tree, "detail");
    if (detail.size > DETAIL_MAX)
        detail.size = DETAIL_MAX;
    if (detail.at == NULL)
        return error_set(why, "the API at '%s' gave no answer of a Waybill, but HTTP status %ld",
                         name_of(remote), remote->status);
    remote->trouble = remote->status == 400 || remote->status == 403 || remote->status == 404
                          ? REMOTE_REFUSED
                          : REMOTE_AWAY;
    return error_set(why, "the API says: %.*s%s", SLICE_ARGS(detail),
                     remote->status == 401
                         ? " Is your token still good? Your administrator makes a new one."
                         : "");
}

static bool may_try_again(const struct remote *remote)
{
    return (remote->status == 429 || remote->status == 503) && remote->retry_after >= 0 &&
           remote->retry_after <= REMOTE_WAIT_MAX;
}

static int ask(struct remote *remote, const char *url, struct error *why)
{
    if (exchange(remote, url, why) != 0)
        return -1;
    if (!may_try_again(remote))
        return 0;
    clock_sleep(remote->retry_after * SECOND_MS);
    return exchange(remote, url, why);
}

int remote_get(struct remote *remote, const char *path, struct error *why)
{
    struct buffer url;
    int result;

    json_decref(remote->tree);
    remote->tree = NULL;
    buffer_init(&url, 1u << 20);
    buffer_add_text(&url, remote->place.base);
    buffer_add_text(&url, path);
    result = url.failed ? error_set(why, "the question is too long")
                        : ask(remote, url.data, why);
    buffer_free(&url);
    if (result != 0)
        return -1;
    if (remote->status != 200)
        return remote_tell_problem(remote, why);
    if (read_tree(remote, why) != 0)
        return -1;
    remote->trouble = REMOTE_FINE;
    return 0;
}

/* ---- what is asked ---- */

static bool is_plain(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '.' || byte == '_' ||
           byte == '~';
}

void remote_put_escaped(struct buffer *to, struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        if (is_plain(text.at[i]))
            buffer_add_char(to, text.at[i]);
        else
            buffer_addf(to, "%%%02X", (unsigned)(unsigned char)text.at[i]);
}

void remote_put_argument(struct buffer *path, const char *name, struct slice value)
{
    buffer_add_char(path, memchr(path->data, '?', path->size) == NULL ? '?' : '&');
    buffer_add_text(path, name);
    buffer_add_char(path, '=');
    remote_put_escaped(path, value);
}

/* ---- begin and end ---- */

static int add_header(struct remote *remote, const char *name, struct slice value, bool escape)
{
    struct curl_slist *longer = NULL;
    struct buffer line;

    buffer_init(&line, 65536);
    buffer_addf(&line, "%s: ", name);
    if (escape)
        remote_put_escaped(&line, value);
    else
        buffer_add(&line, value.at, value.size);
    if (!line.failed)
        longer = curl_slist_append(remote->headers, line.data);
    explicit_bzero(line.data, line.size);
    buffer_free(&line);
    if (longer == NULL)
        return -1;
    remote->headers = longer;
    return 0;
}

static int add_headers(struct remote *remote, const struct remote_options *options,
                       struct error *why)
{
    char token[TOKEN_SIZE], bearer[TOKEN_SIZE + 8];
    int result;

    if (remote_token_read(options->token_file, token, why) != 0)
        return -1;
    snprintf(bearer, sizeof bearer, "Bearer %s", token);
    result = add_header(remote, "Authorization", slice_of(bearer), false);
    explicit_bzero(token, sizeof token);
    explicit_bzero(bearer, sizeof bearer);
    if (result == 0 && options->reason != NULL)
        result = add_header(remote, "Waybill-Reason", slice_of(options->reason), true);
    if (result == 0)
        result = add_header(remote, "Accept-Language",
                            slice_of(options->language != NULL ? options->language : "en"), true);
    return result == 0 ? 0 : error_set(why, "no memory");
}

int remote_open(struct remote **remote, const struct remote_options *options, struct error *why)
{
    struct remote *fresh = calloc(1, sizeof *fresh);
    int result;

    *remote = fresh;
    if (fresh == NULL)
        return error_set(why, "no memory");
    buffer_init(&fresh->body, REMOTE_BODY_MAX);
    result = remote_place_read(&fresh->place, options->url, why);
    if (result == 0)
        result = add_headers(fresh, options, why);
    if (result == 0 && (fresh->curl = curl_easy_init()) == NULL)
        result = error_set(why, "cannot start libcurl");
    if (result != 0)
        remote_close(remote);
    return result;
}

void remote_close(struct remote **remote)
{
    struct remote *old = *remote;

    if (old == NULL)
        return;
    curl_easy_cleanup(old->curl);
    curl_slist_free_all(old->headers);
    json_decref(old->tree);
    buffer_free(&old->body);
    remote_place_clear(&old->place);
    free(old);
    *remote = NULL;
}

enum remote_trouble remote_last_trouble(const struct remote *remote)
{
    return remote->trouble;
}
