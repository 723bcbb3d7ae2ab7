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
    X(googlegroups) X(gmail) X(google) X(mxlogic) X(hmailserver) X(office365) X(exchange2007)      \
    X(exchange) X(exchange2003) X(amazon) X(amazonsns) X(yahoo) X(aol) X(ionos) X(mailru)          \
    X(zoho) X(verizon) X(earthlink) X(demon) X(hostcenter) X(amen) X(sendgrid) X(ezweb) X(kddi)    \
    X(biglobe) X(mfilter) X(activehunter) X(fml) X(ironport) X(barracuda) X(mcafee)                \
    X(mailmarshal) X(mailfoundry) X(symantec) X(interscan) X(viruswall) X(surfcontrol)             \
    X(mimesweeper) X(messagelabs) X(xwall) X(amavis) X(notes) X(groupwise) X(mailenable)           \
    X(mercury) X(intermail) X(x400) X(mail2000) X(lsmtp) X(powermta) X(trouble) X(outlook)         \
    X(domino) X(gmail_old) X(notice)

#define X(name) extern const struct dialect dialect_##name;
OFFICE_DIALECTS(X)
#undef X

#endif
