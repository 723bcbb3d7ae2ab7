/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * handin: see handin.h. A conversation of six commands, each answered within REPLY_SECONDS or it is
 * over.
 */
#include "handin.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "milters.h"

#define REPLY_SECONDS 20
#define LINES_MAX 100 /* of one reply */

bool handin_address_fits(const char *address)
{
    for (const char *at = address; *at != '\0'; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7f || *at == '<' || *at == '>')
            return false;
    return *address != '\0' && strlen(address) < 320;
}

/* ---- where to ---- */

struct door {
    char host[256], port[32];
};

static bool take_word(struct slice *list, struct slice *word)
{
    struct slice blanks;

    text_take_any(list, ", \t", &blanks);
    *word = *list;
    while (list->size > 0 && strchr(", \t", list->at[0]) == NULL)
        *list = slice_make(list->at + 1, list->size - 1);
    word->size -= list->size;
    return word->size > 0;
}

bool handin_host(struct slice interfaces, struct slice protocols, char host[static 256])
{
    const char *loopback = slice_is(protocols, "ipv6") ? "::1" : "127.0.0.1";
    struct slice first = SLICE_ABSENT, word;

    while (take_word(&interfaces, &word)) {
        if (slice_is(word, "all") || slice_is(word, "loopback-only"))
            return slice_copy(slice_of(loopback), host, 256);
        if (slice_is(word, "localhost") || slice_starts(word, "127.") || slice_is(word, "::1") ||
            slice_is(word, "[::1]"))
            return slice_copy(word, host, 256);
        if (first.at == NULL)
            first = word;
    }
    return first.at != NULL && slice_copy(first, host, 256);
}

/* "smtp", "26300", "127.0.0.1:26300", "[::1]:26300"; `usual` is where the first two are. */
static bool read_name(struct slice name, const char *usual, struct door *door)
{
    struct slice host = name, port;

    if (!text_cut_last(&host, ":", &port)) {
        port = name;
        host = slice_of(usual);
    }
    if (slice_starts(host, "[") && slice_ends(host, "]"))
        host = slice_make(host.at + 1, host.size - 2);
    return slice_copy(host, door->host, sizeof door->host) &&
           slice_copy(port, door->port, sizeof door->port);
}

/* Where mail comes in from elsewhere; not where clients have to log in. */
static bool is_door(const struct mta_service *service)
{
    return slice_is(service->type, "inet") &&
           (slice_is(service->command, "smtpd") || slice_is(service->command, "postscreen")) &&
           !slice_starts(service->name, "submission") && !slice_starts(service->name, "smtps");
}

static int find_door(const struct doctor *doctor, struct door *door, struct error *why)
{
    const struct mta *mta = doctor->mta;
    size_t count = doctor->kind == MTA_POSTFIX ? mta_service_count(mta) : 0;
    char host[256] = "";

    if (doctor->kind != MTA_POSTFIX)
        return read_name(slice_of("smtp"), "127.0.0.1", door) ? 0 : -1;
    (void)handin_host(mta_value(mta, "inet_interfaces"), mta_value(mta, "inet_protocols"), host);
    for (size_t i = 0; i < count; i++) {
        struct mta_service service = mta_service_at(mta, i);
        if (!is_door(&service) || !read_name(service.name, host, door))
            continue;
        return *door->host != '\0'
                   ? 0
                   : error_set(why, "inet_interfaces is empty, so no smtpd listens for mail");
    }
    return error_set(why, "master.cf has no smtpd that takes mail from elsewhere");
}

static int open_door(const struct door *door, struct error *why)
{
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
    const struct timeval patience = {.tv_sec = REPLY_SECONDS};
    struct addrinfo *found;
    int fd, result = getaddrinfo(door->host, door->port, &wanted, &found);

    if (result != 0)
        return error_set(why, "%s port %s: %s", door->host, door->port, gai_strerror(result));
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
        connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
        error_set(why, "cannot connect to %s port %s: %s", door->host, door->port, strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    return fd;
}

/* ---- the conversation ---- */

/* The last line of the reply into mail->reply. Its code, or -1. */
static int read_reply(FILE *from, struct handin *mail, struct error *why)
{
    char line[sizeof mail->reply];

    mail->reply[0] = '\0';
    for (int count = 0; count < LINES_MAX && fgets(line, sizeof line, from) != NULL; count++) {
        struct slice rest = slice_trim(slice_of(line));
        uint64_t code;
        slice_copy(rest, mail->reply, sizeof mail->reply);
        if (!text_take_number(&rest, &code) || code > 599)
            break;
        if (!slice_starts(rest, "-"))
            return (int)code;
    }
    return error_set(why, "no answer of an SMTP server");
}

static int say(FILE *to, FILE *from, struct handin *mail, int wanted, struct error *why,
               const char *command, const char *argument, const char *end)
{
    int code;

    if (fprintf(to, "%s%s%s\r\n", command, argument, end) < 0 || fflush(to) != 0)
        return error_set(why, "the connection broke at %s", command);
    code = read_reply(from, mail, why);
    if (code == wanted)
        return 0;
    if (code > 0)
        error_set(why, "%s", mail->reply);
    return error_prefix(why, "%s%s%s", command, argument, end);
}

static int talk(FILE *to, FILE *from, struct handin *mail, struct error *why)
{
    int code = read_reply(from, mail, why);

    if (code < 0)
        return -1;
    if (code != 220)
        return error_set(why, "%s", mail->reply);
    if (say(to, from, mail, 250, why, "EHLO ", mail->helo, "") != 0 ||
        say(to, from, mail, 250, why, "MAIL FROM:<", mail->from, ">") != 0 ||
        say(to, from, mail, 250, why, "RCPT TO:<", mail->to, ">") != 0 ||
        say(to, from, mail, 354, why, "DATA", "", "") != 0)
        return -1;
    fputs(mail->text, to);
    if (say(to, from, mail, 250, why, ".", "", "") != 0)
        return -1;
    fputs("QUIT\r\n", to);
    return 0;
}

int handin_send(const struct doctor *doctor, struct handin *mail, struct error *why)
{
    struct door door;
    FILE *to, *from;
    int fd, result;

    if (find_door(doctor, &door, why) < 0)
        return -1;
    snprintf(mail->where, sizeof mail->where, "%s:%s", door.host, door.port);
    fd = open_door(&door, why);
    if (fd < 0)
        return -1;
    to = fdopen(fd, "w");
    from = fdopen(dup(fd), "r");
    result = to == NULL || from == NULL ? error_set(why, "cannot hand it in: no memory")
                                        : talk(to, from, mail, why);
    if (to != NULL)
        fclose(to);
    else
        close(fd);
    if (from != NULL)
        fclose(from);
    return result;
}
