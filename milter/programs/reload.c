/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reload: a new configuration for a running daemon. Promise: a file that is wrong changes
 * nothing, and each option that differs is told with what becomes of it.
 */
#include "service.h"

#include "waybill/clock.h"
#include "waybill/daemon.h"
#include "waybill/log.h"
#include "waybill/smtp.h"

static void tell_change(void *context, const char *name, bool live)
{
    unsigned *changes = context;

    (*changes)++;
    log_info("reload: %s %s", name, live ? "applied" : "needs a restart");
}

static void apply(struct service *service, const struct settings *settings)
{
    service_log(service, settings);
    smtp_reload(settings);
    ship_reload(service->ship, settings);
}

static void reload(struct service *service)
{
    struct settings *current = service_settings(service), *fresh;
    unsigned changes = 0;
    struct error why;

    if (settings_read(&fresh, service->file, &why) < 0) {
        log_error("reload refused, the old settings stay: %s", why.text);
        return;
    }
    settings_compare(current, fresh, tell_change, &changes);
    if (changes == 0)
        log_info("reload: no option has changed; rules and keys are read again");
    if (settings_keep_fixed(fresh, current) < 0 || service_take(service, fresh) < 0) {
        settings_free(&fresh);
        log_error("reload refused, the old settings stay: no memory");
        return;
    }
    apply(service, fresh);
    service_describe(service);
}

void service_reload(struct service *service)
{
    daemon_notify("RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_monotonic() * 1000);
    reload(service);
    daemon_notify("READY=1");
}
