/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The envelope id is put by smfi_chgfrom, which names the sender once more. Promise: a sender that
 * could come back changed from that is left alone, and so is a mail whose client gave an ENVID.
 */
#include "stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

#define SENDER_MAX 254 /* RFC 5321 */

void stamp_clear(struct stamp *stamp)
{
    free(stamp->sender);
    *stamp = (struct stamp){.sender = NULL};
}

static bool is_letter_or_digit(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9');
}

/* Words of these letters with single dots between them. */
static bool is_dotted(struct slice text, const char *others)
{
    bool after_dot = true;

    for (size_t i = 0; i < text.size; i++) {
        bool dot = text.at[i] == '.';
        if (dot ? after_dot : !is_letter_or_digit(text.at[i]) && strchr(others, text.at[i]) == NULL)
            return false;
        after_dot = dot;
    }
    return !after_dot;
}

/* "<local@domain>", in brackets as only the network gives it, that every server reads in the same
 * way. Quotes, routes, '%' and '!', which some take for one, letters beyond ASCII, and addresses
 * without a domain are not. */
static bool is_plain(struct slice typed)
{
    struct slice local, rest = typed;

    return typed.size <= SENDER_MAX + 2 && text_take_char(&rest, '<') && slice_ends(rest, ">") &&
           text_take_until(&rest, '@', &local) && is_dotted(local, "#$&'*+-/=?^_`{|}~") &&
           is_dotted(slice_make(rest.at, rest.size - 1), "-");
}

/* Even one that is malformed is the client's own word. */
static bool has_word(char *const *words, const char *name)
{
    for (; *words != NULL; words++)
        if (strncasecmp(*words, name, strlen(name)) == 0)
            return true;
    return false;
}

void stamp_prepare(struct session *session, char **words)
{
    struct stamp *stamp = &session->message.stamp;

    if (!session->rules->stamps || (session->actions & SMFIF_CHGFROM) == 0 ||
        !is_plain(slice_of(words[0])) || has_word(words + 1, "ENVID"))
        return;
    stamp->has_ret = has_word(words + 1, "RET");
    stamp->sender = strdup(words[0]);
}

void stamp_put(SMFICTX *context, struct session *session)
{
    struct message *message = &session->message;
    struct stamp *stamp = &message->stamp;
    char arguments[TOKEN_ENVID_ROOM + 32];

    if (message->waybill == 0 || stamp->sender == NULL)
        return;
    token_envid(&session->rules->envid_keys, message->waybill, stamp->token);
    snprintf(arguments, sizeof arguments, "ENVID=%s%s", stamp->token,
             stamp->has_ret ? "" : " RET=HDRS");
    if (smfi_chgfrom(context, stamp->sender, arguments) == MI_SUCCESS) {
        witness_count(COUNT_STAMPED, 1);
    } else {
        stamp->token[0] = '\0';
        witness_count(COUNT_STAMP_FAILURES, 1);
    }
}
