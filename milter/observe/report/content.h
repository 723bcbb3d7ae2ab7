/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * content: what the header of a part says of its content (RFC 2045, 2183, 2231).
 */
#ifndef REPORT_CONTENT_H
#define REPORT_CONTENT_H

#include "transfer.h"
#include "waybill/report.h"

#define CONTENT_TYPE_ROOM 64
#define CONTENT_NAME_ROOM 256

struct content {
    char type[CONTENT_TYPE_ROOM]; /* "text/plain", lower case; "": none that could be read */
    char boundary[REPORT_BOUNDARY_MAX + 1];
    char charset[64];
    char report_type[32];             /* lower case */
    char name[CONTENT_NAME_ROOM];     /* a file's name, or what Content-Description says */
    enum transfer transfer;
    bool attachment;
    bool headers;  /* Content-Description says that the header of a returned mail follows */
    bool too_long; /* a boundary did not fit */
};

void content_begin(struct content *content);
/* Take what a field says; all fields but Content-... are nothing to it. */
void content_field(struct content *content, struct slice name, struct slice value);

#endif
