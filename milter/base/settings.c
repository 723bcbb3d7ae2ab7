/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings: the defaults, then the file. Promise: what settings_read returns is complete, and
 * every value lies within its row's bounds.
 */
#include "waybill/settings.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "credential.h"
#include "settings_file.h"
#include "values.h"
#include "waybill/host.h"

static int set_defaults(struct settings *settings)
{
    for (size_t i = 0; i < option_count; i++)
        if (value_take(&options[i], settings, options[i].initial) != VALUE_GOOD)
            return -1;
    return 0;
}

static int fill_host(struct settings *settings)
{
    if (settings->host[0] != '\0')
        return 0;
    free(settings->host);
    settings->host = host_name();
    return settings->host != NULL ? 0 : -1;
}

static bool is_secret(const struct option *option)
{
    return option->fits == shape_secret || option->fits == shape_secret_or_empty;
}

static int find_credentials(struct settings *settings)
{
    for (size_t i = 0; i < option_count; i++) {
        char **value = option_text(&options[i], settings), *path;

        if (!is_secret(&options[i]) || !credential_named(slice_of(*value)))
            continue;
        path = credential_path(*value);
        if (path == NULL)
            return -1;
        free(*value);
        *value = path;
    }
    return 0;
}

static bool is_directory(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int resolve_listen(struct settings *settings)
{
    settings->listen_auto = strcmp(settings->listen, "auto") == 0;
    if (!settings->listen_auto)
        return 0;
    free(settings->listen);
    settings->listen =
        strdup(is_directory(LISTEN_QUEUE_DIRECTORY) ? LISTEN_IN_QUEUE : LISTEN_ELSEWHERE);
    return settings->listen != NULL ? 0 : -1;
}

int settings_read(struct settings **settings, const char *path, struct error *why)
{
    struct settings *fresh = calloc(1, sizeof *fresh);

    *settings = NULL;
    if (fresh == NULL)
        return error_set(why, "cannot read the settings: no memory");
    if (set_defaults(fresh) < 0) {
        settings_free(&fresh);
        return error_set(why, "cannot read the settings: no memory");
    }
    if (path != NULL && settings_file_read(fresh, path, why) < 0) {
        settings_free(&fresh);
        return -1;
    }
    if (fill_host(fresh) < 0 || resolve_listen(fresh) < 0 || find_credentials(fresh) < 0) {
        settings_free(&fresh);
        return error_set(why, "cannot read the settings: no memory");
    }
    *settings = fresh;
    return 0;
}

void settings_free(struct settings **settings)
{
    if (*settings == NULL)
        return;
    for (size_t i = 0; i < option_count; i++) {
        if (options[i].type == OPTION_TEXT)
            free(*option_text(&options[i], *settings));
        if (options[i].type == OPTION_LIST)
            value_clear_list(option_text(&options[i], *settings));
    }
    free(*settings);
    *settings = NULL;
}

void settings_compare(const struct settings *before, const struct settings *after,
                      void (*tell)(void *context, const char *name, bool live), void *context)
{
    for (size_t i = 0; i < option_count; i++)
        if (!value_same(&options[i], before, after))
            tell(context, options[i].name, options[i].live);
}

int settings_keep_fixed(struct settings *fresh, const struct settings *current)
{
    for (size_t i = 0; i < option_count; i++)
        if (!options[i].live && value_copy(&options[i], fresh, current) < 0)
            return -1;
    return 0;
}
