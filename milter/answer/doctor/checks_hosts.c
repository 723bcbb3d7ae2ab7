/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of the mail servers that share this store, by the sheets that they keep there: what must
 * be the same on all of them, and what must not. A line that heals is for the host that the
 * finding names.
 */
#include "doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../status.h"
#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/host.h"

/* NULL: told why not. */
static struct status *read_hosts(struct doctor *doctor, const struct check *check)
{
    struct status *status = NULL;
    struct error why;

    if (status_read(&status, doctor->store, NULL, doctor->settings->retention_days, &why) == 0)
        return status;
    status_free(&status);
    doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL, "The hosts cannot be read: %s.", why.text);
    return NULL;
}

static bool is_here(const struct doctor *doctor, const struct status_host *host)
{
    const char *own = doctor->settings->host;

    return own != NULL && strcmp(own, host->name) == 0;
}

static bool speaks(const struct status_host *host)
{
    return host->told && !host->gone;
}

/* What is wrong elsewhere is healed there: a command for that machine would spoil this one. Its
 * name comes from the store, so an odd one gets no line. */
static void heal_there(struct doctor *doctor, const struct status_host *host)
{
    if (doctor_fits_host(host->name))
        doctor_heal(doctor, "ssh root@%s waybill doctor", host->name);
}

/* What `status` takes for trouble of one kind, with what heals it here; NULL: other checks tell. */
static void tell_troubles(struct doctor *doctor, const struct check *check, enum status_kind kind,
                          enum severity severity, const char *matter, const char *heal)
{
    struct status *status = read_hosts(doctor, check);

    for (size_t i = 0; status != NULL && i < status->trouble_count; i++) {
        if (status->troubles[i].kind != kind)
            continue;
        doctor_find(doctor, check, severity, matter, "%s.", status->troubles[i].what);
        if (!is_here(doctor, status->troubles[i].host))
            heal_there(doctor, status->troubles[i].host);
        else if (heal != NULL)
            doctor_heal(doctor, "%s", heal);
    }
    status_free(&status);
}

static void look_at_silence(struct doctor *doctor, const struct check *check)
{
    tell_troubles(doctor, check, STATUS_SILENT, SEVERITY_WARNING,
                  "What becomes of its mails is not seen meanwhile, or waits in its journal.",
                  "systemctl enable --now waybill.service");
}

/* The next number of which nobody is known; -1: there is none. Not a lower one, since a clone that
 * has forgotten its number takes the lowest that its machine-id(5) has. */
static int free_number(const struct status *status, unsigned own)
{
    bool taken[STATUS_HOSTS_MAX] = {false};

    for (size_t i = 0; i < status->host_count; i++)
        taken[status->hosts[i].node % STATUS_HOSTS_MAX] = true;
    for (unsigned node = own + 1; node < STATUS_HOSTS_MAX; node++)
        if (!taken[node])
            return (int)node;
    return -1;
}

/* A number of its own heals it; another machine-id(5) would, too, but much rests on that. */
static void look_at_numbers(struct doctor *doctor, const struct check *check)
{
    struct status *status = read_hosts(doctor, check);

    for (size_t i = 0; status != NULL && i < status->trouble_count; i++) {
        const struct status_trouble *trouble = &status->troubles[i];
        int number = free_number(status, trouble->host->node);

        if (trouble->kind != STATUS_RIVAL)
            continue;
        doctor_find(doctor, check, SEVERITY_FAULT,
                    "Two mails get one id, and each takes the other for its own: clones of a "
                    "machine need a machine-id(5), or a 'node', of their own.",
                    "%s.", trouble->what);
        if (!is_here(doctor, trouble->host))
            heal_there(doctor, trouble->host);
        else if (number >= 0)
            doctor_heal_in(doctor, doctor->settings_file, "node = %d", number);
    }
    status_free(&status);
}

static void look_at_clocks(struct doctor *doctor, const struct check *check)
{
    tell_troubles(doctor, check, STATUS_CLOCK, SEVERITY_WARNING,
                  "Mails stand at the wrong time, and days are kept for too long or too short.",
                  "timedatectl set-ntp true");
}

static void look_at_waiting(struct doctor *doctor, const struct check *check)
{
    tell_troubles(doctor, check, STATUS_WAITING, SEVERITY_WARNING,
                  "Its newest mails are not found; if the journal fills up, facts are lost.", NULL);
}

static void look_at_losses(struct doctor *doctor, const struct check *check)
{
    tell_troubles(doctor, check, STATUS_LOST, SEVERITY_FAULT,
                  "These mails have gaps in their story: the disk was full, or too slow.",
                  "waybill stats --coverage");
}

static void look_at_speed(struct doctor *doctor, const struct check *check)
{
    tell_troubles(doctor, check, STATUS_SLOW, SEVERITY_FAULT,
                  "A mail waited for us: the disk of state_directory, or the machine, is too slow.",
                  "waybill status");
}

/* ---- the same on all hosts ---- */

/* An option that a sheet has. */
static const struct same {
    const char *option;
    size_t at; /* of the number in struct sheet */
    enum severity severity;
} sames[] = {
    {"retention_days", offsetof(struct sheet, retention_days), SEVERITY_WARNING},
    {"refused_retention_days", offsetof(struct sheet, refused_retention_days), SEVERITY_HINT},
    {"reply_retention_days", offsetof(struct sheet, reply_retention_days), SEVERITY_HINT},
    {"subject_retention_days", offsetof(struct sheet, subject_retention_days), SEVERITY_HINT},
    {"queue_lifetime_hours", offsetof(struct sheet, queue_lifetime_hours), SEVERITY_WARNING},
};

static int64_t number_at(const struct status_host *host, size_t at)
{
    return *(const int64_t *)(const void *)((const char *)&host->sheet + at);
}

/* The host that the others are measured by: another one than this, so that the line that heals is
 * for this host, where there are two. NULL: nobody speaks. */
static const struct status_host *model_of(const struct doctor *doctor, const struct status *status)
{
    const struct status_host *model = NULL;

    for (size_t i = 0; i < status->host_count; i++) {
        const struct status_host *host = &status->hosts[i];

        if (speaks(host) && (model == NULL || (is_here(doctor, model) && !is_here(doctor, host))))
            model = host;
    }
    return model;
}

static void compare_option(struct doctor *doctor, const struct check *check,
                           const struct status *status, const struct same *same)
{
    const struct status_host *model = model_of(doctor, status);

    for (size_t i = 0; model != NULL && i < status->host_count; i++) {
        const struct status_host *host = &status->hosts[i];
        int64_t here = number_at(host, same->at), there = number_at(model, same->at);

        if (!speaks(host) || here == there || here == SHEET_UNKNOWN || there == SHEET_UNKNOWN)
            continue;
        doctor_find(doctor, check, same->severity,
                    "They share the days of one store: each ends what both have written by its own "
                    "count.",
                    "On '%s' %s is %lld, on '%s' %lld.", host->name, same->option, (long long)here,
                    model->name, (long long)there);
        if (is_here(doctor, host))
            doctor_heal_in(doctor, doctor->settings_file, "%s = %lld", same->option,
                           (long long)there);
        else
            heal_there(doctor, host);
    }
}

static void look_at_options(struct doctor *doctor, const struct check *check)
{
    struct status *status = read_hosts(doctor, check);

    for (size_t i = 0; status != NULL && i < sizeof sames / sizeof sames[0]; i++)
        compare_option(doctor, check, status, &sames[i]);
    status_free(&status);
}

/* ---- keys ---- */

static bool needs_key(const struct status_host *host)
{
    return speaks(host) &&
           (host->sheet.stamp_envid == 1 || host->sheet.subject == SUBJECT_HASH) &&
           host->sheet.key_file[0] != '\0';
}

/* Has one of them the other's key as the one before? Then it is being changed. */
static bool being_changed(const struct sheet *a, const struct sheet *b)
{
    return strcmp(a->key_file, b->key_file_before) == 0 ||
           strcmp(a->key_file_before, b->key_file) == 0;
}

/* The key that was is kept: mails that are under way are signed with it. */
static void heal_key(struct doctor *doctor, const struct status_host *model)
{
    const char *file = doctor->settings->key_file;
    struct buffer path;

    if (file == NULL || *file != '/' || !doctor_fits_host(model->name))
        return;
    buffer_init(&path, 8192);
    escape_shell(&path, slice_of(file));
    doctor_heal(doctor, "cp -p %s %s.before && scp root@%s:%s %s && %s", path.data, path.data,
                model->name, path.data, path.data, doctor_renew(doctor));
    buffer_free(&path);
}

static void compare_keys(struct doctor *doctor, const struct check *check,
                         const struct status_host *host, const struct status_host *model)
{
    if (strcmp(host->sheet.key_file, model->sheet.key_file) == 0)
        return;
    doctor_find(doctor, check,
                being_changed(&host->sheet, &model->sheet) ? SEVERITY_HINT : SEVERITY_WARNING,
                "A bounce that comes in at another host than its mail went out from proves "
                "nothing, and hashes of one Subject differ. After the change name the old key "
                "in key_file_before for as long as mails are under way.",
                "key_file of '%s' is another one than that of '%s'.", host->name, model->name);
    if (is_here(doctor, host))
        heal_key(doctor, model);
    else
        heal_there(doctor, host);
}

static void look_at_key(struct doctor *doctor, const struct check *check)
{
    struct status *status = read_hosts(doctor, check);
    const struct status_host *model = status != NULL ? model_of(doctor, status) : NULL;

    if (model != NULL && !needs_key(model))
        model = NULL;
    for (size_t i = 0; status != NULL && i < status->host_count; i++) {
        if (!needs_key(&status->hosts[i]))
            continue;
        if (model == NULL)
            model = &status->hosts[i];
        compare_keys(doctor, check, &status->hosts[i], model);
    }
    status_free(&status);
}

/* ---- versions ---- */

static void look_at_versions(struct doctor *doctor, const struct check *check)
{
    struct status *status = read_hosts(doctor, check);
    const struct status_host *model = status != NULL ? model_of(doctor, status) : NULL;

    for (size_t i = 0; model != NULL && i < status->host_count; i++) {
        const struct status_host *host = &status->hosts[i];

        if (speaks(host) && strcmp(host->sheet.version, model->sheet.version) != 0)
            doctor_find(doctor, check, SEVERITY_HINT,
                        "They understand each other; what the newer one can do, the older cannot.",
                        "'%s' runs waybilld %s, '%s' %s.", host->name, host->sheet.version,
                        model->name, model->sheet.version);
    }
    status_free(&status);
}

/* The program on the disk against the one that runs. */
static void look_at_running(struct doctor *doctor, const struct check *check)
{
    struct status *status = read_hosts(doctor, check);

    for (size_t i = 0; status != NULL && i < status->host_count; i++) {
        const struct status_host *host = &status->hosts[i];

        if (!is_here(doctor, host) || !speaks(host) ||
            strcmp(host->sheet.version, PACKAGE_VERSION) == 0)
            continue;
        doctor_find(doctor, check, SEVERITY_WARNING, "What the new one mends is not mended yet.",
                    "waybilld %s runs here, " PACKAGE_VERSION " is installed.",
                    host->sheet.version);
        doctor_heal(doctor, "%s", doctor_renew(doctor));
    }
    status_free(&status);
}

#define STORE NEEDS_STORE

const struct check checks_hosts[] = {
    {"hosts-silent", "all mail servers are heard of", look_at_silence, STORE},
    {"hosts-number", "each mail server has a node number of its own", look_at_numbers, STORE},
    {"hosts-speed", "no mail waited for waybilld", look_at_speed, STORE},
    {"hosts-lost", "no facts were lost", look_at_losses, STORE},
    {"hosts-waiting", "no facts wait for the store", look_at_waiting, STORE},
    {"hosts-clock", "the clocks agree with that of the store", look_at_clocks, STORE},
    {"hosts-key", "key_file is the same wherever it matters", look_at_key, STORE},
    {"hosts-options", "retention and queue lifetime are the same on all hosts", look_at_options,
     STORE},
    {"hosts-version", "all hosts run one version", look_at_versions, STORE},
    {"daemon-version", "the version that is installed is the one that runs", look_at_running,
     STORE},
    {0},
};
