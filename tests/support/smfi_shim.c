/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A libmilter without sockets and threads: the test is the MTA.
 */
#include "smfi_shim.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MACROS_MAX 16
#define WORDS_MAX 64

struct macro {
    char *name, *value;
};

struct smfi_str {
    void *private;
    unsigned long granted;
    unsigned long actions;
    bool broken, unchangeable, at_eom;
    char changed_sender[1024];
    char *asked[SMFIM_LAST + 1];
    struct macro macros[SMFIM_LAST + 1][MACROS_MAX];
};

static struct smfiDesc table;
static atomic_uint bad_answers;

unsigned shim_bad_answers(void)
{
    return atomic_load(&bad_answers);
}

/* ---- what the room calls ---- */

int smfi_register(struct smfiDesc description)
{
    table = description;
    return MI_SUCCESS;
}

int smfi_main(void)
{
    return MI_SUCCESS;
}

int smfi_opensocket(int remove) /* mfapi.h has a bool of its own */
{
    assert(!remove); /* it would take a living socket away */
    return MI_SUCCESS;
}

int smfi_setconn(char *name)
{
    return name == NULL ? MI_FAILURE : MI_SUCCESS;
}

int smfi_stop(void)
{
    return MI_SUCCESS;
}

int smfi_settimeout(int seconds)
{
    return seconds > 0 ? MI_SUCCESS : MI_FAILURE;
}

int smfi_setbacklog(int size)
{
    return size > 0 ? MI_SUCCESS : MI_FAILURE;
}

int smfi_setpriv(SMFICTX *context, void *data)
{
    context->private = data;
    return MI_SUCCESS;
}

void *smfi_getpriv(SMFICTX *context)
{
    return context->private;
}

int smfi_setsymlist(SMFICTX *context, int stage, char *macros)
{
    assert(stage >= SMFIM_FIRST && stage <= SMFIM_LAST && macros != NULL);
    if (context->asked[stage] != NULL)
        return MI_FAILURE;
    context->asked[stage] = strdup(macros);
    return MI_SUCCESS;
}

char *smfi_getsymval(SMFICTX *context, char *name)
{
    const char *volatile *volatile nowhere = (const char *volatile *)(uintptr_t)0x38;

    if (context->broken)
        return strcmp(*nowhere, name) == 0 ? name : NULL;
    for (int stage = SMFIM_LAST; stage >= SMFIM_FIRST; stage--)
        for (int i = 0; i < MACROS_MAX; i++)
            if (context->macros[stage][i].name != NULL &&
                strcmp(context->macros[stage][i].name, name) == 0)
                return context->macros[stage][i].value;
    return NULL;
}

int smfi_chgfrom(SMFICTX *context, char *mail, char *arguments)
{
    assert(context->at_eom && (context->actions & SMFIF_CHGFROM) != 0);
    if (context->unchangeable)
        return MI_FAILURE;
    snprintf(context->changed_sender, sizeof context->changed_sender, "%s %s", mail, arguments);
    return MI_SUCCESS;
}

/* ---- what the test calls ---- */

const char *shim_changed_sender(SMFICTX *context)
{
    return context->changed_sender[0] == '\0' ? NULL : context->changed_sender;
}

void shim_break_changes(SMFICTX *context)
{
    context->unchangeable = true;
}

void shim_break_macros(SMFICTX *context)
{
    context->broken = true;
}

SMFICTX *shim_connection(void)
{
    SMFICTX *context = calloc(1, sizeof *context);

    assert(context != NULL);
    return context;
}

static void clear_macros(SMFICTX *context, int from)
{
    for (int stage = from; stage <= SMFIM_LAST; stage++)
        for (int i = 0; i < MACROS_MAX; i++) {
            free(context->macros[stage][i].name);
            free(context->macros[stage][i].value);
            context->macros[stage][i] = (struct macro){NULL, NULL};
        }
}

void shim_forget(SMFICTX *context)
{
    assert(context->private == NULL);
    clear_macros(context, SMFIM_FIRST);
    for (int stage = SMFIM_FIRST; stage <= SMFIM_LAST; stage++)
        free(context->asked[stage]);
    free(context);
}

void shim_macro(SMFICTX *context, int stage, const char *name, const char *value)
{
    struct macro *place = context->macros[stage];

    while (place->name != NULL && strcmp(place->name, name) != 0) {
        place++;
        assert(place < context->macros[stage] + MACROS_MAX);
    }
    free(place->name);
    free(place->value);
    *place = (struct macro){strdup(name), strdup(value)};
}

const char *shim_asked(SMFICTX *context, int stage)
{
    return context->asked[stage];
}

unsigned long shim_granted(SMFICTX *context)
{
    return context->granted;
}

unsigned long shim_actions(SMFICTX *context)
{
    return context->actions;
}

static sfsistat judge(SMFICTX *context, sfsistat answer, unsigned long no_reply, bool may_skip)
{
    bool agreed = (context->granted & no_reply) != 0;
    bool good =
        agreed ? answer == SMFIS_NOREPLY : answer == SMFIS_CONTINUE || answer == SMFIS_ACCEPT;

    if (may_skip && answer == SMFIS_SKIP && (context->granted & SMFIP_SKIP) != 0)
        good = true;
    if (!good)
        atomic_fetch_add(&bad_answers, 1);
    return answer;
}

sfsistat shim_negotiate(SMFICTX *context, unsigned long actions, unsigned long protocol)
{
    /* libmilter offers these always, and fakes them */
    const unsigned long faked = SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_RCPT |
                                SMFIP_NR_DATA | SMFIP_NR_UNKN | SMFIP_NR_HDR | SMFIP_NR_EOH |
                                SMFIP_NR_BODY;
    unsigned long want_actions = 0, want_protocol = 0, want2 = 0, want3 = 0;
    sfsistat answer = table.xxfi_negotiate(context, actions, protocol | faked, 0, 0, &want_actions,
                                           &want_protocol, &want2, &want3);

    if ((want_actions & ~actions) != 0 || (want_protocol & ~(protocol | faked)) != 0)
        atomic_fetch_add(&bad_answers, 1);
    context->granted = want_protocol;
    context->actions = want_actions;
    return judge(context, answer, 0, false);
}

sfsistat shim_connect(SMFICTX *context, const char *host, const char *address, unsigned port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((in_port_t)port)};
    struct sockaddr local = {.sa_family = AF_UNIX};
    void *place = NULL;

    clear_macros(context, SMFIM_CONNECT + 1);
    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
        place = &v4;
    else if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1)
        place = &v6;
    else if (strcmp(address, "local") == 0)
        place = &local;
    return judge(context, table.xxfi_connect(context, (char *)(void *)host, place), SMFIP_NR_CONN,
                 false);
}

sfsistat shim_helo(SMFICTX *context, const char *name)
{
    clear_macros(context, SMFIM_HELO + 1);
    return judge(context, table.xxfi_helo(context, (char *)(void *)name), SMFIP_NR_HELO, false);
}

/* Bytes are taken as they are; only blanks part words. */
static void split(char *text, char *words[WORDS_MAX])
{
    size_t count = 0;

    words[count++] = text;
    for (; *text != '\0'; text++)
        if (*text == ' ') {
            *text = '\0';
            assert(count < WORDS_MAX - 1);
            words[count++] = text + 1;
        }
    words[count] = NULL;
}

sfsistat shim_mail(SMFICTX *context, const char *words)
{
    char *copy = strdup(words), *argv[WORDS_MAX];
    sfsistat answer;

    clear_macros(context, SMFIM_ENVFROM + 1);
    split(copy, argv);
    answer = judge(context, table.xxfi_envfrom(context, argv), SMFIP_NR_MAIL, false);
    free(copy);
    return answer;
}

sfsistat shim_rcpt(SMFICTX *context, const char *words)
{
    char *copy = strdup(words), *argv[WORDS_MAX];
    sfsistat answer;

    clear_macros(context, SMFIM_ENVRCPT + 1);
    split(copy, argv);
    answer = judge(context, table.xxfi_envrcpt(context, argv), SMFIP_NR_RCPT, false);
    free(copy);
    return answer;
}

sfsistat shim_data(SMFICTX *context)
{
    return judge(context, table.xxfi_data(context), SMFIP_NR_DATA, false);
}

sfsistat shim_header(SMFICTX *context, const char *name, const char *value)
{
    char *own_name = strdup(name),
         *own_value = strdup(value); /* exact size: ASan sees a step over */
    sfsistat answer =
        judge(context, table.xxfi_header(context, own_name, own_value), SMFIP_NR_HDR, false);

    free(own_name);
    free(own_value);
    return answer;
}

sfsistat shim_eoh(SMFICTX *context)
{
    return judge(context, table.xxfi_eoh(context), SMFIP_NR_EOH, false);
}

sfsistat shim_body_bytes(SMFICTX *context, const char *bytes, size_t size)
{
    unsigned char *copy = malloc(size == 0 ? 1 : size);
    sfsistat answer;

    assert(copy != NULL);
    memcpy(copy, bytes, size);
    answer = judge(context, table.xxfi_body(context, copy, size), SMFIP_NR_BODY, true);
    free(copy);
    return answer;
}

sfsistat shim_body(SMFICTX *context, size_t size)
{
    char *bytes = malloc(size == 0 ? 1 : size);
    sfsistat answer;

    assert(bytes != NULL);
    memset(bytes, 'x', size);
    answer = shim_body_bytes(context, bytes, size);
    free(bytes);
    return answer;
}

sfsistat shim_eom(SMFICTX *context)
{
    sfsistat answer;

    context->at_eom = true;
    answer = judge(context, table.xxfi_eom(context), 0, false);
    context->at_eom = false;
    return answer;
}

void shim_abort(SMFICTX *context)
{
    table.xxfi_abort(context);
}

void shim_close(SMFICTX *context)
{
    table.xxfi_close(context);
}
