/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings_file: one configuration file into a struct settings; private to the settings.
 */
#ifndef WAYBILL_BASE_SETTINGS_FILE_H
#define WAYBILL_BASE_SETTINGS_FILE_H

#include "waybill/settings.h"

/* Put what the file sets over what *settings holds. -1: *settings may be half changed. */
int settings_file_read(struct settings *settings, const char *path, struct error *why);

#endif
