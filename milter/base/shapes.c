/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shapes: does a value look like what its option wants? Only form: whether a host exists or a
 * file may be read is found out by who uses it.
 */
#include "options.h"

#include <string.h>

#include "credential.h"
#include "waybill/network.h"

#define PATH_LIMIT 1024
#define SOCKET_PATH_LIMIT 107 /* sun_path, less its NUL */

static bool all_graphic(struct slice value)
{
    for (size_t i = 0; i < value.size; i++)
        if (value.at[i] <= ' ' || value.at[i] >= 0x7f)
            return false;
    return true;
}

/* Also without blanks, since a record's first line has names set apart by blanks. */
bool shape_host(struct slice value)
{
    return value.size <= 253 && all_graphic(value);
}

bool shape_word(struct slice value)
{
    return value.size <= 128 && all_graphic(value);
}

bool shape_path(struct slice value)
{
    return slice_starts(value, "/") && value.size <= PATH_LIMIT;
}

bool shape_path_or_empty(struct slice value)
{
    return value.size == 0 || shape_path(value);
}

bool shape_secret(struct slice value)
{
    return shape_path(value) || credential_named(value);
}

bool shape_secret_or_empty(struct slice value)
{
    return value.size == 0 || shape_secret(value);
}

static bool is_port(struct slice value)
{
    uint64_t port;

    return text_number(value, 1, 65535, &port);
}

static bool is_socket_path(struct slice value)
{
    return shape_path(value) && value.size <= SOCKET_PATH_LIMIT;
}

/* Who serves a socket binds it under the name with a dot and its pid behind. */
#define PRIVATE_NAME 8

static bool is_served_path(struct slice value)
{
    return shape_path(value) && value.size + PRIVATE_NAME <= SOCKET_PATH_LIMIT;
}

/* PORT or PORT@HOST, as libmilter has it. */
static bool is_port_at_host(struct slice value)
{
    struct slice port;

    if (!text_take_until(&value, '@', &port))
        return is_port(value);
    return is_port(port) && value.size > 0 && all_graphic(value);
}

bool shape_listen(struct slice value)
{
    if (slice_is(value, "auto"))
        return true;
    if (text_take(&value, "unix:") || text_take(&value, "local:"))
        return is_served_path(value);
    if (text_take(&value, "inet:") || text_take(&value, "inet6:"))
        return is_port_at_host(value);
    return false;
}

/* HOST:PORT; a host with colons of its own stands in brackets. */
static bool is_host_port(struct slice value)
{
    struct slice host;

    if (!all_graphic(value))
        return false;
    if (text_take_char(&value, '[')) {
        if (!text_take_until(&value, ']', &host) || !text_take_char(&value, ':'))
            return false;
    } else if (!text_take_until(&value, ':', &host)) {
        return false;
    }
    return host.size > 0 && is_port(value);
}

bool shape_redis(struct slice value)
{
    struct slice one;

    if (text_take(&value, "unix:"))
        return is_socket_path(value);
    while (text_take_until(&value, ',', &one)) {
        one = slice_trim(one);
        if ((!text_take(&one, "tcp:") && !text_take(&one, "tls:")) || !is_host_port(one))
            return false;
    }
    value = slice_trim(value);
    return (text_take(&value, "tcp:") || text_take(&value, "tls:")) && is_host_port(value);
}

/* Braces would make Cluster hash only what stands between them; the glob characters would make
 * an ACL rule for the prefix match more than it. */
bool shape_prefix(struct slice value)
{
    if (value.size == 0 || value.size > 32 || !all_graphic(value))
        return false;
    for (size_t i = 0; i < value.size; i++)
        if (strchr("{}*?[]\\\"'", value.at[i]) != NULL)
            return false;
    return true;
}

bool shape_log_source(struct slice value)
{
    if (text_take(&value, "journal:"))
        return shape_path(value);
    if (text_take(&value, "socket:"))
        return is_socket_path(value);
    return slice_is(value, "auto") || slice_is(value, "journal") || shape_path(value);
}

bool shape_own_source(struct slice value)
{
    struct network network;

    return slice_is(value, "pickup") ||
           (!slice_starts(value, "IPv6:") && network_read(&network, value, NULL));
}

/* What is served there is for this machine only. */
bool shape_metrics(struct slice value)
{
    return value.size == 0 || shape_web_listen(value);
}

bool shape_web_listen(struct slice value)
{
    if (text_take(&value, "unix:"))
        return is_served_path(value);
    return (text_take(&value, "tcp:127.0.0.1:") || text_take(&value, "tcp:[::1]:")) &&
           is_port(value);
}

/* What a browser names as the origin of a page: no path, no blank. */
bool shape_web_url(struct slice value)
{
    if (value.size == 0)
        return true;
    if (value.size > 200 || !all_graphic(value) ||
        (!text_take(&value, "https://") && !text_take(&value, "http://")) || value.size == 0)
        return false;
    for (size_t i = 0; i < value.size; i++)
        if (strchr("/?#@\\\"',;", value.at[i]) != NULL)
            return false;
    return true;
}

/* A name of HTTP's, and none by which a client speaks for itself. */
bool shape_header_name(struct slice value)
{
    static const char *const taken[] = {"Authorization", "Cookie", "Host", "Origin",
                                        "Content-Length", "Transfer-Encoding", "Connection"};

    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (slice_equal_nocase(value, slice_of(taken[i])))
            return false;
    for (size_t i = 0; i < value.size; i++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
                   value.at[i]) == NULL ||
            value.at[i] == '\0')
            return false;
    return value.size <= 64;
}
