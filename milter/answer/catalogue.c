/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * catalogue: who acts and which saying is told. A row for each reason, and finer ones where the
 * status code, or that it was our own server that spoke, tells more. The words stand in the
 * messages, by the keys that are named here.
 */
#include "catalogue.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define KEY_ROOM 48

/* Who has to act is the reason's affair (reason.h). `act` is "act.WORD" of the messages; NULL:
 * nothing to do. `meanwhile`: what the sending server's administrators had better do while it is
 * tried again; NULL: nothing, it may end by itself. Why is "why.REASON". */
static const struct {
    const char *act, *meanwhile;
} general[REASON_COUNT] = {
    [REASON_UNDEFINED] = {"read_words", NULL},
    [REASON_ONHOLD] = {"ask_refuser", NULL},
    [REASON_AUTHFAILURE] = {"check_sender_dns", "check_sender_dns"},
    [REASON_BADREPUTATION] = {"mend_reputation", "see_spam"},
    [REASON_BLOCKED] = {"leave_block_list", "read_words_in_an_hour"},
    [REASON_CONTENTERROR] = {"plainer", NULL},
    [REASON_DELIVERED] = {NULL, NULL},
    [REASON_EXCEEDLIMIT] = {"smaller", NULL},
    [REASON_EXPIRED] = {"tell_them", NULL},
    [REASON_FAILEDSTARTTLS] = {"check_tls", "check_tls"},
    [REASON_FEEDBACK] = {"take_off_list", NULL},
    [REASON_FILTERED] = {"check_and_ask", NULL},
    [REASON_HASMOVED] = {"find_named_address", NULL},
    [REASON_HOSTUNKNOWN] = {"check_domain", NULL},
    [REASON_MAILBOXFULL] = {"room_in_mailbox", NULL},
    [REASON_MAILERERROR] = {"tell_them", NULL},
    [REASON_MESGTOOBIG] = {"smaller", NULL},
    [REASON_NETWORKERROR] = {"check_domain_or_tell", NULL},
    [REASON_NORELAYING] = {"check_route", "check_route"},
    [REASON_NOTACCEPT] = {"other_address", NULL},
    [REASON_NOTCOMPLIANTRFC] = {"other_program", NULL},
    [REASON_POLICYVIOLATION] = {"read_words", NULL},
    [REASON_RATELIMITED] = {"slow_down_there", NULL},
    [REASON_REJECTED] = {"check_sender", NULL},
    [REASON_REQUIREPTR] = {"set_ptr", "set_ptr"},
    [REASON_SECURITYERROR] = {"read_words", NULL},
    [REASON_SPAMDETECTED] = {"change_words", NULL},
    [REASON_SPEEDING] = {"slow_down_there", NULL},
    [REASON_SUSPEND] = {"switch_on", NULL},
    [REASON_SYNTAXERROR] = {"both_logs", "both_logs"},
    [REASON_SYSTEMERROR] = {"tell_them", NULL},
    [REASON_SYSTEMFULL] = {"tell_them", NULL},
    [REASON_TOOMANYCONN] = {"later", NULL},
    [REASON_USERUNKNOWN] = {"write_again", NULL},
    [REASON_VACATION] = {NULL, NULL},
    [REASON_VIRUSDETECTED] = {"look_for_virus", NULL},
};

/* By "reason.subject.detail" of the status, by "delayed.reason" while it is tried again, or by
 * "here.reason" for words of our own server; the first of these that is there. Why is "why.KEY". */
static const struct {
    const char *key;
    enum actor who;
    const char *act, *meanwhile;
} finer[] = {
    {"authfailure.7.20", ACTOR_OURS, "check_dkim", "check_dkim"},
    {"authfailure.7.21", ACTOR_OURS, "check_dkim", "check_dkim"},
    {"authfailure.7.22", ACTOR_OURS, "check_dkim", "check_dkim"},
    {"authfailure.7.23", ACTOR_OURS, "check_spf", "check_spf"},
    {"authfailure.7.24", ACTOR_OURS, "check_spf", "check_spf"},
    {"exceedlimit.5.3", ACTOR_SENDER, "fewer", NULL},
    {"expired.4.1", ACTOR_THEIRS, "tell_them", NULL},
    {"hasmoved.1.6", ACTOR_SENDER, "find_new_address", NULL},
    {"mailboxfull.2.3", ACTOR_SENDER, "smaller", NULL},
    {"networkerror.4.3", ACTOR_OURS, "check_lookups", "check_lookups"},
    {"networkerror.4.6", ACTOR_OURS, "find_loop", "find_loop"},
    {"notaccept.3.2", ACTOR_THEIRS, "later_or_tell", NULL},
    {"notaccept.7.27", ACTOR_SENDER, "correct_sender", NULL},
    {"policyviolation.7.2", ACTOR_SENDER, "ask_list", NULL},
    {"rejected.1.7", ACTOR_SENDER, "correct_sender_program", NULL},
    {"rejected.1.8", ACTOR_SENDER, "correct_sender_dns", NULL},
    {"securityerror.7.2", ACTOR_SENDER, "ask_list", NULL},
    {"securityerror.7.8", ACTOR_OURS, "check_relay_login", "check_relay_login"},
    {"securityerror.7.9", ACTOR_OURS, "check_relay_login", "check_relay_login"},
    {"securityerror.7.10", ACTOR_OURS, "check_tls", "check_tls"},
    {"securityerror.7.11", ACTOR_OURS, "check_tls", "check_tls"},
    {"spamdetected.7.28", ACTOR_OURS, "slow_down", NULL},
    {"systemerror.4.3", ACTOR_OURS, "check_lookups", "check_lookups"},
    {"userunknown.1.3", ACTOR_SENDER, "write_again", NULL},
    {"userunknown.1.4", ACTOR_SENDER, "write_again", NULL},
    {"delayed.expired", ACTOR_THEIRS, "tell_them", NULL},
    {"here.mailererror", ACTOR_OURS, "our_log", "our_log"},
    {"here.norelaying", ACTOR_SENDER, "log_in", NULL},
    {"here.securityerror", ACTOR_SENDER, "check_login", NULL},
    {"here.systemerror", ACTOR_OURS, "our_log", "our_log"},
    {"here.systemfull", ACTOR_OURS, "room_on_disk", "room_on_disk"},
};

/* "why." and "userunknown": the text of "why.userunknown". */
static const char *say(const struct messages *messages, const char *area, const char *word)
{
    char key[KEY_ROOM];

    snprintf(key, sizeof key, "%s%s", area, word);
    return messages_get(messages, key);
}

static const char *say_act(const struct messages *messages, const char *act)
{
    return act != NULL ? say(messages, "act.", act) : NULL;
}

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
static void turn_round(const struct messages *messages, struct saying *saying)
{
    if (saying->who == ACTOR_OURS) {
        saying->who = ACTOR_SENDER;
        saying->act = messages_get(messages, "act.sending_admins");
    } else if (saying->who == ACTOR_THEIRS) {
        saying->who = ACTOR_OURS;
        saying->act = messages_get(messages, "act.our_log");
    }
}

/* As long as it is tried nobody has to do anything, unless the sending server is at fault and
 * ours. */
static void ease(const struct messages *messages, struct saying *saying, const char *meanwhile)
{
    saying->act = say_act(messages, meanwhile);
    saying->who = meanwhile != NULL ? ACTOR_OURS : ACTOR_NOBODY;
}

void catalogue_find(const struct plight *plight, struct saying *saying)
{
    const struct messages *messages = plight->messages;
    size_t row = find_row(plight);
    bool ours = row != SIZE_MAX && strncmp(finer[row].key, "here.", 5) == 0;
    const char *act, *meanwhile;

    if (row != SIZE_MAX) {
        *saying = (struct saying){.key = finer[row].key, .who = finer[row].who};
        act = finer[row].act;
        meanwhile = finer[row].meanwhile;
    } else {
        *saying = (struct saying){.key = reason_word(plight->reason),
                                  .who = reason_actor(plight->reason)};
        act = general[plight->reason].act;
        meanwhile = general[plight->reason].meanwhile;
    }
    saying->why = say(messages, "why.", saying->key);
    saying->act = say_act(messages, act);
    if (plight->delayed)
        ease(messages, saying, plight->door && !ours ? NULL : meanwhile);
    else if (plight->door && !ours)
        turn_round(messages, saying);
}

const char *catalogue_state(const struct messages *messages, enum recipient_state state)
{
    return say(messages, "state.", state_word(state));
}

/* ---- codes ---- */

const char *catalogue_status(const struct messages *messages, struct slice status)
{
    char key[KEY_ROOM];
    struct slice detail = without_class(status);

    if (!status_fits(status))
        return NULL;
    snprintf(key, sizeof key, "status%.*s", SLICE_ARGS(detail));
    return messages_find(messages, key);
}

/* ---- why a witness was blind ---- */

static const struct {
    const char *cause, *key;
} blindness[] = {
    {"killed", "blind.killed"},
    {"not running", "blind.not_running"},
    {"truncated", "blind.truncated"},
    {"unread", "blind.unread"},
    {"disk-full", "blind.disk_full"},
    {"disk-error", "blind.disk_error"},
    {"suppressed", "blind.suppressed"},
    {"shed", "blind.shed"},
    {"not-listening", "blind.not_listening"},
};

const char *catalogue_blindness(const struct messages *messages, const char *cause)
{
    for (size_t i = 0; i < sizeof blindness / sizeof blindness[0]; i++)
        if (strcmp(blindness[i].cause, cause) == 0)
            return messages_get(messages, blindness[i].key);
    return *cause != '\0' ? cause : messages_get(messages, "blind.unknown");
}
