/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What belongs to one connection. Promise: nothing of a mail is in here but in `message`, so
 * nothing can be carried over to the next.
 */
#include "session.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct session *session_new(unsigned long granted)
{
    struct session *session = calloc(1, sizeof *session);

    if (session == NULL)
        return NULL;
    session->granted = granted;
    session->rules = witness_rules_take();
    witness_count(COUNT_SESSIONS, 1);
    witness_count(COUNT_OPEN_SESSIONS, 1);
    return session;
}

void session_free(struct session *session)
{
    message_clear(&session->message);
    witness_rules_give_back(session->rules);
    free(session->client);
    free(session->helo);
    free(session->daemon);
    free(session->daemon_port);
    free(session);
    witness_count(COUNT_OPEN_SESSIONS, -1);
}

/* Without memory a text is as if it had not been told. */
static void keep(char **place, const char *text)
{
    free(*place);
    *place = text == NULL || text[0] == '\0' ? NULL : strndup(text, SESSION_TEXT_MAX);
}

/* A client without a name is shown by libmilter's callers as "[192.0.2.7]". */
static const char *client_name(const struct session_connect *told)
{
    if (told->client_name[0] != '\0')
        return told->client_name;
    return told->host != NULL && told->host[0] == '[' ? "unknown" : told->host;
}

static void keep_port(struct session *session, unsigned port)
{
    if (port > 0 && port <= UINT16_MAX) /* 0: not from the network */
        snprintf(session->port, sizeof session->port, "%u", port);
}

static void keep_address(struct session *session, const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)address;
        inet_ntop(AF_INET, &v4->sin_addr, session->ip, sizeof session->ip);
        keep_port(session, ntohs(v4->sin_port));
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)address;
        inet_ntop(AF_INET6, &v6->sin6_addr, session->ip, sizeof session->ip);
        keep_port(session, ntohs(v6->sin6_port));
    }
}

/* A macro counts only if it is an address; Sendmail writes "IPv6:" in front. */
static void keep_address_text(struct session *session, const char *text)
{
    unsigned char bytes[sizeof(struct in6_addr)];

    if (strncasecmp(text, "IPv6:", 5) == 0)
        text += 5;
    if (inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1)
        snprintf(session->ip, sizeof session->ip, "%s", text);
}

void session_connect(struct session *session, const struct session_connect *told)
{
    uint64_t port;

    if (told->address != NULL)
        keep_address(session, told->address);
    if (session->ip[0] == '\0')
        keep_address_text(session, told->client_address);
    if (session->port[0] == '\0' && text_number(slice_of(told->client_port), 1, UINT16_MAX, &port))
        keep_port(session, (unsigned)port);
    keep(&session->client, client_name(told));
    session->confirmed = strcmp(told->client_resolve, "OK") == 0;
    keep(&session->daemon, told->daemon_name);
    keep(&session->daemon_port, told->daemon_port);
}

void session_helo(struct session *session, const char *name)
{
    keep(&session->helo, name);
}

static struct slice told(const char *text)
{
    return text == NULL || text[0] == '\0' ? SLICE_ABSENT : slice_of(text);
}

void session_fill_client(const struct session *session, struct fact *fact)
{
    fact_set(fact, KEY_CLIENT, session->confirmed ? told(session->client) : slice_of("unknown"));
    fact_set(fact, KEY_IP, told(session->ip));
}

bool session_is_local(const struct session *session)
{
    return session->port[0] == '\0' && slice_is(slice_of(session->client), "localhost") &&
           !session->message.bracketed;
}

void session_fill(const struct session *session, struct fact *fact)
{
    fact_set(fact, KEY_CLIENT, told(session->client));
    fact_set(fact, KEY_IP, told(session->ip));
    fact_set(fact, KEY_PORT, told(session->port));
    fact_set(fact, KEY_HELO, told(session->helo));
    fact_set(fact, KEY_DAEMON, told(session->daemon));
    fact_set(fact, KEY_DAEMON_PORT, told(session->daemon_port));
}
