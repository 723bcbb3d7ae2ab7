/* SPDX-License-Identifier: BSD-2-Clause */
/* mail: a mail in JSON as a waybill again: the inverse of waybill_json.h and chain_json.h. */
#ifndef WAYBILL_ANSWER_REMOTE_MAIL_H
#define WAYBILL_ANSWER_REMOTE_MAIL_H

#include <jansson.h>

#include "../chain.h"

/* A recipient alone; views into the tree. -1: it is none. */
int mail_read_recipient(const json_t *recipient, struct recipient *to);
/* States and recipients are taken as they are told: what somebody may not see was taken out after
 * they were computed, so from the rest they could not be computed again. Without a timeline the
 * facts are those alone that decided a state, with what a verdict needs of them.
 *
 * Not filled: seen_by_milter, daemon_port, size_from, and of a recipient named and at_rcpt. Texts
 * are views into the tree. -1: a value is of a wrong type or out of range, or no memory; to be
 * cleared else. */
int mail_read(const json_t *mail, struct waybill *waybill);
/* came_from. */
void mail_read_before(const json_t *mail, struct chain_before *before);
/* chain, of a mail with a timeline. -1 as above; *chain is empty then. */
int mail_read_chain(const json_t *mail, struct chain *chain);

#endif
