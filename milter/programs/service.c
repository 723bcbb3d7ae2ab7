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

/* The id follows from what the fact says, as everywhere: the same beat read twice is one. */
static uint64_t beat_id(const char *host, int64_t now)
{
    char text[400];
    int size = snprintf(text, sizeof text, "beat %s %lld", host, (long long)now);

    return digest_64(text, size > 0 && (size_t)size < sizeof text ? (size_t)size : 0) >> 4;
}

static void beat(struct service *service)
{
    const char *host = service_settings(service)->host;
    int64_t now = clock_now();
    struct fact fact;
    struct buffer line;

    fact_init(&fact, WITNESS_MILTER, FACT_BEAT, now);
    fact.id = beat_id(host, now);
    fact_set(&fact, KEY_HOST, slice_of(host));
    buffer_init(&line, FACT_LINE_MAX);
    if (fact_encode(&fact, &line) == 0)
        journal_append(service->journal, JOURNAL_FACT, line.data, line.size);
    buffer_free(&line);
}

static void look_after(struct service *service)
{
    gather_look_after(service);
    beat(service);
    service_tell(service);
    service_tell_sheet(service);
    /* last, since a store that hangs may take its time-out */
    node_claim(&service->node, service_settings(service));
}

/* True: SIGUSR1 came before the time was over. */
static bool wait_for_signal(int64_t ms)
{
    struct timespec rest;
    sigset_t awaited;

    if (ms < 0)
        ms = 0;
    rest.tv_sec = (time_t)(ms / SECOND_MS);
    rest.tv_nsec = (long)(ms % SECOND_MS) * 1000000;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGUSR1);
    return sigtimedwait(&awaited, NULL, &rest) == SIGUSR1;
}

static void *service_main(void *argument)
{
    struct service *service = argument;
    int64_t next = clock_monotonic();

    while (!atomic_load(&service->stopping)) {
        if (clock_monotonic() >= next) {
            look_after(service);
            next = clock_monotonic() + HEARTBEAT_MS;
        }
        if (wait_for_signal(next - clock_monotonic()) && !atomic_load(&service->stopping))
            service_reload(service);
    }
    gather_stop(service);
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
    service_tell(service);
}
