/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * followed: which logs waybilld follows, by its settings and by what it tells of itself.
 */
#ifndef WAYBILL_DOCTOR_FOLLOWED_H
#define WAYBILL_DOCTOR_FOLLOWED_H

#include "../status.h"
#include "doctor.h"

/* What it matters where a log is not followed. */
extern const char followed_unseen[];
/* Does log_source have this very word? */
bool followed_names(const struct doctor *doctor, const char *source);
/* One file, not a pattern or a word of ours. */
bool followed_is_path(const char *source);
/* What the daemon of this host said last of itself. False: nothing, or not lately. */
bool followed_sheet(const struct doctor *doctor, struct sheet *sheet);
/* The systemd journal, by name or because `auto` took it. */
bool followed_journal(const struct doctor *doctor);
bool followed_file(const struct doctor *doctor, const char *file);

#endif
