/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waybill-web: the HTTP API. Settings, log, root dropped, serve, wait for the signal that ends it.
 */
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static int wait_for_the_end(void)
{
    sigset_t ends;
    int got = 0;

    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    while (sigwait(&ends, &got) != 0)
        continue;
    return got;
}

static int serve(const struct settings *settings)
{
    struct web *web;
    struct error why;
    int signal;

    if (daemon_drop_root(settings->web_user, &why) < 0 || web_start(&web, settings, &why) < 0) {
        log_error("%s", why.text);
        return EXIT_CONFIG;
    }
    log_info("waybill-web " PACKAGE_VERSION " serves %s", settings->web_listen);
    daemon_notify("READY=1");
    signal = wait_for_the_end();
    daemon_notify("STOPPING=1");
    web_stop(&web);
    log_info("waybill-web ends: %s", strsignal(signal));
    return EXIT_SUCCESS;
}

static int start(const char *file, bool test)
{
    struct settings *settings;
    struct error why;
    int status = EXIT_SUCCESS;

    if (settings_read(&settings, file, &why) < 0) {
        fprintf(stderr, "%s\n", why.text);
        return EXIT_CONFIG;
    }
    if (test) {
        printf("%s: good\n", file != NULL ? file : "the defaults");
    } else {
        log_start("waybill-web", (enum log_level)settings->log_level,
                  (enum log_format)settings->log_format, (enum log_target)settings->log_target);
        daemon_block_signals();
        status = serve(settings);
    }
    settings_free(&settings);
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
