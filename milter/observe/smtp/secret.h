/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * secret: keys for one purpose each, derived from the secret in a file.
 */
#ifndef OBSERVE_SMTP_SECRET_H
#define OBSERVE_SMTP_SECRET_H

#include "waybill/error.h"

#define SECRET_LEAST 16u /* bytes in the file; fewer could be guessed */
#define SECRET_MOST 4096u

/* The key for `purpose`: HMAC-SHA-256 of its name under the whole content of the file. -1: the
 * file cannot be read, is too short or too long, or others may read it. */
int secret_derive(const char *path, const char *purpose, unsigned char key[static 32],
                  struct error *why);

#endif
