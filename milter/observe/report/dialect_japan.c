/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Carriers, providers and gateways of Japan.
 */
#include "offices.h"
#include "form.h"

/* au (KDDI) and the carriers that took its server. */
FORM_READ(read_carrier_sessions, .names = "Recipient:", .shape = FORM_EACH)
FORM_READ(read_carrier_accounts, .names = "The user(s) account is|did not receive this message:",
          .why = "The user(s) account is|Your message was not delivered", .end = "<",
          .shape = FORM_BLOCKS)
static void read_carrier(const struct page *page, struct findings *findings)
{
    if (phrase_find(page->text, "Each of the following recipients was rejected").at != NULL)
        read_carrier_sessions(page, findings);
    else
        read_carrier_accounts(page, findings);
}
const struct dialect dialect_ezweb = {
    .name = "ezweb",
    .marks = {{MARK_TEXT,
               "次のあて先へのメッセージはエラーのため送信できませんでした|"
               "The user(s) account is|"
               "Each of the following recipients was rejected by a remote mail server",
               NULL}},
    .read = read_carrier,
};

FORM_READ(read_kddi, .names = "Could not be delivered to:", .shape = FORM_EACH)
const struct dialect dialect_kddi = {
    .name = "kddi",
    .marks = {{MARK_TEXT, "Your mail sent on:", NULL},
              {MARK_TEXT, "Could not be delivered to:", NULL}},
    .read = read_kddi,
};

FORM_READ(read_biglobe, .names = "The following addresses had delivery problems -----",
          .until = "----- Non-delivered information", .why = "Non-delivered information -----",
          .shape = FORM_LIST)
const struct dialect dialect_biglobe = {
    .name = "biglobe",
    .marks = {{MARK_TEXT, "----- The following addresses had delivery problems -----", NULL},
              {MARK_TEXT, "----- Non-delivered information -----", NULL}},
    .read = read_biglobe,
};

FORM_READ(read_mfilter, .names = "以下のメールアドレスへの送信に失敗しました。",
          .until = "-------server message", .why = "-------server message",
          .end = "-------SMTP command|-------original m", .shape = FORM_LIST)
const struct dialect dialect_mfilter = {
    .name = "mfilter",
    .marks = {{MARK_TEXT, "このメールは「m-FILTER」が自動的に生成して送信しています", NULL},
              {MARK_TEXT, "-------server message", NULL}},
    .read = read_mfilter,
};

/* Active!Hunter, as sendmail, but for what stands in front of the address. */
FORM_READ(read_activehunter, .names = ">>>", .until = "----- Transcript of session follows",
          .why = "----- Transcript of session follows -----", .shape = FORM_EACH)
const struct dialect dialect_activehunter = {
    .name = "activehunter",
    .marks = {{MARK_FIELD, "Active!Hunter", "Content-Type"},
              {MARK_TEXT, "----- The following addresses had permanent fatal errors -----", NULL}},
    .read = read_activehunter,
};

/* fml, the manager of mailing lists: the list refuses who is not a member. */
FORM_READ(read_fml, .names = "You are not a member of this mailing list",
          .why = "You are not a member of this mailing list", .end = "If you know",
          .shape = FORM_ONE)
const struct dialect dialect_fml = {
    .name = "fml",
    .marks = {{MARK_TEXT, "You are not a member of this mailing list <", NULL},
              {MARK_TEXT, "where guide is equal to GUIDE for case insensitive", NULL}},
    .read = read_fml,
};
