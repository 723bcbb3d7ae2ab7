/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of the parts that the other checks need: the configuration and the mail server's set-up.
 */
#include "doctor.h"

static void look_at_settings(struct doctor *doctor, const struct check *check)
{
    if (doctor->settings == NULL)
        doctor_find(doctor, check, SEVERITY_FAULT,
                    "waybilld does not start with it, and a reload keeps the old one.", "%s",
                    doctor->settings_why.text);
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
