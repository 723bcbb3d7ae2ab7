/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waybill-web: the HTTP API. Settings, log, root dropped, serve, wait for the signal that ends it;
 * SIGHUP reads settings, rules and keys again. Promise: a file that is wrong changes nothing.
 */
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "waybill/clock.h"
#include "waybill/daemon.h"
#include "waybill/log.h"
#include "waybill/web.h"

static void help(void)
{
    printf("waybill-web [-c FILE] [-t]\n\n"
           "The HTTP API of Waybill. Stays in the foreground.\n\n"
           "  -c, --config FILE  read this configuration, else %s\n"
           "  -t, --test         check the configuration, then end\n"
           "  -V, --version      print the version\n"
           "  -h, --help         print this\n\n"
           "See waybill-web(8) and waybill.conf(5).\n",
           SETTINGS_FILE_DEFAULT);
}

/* What was in force may be looked at by somebody until the end. */
struct kept {
    struct settings *settings;
    struct kept *older;
};

static int keep(struct kept **newest, struct settings *settings)
{
    struct kept *kept = malloc(sizeof *kept);

    if (kept == NULL)
        return -1;
    *kept = (struct kept){settings, *newest};
    *newest = kept;
    return 0;
}

static void forget_newest(struct kept **newest)
{
    struct kept *kept = *newest;

    *newest = kept->older;
    settings_free(&kept->settings);
    free(kept);
}

static void begin_log(const struct settings *settings)
{
    log_start("waybill-web", (enum log_level)settings->log_level,
              (enum log_format)settings->log_format, (enum log_target)settings->log_target);
}

/* ---- reload ---- */

static void tell_fixed(void *context, const char *name, bool live)
{
    unsigned *changes = context;

    if (live)
        return;
    ++*changes;
    log_info("reload: %s needs a restart", name);
}

static void tell_live(void *context, const char *name, bool live)
{
    unsigned *changes = context;

    (void)live;
    ++*changes;
    log_info("reload: %s applied", name);
}

static int apply(struct web *web, const struct settings *before, struct kept **kept,
                 unsigned *changes, struct error *why)
{
    struct settings *fresh = (*kept)->settings;

    settings_compare(before, fresh, tell_fixed, changes);
    if (settings_keep_fixed(fresh, before) < 0)
        return error_set(why, "no memory");
    if (web_reload(web, fresh, why) < 0)
        return -1;
    begin_log(fresh);
    settings_compare(before, fresh, tell_live, changes);
    return 0;
}

static int try_reload(struct web *web, const char *file, struct kept **kept, struct error *why)
{
    const struct settings *before = (*kept)->settings;
    struct settings *fresh;
    unsigned changes = 0;

    if (settings_read(&fresh, file, why) < 0)
        return -1;
    if (keep(kept, fresh) < 0) {
        settings_free(&fresh);
        return error_set(why, "no memory");
    }
    if (apply(web, before, kept, &changes, why) < 0) {
        forget_newest(kept);
        return -1;
    }
    if (changes == 0)
        log_info("reload: no option has changed; rules and keys are read again");
    return 0;
}

static void reload(struct web *web, const char *file, struct kept **kept)
{
    struct error why;

    daemon_notify("RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_monotonic() * 1000);
    if (try_reload(web, file, kept, &why) < 0)
        log_error("reload refused, the old settings stay: %s", why.text);
    daemon_notify("READY=1");
}

/* ---- start and end ---- */

static int next_signal(void)
{
    sigset_t awaited;
    int got = 0;

    sigemptyset(&awaited);
    sigaddset(&awaited, SIGTERM);
    sigaddset(&awaited, SIGINT);
    sigaddset(&awaited, SIGHUP);
    while (sigwait(&awaited, &got) != 0)
        continue;
    return got;
}

static int serve(const char *file, struct kept **kept)
{
    const struct settings *settings = (*kept)->settings;
    struct web *web;
    struct error why;
    int signal;

    if (daemon_drop_root(settings->web_user, &why) < 0 || web_start(&web, settings, &why) < 0) {
        log_error("%s", why.text);
        return EXIT_CONFIG;
    }
    log_info("waybill-web " PACKAGE_VERSION " serves %s", settings->web_listen);
    daemon_notify("READY=1");
    while ((signal = next_signal()) == SIGHUP)
        reload(web, file, kept);
    daemon_notify("STOPPING=1");
    web_stop(&web);
    log_info("waybill-web ends: %s", strsignal(signal));
    return EXIT_SUCCESS;
}

static int start(const char *file, bool test)
{
    struct settings *settings;
    struct kept *kept = NULL;
    struct error why;
    int status = EXIT_SUCCESS;

    if (settings_read(&settings, file, &why) < 0) {
        fprintf(stderr, "%s\n", why.text);
        return EXIT_CONFIG;
    }
    if (keep(&kept, settings) < 0) {
        settings_free(&settings);
        return EXIT_OS;
    }
    if (test) {
        printf("%s: good\n", file != NULL ? file : "the defaults");
    } else {
        begin_log(settings);
        daemon_block_signals();
        status = serve(file, &kept);
    }
    while (kept != NULL)
        forget_newest(&kept);
    return status;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {{"config", 1, NULL, 'c'},  {"test", 0, NULL, 't'},
                                          {"version", 0, NULL, 'V'}, {"help", 0, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    const char *file = access(SETTINGS_FILE_DEFAULT, F_OK) == 0 ? SETTINGS_FILE_DEFAULT : NULL;
    bool test = false;
    struct error why;
    int letter;

    if (daemon_keep_standard_fds(&why) < 0)
        return EXIT_OS;
    while ((letter = getopt_long(argc, argv, "c:tVh", longs, NULL)) != -1) {
        if (letter == 'c') {
            file = optarg;
        } else if (letter == 't') {
            test = true;
        } else if (letter == 'V') {
            puts("waybill-web " PACKAGE_VERSION);
            return EXIT_SUCCESS;
        } else {
            help();
            return letter == 'h' ? EXIT_SUCCESS : EXIT_USAGE;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "waybill-web: '%s' is not expected; see waybill-web --help\n",
                argv[optind]);
        return EXIT_USAGE;
    }
    return start(file, test);
}
