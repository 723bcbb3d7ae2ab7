/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * others: programs around an MTA: policy servers, spam filters, IMAP servers. Private to this room.
 */
#ifndef LOGLINE_OTHERS_H
#define LOGLINE_OTHERS_H

#include "reader.h"

/* The last dialect: any line. Always true. */
bool others_body(struct logline_reader *reader, struct logline *line);
/* Fields out of the words of a policy server or a filter, some of which log under Postfix's tag. */
void others_words(struct slice text, struct logline *line);

#endif
