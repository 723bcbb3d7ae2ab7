/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * catalogue: the sayings. A row for each reason, and finer ones where the status code, or that it
 * was our own server that spoke, tells more. They are read out to callers: plain words, no code.
 */
#include "catalogue.h"

#include <stdint.h>
#include <string.h>

#define WRITE_AGAIN "check the address and send it again"
#define SMALLER "send it smaller, or as a link"
#define LATER "send it again later"
#define TELL_THEM                                                                                  \
    "only the receiving side can mend it: tell its administrators the server's words, and until "  \
    "then reach the recipient by other means"
#define READ_WORDS "read the server's words and act on them"
#define BOTH_LOGS "read the server's words, and look at the log of the sending server"
#define CHECK_DNS "look at SPF, DKIM and DMARC of the sender's domain"
#define CHECK_DKIM "look at DKIM for the sender's domain"
#define CHECK_SPF "look at SPF of the sender's domain"
#define CHECK_TLS "look at the TLS settings and certificates; the server's words say which"
#define CHECK_PTR "have the PTR record of the sending server's address set to the server's name"
#define CHECK_ROUTE                                                                                \
    "find out to which server mail for this domain has to go, and whether it wants a login"
#define OUR_LOG "look at the log of our mail server"

/* Who has to act is the reason's affair (reason.h). `meanwhile`: what the sending server's
 * administrators had better do while it is tried again; NULL: nothing, it may end by itself. */
static const struct {
    const char *why, *act, *meanwhile;
} general[REASON_COUNT] = {
    [REASON_UNDEFINED] = {"no rule here knows the words of the server", READ_WORDS, NULL},
    [REASON_ONHOLD] = {"no words were given that would tell why",
                       "ask the side that refused it; there is nothing here to go by", NULL},
    [REASON_AUTHFAILURE] = {"nothing proves to the receiving server that the mail comes from the "
                            "sender's domain (SPF, DKIM, DMARC)",
                            CHECK_DNS, CHECK_DNS},
    [REASON_BADREPUTATION] = {"the receiving side thinks badly of the sending server's address or "
                              "of the sender's domain",
                              "find out what spoilt the reputation and stop it; the server's words "
                              "often name a page that helps",
                              "see whether spam leaves the sending server"},
    [REASON_BLOCKED] = {"the receiving server does not take mail from the sending server's address "
                        "or name",
                        "read the server's words; if they name a block list, have the address "
                        "taken off it",
                        "if it does not end by itself in an hour, read the server's words: they "
                        "may name a block list"},
    [REASON_CONTENTERROR] = {"the receiving server does not take the form of this mail: a header, "
                             "an attachment, its encoding",
                             "send it in a plainer form", NULL},
    [REASON_DELIVERED] = {"it was delivered", NULL, NULL},
    [REASON_EXCEEDLIMIT] = {"the mail exceeds a limit of that mailbox, most often on size", SMALLER,
                            NULL},
    [REASON_EXPIRED] = {"it could not be delivered within the time that a mail may wait", TELL_THEM,
                        NULL},
    [REASON_FAILEDSTARTTLS] = {"the connection between the servers could not be encrypted",
                               CHECK_TLS, CHECK_TLS},
    [REASON_FEEDBACK] = {"the recipient complained: the mail was marked as spam",
                         "write no more to this recipient, and take the address off the list",
                         NULL},
    [REASON_FILTERED] = {"the receiving server refused it for this recipient: it may not know the "
                         "address, or a filter of that mailbox said no",
                         "check the address; if it is right, reach the recipient by other means, "
                         "and ask to be let in",
                         NULL},
    [REASON_HASMOVED] = {"the recipient has another address now",
                         "find the new address (the server's words may have it) and send it there",
                         NULL},
    [REASON_HOSTUNKNOWN] = {"there is no such domain, or it has no mail server",
                            "check what stands behind the @ and send it again", NULL},
    [REASON_MAILBOXFULL] = {"the mailbox is full",
                            "make room in the mailbox; then the mail can be sent again", NULL},
    [REASON_MAILERERROR] = {"a program of the receiving side that should take the mail failed",
                            TELL_THEM, NULL},
    [REASON_MESGTOOBIG] = {"the mail is larger than the receiving server takes", SMALLER, NULL},
    [REASON_NETWORKERROR] = {"the receiving server could not be reached, or the connection broke",
                             "check what stands behind the @; if it is right, only the "
                             "receiving side can mend it: tell its administrators",
                             NULL},
    [REASON_NORELAYING] = {"the receiving server does not take mail for this recipient from the "
                           "sending server",
                           CHECK_ROUTE, CHECK_ROUTE},
    [REASON_NOTACCEPT] = {"that domain or server takes no mail at all",
                          "there is no way to this address by mail; use another address", NULL},
    [REASON_NOTCOMPLIANTRFC] = {"the mail breaks a rule that all mails have to keep (a missing or "
                                "doubled header, a bad line)",
                                "send it with another mail program; the one that made it needs "
                                "mending",
                                NULL},
    [REASON_POLICYVIOLATION] = {"a rule of the receiving side forbids it", READ_WORDS, NULL},
    [REASON_RATELIMITED] = {"too much mail came in too short a time",
                            "slow down towards that server, then send it again", NULL},
    [REASON_REJECTED] = {"the receiving server does not want the sender's address",
                         "check the sender's address; if it is right, ask the recipient by other "
                         "means to let it in",
                         NULL},
    [REASON_REQUIREPTR] = {"the sending server's address has no proper name in the DNS (reverse "
                           "DNS)",
                           CHECK_PTR, CHECK_PTR},
    [REASON_SECURITYERROR] = {"a security rule of the receiving side forbids it", READ_WORDS, NULL},
    [REASON_SPAMDETECTED] = {"the receiving side takes the mail for spam",
                             "change its words and links; if it is no spam, ask the recipient by "
                             "other means to let it in",
                             NULL},
    [REASON_SPEEDING] = {"the sending server sent too fast",
                         "slow down towards that server, then send it again", NULL},
    [REASON_SUSPEND] = {"the recipient's account is switched off",
                        "have it switched on again; until then only other means reach the "
                        "recipient",
                        NULL},
    [REASON_SYNTAXERROR] = {"the two servers misunderstood each other", BOTH_LOGS, BOTH_LOGS},
    [REASON_SYSTEMERROR] = {"the receiving server has a trouble of its own", TELL_THEM, NULL},
    [REASON_SYSTEMFULL] = {"the receiving server has no room left on its disk", TELL_THEM, NULL},
    [REASON_TOOMANYCONN] = {"too many connections were open at once", LATER, NULL},
    [REASON_USERUNKNOWN] = {"there is no such mailbox", WRITE_AGAIN, NULL},
    [REASON_VACATION] = {"it is an automatic answer, as of somebody who is away", NULL, NULL},
    [REASON_VIRUSDETECTED] = {"the receiving side takes the mail for a virus",
                              "look for viruses in the attachment and on the sender's computer "
                              "before it is sent again",
                              NULL},
};

/* By "reason.subject.detail" of the status, by "delayed.reason" while it is tried again, or by
 * "here.reason" for words of our own server; the first of these that is there. */
static const struct {
    const char *key;
    enum actor who;
    const char *why, *act, *meanwhile;
} finer[] = {
    {"authfailure.7.20", ACTOR_OURS, "no DKIM signature of the mail is valid", CHECK_DKIM,
     CHECK_DKIM},
    {"authfailure.7.21", ACTOR_OURS, "no DKIM signature of the mail is good enough", CHECK_DKIM,
     CHECK_DKIM},
    {"authfailure.7.22", ACTOR_OURS, "no DKIM signature is by the domain of the author", CHECK_DKIM,
     CHECK_DKIM},
    {"authfailure.7.23", ACTOR_OURS,
     "SPF does not allow the sending server to send for the sender's domain", CHECK_SPF, CHECK_SPF},
    {"authfailure.7.24", ACTOR_OURS, "the SPF record of the sender's domain is broken", CHECK_SPF,
     CHECK_SPF},
    {"exceedlimit.5.3", ACTOR_SENDER, "the mail has too many recipients",
     "send it to fewer at a time", NULL},
    {"expired.4.1", ACTOR_THEIRS, "the receiving server does not answer", TELL_THEM, NULL},
    {"hasmoved.1.6", ACTOR_SENDER, "the recipient has moved and left no new address",
     "find the new address and send it there", NULL},
    {"mailboxfull.2.3", ACTOR_SENDER, "the mail is larger than that mailbox takes", SMALLER, NULL},
    {"networkerror.4.3", ACTOR_OURS, "a lookup (DNS or a table) failed",
     "look at the DNS and the lookup tables of the sending server",
     "look at the DNS and the lookup tables of the sending server"},
    {"networkerror.4.6", ACTOR_OURS, "the mail goes in a circle between servers",
     "find the two servers that send it to each other",
     "find the two servers that send it to each other"},
    {"notaccept.3.2", ACTOR_THEIRS, "the receiving server takes no mail at the moment",
     LATER "; if it goes on, tell the administrators of the receiving server", NULL},
    {"notaccept.7.27", ACTOR_SENDER,
     "the domain of the sender says that it takes no mail, so nobody could answer",
     "correct the sender's address", NULL},
    {"policyviolation.7.2", ACTOR_SENDER, "the sender may not write to this mailing list",
     "ask the owner of the list", NULL},
    {"rejected.1.7", ACTOR_SENDER, "the sender's address is not well-formed",
     "correct the sender's address in the mail program", NULL},
    {"rejected.1.8", ACTOR_SENDER,
     "the domain of the sender is not accepted; most often the DNS does not know it",
     "correct the sender's address, or its domain's DNS", NULL},
    {"securityerror.7.2", ACTOR_SENDER, "the sender may not write to this mailing list",
     "ask the owner of the list", NULL},
    {"securityerror.7.8", ACTOR_OURS, "the login at the receiving server failed",
     "look at the login that the sending server uses there",
     "look at the login that the sending server uses there"},
    {"securityerror.7.9", ACTOR_OURS, "the receiving server wants a stronger way to log in",
     "look at the login that the sending server uses there",
     "look at the login that the sending server uses there"},
    {"securityerror.7.10", ACTOR_OURS, "the receiving server demands encryption", CHECK_TLS,
     CHECK_TLS},
    {"securityerror.7.11", ACTOR_OURS, "the receiving server demands encryption before the login",
     CHECK_TLS, CHECK_TLS},
    {"spamdetected.7.28", ACTOR_OURS, "too much mail of this kind came at once",
     "slow down, then send it again", NULL},
    {"systemerror.4.3", ACTOR_OURS, "a lookup (DNS or a table) failed",
     "look at the DNS and the lookup tables of the sending server",
     "look at the DNS and the lookup tables of the sending server"},
    {"userunknown.1.3", ACTOR_SENDER, "the address is not well-formed", WRITE_AGAIN, NULL},
    {"userunknown.1.4", ACTOR_SENDER, "the address fits more than one mailbox", WRITE_AGAIN, NULL},

    {"delayed.expired", ACTOR_THEIRS, "the receiving server does not answer", TELL_THEM, NULL},

    {"here.mailererror", ACTOR_OURS,
     "a program of our mail server that should take the mail failed", OUR_LOG, OUR_LOG},
    {"here.norelaying", ACTOR_SENDER,
     "our server passes mail on to other domains only for those who log in",
     "log in when sending, or check the address", NULL},
    {"here.securityerror", ACTOR_SENDER,
     "a security rule of our server forbids it, or the login "
     "failed",
     "check user name, password and encryption in the mail program", NULL},
    {"here.systemerror", ACTOR_OURS, "our mail server has a trouble of its own", OUR_LOG, OUR_LOG},
    {"here.systemfull", ACTOR_OURS, "our mail server has no room left", "make room on its disk",
     "make room on its disk"},
};

#define KEY_ROOM 48

/* Index into `finer`, or SIZE_MAX. */
static size_t find_finer(const char *prefix, const char *middle, struct slice suffix)
{
    char key[KEY_ROOM];
    size_t size = strlen(prefix) + strlen(middle);

    if (size + suffix.size >= sizeof key)
        return SIZE_MAX;
    memcpy(key, prefix, strlen(prefix));
    memcpy(key + strlen(prefix), middle, strlen(middle));
    slice_copy(suffix, key + size, sizeof key - size);
    for (size_t i = 0; i < sizeof finer / sizeof finer[0]; i++)
        if (strcmp(finer[i].key, key) == 0)
            return i;
    return SIZE_MAX;
}

/* ".1.4" out of "5.1.4": the class says for good or for now, which the state knows better. */
static struct slice without_class(struct slice status)
{
    ptrdiff_t dot = slice_find(status, '.');

    return dot < 0 ? SLICE_ABSENT : slice_make(status.at + dot, status.size - (size_t)dot);
}

static size_t find_row(const struct plight *plight)
{
    const char *word = reason_word(plight->reason);
    struct slice detail = without_class(plight->status);
    size_t row = SIZE_MAX;

    if (detail.size > 0)
        row = find_finer(word, "", detail);
    if (row == SIZE_MAX && plight->delayed)
        row = find_finer("delayed.", word, SLICE_ABSENT);
    if (row == SIZE_MAX && plight->here)
        row = find_finer("here.", word, SLICE_ABSENT);
    return row;
}

/* At our door we are the receiving side, and those who run the sending server are strangers. */
static void turn_round(struct saying *saying)
{
    if (saying->who == ACTOR_OURS) {
        saying->who = ACTOR_SENDER;
        saying->act = "the administrators of the sending server have to see to it";
    } else if (saying->who == ACTOR_THEIRS) {
        saying->who = ACTOR_OURS;
        saying->act = OUR_LOG;
    }
}

/* As long as it is tried nobody has to do anything, unless the sending server is at fault and
 * ours. */
static void ease(struct saying *saying, const char *meanwhile)
{
    saying->act = meanwhile;
    saying->who = meanwhile != NULL ? ACTOR_OURS : ACTOR_NOBODY;
}

void catalogue_find(const struct plight *plight, struct saying *saying)
{
    size_t row = find_row(plight);
    bool ours = row != SIZE_MAX && strncmp(finer[row].key, "here.", 5) == 0;
    const char *meanwhile;

    if (row != SIZE_MAX) {
        *saying = (struct saying){finer[row].key, finer[row].why, finer[row].act, finer[row].who};
        meanwhile = finer[row].meanwhile;
    } else {
        *saying = (struct saying){reason_word(plight->reason), general[plight->reason].why,
                                  general[plight->reason].act, reason_actor(plight->reason)};
        meanwhile = general[plight->reason].meanwhile;
    }
    if (plight->delayed)
        ease(saying, plight->door && !ours ? NULL : meanwhile);
    else if (plight->door && !ours)
        turn_round(saying);
}

/* ---- why a witness was blind ---- */

static const struct {
    const char *cause, *meaning;
} blindness[] = {
    {"killed", "the daemon was killed, and what it had not written is lost"},
    {"not running", "the daemon was not running"},
    {"truncated", "the log was emptied before it was read to its end"},
    {"unread", "a part of the log was gone before it was read"},
    {"disk-full", "the disk of the journal was full"},
    {"disk-error", "the disk of the journal failed"},
    {"suppressed", "the system's own log dropped lines, says journald or rsyslog"},
    {"shed", "the records of that day were given up, because Redis was full"},
    {"not-listening", "nobody listened at the socket that the log is sent to"},
};

const char *catalogue_blindness(const char *cause)
{
    for (size_t i = 0; i < sizeof blindness / sizeof blindness[0]; i++)
        if (strcmp(blindness[i].cause, cause) == 0)
            return blindness[i].meaning;
    return *cause != '\0' ? cause : "nobody knows why";
}

/* ---- what nobody saw ---- */

const char *catalogue_unresolved(bool left)
{
    return left ? "it left our queue, but no word says how: the log of that moment is missing"
                : "no word of its end, and its time in the queue is long over";
}

/* ---- where the time went ---- */

static const struct share_words shares[SHARE_COUNT] = {
    [SHARE_RECEIVING] = {"coming in", "the mail was still coming in, or was checked before our "
                                      "queue had it", NULL},
    [SHARE_TURN] = {"waiting for its turn", "the mail waited in our queue for its turn", NULL},
    [SHARE_CONNECTING] = {"connecting", "went into the connection to ", ""},
    [SHARE_TRANSFER] = {"sending", "went into handing the mail over to ", ""},
    [SHARE_GREYLISTING] = {"waiting after greylisting", "the mail waited because ",
                           " asked us to come back later (greylisting)"},
    [SHARE_LIMITED] = {"waiting for a limit of theirs", "the mail waited because ",
                       " limits how much it takes from us at a time"},
    [SHARE_BUSY] = {"waiting for a trouble of their server", "the mail waited because ",
                    " had a trouble of its own and put it off"},
    [SHARE_UNREACHABLE] = {"waiting for a server that could not be reached",
                           "the mail waited because ", " could not be reached"},
    [SHARE_FULL] = {"waiting for room in the mailbox",
                    "the mail waited for room in the recipient's mailbox", NULL},
    [SHARE_UNWANTED] = {"waiting after being turned away for now", "the mail waited because ",
                        " would not take it, for a rule or a check of that side"},
    [SHARE_OURS] = {"waiting for a trouble of our own server",
                    "the mail waited for a trouble of our own mail server", NULL},
    [SHARE_RETRY] = {"waiting to be tried again", "the mail waited because ",
                     " put it off, for no reason that is known here"},
    [SHARE_HOLD] = {"on hold", "the mail was on hold in our queue, until somebody would release it",
                    NULL},
    [SHARE_FILTER] = {"in the content filter", "our content filter had the mail", NULL},
    [SHARE_BEYOND] = {"beyond our server", "the mail was no longer here: ",
                      " had taken it, and a report told the rest"},
};

struct share_words catalogue_share(enum share share, bool named)
{
    struct share_words said = shares[share];

    if (share == SHARE_GREYLISTING && !named) {
        said.part = "waiting after being asked to come back later";
        said.after = " asked us to come back later (perhaps greylisting)";
    }
    return said;
}
