/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * match: which mail does a report speak of? By its token, by the queue id and host in it, by
 * Message-ID and recipient: the first of them that finds a mail decides. A report of our own mail
 * server (side=internal) is found by its queue id only.
 *
 * What was found for a report is remembered until the next one comes, so that a report with a
 * thousand recipients costs one question. Strangers may ask the store only so often.
 */
#ifndef SHIP_MATCH_H
#define SHIP_MATCH_H

#include "entry.h"
#include "waybill/fact.h"

#define MATCH_IDS_MAX 64u      /* mails of one clue that are looked at, the newest first */
#define MATCH_MAILS_MAX 8u     /* whose recipients are remembered */
#define MATCH_STRANGERS_MAX 20 /* questions a second */

enum clue { CLUE_TOKEN, CLUE_QUEUE, CLUE_MESSAGE, CLUES };

struct match {
    uint64_t report; /* what is asked about, hashed; 0: nothing */
    struct answer {
        bool asked;
        bool paid; /* counted among the strangers' questions */
        size_t count;
        uint64_t ids[MATCH_IDS_MAX];
    } of[CLUES];
    struct mail {
        uint64_t id; /* 0: unused */
        struct seen recipients;
    } mails[MATCH_MAILS_MAX];
    size_t mails_next;
    int64_t second; /* of the last report of a stranger that asked */
    int strangers;  /* questions they put in it */
};

struct ship;

enum found {
    FOUND,
    FOUND_NONE,
    FOUND_UNASKED, /* the store would have had to be asked, once too often */
    FOUND_AGAIN,   /* the store failed, or no memory */
};
/* `free_of_charge`: it was asked about before. *by_token: its token led there. */
enum found match_find(struct ship *ship, const struct fact *fact, bool free_of_charge,
                      struct entry **entry, bool *by_token);
/* Does the report say anything by which its mail could be found, now or later? */
bool match_possible(const struct fact *fact);
/* Ask the store anew. */
void match_forget(struct match *match);

#endif
