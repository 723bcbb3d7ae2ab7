/* SPDX-License-Identifier: BSD-2-Clause */
/* place: see place.h. */
#include "place.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "waybill/text.h"

#define TOKEN_FILE_MAX 4096

/* ---- the address ---- */

static int refuse(const char *url, struct error *why)
{
    return error_set(why, "'%.200s' is no address of an API: it must be http://HOST:PORT, "
                          "https://HOST/PREFIX or unix:/PATH", url);
}

/* A part of the address that may stand in none: who asks is told by his token. */
static bool has_part(CURLU *parts, CURLUPart part)
{
    char *text = NULL;
    bool there = curl_url_get(parts, part, &text, 0) == CURLUE_OK;

    curl_free(text);
    return there;
}

static bool is_http(CURLU *parts)
{
    char *scheme = NULL;
    bool good = curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);

    curl_free(scheme);
    return good;
}

static char *copy_whole(CURLU *parts)
{
    char *text = NULL, *copy;
    size_t size;

    if (curl_url_get(parts, CURLUPART_URL, &text, 0) != CURLUE_OK)
        return NULL;
    size = strlen(text);
    while (size > 0 && text[size - 1] == '/')
        size--;
    copy = strndup(text, size);
    curl_free(text);
    return copy;
}

static int read_url(struct remote_place *place, const char *url, struct error *why)
{
    CURLU *parts = curl_url();
    int result;

    if (parts == NULL)
        return error_set(why, "no memory");
    if (curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK || !is_http(parts) ||
        has_part(parts, CURLUPART_USER) || has_part(parts, CURLUPART_PASSWORD) ||
        has_part(parts, CURLUPART_QUERY) || has_part(parts, CURLUPART_FRAGMENT))
        result = refuse(url, why);
    else
        result = (place->base = copy_whole(parts)) != NULL ? 0 : error_set(why, "no memory");
    curl_url_cleanup(parts);
    return result;
}

int remote_place_read(struct remote_place *place, const char *url, struct error *why)
{
    *place = (struct remote_place){0};
    if (strncmp(url, "unix:", 5) != 0)
        return read_url(place, url, why);
    if (url[5] != '/')
        return refuse(url, why);
    place->socket = strdup(url + 5);
    place->base = strdup("http://waybill");
    return place->socket != NULL && place->base != NULL ? 0 : error_set(why, "no memory");
}

void remote_place_clear(struct remote_place *place)
{
    free(place->base);
    free(place->socket);
    *place = (struct remote_place){0};
}

/* ---- the token ---- */

static int check_file(int fd, const char *path, struct error *why)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return error_set(why, "cannot read the token in '%s': %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(why, "cannot use the token in '%s': not a file", path);
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return error_set(why, "cannot use the token in '%s': others can read it; say: "
                              "chmod 600 '%s'", path, path);
    return 0;
}

static int take_token(struct slice text, const char *path, char token[static TOKEN_SIZE],
                      struct error *why)
{
    text = slice_trim(text);
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] <= ' ' || text.at[i] > '~')
            return error_set(why, "'%s' must have a token and nothing else, one line: wbt_...",
                             path);
    if (text.size == 0 || !slice_copy(text, token, TOKEN_SIZE))
        return error_set(why, "'%s' has no token: one line, wbt_...", path);
    return 0;
}

static int read_token(int fd, const char *path, char token[static TOKEN_SIZE], struct error *why)
{
    char text[TOKEN_FILE_MAX];
    ssize_t size;
    int result;

    if (check_file(fd, path, why) != 0)
        return -1;
    while ((size = read(fd, text, sizeof text)) < 0 && errno == EINTR)
        ;
    if (size < 0)
        return error_set(why, "cannot read the token in '%s': %s", path, strerror(errno));
    result = take_token(slice_make(text, (size_t)size), path, token, why);
    explicit_bzero(text, sizeof text);
    return result;
}

int remote_token_read(const char *path, char token[static TOKEN_SIZE], struct error *why)
{
    const char *home = getenv("HOME");
    char own[4096];
    int fd, result;

    if (path == NULL) {
        snprintf(own, sizeof own, "%s/.config/waybill/token", home != NULL ? home : "");
        path = own;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return error_set(why, "there is no token in '%s': put yours there (chmod 600), or name "
                              "its file by --token-file; your administrator makes one by "
                              "'waybill token add'", path);
    if (fd < 0)
        return error_set(why, "cannot read the token in '%s': %s", path, strerror(errno));
    result = read_token(fd, path, token, why);
    close(fd);
    return result;
}
