/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor: asks the tables in order and keeps what they find. A check whose parts are missing is
 * not asked; how many, by part, is counted and told once.
 */
#include "doctor.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX (64u << 10) /* a list of milters may be long */
#define FINDINGS_MAX 1000

const struct check *const doctor_tables[] = {
    checks_parts,    checks_socket, checks_milter,  checks_services, checks_mta,
    checks_sendmail, checks_log,    checks_writers, checks_machine,  checks_store,
    checks_records,  checks_access, checks_hosts,   NULL,
};

const char *severity_word(enum severity severity)
{
    static const char *const words[SEVERITY_COUNT] = {"good", "unknown", "hint", "warning",
                                                      "fault"};
    return words[severity];
}

/* ---- what is found ---- */

/* NULL: no memory. What does not fit is cut. */
__attribute__((format(printf, 1, 0))) static char *format_text(const char *format, va_list arguments)
{
    struct buffer text;
    char *copy;

    buffer_init(&text, TEXT_MAX);
    if (buffer_addv(&text, format, arguments) != 0)
        buffer_clear(&text);
    copy = strdup(text.data);
    buffer_free(&text);
    return copy;
}

void doctor_find(struct doctor *doctor, const struct check *check, enum severity severity,
                 const char *matter, const char *format, ...)
{
    struct finding *more = NULL;
    va_list arguments;

    if (doctor->count < FINDINGS_MAX)
        more = realloc(doctor->findings, (doctor->count + 1) * sizeof *more);
    if (more == NULL) {
        doctor->failed = true;
        return;
    }
    doctor->findings = more;
    more += doctor->count++;
    *more = (struct finding){.check = check->name, .severity = severity, .matter = matter};
    va_start(arguments, format);
    more->what = format_text(format, arguments);
    va_end(arguments);
    doctor->failed = doctor->failed || more->what == NULL;
}

__attribute__((format(printf, 3, 0))) static void heal(struct doctor *doctor, const char *file,
                                                       const char *format, va_list arguments)
{
    struct finding *last;

    if (doctor->count == 0)
        return;
    last = &doctor->findings[doctor->count - 1];
    free(last->heal);
    free(last->file);
    last->heal = format_text(format, arguments);
    last->file = file != NULL ? strdup(file) : NULL;
    if (last->heal == NULL || (file != NULL && last->file == NULL))
        doctor->failed = true;
}

void doctor_heal(struct doctor *doctor, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    heal(doctor, NULL, format, arguments);
    va_end(arguments);
}

void doctor_heal_in(struct doctor *doctor, const char *file, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    heal(doctor, file, format, arguments);
    va_end(arguments);
}

const char *doctor_renew(const struct doctor *doctor)
{
    return doctor->settings != NULL && strncmp(doctor->settings->listen, "inet", 4) == 0
               ? "systemctl restart waybill"
               : "systemctl reload-or-restart waybill";
}

bool doctor_fits_string(struct slice words)
{
    for (size_t i = 0; i < words.size; i++)
        if (words.at[i] < ' ' || words.at[i] > '~' || strchr("\"'\\$", words.at[i]) != NULL)
            return false;
    return words.size > 0;
}

bool doctor_fits_host(const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";

    return *name != '\0' && *name != '-' && name[strspn(name, plain)] == '\0';
}

void doctor_skip(struct doctor *doctor)
{
    doctor->skipped = true;
}

size_t doctor_count(const struct doctor *doctor, enum severity severity)
{
    size_t count = 0;

    for (size_t i = 0; i < doctor->count; i++)
        count += doctor->findings[i].severity == severity;
    return count;
}

enum severity doctor_verdict(const struct doctor *doctor)
{
    enum severity worst = SEVERITY_GOOD;

    for (size_t i = 0; i < doctor->count; i++)
        if (doctor->findings[i].severity > worst)
            worst = doctor->findings[i].severity;
    return worst;
}

void doctor_clear_findings(struct doctor *doctor)
{
    for (size_t i = 0; i < doctor->count; i++) {
        free(doctor->findings[i].what);
        free(doctor->findings[i].heal);
        free(doctor->findings[i].file);
    }
    free(doctor->findings);
    doctor->findings = NULL;
    doctor->count = 0;
}

/* ---- asking ---- */

const struct check *doctor_check_find(const char *name)
{
    for (size_t i = 0; doctor_tables[i] != NULL; i++)
        for (const struct check *check = doctor_tables[i]; check->name != NULL; check++)
            if (strcmp(check->name, name) == 0)
                return check;
    return NULL;
}

/* The parts whose lack is told by a line of its own. */
static const struct {
    enum doctor_need need;
    struct check row;
    const char *lack;
} parts[] = {
    {NEEDS_SETTINGS, {.name = "settings"}, "the configuration cannot be read"},
    {NEEDS_MTA, {.name = "mail-server"}, "no mail server's set-up can be read"},
    {NEEDS_STORE, {.name = "store"}, "Redis cannot be reached"},
    {NEEDS_ROOT, {.name = "root"}, "only root may look"},
};
#define PARTS (sizeof parts / sizeof parts[0])

static bool has(const struct doctor *doctor, enum doctor_need need)
{
    switch (need) {
    case NEEDS_SETTINGS:
        return doctor->settings != NULL;
    case NEEDS_MTA:
        return doctor->mta != NULL;
    case NEEDS_POSTFIX:
        return doctor->mta == NULL || doctor->kind == MTA_POSTFIX;
    case NEEDS_SENDMAIL:
        return doctor->mta == NULL || doctor->kind == MTA_SENDMAIL;
    case NEEDS_STORE:
        return doctor->store != NULL;
    case NEEDS_ROOT:
        return geteuid() == 0;
    }
    return true;
}

/* Whoever needs Postfix needs a mail server, and the store cannot be had without settings. */
static unsigned all_needs(const struct check *check)
{
    unsigned needs = check->needs;

    if ((needs & (NEEDS_POSTFIX | NEEDS_SENDMAIL)) != 0)
        needs |= NEEDS_MTA;
    return (needs & NEEDS_STORE) != 0 ? needs | NEEDS_SETTINGS : needs;
}

static bool may_be_asked(struct doctor *doctor, const struct check *check)
{
    unsigned needs = all_needs(check);

    if (((needs & NEEDS_POSTFIX) != 0 && !has(doctor, NEEDS_POSTFIX)) ||
        ((needs & NEEDS_SENDMAIL) != 0 && !has(doctor, NEEDS_SENDMAIL)))
        return false;
    for (size_t i = 0; i < PARTS; i++)
        if ((needs & parts[i].need) != 0 && !has(doctor, parts[i].need)) {
            doctor->left_out[i]++;
            return false;
        }
    return true;
}

static void ask_one(struct doctor *doctor, const struct check *check)
{
    size_t before = doctor->count;

    if (!may_be_asked(doctor, check))
        return;
    doctor->skipped = false;
    check->look(doctor, check);
    if (doctor->count == before && !doctor->skipped)
        doctor_find(doctor, check, SEVERITY_GOOD, NULL, "%s", check->subject);
}

static void tell_left_out(struct doctor *doctor)
{
    for (size_t i = 0; i < PARTS; i++)
        if (doctor->left_out[i] > 0)
            doctor_find(doctor, &parts[i].row, SEVERITY_UNKNOWN, NULL, "%zu check%s not made: %s",
                        doctor->left_out[i], doctor->left_out[i] == 1 ? " was" : "s were",
                        parts[i].lack);
}

void doctor_ask(struct doctor *doctor, const struct check *only)
{
    if (only != NULL)
        ask_one(doctor, only);
    for (size_t i = 0; only == NULL && doctor_tables[i] != NULL; i++)
        for (const struct check *check = doctor_tables[i]; check->name != NULL; check++)
            ask_one(doctor, check);
    tell_left_out(doctor);
}
