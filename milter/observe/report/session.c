/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session: two tables of phrases; the first that fits decides.
 */
#include "session.h"

#include "value.h"
#include "page.h"
#include "phrases.h"

/* A name with a dot, or an address; not an e-mail address. */
static bool is_host(struct slice host)
{
    size_t letters = 0, dots = 0;

    for (size_t i = 0; i < host.size; i++) {
        char c = host.at[i];

        if (c == '.' || c == ':')
            dots++;
        else if ((unsigned char)c >= 0x80 || c == '-' || c == '_' || (c >= '0' && c <= '9') ||
                 (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
            letters++;
        else
            return false;
    }
    return dots > 0 && letters > 1;
}

struct slice session_remote(struct arena *arena, struct slice words)
{
    static const char *const phrases[] = {
        "while talking to ",
        "connect to ",
        "lost connection with ",
        "conversation with ",
        "remote server at ",
        "recipient domain by ",
        ": host ",
        " host ",
        "(host ",
        "message rejected by ",
        "giving up on ",
        "remote host ",
        "server response from ",
        "remote-mta: dns; ",
        "connected to ",
    };

    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
        struct slice found = phrase_find(words, phrases[i]), rest, host;

        if (found.at == NULL)
            continue;
        rest = slice_make(found.at + found.size,
                          words.size - (size_t)(found.at + found.size - words.at));
        for (size_t k = 0; k < rest.size; k++)
            if (rest.at[k] == '\n' || rest.at[k] == '\t')
                rest.size = k;
        host = value_host(arena, rest);
        if (host.at != NULL && is_host(host))
            return host;
    }
    return SLICE_ABSENT;
}

struct slice session_command(struct slice words)
{
    static const struct {
        const char *phrase, *command;
    } phrases[] = {
        {"in reply to end of data", "DATA"},
        {"in reply to rcpt to", "RCPT"},
        {"in reply to mail from", "MAIL"},
        {"in reply to data", "DATA"},
        {"in reply to bdat", "DATA"},
        {"in reply to ehlo", "EHLO"},
        {"in reply to helo", "HELO"},
        {"in reply to auth", "AUTH"},
        {"in reply to starttls", "STARTTLS"},
        {"refused to talk to me", "CONN"},
        {"after end of data", "DATA"},
        {"after rcpt to", "RCPT"},
        {"after mail from", "MAIL"},
        {"after sender verify", "MAIL"},
        {"after pipelined data", "DATA"},
        {"after pipelined end of data", "DATA"},
        {"after pipelined mail", "MAIL"},
        {"after pipelined rcpt", "RCPT"},
        {"after data", "DATA"},
        {"after ehlo", "EHLO"},
        {"after helo", "HELO"},
        {"after auth", "AUTH"},
        {"after starttls", "STARTTLS"},
        {"after initial connection", "CONN"},
        {"while sending end of data", "DATA"},
        {"while sending message body", "DATA"},
        {"while sending rcpt to", "RCPT"},
        {"while sending mail from", "MAIL"},
        {"while performing the ehlo", "EHLO"},
        {"while receiving the initial server greeting", "CONN"},
        {"in response to rcpt", "RCPT"},
        {"in response to mail", "MAIL"},
        {"in response to data", "DATA"},
        {"does not like recipient", "RCPT"},
        {"did not like our rcpt to", "RCPT"},
        {"did not like our mail from", "MAIL"},
        {"did not like our data", "DATA"},
        {"sent: rcpt to", "RCPT"},
        {"send: rcpt to", "RCPT"},
        {"smtp:rcpt host", "RCPT"},
        {"rcpt to response", "RCPT"},
        {"rcpt to generated following response", "RCPT"},
        {"following rcpt command", "RCPT"},
        {"<<< rcpt to", "RCPT"},
        {">>> rcpt to", "RCPT"},
        {">>> data", "DATA"},
        {">>> bdat", "DATA"},
        {">>> mail from", "MAIL"},
        {">>> ehlo", "EHLO"},
        {">>> helo", "HELO"},
        {"connection timed out", "CONN"},
        {"connection refused", "CONN"},
    };

    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++)
        if (page_says(words, phrases[i].phrase))
            return slice_of(phrases[i].command);
    return SLICE_ABSENT;
}

static struct slice verb_of(struct slice command)
{
    static const char *const verbs[] = {"RCPT", "DATA", "MAIL", "EHLO", "HELO", "AUTH", "STARTTLS"};

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        struct slice verb = slice_of(verbs[i]);

        if (command.size >= verb.size &&
            slice_equal_nocase(slice_make(command.at, verb.size), verb))
            return verb;
    }
    return SLICE_ABSENT;
}

static bool is_refusal(struct slice answer)
{
    return answer.size > 3 && (answer.at[0] == '4' || answer.at[0] == '5');
}

struct slice session_transcript(struct slice text, struct slice address, struct slice words)
{
    struct slice line, command = SLICE_ABSENT;

    while (page_line(&text, &line)) {
        line = slice_trim(line);
        if (text_take(&line, ">>> ")) {
            command = line;
            continue;
        }
        if (command.at == NULL || !text_take(&line, "<<< ") || !is_refusal(line))
            continue;
        if (value_holds(command, address) || value_holds(line, address) ||
            (line.size > 3 && value_holds(words, line)))
            return verb_of(command);
    }
    return SLICE_ABSENT;
}
