/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach and detach: show what is changed in the mail server's set-up, and why, and change it when
 * asked to. The room mta plans and makes the changes; what is said is said here.
 */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../doctor/reach.h"
#include "attach_mc.h"
#include "attach_tell.h"
#include "waybill/mta.h"

/* The queue of a Postfix for which "auto" has an answer. */
#define USUAL_QUEUE "/var/spool/postfix"

/* A mistake in the file, or one that cannot be read, would lead to another socket. */
static int read_settings(struct cli *cli, struct attachment *at, struct error *why)
{
    const char *file = settings_file(cli);

    at->settings_file = file != NULL ? file : SETTINGS_FILE_DEFAULT;
    return settings_read(&cli->settings, file, why);
}

/* The .cf that was made of the .mc, or the one in the directory that was named. */
static int open_sendmail(const struct cli *cli, struct attachment *at, struct error *why)
{
    const char *directory = cli->request.config_directory;
    char *cf = NULL;
    int result;

    if (cli->request.mc != NULL)
        cf = mc_built_file(cli->request.mc);
    else if (directory != NULL && asprintf(&cf, "%s/sendmail.cf", directory) < 0)
        return error_set(why, "no memory");
    result = mta_open(&at->mta, MTA_SENDMAIL, cf, why);
    free(cf);
    return result;
}

static int open_mta(const struct cli *cli, struct attachment *at, struct error *why)
{
    if (at->kind == MTA_SENDMAIL)
        return open_sendmail(cli, at, why);
    return mta_open(&at->mta, MTA_POSTFIX, cli->request.config_directory, why);
}

/* Where the milter shall be for this mail server. -1: only a line in waybill.conf can say it. */
static int choose_listen(const struct cli *cli, struct attachment *at, struct error *why)
{
    const struct settings *settings = cli->settings;
    struct slice queue = mta_value(at->mta, "queue_directory");
    bool is_unix = strncmp(settings->listen, "inet", 4) != 0;

    at->listen = settings->listen;
    if (at->changes.detach)
        return 0;
    if (at->kind == MTA_SENDMAIL || mta_is_below_queue(at->mta, at->listen))
        return 0;
    if (settings->listen_auto && slice_is(queue, USUAL_QUEUE)) {
        at->listen = LISTEN_IN_QUEUE;
        return 0;
    }
    if (!settings->listen_auto && (!is_unix || !mta_is_chrooted(at->mta)))
        return 0;
    return error_set(why,
                     "this Postfix has its queue in '%.*s' and cannot reach '%s': put the line "
                     "'listen = \"unix:%.*s/waybill/milter.sock\"' into %s, say this again, and "
                     "restart waybilld (for two instances of Postfix a port: 'listen = "
                     "\"inet:8891@127.0.0.1\"')",
                     SLICE_ARGS(queue), settings->listen, SLICE_ARGS(queue), at->settings_file);
}

static int plan(const struct cli *cli, struct attachment *at, struct error *why)
{
    if (at->changes.detach)
        return mta_plan_detach(at->mta, at->listen, at->memory, &at->changes, why);
    if (at->kind == MTA_POSTFIX &&
        mta_plan_directory(at->mta, at->listen, cli->settings->user, &at->changes, why) < 0)
        return -1;
    return mta_plan_attach(at->mta, at->listen, &at->changes, why);
}

/* Knock as the mail server will. Only told: mail flows in any case. */
static void try_socket(struct attachment *at)
{
    struct slice owner = mta_value(at->mta, "mail_owner");
    struct slice queue = mta_value(at->mta, "queue_directory");
    struct knock_address address;
    struct reach reach;
    struct error why;
    char user[256], directory[4096];

    slice_copy(owner, user, sizeof user);
    slice_copy(queue, directory, sizeof directory);
    at->tried = knock_address_read(&address, slice_of(at->listen), &why) == 0 &&
                reach_try(&(struct reach_as){.user = user, .directory = directory}, &address,
                          &reach, &why) == 0;
    at->reached = at->tried && reach.knock.end == KNOCK_ANSWERED;
    at->nobody = at->tried && reach.knock.end == KNOCK_NO_WAY &&
                 (reach.knock.cause == ENOENT || reach.knock.cause == ECONNREFUSED);
}

static int make(struct attachment *at, struct error *why)
{
    if (at->changes.count > 0) {
        at->running = mta_is_running(at->mta);
        if (mta_apply(at->mta, &at->changes, at->memory, why) < 0)
            return -1;
        at->made = true;
        if (at->running && mta_reload(at->mta, why) < 0)
            return error_prefix(why, "all is changed, but Postfix could not be told");
    }
    if (!at->changes.detach)
        try_socket(at);
    return 0;
}

static int run_with_mta(const struct cli *cli, struct attachment *at)
{
    struct error why;

    at->memory = mta_memory(at->mta, cli->settings->state_directory);
    if (at->memory == NULL || choose_listen(cli, at, &why) < 0 || plan(cli, at, &why) < 0) {
        complain("%s", at->memory == NULL ? "no memory" : why.text);
        return CLI_USAGE;
    }
    if (!cli->request.dry_run && at->kind == MTA_POSTFIX) {
        if (geteuid() != 0 && at->changes.count > 0) {
            complain("only root can change the set-up of Postfix; --dry-run shows what would be");
            return CLI_USAGE;
        }
        if (make(at, &why) < 0) {
            complain("%s", why.text);
            return CLI_UNREACHABLE;
        }
    }
    return attach_tell(cli, at);
}

static int run(struct cli *cli, bool detach)
{
    const char *name = cli->request.argument_count > 0 ? cli->request.arguments[0] : "postfix";
    struct attachment at = {.changes.detach = detach, .mc = cli->request.mc};
    struct error why;
    int code;

    if (strcmp(name, "postfix") != 0 && strcmp(name, "sendmail") != 0) {
        complain("'%s': must be postfix or sendmail", name);
        return CLI_USAGE;
    }
    at.kind = *name == 'p' ? MTA_POSTFIX : MTA_SENDMAIL;
    if (at.kind == MTA_POSTFIX && cli->request.mc != NULL) {
        complain("--mc goes with sendmail");
        return CLI_USAGE;
    }
    if (read_settings(cli, &at, &why) < 0) {
        complain("%s", why.text);
        return CLI_USAGE;
    }
    if (open_mta(cli, &at, &why) < 0) {
        complain("%s", why.text);
        return CLI_UNREACHABLE;
    }
    code = run_with_mta(cli, &at);
    mta_changes_clear(&at.changes);
    mta_close(&at.mta);
    free(at.memory);
    return code;
}

int attach_run(struct cli *cli)
{
    return run(cli, false);
}

int detach_run(struct cli *cli)
{
    return run(cli, true);
}
