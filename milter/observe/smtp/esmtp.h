/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * esmtp: the parameters of MAIL and RCPT (RFC 1870, 3461, 6152, 6531).
 */
#ifndef OBSERVE_SMTP_ESMTP_H
#define OBSERVE_SMTP_ESMTP_H

#include "waybill/fact.h"

/* Put the parameters in `words` (libmilter's argv after the address; a NULL ends it) into the
 * fact, as views into `words` and `rest`. What is unknown, malformed or there a second time is
 * gathered in `rest` and stands under KEY_PARAMETERS. */
void esmtp_read_mail(char **words, struct fact *fact, struct buffer *rest);
void esmtp_read_rcpt(char **words, struct fact *fact, struct buffer *rest);

#endif
