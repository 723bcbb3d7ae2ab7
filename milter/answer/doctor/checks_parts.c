/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of the parts that the other checks need: the configuration and the mail server's set-up.
 */
#include <errno.h>
#include <unistd.h>

#include "doctor.h"

#include "waybill/escape.h"

/* "FILE:12: name: what is allowed": that line can be put out of force, and its default holds. */
static void heal_line(struct doctor *doctor)
{
    struct slice why = slice_of(doctor->settings_why.text), name;
    struct buffer file;
    uint64_t line;

    if (!text_take(&why, doctor->settings_file) || !text_take_char(&why, ':') ||
        !text_take_number(&why, &line) || !text_take(&why, ": ") ||
        !text_take_until(&why, ':', &name))
        return;
    buffer_init(&file, 16384);
    escape_shell(&file, slice_of(doctor->settings_file));
    doctor_heal(doctor, "sed -i '%llus/^/# /' %s && systemctl restart waybill",
                (unsigned long long)line, file.data);
    buffer_free(&file);
}

static void look_at_settings(struct doctor *doctor, const struct check *check)
{
    if (doctor->settings != NULL)
        return;
    if (access(doctor->settings_file, R_OK) != 0 && errno == EACCES) {
        doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL, "%s; run it as root.",
                    doctor->settings_why.text);
        return;
    }
    doctor_find(doctor, check, SEVERITY_FAULT,
                "waybilld does not start with it, and a reload keeps the old one.", "%s",
                doctor->settings_why.text);
    heal_line(doctor);
}

static void look_at_mail_server(struct doctor *doctor, const struct check *check)
{
    if (doctor->mta == NULL)
        doctor_find(doctor, check, SEVERITY_WARNING,
                    "Without it nothing can be said of what the mail server does.", "%s",
                    doctor->mta_why.text);
}

const struct check checks_parts[] = {
    {"settings", "the configuration can be read", look_at_settings, 0},
    {"mail-server", "the mail server's set-up can be read", look_at_mail_server, 0},
    {0},
};
