/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * choose: a log file that was written to within a day is in use; else the systemd journal, if one
 * is kept and may be read; else the file that a syslogd would make.
 */
#include "choose.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "waybill/clock.h"

static const char *const files[] = {"/var/log/mail.log", "/var/log/maillog"};

/* Can `file` be read, and was it written to since the moment `since`? */
static bool in_use(const char *root, const char *file, int64_t since)
{
    char path[PATH_MAX];
    struct stat status;
    snprintf(path, sizeof path, "%s%s", root, file);
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, R_OK) == 0 &&
           (int64_t)status.st_mtim.tv_sec * SECOND_MS > since;
}

#ifdef HAVE_SYSTEMD
static bool has_journal_file(const char *folder)
{
    bool found = false;
    DIR *stream = opendir(folder);
    if (stream == NULL)
        return false;
    const struct dirent *entry;
    while (!found && (entry = readdir(stream)) != NULL) {
        size_t size = strlen(entry->d_name);
        found = size > 8 && strcmp(entry->d_name + size - 8, ".journal") == 0 &&
                faccessat(dirfd(stream), entry->d_name, R_OK, 0) == 0;
    }
    closedir(stream);
    return found;
}

/* A journal lies in a folder named by the machine's id. */
static bool has_journal(const char *root, const char *folder)
{
    char path[PATH_MAX], inner[PATH_MAX];
    bool found = false;
    snprintf(path, sizeof path, "%s%s", root, folder);
    DIR *stream = opendir(path);
    if (stream == NULL)
        return false;
    const struct dirent *entry;
    while (!found && (entry = readdir(stream)) != NULL) {
        int size = snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        found = entry->d_name[0] != '.' && size > 0 && (size_t)size < sizeof inner &&
                has_journal_file(inner);
    }
    closedir(stream);
    return found;
}
#else
static bool has_journal(const char *root, const char *folder)
{
    (void)root;
    (void)folder;
    return false;
}
#endif

const char *choose_source(const char *root, int64_t now)
{
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (in_use(root, files[i], now - DAY_MS))
            return files[i];
    if (has_journal(root, "/var/log/journal") || has_journal(root, "/run/log/journal"))
        return "journal";
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (in_use(root, files[i], INT64_MIN))
            return files[i];
    return files[0];
}
