/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Carriers, providers and gateways of Japan.
 */
#include "offices.h"
#include "prose.h"

/* au (KDDI) and the carriers that took its server: what another server said... */
#define EZWEB_SESSION "Each of the following recipients was rejected by a remote mail server"
const struct dialect dialect_ezweb = {
    .name = "ezweb",
    .marks = {{MARK_TEXT, EZWEB_SESSION, NULL}, {MARK_TEXT, ">>> ", NULL}},
    .form = {.begin = EZWEB_SESSION, .label = "Recipient:"},
};

/* ...and what it says itself. */
const struct dialect dialect_ezweb_account = {
    .name = "ezweb",
    .marks = {{MARK_TEXT,
               "次のあて先へのメッセージはエラーのため送信できませんでした|The user(s) account is",
               NULL}},
    .form = {.shapes = PROSE_ALONE | PROSE_HEADED,
             .why = "The user(s)|Your message was not delivered",
             .why_end = "<|The following recipients"},
};

const struct dialect dialect_kddi = {
    .name = "kddi",
    .marks = {{MARK_TEXT, "Your mail sent on:", NULL},
              {MARK_TEXT, "Could not be delivered to:", NULL}},
    .form = {.label = "Could not be delivered to:"},
};

const struct dialect dialect_biglobe = {
    .name = "biglobe",
    .marks = {{MARK_TEXT, "----- The following addresses had delivery problems -----", NULL},
              {MARK_TEXT, "----- Non-delivered information -----", NULL}},
    .form = {.begin = "----- The following addresses had delivery problems -----",
             .shapes = PROSE_LIST,
             .end = "----- Non-delivered information",
             .why = "----- Non-delivered information"},
};

/* Active!Hunter: as sendmail, but for what stands in front of the address. */
const struct dialect dialect_activehunter = {
    .name = "activehunter",
    .marks = {{MARK_FIELD, "Active!Hunter", "Content-Type"},
              {MARK_TEXT, "----- The following addresses had permanent fatal errors -----", NULL}},
    .form = {.label = ">>>",
             .end = "----- Transcript of session follows",
             .why = "----- Transcript of session follows"},
};
