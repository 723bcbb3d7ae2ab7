/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The witness of the SMTP phases: opening, serving, reloading.
 *
 *     libmilter --> callbacks --> session, message --> witness --> journal
 */
#include "waybill/smtp.h"

#include "callbacks.h"
#include "listen.h"
#include "macros.h"
#include "waybill/endpoint.h"
#include "waybill/log.h"
#include "witness.h"

/* An MTA is silent while its client sends a large mail over a slow line; two hours are what
 * libmilter itself allows. */
#define SILENCE_S 7210
#define BACKLOG 1024

int smtp_open(const struct settings *settings, struct journal *journal, unsigned node,
              unsigned generation, uint64_t last_id, bool take_over, struct error *why)
{
    if (witness_start(settings, journal, node, generation, last_id, why) < 0 ||
        macros_guard(why) < 0)
        return -1;
    if (smfi_register(callbacks_table()) != MI_SUCCESS)
        return error_set(why, "cannot register with libmilter");
    smfi_settimeout(SILENCE_S);
    smfi_setbacklog(BACKLOG);
    return listen_open(settings->listen, (mode_t)settings->listen_mode, take_over, why);
}

int smtp_run(struct error *why)
{
    if (smfi_main() != MI_SUCCESS)
        return error_set(why, "libmilter ended with a failure; it told syslog why");
    return 0;
}

void smtp_close(void)
{
    listen_close();
}

void smtp_look_after(const struct settings *settings)
{
    static struct log_trouble trouble;
    struct error why;
    int result = listen_mend(&why);

    if (result < 0)
        log_trouble_on(&trouble, "the mail server may not reach us: %s", why.text);
    else
        log_trouble_off(&trouble, "'%s' can be reached again", settings->listen);
    if (result > 0)
        log_warning("the socket of '%s' led to nobody; it is ours again",
                    settings->listen);
}

bool smtp_can_hand_over(const struct settings *settings)
{
    return endpoint_path(settings->listen) != NULL;
}

bool smtp_replaced(void)
{
    return listen_replaced();
}

int smtp_connections(void)
{
    return listen_connections();
}

void smtp_stop(void)
{
    (void)smfi_stop();
}

void smtp_reload(const struct settings *settings)
{
    struct error why;

    if (witness_reload(settings, &why) < 0)
        log_error("new sessions go by the old settings, rules and keys: %s", why.text);
}

void smtp_read_stats(struct smtp_stats *stats)
{
    *stats = (struct smtp_stats){
        .sessions = witness_counted(COUNT_SESSIONS),
        .open_sessions = witness_counted(COUNT_OPEN_SESSIONS),
        .messages = witness_counted(COUNT_MESSAGES),
        .queued = witness_counted(COUNT_QUEUED),
        .abandoned = witness_counted(COUNT_ABANDONED),
        .recipients = witness_counted(COUNT_RECIPIENTS),
        .refused = witness_counted(COUNT_REFUSED),
        .eom_late = witness_counted(COUNT_EOM_LATE),
        .no_memory = witness_counted(COUNT_NO_MEMORY),
        .bounces = witness_counted(COUNT_BOUNCES),
        .complaints = witness_counted(COUNT_COMPLAINTS),
        .receipts = witness_counted(COUNT_MDNS),
        .autoreplies = witness_counted(COUNT_AUTOREPLIES),
        .reports_partial = witness_counted(COUNT_REPORTS_PARTIAL),
        .reports_unread = witness_counted(COUNT_REPORTS_UNREAD),
        .stamped = witness_counted(COUNT_STAMPED),
        .stamp_failures = witness_counted(COUNT_STAMP_FAILURES),
    };
}
