/* SPDX-License-Identifier: BSD-2-Clause */
/* secret: files that hold a password or a key, and must not be open to others. */
#ifndef STORE_SECRET_H
#define STORE_SECRET_H

#include "waybill/error.h"

#define SECRET_MAX 512

/* A regular file of mode at most 0640. */
int secret_file_check(const char *path, struct error *why);
/* Its first line, without the line end: 1 to SECRET_MAX-1 bytes, terminated. */
int secret_file_read(const char *path, char secret[static SECRET_MAX], struct error *why);

#endif
