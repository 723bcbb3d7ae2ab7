/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One short function per phase, called by libmilter: it reads macros and hands over.
 *
 * Promise: the answer is continue (by saying nothing, where that was agreed) or skip, whatever
 * happens; without memory the mail passes unseen. libmilter may call close without connect, MAIL
 * without HELO, and each callback of a session on another thread; so no callback relies on one
 * before it.
 */
#include "callbacks.h"

#include "latency.h"
#include "macros.h"
#include "negotiate.h"
#include "session.h"

/* The session, made if need be: after QUIT_NC an MTA begins the next one without negotiating. */
static struct session *session_of(SMFICTX *context)
{
    struct session *session = smfi_getpriv(context);

    if (session == NULL) {
        session = session_new(0);
        if (session != NULL)
            smfi_setpriv(context, session);
    }
    return session;
}

/* A flag that we do not know of does no harm: libmilter itself keeps back an answer that the MTA
 * would not expect. */
static sfsistat go_on(const struct session *session, unsigned long no_reply)
{
    if (session != NULL && (session->granted & no_reply) != 0)
        return SMFIS_NOREPLY;
    return SMFIS_CONTINUE;
}

static sfsistat answered(enum smtp_phase phase, int64_t began, sfsistat answer)
{
    latency_add(phase, began);
    return answer;
}

static sfsistat on_negotiate(SMFICTX *context, unsigned long actions, unsigned long protocol,
                             unsigned long reserved0, unsigned long reserved1,
                             unsigned long *want_actions, unsigned long *want_protocol,
                             unsigned long *want0, unsigned long *want1)
{
    int64_t began = latency_clock();
    struct session *session = session_of(context);

    (void)reserved0;
    (void)reserved1;
    *want_actions = negotiate_actions(actions, session != NULL && session->rules->stamps);
    *want_protocol = negotiate_protocol(protocol);
    *want0 = *want1 = 0;
    if (session != NULL) {
        session->granted = *want_protocol;
        session->actions = *want_actions;
    }
    if ((*want_actions & SMFIF_SETSYMLIST) != 0)
        negotiate_macros(context);
    return answered(SMTP_NEGOTIATE, began, SMFIS_CONTINUE);
}

static sfsistat on_connect(SMFICTX *context, char *host, _SOCK_ADDR *address)
{
    int64_t began = latency_clock();
    struct session *session = session_of(context);
    struct macro name, resolve, ip, port, daemon, daemon_port;

    if (session != NULL)
        session_connect(session,
                        &(struct session_connect){
                            .host = host,
                            .address = address,
                            .client_name = macro_read(context, "{client_name}", &name),
                            .client_resolve = macro_read(context, "{client_resolve}", &resolve),
                            .client_address = macro_read(context, "{client_addr}", &ip),
                            .client_port = macro_read(context, "{client_port}", &port),
                            .daemon_name = macro_read(context, "{daemon_name}", &daemon),
                            .daemon_port = macro_read(context, "{daemon_port}", &daemon_port),
                        });
    return answered(SMTP_CONNECT, began, go_on(session, SMFIP_NR_CONN));
}

static sfsistat on_helo(SMFICTX *context, char *name)
{
    int64_t began = latency_clock();
    struct session *session = session_of(context);

    if (session != NULL)
        session_helo(session, name);
    return answered(SMTP_HELO, began, go_on(session, SMFIP_NR_HELO));
}

static sfsistat on_mail(SMFICTX *context, char **words)
{
    int64_t began = latency_clock();
    struct session *session = session_of(context);
    struct macro id, login, mechanism, version, cipher, bits;

    if (session != NULL && words != NULL && words[0] != NULL)
        message_mail(session, words,
                     &(struct mail_macros){
                         .queue_id = macro_read(context, "i", &id),
                         .login = macro_read(context, "{auth_authen}", &login),
                         .mechanism = macro_read(context, "{auth_type}", &mechanism),
                         .tls_version = macro_read(context, "{tls_version}", &version),
                         .cipher = macro_read(context, "{cipher}", &cipher),
                         .cipher_bits = macro_read(context, "{cipher_bits}", &bits),
                     });
    return answered(SMTP_MAIL, began, go_on(session, SMFIP_NR_MAIL));
}

static sfsistat on_rcpt(SMFICTX *context, char **words)
{
    int64_t began = latency_clock();
    struct session *session = session_of(context);
    struct macro id, mailer, host, address;

    if (session != NULL && words != NULL && words[0] != NULL)
        message_rcpt(session, words,
                     &(struct rcpt_macros){
                         .queue_id = macro_read(context, "i", &id),
                         .mailer = macro_read(context, "{rcpt_mailer}", &mailer),
                         .host = macro_read(context, "{rcpt_host}", &host),
                         .address = macro_read(context, "{rcpt_addr}", &address),
                     });
    return answered(SMTP_RCPT, began, go_on(session, SMFIP_NR_RCPT));
}

static sfsistat on_data(SMFICTX *context)
{
    int64_t began = latency_clock();
    struct session *session = session_of(context);
    struct macro id;

    if (session != NULL)
        message_data(session, macro_read(context, "i", &id));
    return answered(SMTP_DATA, began, go_on(session, SMFIP_NR_DATA));
}

static sfsistat on_header(SMFICTX *context, char *name, char *value)
{
    int64_t began = latency_clock();
    struct session *session = session_of(context);

    if (session != NULL && name != NULL && value != NULL)
        message_header(session, name, value);
    return answered(SMTP_HEADER, began, go_on(session, SMFIP_NR_HDR));
}

static sfsistat on_end_of_header(SMFICTX *context)
{
    int64_t began = latency_clock();
    struct session *session = session_of(context);
    struct macro id;

    if (session != NULL)
        message_end_of_header(session, macro_read(context, "i", &id));
    return answered(SMTP_EOH, began, go_on(session, SMFIP_NR_EOH));
}

static sfsistat on_body(SMFICTX *context, unsigned char *bytes, size_t size)
{
    int64_t began = latency_clock();
    struct session *session = session_of(context);

    if (session == NULL || message_body(session, bytes, size) ||
        (session->granted & SMFIP_SKIP) == 0)
        return answered(SMTP_BODY, began, SMFIS_CONTINUE);
    message_skip(session);
    return answered(SMTP_BODY, began, SMFIS_SKIP);
}

static sfsistat on_end_of_message(SMFICTX *context)
{
    int64_t began = latency_clock();
    struct session *session = session_of(context);
    struct macro id, size;

    if (session != NULL) {
        stamp_put(context, session);
        message_end(session, macro_read(context, "i", &id),
                    macro_read(context, "{msg_size}", &size));
    }
    return answered(SMTP_EOM, began, SMFIS_CONTINUE);
}

static sfsistat on_abort(SMFICTX *context)
{
    struct session *session = smfi_getpriv(context);

    if (session != NULL)
        message_abandon(session);
    return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *context)
{
    struct session *session = smfi_getpriv(context);

    if (session != NULL) {
        message_abandon(session);
        session_free(session);
        smfi_setpriv(context, NULL);
    }
    return SMFIS_CONTINUE;
}

struct smfiDesc callbacks_table(void)
{
    return (struct smfiDesc){
        .xxfi_name = "waybill",
        .xxfi_version = SMFI_VERSION,
        .xxfi_negotiate = on_negotiate,
        .xxfi_connect = on_connect,
        .xxfi_helo = on_helo,
        .xxfi_envfrom = on_mail,
        .xxfi_envrcpt = on_rcpt,
        .xxfi_data = on_data,
        .xxfi_header = on_header,
        .xxfi_eoh = on_end_of_header,
        .xxfi_body = on_body,
        .xxfi_eom = on_end_of_message,
        .xxfi_abort = on_abort,
        .xxfi_close = on_close,
    };
}
