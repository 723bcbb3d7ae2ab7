/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * condition: the table of conditions; how a value is read, and when it fits.
 */
#include "condition.h"

#include "waybill/reason.h"

#define DETAIL_MOST 999

static int read_part(struct slice part, uint16_t most, uint16_t *low, uint16_t *high)
{
    uint64_t number = 0;

    *low = 0;
    *high = most;
    if (slice_is(part, "x") || slice_is(part, "*"))
        return 0;
    if (!text_number(part, 0, most, &number))
        return -1;
    *low = *high = (uint16_t)number;
    return 0;
}

static int read_status(struct slice text, struct value *value)
{
    struct slice class, subject;

    if (!text_take_until(&text, '.', &class) || !text_take_until(&text, '.', &subject))
        return -1;
    if (read_part(class, 5, &value->low[0], &value->high[0]) < 0 ||
        read_part(subject, DETAIL_MOST, &value->low[1], &value->high[1]) < 0 ||
        read_part(text, DETAIL_MOST, &value->low[2], &value->high[2]) < 0)
        return -1;
    return value->high[0] < 2 || value->low[0] == 3 ? -1 : 0;
}

static bool status_matches(const struct value *value, const struct asked *asked)
{
    if (asked->status[0] == 0)
        return false;
    for (int part = 0; part < 3; part++)
        if (asked->status[part] < value->low[part] || asked->status[part] > value->high[part])
            return false;
    return true;
}

/* Three places; an x at the end stands for any digit. */
static int read_code(struct slice text, struct value *value)
{
    unsigned low = 0, high = 0;
    bool open = false;

    if (text.size != 3)
        return -1;
    for (size_t i = 0; i < 3; i++) {
        bool any = text.at[i] == 'x';

        if (!any && (open || text.at[i] < '0' || text.at[i] > '9'))
            return -1;
        open = any;
        low = low * 10 + (any ? 0 : (unsigned)(text.at[i] - '0'));
        high = high * 10 + (any ? 9 : (unsigned)(text.at[i] - '0'));
    }
    value->low[0] = (uint16_t)low;
    value->high[0] = (uint16_t)high;
    return low < 400 || high > 599 ? -1 : 0;
}

static bool code_matches(const struct value *value, const struct asked *asked)
{
    return asked->code >= value->low[0] && asked->code <= value->high[0];
}

#define WORD "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"

static int read_text(struct slice text, struct value *value)
{
    return text_take_any(&text, WORD, &value->text) && text.size == 0 ? 0 : -1;
}

/* Those that the readers of reports and of the log tell of; with another one a rule would never
 * fit, and nobody would notice. */
#define COMMANDS "CONN EHLO HELO STARTTLS AUTH MAIL RCPT DATA or none"

static int read_command(struct slice text, struct value *value)
{
    struct slice rest = slice_of(COMMANDS), word;

    while (text_take_word(&rest, &word)) {
        if (!slice_is(word, "or") && slice_equal_nocase(word, text))
            return read_text(text, value);
        text_take_char(&rest, ' ');
    }
    return -1;
}

static bool command_matches(const struct value *value, const struct asked *asked)
{
    if (slice_is(value->text, "none"))
        return asked->command.size == 0;
    return slice_equal_nocase(value->text, asked->command);
}

static bool dialect_matches(const struct value *value, const struct asked *asked)
{
    return slice_equal_nocase(value->text, asked->dialect);
}

static int read_host(struct slice text, struct value *value)
{
    if (text.size == 0 || text.at[0] == '.' || text.at[text.size - 1] == '.')
        return -1;
    return read_text(text, value);
}

/* That name, or one below it. */
static bool host_matches(const struct value *value, const struct asked *asked)
{
    struct slice host = asked->host, name = value->text;

    if (host.size < name.size)
        return false;
    if (host.size > name.size && host.at[host.size - name.size - 1] != '.')
        return false;
    return slice_equal_nocase(slice_make(host.at + host.size - name.size, name.size), name);
}

static int read_delayed(struct slice text, struct value *value)
{
    value->low[0] = slice_is(text, "yes");
    return slice_is(text, "yes") || slice_is(text, "no") ? 0 : -1;
}

static bool delayed_matches(const struct value *value, const struct asked *asked)
{
    return (value->low[0] == 1) == asked->delayed;
}

static const struct {
    const char *name, *allowed;
    int (*read)(struct slice text, struct value *value);
    bool (*matches)(const struct value *value, const struct asked *asked);
} conditions[CONDITIONS] = {
    {"status", "5.1.1 with x or * for any number", read_status, status_matches},
    {"code", "400 to 599 with x for any digit at the end", read_code, code_matches},
    {"host", "a host or domain name", read_host, host_matches},
    {"command", COMMANDS, read_command, command_matches},
    {"dialect", "the name of a dialect", read_text, dialect_matches},
    {"delayed", "yes or no", read_delayed, delayed_matches},
};

int condition_find(struct slice name)
{
    for (int i = 0; i < CONDITIONS; i++)
        if (slice_is(name, conditions[i].name))
            return i;
    return -1;
}

int condition_read(int condition, struct slice text, struct value *value, struct error *why)
{
    *value = (struct value){0};
    if (conditions[condition].read(text, value) < 0)
        return error_set(why, "%s=%.*s: allowed is %s", conditions[condition].name,
                         SLICE_ARGS(text), conditions[condition].allowed);
    return 0;
}

bool condition_fits(int condition, const struct value *value, const struct asked *asked)
{
    return conditions[condition].matches(value, asked);
}

bool condition_status(struct slice text, uint16_t numbers[static 3])
{
    struct value value;

    if (!status_fits(text) || read_status(text, &value) < 0)
        return false;
    for (int part = 0; part < 3; part++)
        numbers[part] = value.low[part];
    return true;
}
