/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of the parts that the other checks need: the configuration and the mail server's set-up.
 */
#include "doctor.h"

#include <errno.h>
#include <unistd.h>

#include "around.h"
#include "waybill/escape.h"

/* Line `number` of the configuration; absent: it has none. */
static struct slice line_at(const struct buffer *text, uint64_t number)
{
    struct slice rest = slice_make(text->data, text->size), line = SLICE_ABSENT;

    for (; number > 0; number--)
        if (!text_take_until(&rest, '\n', &line))
            return SLICE_ABSENT;
    return line;
}

/* listen = "inet:127.0.0.1:8892" is as main.cf has it; libmilter wants the port first. */
static bool heal_swapped(struct doctor *doctor, uint64_t number)
{
    struct buffer text;
    struct slice line, before, host, port;
    bool healed = false;

    if (around_read(doctor, doctor->settings_file, &text)) {
        line = line_at(&text, number);
        if (text_take_until_text(&line, "inet:", &before) && text_take_until(&line, '"', &host) &&
            text_cut_last(&host, ":", &port) && doctor_fits_string(host) &&
            doctor_fits_string(port) && slice_find(host, '@') < 0) {
            doctor_heal_in(doctor, doctor->settings_file, "listen = \"inet:%.*s@%.*s\"",
                           SLICE_ARGS(port), SLICE_ARGS(host));
            healed = true;
        }
    }
    buffer_free(&text);
    return healed;
}

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
    if (slice_is(name, "listen") && heal_swapped(doctor, line))
        return;
    buffer_init(&file, 16384);
    escape_shell(&file, slice_of(doctor->settings_file));
    doctor_heal(doctor, "sed -i '%llus/^/# /' %s && %s", (unsigned long long)line, file.data,
                doctor_renew(doctor));
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
