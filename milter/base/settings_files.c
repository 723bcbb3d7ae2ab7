/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings_files: are the files there that the settings name, and can keys be used? `waybilld -t`
 * asks as whoever calls it, the start as the user that the daemon becomes.
 */
#include "waybill/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "waybill/packed.h"
#include "waybill/token.h"

static int check_file(const char *name, const char *path, struct error *why)
{
    int fd;

    if (path == NULL || path[0] == '\0')
        return 0;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set(why, "%s: cannot open '%s': %s", name, path, strerror(errno));
    close(fd);
    return 0;
}

/* Fit to be used, too. */
static int check_keys(const struct settings *settings, struct error *why)
{
    bool keyed = settings->subject == SUBJECT_HASH || settings->stamp_envid != 0;
    struct token_keys keys;
    int result;

    if (check_file("key_file", keyed ? settings->key_file : NULL, why) < 0 ||
        check_file("key_file_before", settings->key_file_before, why) < 0)
        return -1;
    if (!keyed)
        return 0;
    result = token_keys_read(&keys, settings->key_file, settings->key_file_before, "test", why);
    explicit_bzero(&keys, sizeof keys);
    return result;
}

/* A log that is not there yet may come; a directory never becomes one. */
static int check_log(const char *source, struct error *why)
{
    struct slice path = slice_of(source);
    bool socket = text_take(&path, "socket:");
    struct stat status;

    if (!slice_starts(path, "/"))
        return 0;
    if (stat(path.at, &status) == 0 && S_ISDIR(status.st_mode))
        return error_set(why, "log_source: '%s' is a directory; name a %s", path.at,
                         socket ? "socket in it, which waybilld makes"
                                : "file in it, or a pattern such as /var/log/mail/*.log");
    if (!socket && packed_stem(slice_of(source)).size < strlen(source))
        return error_set(why, "log_source: '%s' is compressed, and cannot be followed; name the "
                         "log itself, and bring this one in by 'waybill import'", source);
    return 0;
}

/* A log that is named twice is read twice. */
static int check_logs(const struct settings *settings, struct error *why)
{
    char *const *source = settings->log_source;

    for (size_t i = 0; i < SETTINGS_LIST_MAX && source[i] != NULL; i++) {
        if (check_log(source[i], why) != 0)
            return -1;
        for (size_t k = 0; k < i; k++)
            if (strcmp(source[i], source[k]) == 0)
                return error_set(why, "log_source: '%s' is named twice", source[i]);
    }
    return 0;
}

int settings_check_files(const struct settings *settings, struct error *why)
{
    if (check_keys(settings, why) < 0 || check_logs(settings, why) < 0 ||
        check_file("redis_password_file", settings->redis_password_file, why) < 0 ||
        check_file("redis_ca_file", settings->redis_ca_file, why) < 0 ||
        check_file("redis_cert_file", settings->redis_cert_file, why) < 0 ||
        check_file("redis_key_file", settings->redis_key_file, why) < 0)
        return -1;
    return 0;
}
