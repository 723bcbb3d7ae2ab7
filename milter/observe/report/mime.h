/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mime: cuts a mail into the lines of its parts as it streams by (RFC 2045, 2046, 2047, 2231,
 * 5322), decoded to UTF-8, and tells each line with the part that it stood in.
 *
 *     multipart/...                entered, to REPORT_DEPTH_MAX
 *     text/plain, text/html       MIME_TEXT lines; HTML becomes text
 *     message/delivery-status     MIME_STATUS fields, MIME_STATUS_END after each group
 *     message/global-...          the same
 *     message/feedback-report     MIME_FEEDBACK fields
 *     message/disposition-notif.  MIME_DISPOSITION fields
 *     message/rfc822, global,
 *     text/rfc822-headers, ...    MIME_RETURNED fields of its header; its body is passed over
 *     all else                    passed over
 *
 * Inside a returned mail nothing is text or status: its words are the sender's own.
 */
#ifndef REPORT_MIME_H
#define REPORT_MIME_H

#include "waybill/buffer.h"
#include "waybill/report.h"

enum mime_line {
    MIME_FIELD,       /* a field of the mail's own header */
    MIME_PART,        /* a leaf part begins; name: its media type ("text/plain"), lower case;
                         value: its Content-Description or file name, or absent */
    MIME_TEXT,        /* a line of readable text; name absent */
    MIME_STATUS,      /* a field */
    MIME_STATUS_END,  /* the group of fields is over; name and value absent */
    MIME_FEEDBACK,    /* a field */
    MIME_DISPOSITION, /* a field */
    MIME_RETURNED,    /* a field of the returned mail's header */
};
/* Fields come unfolded and trimmed, but not decoded (see mime_decode_words). The slices live
 * only during the call. */
typedef void mime_told(void *context, enum mime_line line, struct slice name, struct slice value);

struct mime;

/* NULL: no memory. */
struct mime *mime_open(mime_told *told, void *context);
void mime_close(struct mime **mime);
/* A field of the mail's header: told, and read for its type. Value may be folded. */
void mime_header(struct mime *mime, struct slice name, struct slice value);
/* The body, in chunks of any size. */
void mime_body(struct mime *mime, const void *bytes, size_t size);
/* A whole mail, header first, in chunks; what does not begin with a header field is text. */
void mime_mail(struct mime *mime, const void *bytes, size_t size);
/* No more will come: the last line and the last group are told. */
void mime_end(struct mime *mime);
/* Nothing that may still come would be told. */
bool mime_is_over(const struct mime *mime);
/* A limit was met, or the mail is torn: a part never ended. */
bool mime_partial(const struct mime *mime);
/* Does the top of the mail say "multipart/report"? And its report-type, lower case, or "". */
bool mime_is_report(const struct mime *mime, const char **report_type);

/* Encoded words (RFC 2047) to UTF-8; anything else stays as it is. Appends; -1 only if the
 * buffer failed. */
int mime_decode_words(struct slice value, struct buffer *to);

#endif
