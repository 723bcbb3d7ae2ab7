/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * endpoint: where something listens, as `listen` and `metrics` name it: "unix:/run/w.sock",
 * "local:/run/w.sock", "inet:8891@127.0.0.1", "tcp:127.0.0.1:9100". Any thread.
 */
#ifndef WAYBILL_ENDPOINT_H
#define WAYBILL_ENDPOINT_H

#include "waybill/text.h"

/* The path of a unix socket; NULL: it is a port. */
const char *endpoint_path(const char *name);
/* The directory of that path; absent: it is a port, or the directory is "/". */
struct slice endpoint_directory(const char *name);

#endif
