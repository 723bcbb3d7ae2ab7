/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dialects: the names of all dialects, for the table in dialects.c.
 */
#ifndef REPORT_DIALECTS_H
#define REPORT_DIALECTS_H

#include "dialect.h"

extern const struct dialect dialect_amavis;
extern const struct dialect dialect_answered;
extern const struct dialect dialect_brief;
extern const struct dialect dialect_communigate;
extern const struct dialect dialect_courier;
extern const struct dialect dialect_dragonfly;
extern const struct dialect dialect_exim;
extern const struct dialect dialect_exim_field;
extern const struct dialect dialect_exim_refused;
extern const struct dialect dialect_fields;
extern const struct dialect dialect_fml;
extern const struct dialect dialect_imail;
extern const struct dialect dialect_intermail;
extern const struct dialect dialect_interscan;
extern const struct dialect dialect_james;
extern const struct dialect dialect_lsmtp;
extern const struct dialect dialect_mailfoundry;
extern const struct dialect dialect_mdaemon;
extern const struct dialect dialect_mercury;
extern const struct dialect dialect_messagingserver;
extern const struct dialect dialect_mfilter;
extern const struct dialect dialect_mmdf;
extern const struct dialect dialect_notification;
extern const struct dialect dialect_opensmtpd;
extern const struct dialect dialect_plain;
extern const struct dialect dialect_pmdf;
extern const struct dialect dialect_postfix;
extern const struct dialect dialect_postfix_reply;
extern const struct dialect dialect_postoffice;
extern const struct dialect dialect_powermta;
extern const struct dialect dialect_pp;
extern const struct dialect dialect_qmail;
extern const struct dialect dialect_qsbmf;
extern const struct dialect dialect_sendmail;
extern const struct dialect dialect_sendmail_lost;
extern const struct dialect dialect_sendmail_transcript;
extern const struct dialect dialect_smail;
extern const struct dialect dialect_surfcontrol;
extern const struct dialect dialect_trouble;
extern const struct dialect dialect_xmail;
extern const struct dialect dialect_zmailer;

/* Will all marks of the table be found (phrases_fit)? For the test that guards it. */
bool dialects_fit(void);

#endif
