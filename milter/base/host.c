/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host: the name with the domain: as the machine says it, or as /etc/hosts completes it. DNS is
 * not asked, since the command `waybill` reads the settings too and shall not hang when DNS does.
 */
#include "waybill/host.h"

#include <netdb.h>
#include <string.h>
#include <unistd.h>

static bool names_us(const struct hostent *entry, const char *name)
{
    if (strcmp(entry->h_name, name) == 0)
        return true;
    for (char **alias = entry->h_aliases; *alias != NULL; alias++)
        if (strcmp(*alias, name) == 0)
            return true;
    return false;
}

/* "mx1.example.org" completes "mx1". */
static bool completes(const char *full, const char *name)
{
    size_t size = strlen(name);

    return strncmp(full, name, size) == 0 && full[size] == '.' && full[size + 1] != '\0';
}

static const char *full_name(const struct hostent *entry, const char *name)
{
    if (completes(entry->h_name, name))
        return entry->h_name;
    for (char **alias = entry->h_aliases; *alias != NULL; alias++)
        if (completes(*alias, name))
            return *alias;
    return NULL;
}

char *host_name(void)
{
    char name[256] = "", *found = NULL;
    const struct hostent *entry;

    if (gethostname(name, sizeof name - 1) < 0 || name[0] == '\0')
        return strdup("localhost");
    if (strchr(name, '.') != NULL)
        return strdup(name);
    sethostent(0);
    while (found == NULL && (entry = gethostent()) != NULL) {
        const char *full = names_us(entry, name) ? full_name(entry, name) : NULL;
        if (full != NULL)
            found = strdup(full);
    }
    endhostent();
    return found != NULL ? found : strdup(name);
}

static struct slice first_label(struct slice host)
{
    ptrdiff_t dot = slice_find(host, '.');

    return dot < 0 ? host : slice_make(host.at, (size_t)dot);
}

bool host_same(struct slice a, struct slice b)
{
    bool short_a, short_b;

    if (a.at == NULL || b.at == NULL || slice_equal_nocase(a, b))
        return true;
    short_a = slice_find(a, '.') < 0;
    short_b = slice_find(b, '.') < 0;
    return short_a != short_b && slice_equal_nocase(first_label(a), first_label(b));
}

bool host_fits(struct slice ours, struct slice logged)
{
    return logged.at != NULL && host_same(ours, logged);
}
