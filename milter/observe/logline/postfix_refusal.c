/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * postfix_refusal: what smtpd, postscreen and cleanup refuse, hold or throw away.
 *
 *     ACTION: PHASE from CLIENT: REPLY; from=<a> to=<b> proto=ESMTP helo=<c>
 *     ACTION: header WORDS from CLIENT; from=<a> to=<b> proto=ESMTP helo=<c>: REPLY
 *
 * REPLY quotes addresses and so holds a stranger's words; what stands in angle brackets is
 * stepped over when its end is looked for. WORDS is all a stranger's: only the administrator's
 * REPLY behind it is taken.
 *
 * From DATA on the action befalls the whole mail, while to= names one recipient of several; the
 * phase tells it.
 */
#include "postfix.h"

static const struct phase {
    const char *word, *name;
    bool whole_mail, quotes_content;
} phases[] = {
    {"CONNECT", "connect", false, false},
    {"HELO", "helo", false, false},
    {"EHLO", "helo", false, false},
    {"MAIL", "mail", false, false},
    {"RCPT", "rcpt", false, false},
    {"DATA", "data", true, false},
    {"BDAT", "data", true, false},
    {"END-OF-MESSAGE", "eom", true, false},
    {"header", "header", true, true},
    {"mime-header", "header", true, true},
    {"nested-header", "header", true, true},
    {"body", "body", true, true},
};

static const struct phase *find_phase(struct slice word)
{
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
        if (slice_is(word, phases[i].word))
            return &phases[i];
    return NULL;
}

static const char *const tails[] = {"; from=<", "; proto=", NULL};
static const char *const after_from[] = {" to=<", " proto=", ", to=<", ", proto=", NULL};
static const char *const after_to[] = {" proto=", ", proto=", NULL};
static const char *const anything[] = {"", NULL};

static bool starts_tail(struct slice text)
{
    return slice_starts(text, tails[0]) || slice_starts(text, tails[1]);
}

/* Take the reply up to the tail; all of it if there is no tail. Each step goes forward, and a
 * bracket that is never closed is looked for only once. */
static struct slice take_reply(struct slice *from)
{
    bool brackets = true;
    for (size_t i = 0; i < from->size; i++) {
        struct slice here = slice_make(from->at + i, from->size - i), inside;
        if (here.at[0] == '<' && brackets) {
            struct slice after = slice_make(here.at + 1, here.size - 1);
            brackets = postfix_take_address(&after, anything, &inside);
            if (brackets)
                i += inside.size + 1;
        } else if (here.at[0] == ';' && starts_tail(here)) {
            struct slice reply = slice_make(from->at, i);
            *from = here;
            return reply;
        }
    }
    struct slice reply = *from;
    *from = slice_make(from->at + from->size, 0);
    return reply;
}

/* smtpd parts the fields with a blank, postscreen with a comma and a blank. */
static bool take_name(struct slice *from, const char *name)
{
    struct slice rest = *from;
    text_take_char(&rest, ',');
    text_take_char(&rest, ' ');
    if (!text_take(&rest, name))
        return false;
    *from = rest;
    return true;
}

static bool read_tail(struct slice rest, struct fact *fact)
{
    struct slice value;
    if (rest.size == 0)
        return true;
    text_take_char(&rest, ';');
    if (take_name(&rest, "from=<")) {
        if (!postfix_take_address(&rest, after_from, &value))
            return false;
        fact_set(fact, KEY_FROM, value);
    }
    if (take_name(&rest, "to=<")) {
        if (!postfix_take_address(&rest, after_to, &value))
            return false;
        fact_set(fact, KEY_TO, value);
    }
    if (!take_name(&rest, "proto=") || !text_take_any(&rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", &value))
        return false;
    if (take_name(&rest, "helo=<")) {
        while (rest.size > 0 && rest.at[rest.size - 1] != '>')
            rest.size--;
        if (rest.size > 0)
            fact_set(fact, KEY_HELO, slice_make(rest.at, rest.size - 1));
    }
    return true;
}

/* The administrator's words stand last, behind ">: " of the helo name (or of to=, for mail that
 * came by no SMTP). */
static struct slice content_reply(struct slice rest)
{
    struct slice before, reply = rest;
    while (text_take_until_text(&rest, ">: ", &before))
        reply = rest;
    return reply;
}

static bool read_content(struct slice rest, struct fact *fact)
{
    struct slice reply = content_reply(rest);
    fact_set(fact, KEY_REPLY, reply);
    fact_set(fact, KEY_STATUS, postfix_reply_status(reply));
    return reply.size > 0;
}

static bool read_command(struct slice rest, struct fact *fact)
{
    if (!text_take(&rest, "from ") || !postfix_take_client(&rest, fact) || !text_take(&rest, ": "))
        return false;
    struct slice reply = take_reply(&rest);
    fact_set(fact, KEY_REPLY, reply);
    fact_set(fact, KEY_STATUS, postfix_reply_status(reply));
    return read_tail(rest, fact);
}

/* What smtpd itself refuses at RCPT our milter is told of as refused; what another milter refuses
 * there we took for taken, if it comes after us. */
static enum fact_kind kind_of(struct slice action, bool queued, const struct phase *phase)
{
    bool later_milter =
        slice_is(action, "milter-reject: ") && slice_is(slice_of(phase->name), "rcpt");
    if (slice_ends(action, "reject: "))
        return queued && (phase->whole_mail || later_milter) ? FACT_REJECTED : FACT_REFUSED;
    if (!queued) /* the mail that will be held or thrown away has no name yet */
        return FACT_UNKNOWN;
    return slice_ends(action, "hold: ") ? FACT_HELD : FACT_DISCARDED;
}

int postfix_read_refusal(struct reading *reading)
{
    struct fact *fact = reading->fact;
    struct slice rest = reading->rest, word;
    bool queued = fact->value[KEY_QUEUE].at != NULL;
    if (!text_take_until(&rest, ' ', &word))
        return -1;
    const struct phase *phase = find_phase(word);
    if (phase == NULL) /* VRFY, ETRN, AUTH, ...: no mail */
        return 0;
    fact->kind = kind_of(reading->word, queued, phase);
    if (fact->kind == FACT_UNKNOWN)
        return 0;
    fact_set(fact, KEY_PHASE, slice_of(phase->name));
    if (!(phase->quotes_content ? read_content(rest, fact) : read_command(rest, fact)))
        return -1;
    return 1;
}
