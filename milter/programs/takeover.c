/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * takeover: see takeover.h. Promise: nobody is told that we serve before it is so, and the old
 * daemon is not told to go before we can be reached.
 */
#include "takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "service.h"
#include "waybill/clock.h"
#include "waybill/daemon.h"
#include "waybill/log.h"
#include "waybill/smtp.h"

#define LET_GO_MS (10 * SECOND_MS) /* its thread may be waiting for a store that hangs */
#define LOOK_MS 5

/* Small enough to be written in one piece. */
struct word {
    int status;
    char text[sizeof(struct error)];
};

/* ---- the caller ---- */

static int wait_for_word(int from)
{
    struct word word;
    size_t have = 0;
    ssize_t more;

    do {
        more = read(from, (char *)&word + have, sizeof word - have);
        if (more > 0)
            have += (size_t)more;
    } while ((more > 0 && have < sizeof word) || (more < 0 && errno == EINTR));
    if (have < sizeof word) {
        fprintf(stderr, "waybilld: the new process died before it served; its log may say why\n");
        return EXIT_OS;
    }
    word.text[sizeof word.text - 1] = '\0';
    if (word.text[0] != '\0')
        fprintf(stderr, "%s\n", word.text);
    return word.status;
}

/* ---- the new daemon ---- */

/* The journal or a file is there for good; a terminal goes with its user, and who reads a pipe or a
 * socket (ssh) would wait for its end. */
static bool stderr_lasts(void)
{
    struct stat status;

    return log_stderr_is_journal() ||
           (fstat(STDERR_FILENO, &status) == 0 && !isatty(STDERR_FILENO) &&
            !S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode));
}

static void detach(struct starter *starter)
{
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

    starter->detached = !stderr_lasts();
    for (int fd = STDIN_FILENO; nothing >= 0 && fd <= STDERR_FILENO; fd++)
        if (fd != STDERR_FILENO || starter->detached)
            (void)dup2(nothing, fd);
    if (nothing > STDERR_FILENO)
        close(nothing);
    if (chdir("/") < 0) /* cannot be; and if it could, a directory would only be kept busy */
        return;
}

/* The configuration's name, good from everywhere. What does not exist is told by who reads it. */
static void make_absolute(const char **file)
{
    static char whole[PATH_MAX];

    if (*file != NULL && realpath(*file, whole) != NULL)
        *file = whole;
}

int takeover_fork(struct starter *starter, const char **file)
{
    int pipes[2];
    pid_t child;

    make_absolute(file);
    if (pipe2(pipes, O_CLOEXEC) < 0 || (child = fork()) < 0) {
        fprintf(stderr, "waybilld: cannot start a process: %s\n", strerror(errno));
        return EXIT_OS;
    }
    if (child > 0) {
        close(pipes[1]);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            continue;
        return wait_for_word(pipes[0]);
    }
    close(pipes[0]);
    /* Twice: so the service manager is our parent before it is asked to take us for the main
     * process, and no terminal can become ours. */
    (void)setsid();
    child = fork();
    if (child != 0)
        _exit(child < 0);
    starter->word = pipes[1];
    detach(starter);
    return -1;
}

void takeover_tell(struct starter *starter, int status, const char *text)
{
    struct word word = {.status = status};

    if (starter->word < 0)
        return;
    snprintf(word.text, sizeof word.text, "%s", text);
    (void)!write(starter->word, &word, sizeof word); /* a caller that is gone needs no word */
    close(starter->word);
    starter->word = -1;
}

/* ---- whose place we take ---- */

static bool claim_free(struct service *service, struct error *why)
{
    if (serving_take(&service->serving))
        return true;
    error_set(why, "cannot listen on '%s': another process serves it (pid %ld)",
              service->at_start->listen, (long)serving_holder(&service->serving));
    return false;
}

/* A new address would leave the old daemon at the old one, told by nobody to go. */
static int look_who_serves(struct service *service, struct error *why)
{
    const char *listen = service->at_start->listen;
    pid_t elsewhere;

    if (!serving_begin(&service->serving)) {
        error_set(why, "another take-over of '%s' is under way", listen);
        return EXIT_TEMPORARY;
    }
    service->replaces = serving_holder(&service->serving) != 0;
    elsewhere = service->replaces ? 0 : serving_elsewhere(&service->serving);
    if (elsewhere != 0) {
        error_set(why,
                  "the waybilld that runs (pid %ld) does not serve '%s': a new 'listen' needs "
                  "a restart",
                  (long)elsewhere, listen);
        return EXIT_CONFIG;
    }
    return EXIT_SUCCESS;
}

/* A port cannot be handed over: who has it reads its settings anew instead. */
static int reload_instead(struct service *service, struct error *why)
{
    const char *listen = service->at_start->listen;
    pid_t holder = serving_signal(&service->serving, SIGUSR1);

    if (holder == 0) {
        error_set(why,
                  "'%s' cannot be taken over, only a unix socket can, and no waybilld serves "
                  "it that could read its settings anew",
                  listen);
        return EXIT_TEMPORARY;
    }
    error_set(why,
              "'%s' cannot be taken over, only a unix socket can: waybilld %ld reads its "
              "settings anew and goes on",
              listen, (long)holder);
    return EXIT_SUCCESS;
}

bool takeover_claim(struct service *service, int *status, struct error *why)
{
    *status = EXIT_OS;
    if (serving_open(&service->serving, service->at_start, why) < 0)
        return false;
    if (service->starter.word < 0)
        return claim_free(service, why);
    *status = look_who_serves(service, why);
    if (*status != EXIT_SUCCESS)
        return false;
    if (!smtp_can_hand_over(service->at_start)) {
        *status = reload_instead(service, why);
        return false;
    }
    *status = EXIT_OS;
    return service->replaces || claim_free(service, why);
}

/* ---- when we can be reached ---- */

/* Until it lets go we neither lead nor can be replaced; the mail is served all the same. */
static void replace(struct service *service)
{
    pid_t old = serving_signal(&service->serving, SIGUSR2);
    int64_t end = clock_monotonic() + LET_GO_MS;

    while (!serving_take(&service->serving) && clock_monotonic() < end &&
           !atomic_load(&service->stopping))
        clock_sleep(LOOK_MS);
    if (service->serving.held)
        log_info("'%s' is taken over from waybilld %ld", service->at_start->listen, (long)old);
    else
        log_warning("waybilld %ld does not let go of '%s'; new sessions come to us all the same",
                    (long)serving_holder(&service->serving), service->at_start->listen);
}

void takeover_finish(struct service *service)
{
    if (service->replaces)
        replace(service);
    /* in one message, so that READY can only be ours */
    if (service->starter.word >= 0)
        daemon_notify("MAINPID=%ld\nREADY=1", (long)getpid());
    else
        daemon_notify("READY=1");
    takeover_tell(&service->starter, EXIT_SUCCESS, "");
}
