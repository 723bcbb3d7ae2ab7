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

static const char *const remotes[] = {
    "while talking to ",
    "connect to ",
    "lost connection with ",
    "conversation with ",
    "remote server at ",
    "recipient domain by ",
    ": host ",
    "(host ",
    "message rejected by ",
    "giving up on ",
    "remote host ",
    "server response from ",
    "remote-mta: dns; ",
    "connected to ",
};
#define REMOTES (sizeof(remotes) / sizeof(remotes[0]))

static const char *remote_words(size_t number)
{
    return remotes[number];
}

static struct lexicon remote_lexicon = {.count = REMOTES, .words = remote_words};

/* What stands behind the phrase, in its line. */
static struct slice rest_of_line(struct slice words, size_t from)
{
    struct slice rest = slice_make(words.at + from, words.size - from);

    while (rest.size > 0 && (unsigned char)rest.at[0] <= ' ')
        rest = slice_make(rest.at + 1, rest.size - 1);
    for (size_t i = 0; i < rest.size; i++)
        if (rest.at[i] == '\n' || rest.at[i] == '\t')
            rest.size = i;
    return rest;
}

struct slice session_remote(struct arena *arena, struct slice words)
{
    uint32_t ends[REMOTES];

    if (!phrases_seek(&remote_lexicon, words, ends))
        return SLICE_ABSENT;
    for (size_t i = 0; i < REMOTES; i++) {
        struct slice host = SLICE_ABSENT;

        if (ends[i] > 0)
            host = value_host(arena, rest_of_line(words, ends[i]));
        if (host.at != NULL && is_host(host))
            return host;
    }
    return SLICE_ABSENT;
}

static const struct {
    const char *phrase, *command;
} commands[] = {
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
    {">>> rcpt to", "RCPT"},
    {">>> data", "DATA"},
    {">>> bdat", "DATA"},
    {">>> mail from", "MAIL"},
    {">>> ehlo", "EHLO"},
    {">>> helo", "HELO"},
    {"connection timed out", "CONN"},
    {"connection refused", "CONN"},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char *command_words(size_t number)
{
    return commands[number].phrase;
}

static struct lexicon command_lexicon = {.count = COMMANDS, .words = command_words};

struct slice session_command(struct slice words)
{
    uint32_t ends[COMMANDS];

    if (!phrases_seek(&command_lexicon, words, ends))
        return SLICE_ABSENT;
    for (size_t i = 0; i < COMMANDS; i++)
        if (ends[i] > 0)
            return slice_of(commands[i].command);
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

#define COMPARED_MAX (2 << 20) /* bytes: a few milliseconds */

struct transcript session_transcript(struct slice text)
{
    struct transcript transcript = {.text = SLICE_ABSENT, .left = COMPARED_MAX};
    ptrdiff_t first = slice_find_text(text, ">>> ");
    struct slice rest, line;

    if (first < 0)
        return transcript;
    while (first > 0 && text.at[first - 1] != '\n')
        first--;
    transcript.text = slice_make(text.at + first, 0);
    rest = slice_make(transcript.text.at, text.size - (size_t)first);
    while (page_line(&rest, &line))
        if (slice_starts(slice_trim(line), "<<< "))
            transcript.text.size = (size_t)(line.at + line.size - transcript.text.at);
    return transcript;
}

static bool holds(struct transcript *transcript, struct slice text, struct slice part)
{
    size_t cost = text.size < transcript->left ? text.size : transcript->left;

    transcript->left -= cost;
    return transcript->left > 0 && value_holds(text, part);
}

struct slice session_refused(struct transcript *transcript, struct slice address,
                             struct slice words)
{
    struct slice text = transcript->text, line, command = SLICE_ABSENT;

    while (transcript->left > 0 && page_line(&text, &line)) {
        transcript->left -= line.size < transcript->left ? line.size : transcript->left;
        line = slice_trim(line);
        if (text_take(&line, ">>> ")) {
            command = line;
            continue;
        }
        if (command.at == NULL || !text_take(&line, "<<< ") || !is_refusal(line))
            continue;
        if (holds(transcript, command, address) || holds(transcript, line, address) ||
            (line.size > 3 && holds(transcript, words, line)))
            return verb_of(command);
    }
    return SLICE_ABSENT;
}
