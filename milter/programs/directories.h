/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * directories: where waybilld keeps things, made when they are missing.
 */
#ifndef WAYBILLD_DIRECTORIES_H
#define WAYBILLD_DIRECTORIES_H

#include "waybill/error.h"
#include "waybill/settings.h"

/* As root: make what is missing of the state directory and of the socket's directory, and give
 * it to the user that the process is about to become. Else: make the state directory. */
int directories_make(const struct settings *settings, struct error *why);
/* After root is dropped: may we write into the state directory? */
int directories_check(const struct settings *settings, struct error *why);

#endif
