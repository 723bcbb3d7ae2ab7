/* SPDX-License-Identifier: BSD-2-Clause */
/* endpoint: see waybill/endpoint.h. */
#include "waybill/endpoint.h"

const char *endpoint_path(const char *name)
{
    return strncmp(name, "unix:", 5) == 0 || strncmp(name, "local:", 6) == 0
               ? strchr(name, ':') + 1
               : NULL;
}

struct slice endpoint_directory(const char *name)
{
    struct slice path = slice_of(endpoint_path(name)), last;

    return text_cut_last(&path, "/", &last) && path.size > 0 ? path : SLICE_ABSENT;
}
