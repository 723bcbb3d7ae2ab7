/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * service: the parts of a running waybilld, and the thread that looks after them.
 *
 * The thread waits for SIGUSR1 (reload) and SIGUSR2 (drain) and every ten seconds writes a
 * heartbeat, hands the counters on, and tells the service manager that all is well.
 */
#ifndef WAYBILLD_SERVICE_H
#define WAYBILLD_SERVICE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "gather.h"
#include "outcomes.h"
#include "serving.h"
#include "takeover.h"
#include "waybill/error.h"
#include "waybill/journal.h"
#include "waybill/maillog.h"
#include "waybill/node.h"
#include "waybill/settings.h"
#include "waybill/ship.h"

/* Sessions may still use settings that a reload replaced, so they live as long as we. */
struct settings_kept {
    struct settings *settings;
    struct settings_kept *older;
};

/* Totals at the beginning of each of the last 60 minutes, and of this one. */
#define RECENT_MINUTES 60
struct recent {
    uint64_t total[RECENT_MINUTES + 1];
    int64_t minute; /* monotonic; 0: none yet */
};

/* A total that should stay 0, and when it last did not. */
struct rise {
    int64_t total, at;
};

/* To the mail server, since the start. */
struct answers {
    uint64_t count, over_1s, slowest_us;
};

struct service {
    const char *file;                /* NULL: none */
    const struct settings *at_start; /* for whoever runs beside the reload */
    struct settings_kept *kept;      /* the newest first; start-up, then the service's thread */
    struct starter starter;
    struct serving serving; /* at start; then the service's thread */
    bool replaces;          /* another daemon served when we started; we take its place */
    struct journal *journal;
    struct ship *ship; /* NULL: not yet, or no more */
    _Atomic(struct maillog *) maillog; /* set by the shipper's thread */
    struct node node;
    struct sheet sheet; /* what stays the same until a reload; the service's thread */
    struct recent mails;
    struct rise losses, delays;
    struct answers answers;
    struct outcomes outcomes;
    struct gather gather; /* service's thread */
    int64_t started;      /* ms */
    pthread_t thread;
    atomic_bool stopping;
    atomic_bool draining; /* another daemon took our place; see drain.c */
};

static inline struct settings *service_settings(const struct service *service)
{
    return service->kept->settings;
}

/* Take new settings; they are the current ones from now on. -1: no memory. */
int service_take(struct service *service, struct settings *settings);
/* Start the thread; what it does first is takeover_finish. */
int service_start(struct service *service, struct error *why);
/* End the thread; the parts go on. */
void service_stop(struct service *service);
void service_forget_settings(struct service *service);
/* Our own log as these settings say, or syslog where stderr was not ours to keep. */
void service_log(const struct service *service, const struct settings *settings);

/* A heartbeat into the journal; its ticket. */
uint64_t service_beat(struct service *service);
/* Wait for one of the signals that are for the thread. 0: none came in that time. */
int service_wait(int64_t ms);
/* Stop to follow the log; nothing if we do not. */
void service_stop_log(struct service *service);
/* Stop to ship, after at most `ms`. The leadership, and with it the log, may have come to us in the
 * meantime: it is given back, too. */
void service_stop_ship(struct service *service, int64_t ms);
/* Give up all but the sessions that are open, serve them to their end and have their facts written;
 * then have smtp_run return (drain.c). */
void service_drain(struct service *service);

/* Read the file again and apply what can be applied (reload.c). */
void service_reload(struct service *service);
/* Hand the counters of all parts to the shipper, and a line to the service manager (counters.c). */
void service_tell(struct service *service);
/* What other hosts and the help desk may know of us (sheet.c): what the settings say, to be called
 * at the start and after a reload; and what changes by itself, handed to the shipper. */
void service_describe(struct service *service);
void service_tell_sheet(struct service *service);

#endif
