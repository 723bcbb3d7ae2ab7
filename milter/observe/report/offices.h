/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * offices: the dialects of companies' servers, gateways and providers, in the order in which they
 * are asked: what is special stands before what is general.
 */
#ifndef REPORT_OFFICES_H
#define REPORT_OFFICES_H

#include "dialect.h"

/* X(name): it is dialect_name. */
#define OFFICE_DIALECTS(X)                                                                         \
    X(googlegroups), X(gmail), X(gmail_letter), X(google), X(ionos), X(mxlogic), X(hmailserver),   \
        X(office365), X(exchange2007), X(exchange), X(exchange2003), X(amazon), X(amazonsns),      \
        X(outlook), X(ironport), X(barracuda), X(biglobe), X(mcafee), X(mailmarshal), X(symantec), \
        X(viruswall), X(mimesweeper), X(messagelabs), X(mimecast), X(xwall), X(amavis_content),    \
        X(ezweb), X(ezweb_account), X(kddi), X(activehunter), X(tencent), X(notes), X(groupwise),  \
        X(mailenable), X(x400), X(dovecot), X(yahoo), X(aol), X(mailru), X(zoho), X(zoho_status),  \
        X(verizon), X(earthlink), X(demon), X(hostcenter), X(facebook), X(sendgrid), X(domino),    \
        X(domino_document), X(smartermail), X(dovecot_empty), X(pec), X(notice)

#define OFFICE_NAME(name) dialect_##name
extern const struct dialect OFFICE_DIALECTS(OFFICE_NAME);
#define OFFICE_ROW(name) &dialect_##name

#endif
