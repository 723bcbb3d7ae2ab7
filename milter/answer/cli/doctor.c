/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor: the command that looks for what is wrong. It opens what can be opened, and goes on
 * without the rest.
 */
#include "command.h"

#include <string.h>

#include "../doctor/doctor.h"
#include "../doctor/handin.h"
#include "../doctor/print.h"
#include "../doctor/sendtest.h"
#include "out.h"
#include "waybill/clock.h"
#include "waybill/escape.h"

/* Exit codes of this command, for who calls it from a monitor. */
enum { DOCTOR_WELL = 0, DOCTOR_WARNINGS = 1, DOCTOR_FAULTS = 3 };

/* How a person types a command of Postfix for this instance. */
static const char *command_of(struct buffer *to, const char *name, const char *directory)
{
    buffer_add_text(to, name);
    if (directory != NULL) {
        buffer_add_text(to, " -c ");
        escape_shell(to, slice_of(directory));
    }
    return to->data;
}

static void open_settings(struct cli *cli, struct doctor *doctor)
{
    const char *file = settings_file(cli);

    doctor->settings_file = file != NULL ? file : SETTINGS_FILE_DEFAULT;
    if (settings_read(&cli->settings, file, &doctor->settings_why) != 0)
        return;
    doctor->settings = cli->settings;
    cli->basis.queue_lifetime = cli->settings->queue_lifetime_hours * HOUR_MS;
    if (store_open(&cli->store, cli->settings, &doctor->store_why) == 0 &&
        store_connect(cli->store, &doctor->store_why) == 0)
        doctor->store = cli->store;
}

static void open_sendmail(struct doctor *doctor, const char *directory, struct error *why)
{
    struct buffer path;

    buffer_init(&path, 8192);
    if (directory != NULL)
        buffer_addf(&path, "%s/sendmail.cf", directory);
    mta_open(&doctor->mta, MTA_SENDMAIL, directory != NULL ? path.data : NULL, why);
    buffer_free(&path);
}

static void open_mta(const struct cli *cli, struct doctor *doctor)
{
    const char *directory = cli->request.config_directory;
    struct error second;

    doctor->kind = cli->request.mta == MTA_SENDMAIL ? MTA_SENDMAIL : MTA_POSTFIX;
    if (doctor->kind == MTA_SENDMAIL) {
        open_sendmail(doctor, directory, &doctor->mta_why);
        return;
    }
    if (mta_open(&doctor->mta, MTA_POSTFIX, directory, &doctor->mta_why) == 0 ||
        cli->request.mta >= 0 || directory != NULL)
        return;
    open_sendmail(doctor, NULL, &second);
    if (doctor->mta != NULL)
        doctor->kind = MTA_SENDMAIL;
}

static void send_test(struct cli *cli, struct doctor *doctor)
{
    struct sendtest test = {.to = cli->request.send_test,
                            .from = cli->request.sender,
                            .queue_lifetime = cli->basis.queue_lifetime,
                            .told = cli->request.json ? NULL : print_step,
                            .context = cli};

    if (!cli->request.json)
        out_heading(cli, "The way of a test mail");
    sendtest_run(doctor, &test);
    if (!cli->request.json)
        putchar('\n');
}

/* What goes between < and > must not end the command that it stands in. */
static bool addresses_fit(const struct request *request)
{
    if ((request->send_test == NULL || handin_address_fits(request->send_test)) &&
        (request->sender == NULL || handin_address_fits(request->sender)))
        return true;
    complain("--send-test and --sender want an address without blanks and < >");
    return false;
}

static int exit_code(const struct doctor *doctor)
{
    switch (doctor_verdict(doctor)) {
    case SEVERITY_FAULT:
        return DOCTOR_FAULTS;
    case SEVERITY_WARNING:
        return DOCTOR_WARNINGS;
    default:
        return DOCTOR_WELL;
    }
}

static int tell(const struct cli *cli, const struct doctor *doctor)
{
    struct error why;

    if (doctor->failed) {
        complain("no memory");
        return DOCTOR_FAULTS;
    }
    if (!cli->request.json) {
        print_person(cli, doctor, cli->request.verbose);
    } else if (print_json(doctor, &why) != 0) {
        complain("%s", why.text);
        return DOCTOR_FAULTS;
    }
    return exit_code(doctor);
}

static int complain_check(const char *name)
{
    complain("--only '%s': there is no such check; 'waybill doctor --verbose' lists them, and so "
             "does waybill-doctor(7)",
             name);
    return CLI_USAGE;
}

int doctor_run(struct cli *cli)
{
    struct doctor doctor = {.root = ""};
    const struct check *only = NULL;
    struct buffer postconf, postfix;
    int code;

    if (cli->request.redis_acl)
        return redis_acl_run(cli);
    if (!addresses_fit(&cli->request))
        return CLI_USAGE;
    if (cli->request.only != NULL && (only = doctor_check_find(cli->request.only)) == NULL)
        return complain_check(cli->request.only);
    buffer_init(&postconf, 8192);
    buffer_init(&postfix, 8192);
    doctor.postconf = command_of(&postconf, "postconf", cli->request.config_directory);
    doctor.postfix = command_of(&postfix, "postfix", cli->request.config_directory);
    open_settings(cli, &doctor);
    open_mta(cli, &doctor);
    doctor_ask(&doctor, only);
    if (cli->request.send_test != NULL)
        send_test(cli, &doctor);
    code = tell(cli, &doctor);
    doctor_clear_findings(&doctor);
    mta_close(&doctor.mta);
    buffer_free(&postconf);
    buffer_free(&postfix);
    return code;
}
