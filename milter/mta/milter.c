/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milter: the entries of a list of milters, and whether one is ours. Promise: read once from left
 * to right as the mail server does, whatever the list holds.
 */
#include "waybill/mta.h"

#include <string.h>

#include "setup.h"

#define SEPARATORS ", \t\r\n"

static bool is_separator(char byte)
{
    return byte != '\0' && strchr(SEPARATORS, byte) != NULL;
}

/* What stands up to the next separator outside of braces, as Postfix cuts a list. */
static bool take_token(struct slice *list, struct slice *token)
{
    struct slice blanks;
    size_t size = 0, depth = 0;

    text_take_any(list, SEPARATORS, &blanks);
    for (; size < list->size; size++) {
        char byte = list->at[size];
        if (byte == '{')
            depth++;
        else if (byte == '}' && depth > 0)
            depth--;
        else if (depth == 0 && is_separator(byte))
            break;
    }
    if (size == 0)
        return false;
    *token = slice_make(list->at, size);
    *list = slice_make(list->at + size, list->size - size);
    return true;
}

/* "{ a }" is " a ". */
static struct slice without_braces(struct slice token)
{
    if (!text_take_char(&token, '{'))
        return token;
    if (slice_ends(token, "}"))
        token.size--;
    return slice_trim(token);
}

struct field {
    const char *name;
    struct slice *to;
};

static void take_attribute(struct slice token, const struct field *fields, size_t count)
{
    struct slice name, value = without_braces(token);

    if (!text_take_until(&value, '=', &name))
        return;
    for (size_t i = 0; i < count; i++)
        if (slice_is(slice_trim(name), fields[i].name))
            *fields[i].to = slice_trim(value);
}

static bool next_of_postfix(struct slice *list, struct mta_milter *milter)
{
    const struct field fields[] = {
        {"default_action", &milter->default_action},
        {"connect_timeout", &milter->connect_timeout},
        {"command_timeout", &milter->command_timeout},
        {"content_timeout", &milter->content_timeout},
    };
    struct slice inside, token;

    if (!take_token(list, &milter->whole))
        return false;
    milter->address = milter->whole;
    if (!slice_starts(milter->whole, "{"))
        return true;
    inside = without_braces(milter->whole);
    milter->address = slice_make(inside.at, 0);
    take_token(&inside, &milter->address);
    while (take_token(&inside, &token))
        take_attribute(token, fields, sizeof fields / sizeof fields[0]);
    return true;
}

/* A part without the blanks around it. */
static bool take_piece(struct slice *rest, char stop, struct slice *piece)
{
    if (!text_take_part(rest, stop, piece))
        return false;
    *piece = slice_trim(*piece);
    return true;
}

/* "C:3s;S:3s;R:10s;E:20s" */
static void take_times(struct slice times, struct mta_milter *milter)
{
    struct slice piece;

    while (take_piece(&times, ';', &piece)) {
        if (text_take(&piece, "C:"))
            milter->connect_timeout = slice_trim(piece);
        else if (text_take(&piece, "R:"))
            milter->command_timeout = slice_trim(piece);
        else if (text_take(&piece, "E:"))
            milter->content_timeout = slice_trim(piece);
    }
}

/* "Xname, S=local:/path, F=, T=C:3s;E:20s": Sendmail looks at the first letter of a field only. */
static void take_filter(struct slice line, struct mta_milter *milter)
{
    struct slice piece, name;

    text_take_char(&line, 'X');
    take_piece(&line, ',', &milter->name);
    while (take_piece(&line, ',', &piece)) {
        if (!text_take_until(&piece, '=', &name) || name.size == 0)
            continue;
        piece = slice_trim(piece);
        if (name.at[0] == 'S')
            milter->address = piece;
        else if (name.at[0] == 'F')
            milter->default_action = piece;
        else if (name.at[0] == 'T')
            take_times(piece, milter);
    }
}

static bool next_of_sendmail(struct slice *list, struct mta_milter *milter)
{
    while (take_piece(list, '\n', &milter->whole)) {
        if (milter->whole.size == 0)
            continue;
        milter->address = slice_make(milter->whole.at, 0);
        take_filter(milter->whole, milter);
        return true;
    }
    return false;
}

bool mta_milter_next(enum mta_kind kind, struct slice *list, struct mta_milter *milter)
{
    *milter = (struct mta_milter){0};
    return kind == MTA_POSTFIX ? next_of_postfix(list, milter) : next_of_sendmail(list, milter);
}

/* The next byte of a path, where several slashes are one; -1: its end. */
static int path_byte(struct slice *path)
{
    int byte;

    if (path->size == 0)
        return -1;
    byte = (unsigned char)path->at[0];
    *path = slice_make(path->at + 1, path->size - 1);
    while (byte == '/' && path->size > 0 && path->at[0] == '/')
        *path = slice_make(path->at + 1, path->size - 1);
    return byte;
}

/* Does `folder`, a slash and `name` make `path`? An absent folder: `name` alone. */
static bool is_path(struct slice path, struct slice folder, struct slice name)
{
    int byte;

    while (folder.size > 1 && folder.at[folder.size - 1] == '/')
        folder.size--;
    while ((byte = path_byte(&folder)) >= 0)
        if (path_byte(&path) != byte)
            return false;
    if (folder.at != NULL && path.size > 0 && path.at[0] == '/' && !slice_starts(name, "/"))
        path_byte(&path);
    do {
        byte = path_byte(&name);
        if (path_byte(&path) != byte)
            return false;
    } while (byte >= 0);
    return true;
}

static bool take_unix(struct slice *address)
{
    return text_take(address, "unix:") || text_take(address, "local:");
}

static bool is_same_socket(const struct mta *mta, struct slice path, struct slice socket)
{
    struct slice queue = mta_value(mta, "queue_directory");

    if (slice_starts(path, "/") && is_path(socket, SLICE_ABSENT, path))
        return true;
    return mta->kind == MTA_POSTFIX && queue.size > 0 && is_path(socket, queue, path);
}

/* "HOST:PORT", "PORT@HOST" or "PORT", with or without brackets around the host. */
static void take_inet(struct slice address, struct slice *host, struct slice *port)
{
    *host = address;
    if (text_take_until(&address, '@', port))
        *host = address;
    else if (!text_cut_last(host, ":", port)) {
        *port = address;
        *host = slice_make(address.at, 0);
    }
    if (slice_starts(*host, "[") && slice_ends(*host, "]"))
        *host = slice_make(host->at + 1, host->size - 2);
}

static bool is_loopback(struct slice host)
{
    return slice_equal_nocase(host, slice_of("localhost")) || slice_starts(host, "127.") ||
           slice_is(host, "::1");
}

static bool take_inet_word(struct slice *address)
{
    return text_take(address, "inet:") || text_take(address, "inet6:");
}

static bool is_same_port(struct slice a, struct slice b)
{
    struct slice a_host, a_port, b_host, b_port;
    bool any;

    take_inet(a, &a_host, &a_port);
    take_inet(b, &b_host, &b_port);
    if (a_port.size == 0 || !slice_equal(a_port, b_port))
        return false;
    any = b_host.size == 0 || slice_is(b_host, "0.0.0.0") || slice_is(b_host, "::");
    return slice_equal_nocase(a_host, b_host) || (is_loopback(a_host) && is_loopback(b_host)) ||
           (any && (a_host.size == 0 || is_loopback(a_host)));
}

bool mta_milter_is(const struct mta *mta, const struct mta_milter *milter, const char *listen)
{
    struct slice address = milter->address, ours = slice_of(listen);

    if (take_unix(&ours))
        return take_unix(&address) && is_same_socket(mta, address, ours);
    return take_inet_word(&ours) && take_inet_word(&address) && is_same_port(address, ours);
}
