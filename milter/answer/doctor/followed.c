/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * followed: see followed.h.
 */
#include "followed.h"

#include <string.h>

#include "waybill/clock.h"

const char followed_unseen[] =
    "What became of the mails is not seen: none is ever delivered, delayed or failed.";

bool followed_names(const struct doctor *doctor, const char *source)
{
    char *const *sources = doctor->settings->log_source;

    for (size_t i = 0; i < SETTINGS_LIST_MAX && sources[i] != NULL; i++)
        if (strcmp(sources[i], source) == 0)
            return true;
    return false;
}

bool followed_is_path(const char *source)
{
    return source[0] == '/' && strpbrk(source, "*?[") == NULL;
}

bool followed_sheet(const struct doctor *doctor, struct sheet *sheet)
{
    const char *own = doctor->settings->host;
    struct status *status = NULL;
    bool found = false;

    if (doctor->store == NULL || own == NULL)
        return false;
    if (status_read(&status, doctor->store, NULL, doctor->settings->retention_days, NULL) == 0)
        for (size_t i = 0; i < status->host_count && !found; i++) {
            const struct status_host *host = &status->hosts[i];

            found = host->told && host->silent_ms < MINUTE_MS && strcmp(host->name, own) == 0;
            if (found)
                *sheet = host->sheet;
        }
    status_free(&status);
    return found;
}

bool followed_journal(const struct doctor *doctor)
{
    struct sheet sheet;
    bool follows = followed_names(doctor, "journal");

    if (!follows && followed_names(doctor, "auto") && followed_sheet(doctor, &sheet))
        follows = strstr(sheet.logs, "journal:") != NULL;
    return follows;
}

bool followed_file(const struct doctor *doctor, const char *file)
{
    struct sheet sheet;
    bool follows = followed_names(doctor, file);

    if (!follows && followed_sheet(doctor, &sheet))
        follows = strstr(sheet.logs, file) != NULL;
    return follows;
}
