/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * service: the thread beside the mail.
 */
#include "service.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "waybill/clock.h"
#include "waybill/daemon.h"
#include "waybill/digest.h"
#include "waybill/fact.h"
#include "waybill/log.h"
#include "waybill/smtp.h"

#define HEARTBEAT_MS (10 * SECOND_MS)

int service_take(struct service *service, struct settings *settings)
{
    struct settings_kept *kept = malloc(sizeof *kept);

    if (kept == NULL)
        return -1;
    *kept = (struct settings_kept){settings, service->kept};
    service->kept = kept;
    return 0;
}

void service_forget_settings(struct service *service)
{
    while (service->kept != NULL) {
        struct settings_kept *kept = service->kept;
        service->kept = kept->older;
        settings_free(&kept->settings);
        free(kept);
    }
}

void service_log(const struct service *service, const struct settings *settings)
{
    log_start("waybilld", (enum log_level)settings->log_level,
              (enum log_format)settings->log_format,
              service->starter.detached ? LOG_TARGET_SYSLOG
                                        : (enum log_target)settings->log_target);
}

/* The id follows from what the fact says, as everywhere: the same beat read twice is one. */
static uint64_t beat_id(const char *host, int64_t now)
{
    char text[400];
    int size = snprintf(text, sizeof text, "beat %s %lld", host, (long long)now);

    return digest_64(text, size > 0 && (size_t)size < sizeof text ? (size_t)size : 0) >> 4;
}

uint64_t service_beat(struct service *service)
{
    const char *host = service_settings(service)->host;
    int64_t now = clock_now();
    struct fact fact;
    struct buffer line;
    uint64_t ticket = 0;

    fact_init(&fact, WITNESS_MILTER, FACT_BEAT, now);
    fact.id = beat_id(host, now);
    fact_set(&fact, KEY_HOST, slice_of(host));
    buffer_init(&line, FACT_LINE_MAX);
    if (fact_encode(&fact, &line) == 0)
        ticket = journal_append(service->journal, JOURNAL_FACT, line.data, line.size);
    buffer_free(&line);
    return ticket;
}

static void look_after(struct service *service)
{
    gather_look_after(service);
    service_beat(service);
    service_tell(service);
    service_tell_sheet(service);
    smtp_look_after(service->at_start);
    (void)serving_take(&service->serving); /* whom we replaced did not let go at once */
    /* last, since a store that hangs may take its time-out */
    node_claim(&service->node, service_settings(service));
}

int service_wait(int64_t ms)
{
    struct timespec rest;
    sigset_t awaited;

    if (ms < 0)
        ms = 0;
    rest.tv_sec = (time_t)(ms / SECOND_MS);
    rest.tv_nsec = (long)(ms % SECOND_MS) * 1000000;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGUSR1);
    sigaddset(&awaited, SIGUSR2);
    int signal = sigtimedwait(&awaited, NULL, &rest);
    return signal > 0 ? signal : 0;
}

/* SIGUSR2 by hand, or from a new daemon that died since: nobody is there to serve but us. */
static bool is_replaced(const struct service *service)
{
    if (smtp_replaced())
        return true;
    log_warning("SIGUSR2, but no other process serves '%s': we go on", service->at_start->listen);
    return false;
}

static void *service_main(void *argument)
{
    struct service *service = argument;
    int64_t next = clock_monotonic();
    bool replaced = false;

    takeover_finish(service);
    while (!replaced && !atomic_load(&service->stopping)) {
        if (clock_monotonic() >= next) {
            look_after(service);
            next = clock_monotonic() + HEARTBEAT_MS;
        }
        int signal = service_wait(next - clock_monotonic());
        if (signal == SIGUSR1 && !atomic_load(&service->stopping))
            service_reload(service);
        replaced = signal == SIGUSR2 && is_replaced(service);
    }
    gather_stop(service);
    if (replaced)
        service_drain(service);
    return NULL;
}

int service_start(struct service *service, struct error *why)
{
    int cause;

    service_describe(service);
    cause = pthread_create(&service->thread, NULL, service_main, service);

    return cause == 0 ? 0 : error_set(why, "cannot start a thread: %s", strerror(cause));
}

void service_stop(struct service *service)
{
    atomic_store(&service->stopping, true);
    pthread_kill(service->thread, SIGUSR1); /* wakes it */
    pthread_join(service->thread, NULL);
    if (!atomic_load(&service->draining))
        service_tell(service);
}

void service_stop_log(struct service *service)
{
    struct maillog *maillog = atomic_exchange(&service->maillog, NULL);

    if (maillog != NULL)
        maillog_stop(&maillog);
}

/* The log's last lines go into the journal before the shipper looks at it for the last time. The
 * leadership may have come in between, so it is asked twice. */
void service_stop_ship(struct service *service, int64_t ms)
{
    service_stop_log(service);
    if (service->ship != NULL)
        ship_stop(&service->ship, ms);
    service_stop_log(service);
}
