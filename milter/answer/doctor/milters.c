/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milters: see milters.h. A list is rewritten from its own words; nothing of another's entry is
 * understood, so nothing of it can be lost.
 */
#include "milters.h"

#include <string.h>

#define LIST_MAX (64u << 10)
#define COMMAND_MAX (128u << 10)
/* What attach writes, and FEATURES asks for: a hung daemon costs a mail seconds, not minutes. */
#define OWN_WORDS                                                                                  \
    "default_action=accept, connect_timeout=3s, command_timeout=3s, content_timeout=10s"

struct standing milters_standing(const struct doctor *doctor, struct slice list)
{
    struct standing standing = {0};
    struct mta_milter milter;

    for (; mta_milter_next(doctor->kind, &list, &milter); standing.total++)
        if (mta_milter_is(doctor->mta, &milter, doctor->settings->listen) &&
            standing.times++ == 0) {
            standing.first = standing.total;
            standing.ours = milter;
        }
    return standing;
}

/* "8891@localhost" is "localhost:8891" in main.cf. */
static int add_inet(struct buffer *to, struct slice name)
{
    struct slice port;

    buffer_add_text(to, "inet:");
    if (!text_take_until(&name, '@', &port))
        return buffer_addf(to, "127.0.0.1:%.*s", SLICE_ARGS(name));
    return buffer_addf(to, "%.*s:%.*s", SLICE_ARGS(name), SLICE_ARGS(port));
}

int milters_address(const struct doctor *doctor, struct buffer *to)
{
    struct slice name = slice_of(doctor->settings->listen);
    struct slice queue = mta_value(doctor->mta, "queue_directory");

    if (text_take(&name, "inet:") || text_take(&name, "inet6:"))
        return add_inet(to, name);
    text_take(&name, "unix:");
    text_take(&name, "local:");
    buffer_add_text(to, "unix:");
    if (queue.size > 0 && slice_starts_with(name, queue) && name.size > queue.size &&
        name.at[queue.size] == '/')
        name = slice_make(name.at + queue.size + 1, name.size - queue.size - 1);
    return buffer_add(to, name.at, name.size);
}

static int add_entry(struct buffer *to, struct slice entry)
{
    if (to->size > 0)
        buffer_add_text(to, ", ");
    return buffer_add(to, entry.at, entry.size);
}

int milters_without(const struct doctor *doctor, struct slice list, struct buffer *to)
{
    struct mta_milter milter;

    while (mta_milter_next(doctor->kind, &list, &milter))
        if (!mta_milter_is(doctor->mta, &milter, doctor->settings->listen))
            add_entry(to, milter.whole);
    return to->failed ? -1 : 0;
}

int milters_mended(const struct doctor *doctor, struct slice list, bool keep, struct buffer *to)
{
    struct standing standing = milters_standing(doctor, list);
    struct buffer others;

    buffer_init(&others, LIST_MAX);
    if (keep && standing.times > 0) {
        add_entry(to, standing.ours.whole);
    } else {
        buffer_add_text(to, "{ ");
        milters_address(doctor, to);
        buffer_add_text(to, ", " OWN_WORDS " }");
    }
    milters_without(doctor, list, &others);
    if (others.size > 0)
        add_entry(to, slice_make(others.data, others.size));
    buffer_free(&others);
    return to->failed ? -1 : 0;
}

void milters_heal(struct doctor *doctor, const char *parameter, struct slice value)
{
    struct buffer setting, command;

    buffer_init(&setting, LIST_MAX);
    buffer_init(&command, COMMAND_MAX);
    buffer_addf(&setting, "%s = ", parameter);
    buffer_add(&setting, value.at, value.size);
    buffer_addf(&command, "%s -e ", doctor->postconf);
    doctor_quote(&command, slice_make(setting.data, setting.size));
    if (!setting.failed && !command.failed)
        doctor_heal(doctor, "%s && %s reload", command.data, doctor->postfix);
    buffer_free(&setting);
    buffer_free(&command);
}

void milters_heal_service(struct doctor *doctor, const struct mta_service *service,
                          const char *parameter, struct slice value)
{
    struct buffer setting, command;

    buffer_init(&setting, LIST_MAX);
    buffer_init(&command, COMMAND_MAX);
    buffer_addf(&setting, "%.*s/%.*s/%s", SLICE_ARGS(service->name), SLICE_ARGS(service->type),
                parameter);
    if (value.at != NULL) {
        buffer_add_char(&setting, '=');
        buffer_add(&setting, value.at, value.size);
    }
    buffer_addf(&command, "%s %s ", doctor->postconf, value.at != NULL ? "-P" : "-PX");
    doctor_quote(&command, slice_make(setting.data, setting.size));
    if (!setting.failed && !command.failed)
        doctor_heal(doctor, "%s && %s reload", command.data, doctor->postfix);
    buffer_free(&setting);
    buffer_free(&command);
}

int64_t milters_seconds(struct slice time)
{
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    uint64_t number;

    if (!text_take_number(&time, &number) || number > 1000000)
        return -1;
    if (time.size == 0)
        return (int64_t)number;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (time.size == 1 && time.at[0] == units[i].letter)
            return (int64_t)number * units[i].seconds;
    return -1;
}

bool milters_has_word(struct slice list, const char *word)
{
    struct slice taken;

    while (list.size > 0) {
        text_take_any(&list, ", \t\n", &taken);
        taken = list;
        while (list.size > 0 && strchr(", \t\n", list.at[0]) == NULL)
            list = slice_make(list.at + 1, list.size - 1);
        if (slice_is(slice_make(taken.at, taken.size - list.size), word))
            return true;
    }
    return false;
}

bool milters_is_smtpd(const struct doctor *doctor, size_t service)
{
    return slice_is(mta_service_at(doctor->mta, service).command, "smtpd");
}

/* "127.0.0.1:10025", "[::1]:10025", "localhost:10025". */
static bool is_on_loopback(struct slice name)
{
    return slice_starts(name, "127.") || slice_starts(name, "[::1]") ||
           slice_starts(name, "[127.") || slice_starts(name, "localhost:");
}

bool milters_takes_from_network(const struct doctor *doctor, size_t service)
{
    struct mta_service one = mta_service_at(doctor->mta, service);

    return milters_is_smtpd(doctor, service) && !is_on_loopback(one.name);
}
