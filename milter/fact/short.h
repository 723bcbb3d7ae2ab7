/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * short: forms of a value that take fewer bytes beside what the text said before.
 *
 *     #0, #3                  the sender; the third other address that the text names
 *     Ann Lee <#0>            header From that ends in the sender
 *     20260101.77@            Message-ID in the sender's domain
 *     -4+0100                 Date: 4 s before the second of the id, in that zone
 *     TLS_AES_256_GCM_SHA384  TLS version and bits follow
 *     .1/0/.2/1               delays
 *     mx.example[192.0.2.1]   port 25; = is the relay named last
 *     host # said: ... <#>    the relay, the recipient
 */
#ifndef WAYBILL_FACT_SHORT_H
#define WAYBILL_FACT_SHORT_H

#include "terse.h"

/* A short form that may fit, or absent. Lives as long as the line is worked on. */
struct slice short_form(struct terse *terse, const struct fact *fact, enum fact_key key);
/* What `word` stands for; itself, if it is no short form. No longer than FACT_VALUE_MAX if it is. */
struct slice short_undo(struct terse *terse, const struct fact *fact, enum fact_key key,
                        struct slice word);
/* This value stood in the text. */
void short_learn(struct terse *terse, enum fact_key key, struct slice value);

#endif
