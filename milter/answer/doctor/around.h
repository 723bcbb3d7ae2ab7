/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * around: how the checks look at this machine: small files of the system, what a program says, and
 * what the daemon's user may do.
 */
#ifndef WAYBILL_DOCTOR_AROUND_H
#define WAYBILL_DOCTOR_AROUND_H

#include "doctor.h"

#define AROUND_FILE_MAX ((size_t)1 << 20)

/* The end of a file below doctor->root, at most AROUND_FILE_MAX bytes. False: it is not there, or
 * may not be read. */
bool around_read(const struct doctor *doctor, const char *path, struct buffer *to);
bool around_is_there(const struct doctor *doctor, const char *path);
/* Is this machine run by systemd? */
bool around_systemd(const struct doctor *doctor);
/* What systemctl(1) says of a unit: `systemctl show --property NAME --value UNIT`; trimmed. False:
 * it cannot be asked. */
bool around_property(const struct doctor *doctor, const char *unit, const char *property,
                     struct buffer *to);
/* The value behind `name` in lines "name = value" or "name=value" of a file's text, the last one;
 * absent: there is none. Comments begin with # or ;. */
struct slice around_value(struct slice text, const char *name);

struct around_may {
    bool may;
    char blocked[256]; /* the first part of the path that did not let it pass */
    bool is_folder;    /* that is a directory on the way */
};
/* May the daemon's user, with the groups that its unit gives it, open `path`? `mode` is of
 * access(2). Root, or that user. -1: it cannot be tried. */
int around_try(const struct doctor *doctor, const char *path, int mode, struct around_may *may,
               struct error *why);
/* The same: is it in this group? */
bool around_has_group(const struct doctor *doctor, const char *group);

#endif
