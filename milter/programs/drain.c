/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * drain: the last duty of a daemon whose place another one took (SIGUSR2): the sessions that it
 * has. All else is the new one's from now on: the log, the store, the service manager's ear.
 */
#include "service.h"

#include "waybill/clock.h"
#include "waybill/daemon.h"
#include "waybill/log.h"
#include "waybill/smtp.h"

#define LOOK_MS 100
#define QUIET_MS (2 * SECOND_MS) /* without a connection: then no more are coming */
#define FLUSH_MS 1000
#define LAST_BATCH_MS 500

/* What the log follower told last must be with the kernel before another process asks where to
 * read on; so a beat goes behind it, and is waited for. */
static void flush(struct service *service)
{
    uint64_t ticket = service_beat(service);

    if (ticket != 0 && !journal_wait(service->journal, ticket, FLUSH_MS))
        log_warning("the journal is slow: some lines of the log may be read twice");
}

static void give_up(struct service *service)
{
    daemon_silence();
    atomic_store(&service->draining, true);
    service_tell(service);
    serving_give(&service->serving);
    service_stop_log(service);
    flush(service);
    service_stop_ship(service, LAST_BATCH_MS);
}

/* What the disk did not take yet, nobody else has. */
static bool is_written(struct service *service)
{
    struct journal_stats stats;

    journal_read_stats(service->journal, &stats);
    return stats.waiting == 0;
}

/* Wait until no connection was open for a while, and all that was seen is written. Returns how many
 * are cut off; -1: unknown. */
static int serve_to_the_end(struct service *service)
{
    int64_t now = clock_monotonic(), quiet = now;
    int64_t end = now + service_settings(service)->drain_seconds * SECOND_MS;
    int connections = smtp_connections();

    while (!atomic_load(&service->stopping) && now < end && now < quiet + QUIET_MS) {
        (void)service_wait(LOOK_MS);
        now = clock_monotonic();
        connections = smtp_connections();
        if (connections != 0 || !is_written(service))
            quiet = now;
    }
    return connections;
}

void service_drain(struct service *service)
{
    int connections;

    log_info("another process took over; sessions that are open are served to their end");
    give_up(service);
    connections = serve_to_the_end(service);
    if (connections == 0)
        log_info("no session is left");
    else if (!atomic_load(&service->stopping))
        log_warning("sessions are cut off that did not end within drain_seconds (%d)", connections);
    smtp_stop();
}
