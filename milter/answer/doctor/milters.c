/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milters: see milters.h. A list is rewritten from its own words; nothing of another's entry is
 * understood, so nothing of it can be lost.
 */
#include "milters.h"

#include <string.h>

#include "waybill/escape.h"

#define LIST_MAX (64u << 10)
#define COMMAND_MAX (128u << 10)
/* A hung daemon may cost a mail no more than these, in seconds. */
#define CONNECT_MOST 10
#define COMMAND_MOST 10
#define CONTENT_MOST 30

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

struct slice milters_list(const struct doctor *doctor, const char *parameter)
{
    struct slice written = mta_written(doctor->mta, parameter);
    struct slice value = mta_value(doctor->mta, parameter);

    return milters_standing(doctor, written).times == milters_standing(doctor, value).times
               ? written
               : value;
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

bool milters_swapped(struct slice address)
{
    struct slice port, digits;

    if (!text_take(&address, "inet:") || !text_take_until(&address, '@', &port))
        return false;
    return text_take_any(&port, "0123456789", &digits) && port.size == 0;
}

struct slice milters_action(const struct doctor *doctor, const struct mta_milter *entry, bool *own)
{
    *own = entry->default_action.at != NULL;
    return *own ? entry->default_action : mta_value(doctor->mta, "milter_default_action");
}

bool milters_long_time(const struct doctor *doctor, const struct mta_milter *entry,
                       struct long_time *found)
{
    const struct {
        const char *common;
        struct slice own;
        int64_t most;
    } times[] = {
        {"milter_connect_timeout", entry->connect_timeout, CONNECT_MOST},
        {"milter_command_timeout", entry->command_timeout, COMMAND_MOST},
        {"milter_content_timeout", entry->content_timeout, CONTENT_MOST},
    };

    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        struct slice time =
            times[i].own.at != NULL ? times[i].own : mta_value(doctor->mta, times[i].common);
        int64_t seconds = milters_seconds(time);
        *found = (struct long_time){times[i].common + sizeof "milter_" - 1, time, times[i].most};
        if (seconds < 0 || seconds > times[i].most)
            return true;
    }
    return false;
}

static bool is_right(const struct doctor *doctor, const struct mta_milter *entry)
{
    struct long_time time;
    struct buffer address;
    bool own, right;

    buffer_init(&address, LIST_MAX);
    mta_milter_address(doctor->mta, doctor->settings->listen, &address);
    right = slice_equal(entry->address, slice_make(address.data, address.size)) &&
            slice_is(milters_action(doctor, entry, &own), "accept") &&
            !milters_long_time(doctor, entry, &time);
    buffer_free(&address);
    return right;
}

int milters_mended(const struct doctor *doctor, struct slice list, struct buffer *to)
{
    struct standing standing = milters_standing(doctor, list);
    struct buffer others;

    buffer_init(&others, LIST_MAX);
    if (standing.times > 0 && is_right(doctor, &standing.ours)) {
        add_entry(to, standing.ours.whole);
    } else {
        mta_milter_entry(doctor->mta, doctor->settings->listen, false, to);
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
    escape_shell(&command, slice_make(setting.data, setting.size));
    if (!setting.failed && !command.failed)
        doctor_heal(doctor, "%s && %s reload", command.data, doctor->postfix);
    buffer_free(&setting);
    buffer_free(&command);
}

/* postconf -P takes no blank in a value, so a list that has some gets a parameter of its own in
 * main.cf, and the service its name. */
static void add_own_parameter(const struct doctor *doctor, const struct mta_service *service,
                              const char *parameter, struct slice *value, struct buffer *name,
                              struct buffer *command)
{
    struct buffer setting;

    buffer_addf(name, "$waybill_%s_", parameter);
    for (size_t i = 0; i < service->name.size; i++) {
        char byte = text_lower(service->name.at[i]);
        bool plain = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
        buffer_add_char(name, plain ? byte : '_');
    }
    buffer_init(&setting, LIST_MAX);
    buffer_addf(&setting, "%s = %.*s", name->data + 1, SLICE_ARGS(*value));
    buffer_addf(command, "%s -e ", doctor->postconf);
    escape_shell(command, slice_make(setting.data, setting.size));
    buffer_add_text(command, " && ");
    buffer_free(&setting);
    *value = slice_make(name->data, name->size);
}

void milters_heal_service(struct doctor *doctor, const struct mta_service *service,
                          const char *parameter, struct slice value)
{
    struct buffer setting, command, name;

    buffer_init(&setting, LIST_MAX);
    buffer_init(&command, COMMAND_MAX);
    buffer_init(&name, LIST_MAX);
    if (slice_find(value, ' ') >= 0)
        add_own_parameter(doctor, service, parameter, &value, &name, &command);
    buffer_addf(&setting, "%.*s/%.*s/%s", SLICE_ARGS(service->name), SLICE_ARGS(service->type),
                parameter);
    if (value.at != NULL) {
        buffer_add_char(&setting, '=');
        buffer_add(&setting, value.at, value.size);
    }
    buffer_addf(&command, "%s %s ", doctor->postconf, value.at != NULL ? "-P" : "-PX");
    escape_shell(&command, slice_make(setting.data, setting.size));
    if (!setting.failed && !command.failed)
        doctor_heal(doctor, "%s && %s reload", command.data, doctor->postfix);
    buffer_free(&setting);
    buffer_free(&command);
    buffer_free(&name);
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
