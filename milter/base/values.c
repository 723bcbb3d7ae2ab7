/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * values: one option's value, judged and kept as its row says.
 */
#include "values.h"

#include <stdlib.h>
#include <string.h>

void value_say_choices(const struct option *option, struct buffer *text)
{
    for (size_t i = 0; option->choices[i] != NULL; i++) {
        const char *between = option->choices[i + 1] == NULL ? " or " : ", ";
        buffer_addf(text, "%s%s", i == 0 ? "" : between, option->choices[i]);
    }
}

/* "NAME: must be ..., not 'VALUE'" */
void value_say_allowed(const struct option *option, const char *value, struct buffer *text)
{
    buffer_addf(text, "%s: must be ", option->name);
    switch (option->type) {
    case OPTION_TEXT:
    case OPTION_LIST:
        buffer_add_text(text, option->allowed);
        break;
    case OPTION_NUMBER:
        buffer_addf(text, "a number from %lld to %lld", (long long)option->least,
                    (long long)option->most);
        break;
    case OPTION_CHOICE:
        value_say_choices(option, text);
        break;
    case OPTION_MODE:
        buffer_addf(text, "an octal mode from %04llo to %04llo", (unsigned long long)option->least,
                    (unsigned long long)option->most);
        break;
    }
    buffer_addf(text, ", not '%.200s'", value);
}

static bool read_number(const struct option *option, struct slice value, int64_t *number)
{
    bool negative = text_take_char(&value, '-');
    uint64_t size;

    if (!text_number(value, 0, INT64_MAX, &size))
        return false;
    *number = negative ? -(int64_t)size : (int64_t)size;
    return *number >= option->least && *number <= option->most;
}

static bool read_choice(const struct option *option, struct slice value, int64_t *number)
{
    for (size_t i = 0; option->choices[i] != NULL; i++) {
        if (slice_is(value, option->choices[i])) {
            *number = (int64_t)i;
            return true;
        }
    }
    return false;
}

static bool read_mode(const struct option *option, struct slice value, int64_t *number)
{
    int64_t mode = 0;

    if (value.size == 0 || value.size > 5)
        return false;
    for (size_t i = 0; i < value.size; i++) {
        if (value.at[i] < '0' || value.at[i] > '7')
            return false;
        mode = mode * 8 + (value.at[i] - '0');
    }
    *number = mode;
    return mode >= option->least && mode <= option->most;
}

static enum verdict set_text(char **place, const char *value)
{
    char *copy = strdup(value);

    if (copy == NULL)
        return VALUE_NO_MEMORY;
    free(*place);
    *place = copy;
    return VALUE_GOOD;
}

static enum verdict add_item(char **list, const char *value)
{
    size_t count = 0;

    while (list[count] != NULL)
        count++;
    return count < SETTINGS_LIST_MAX - 1 ? set_text(&list[count], value) : VALUE_TOO_MANY;
}

enum verdict value_take(const struct option *option, struct settings *settings, const char *value)
{
    struct slice all = slice_of(value);
    int64_t *number = option_number(option, settings);

    switch (option->type) {
    case OPTION_TEXT:
        return set_text(option_text(option, settings), value);
    case OPTION_LIST:
        return add_item(option_text(option, settings), value);
    case OPTION_NUMBER:
        return read_number(option, all, number) ? VALUE_GOOD : VALUE_WRONG;
    case OPTION_CHOICE:
        return read_choice(option, all, number) ? VALUE_GOOD : VALUE_WRONG;
    case OPTION_MODE:
        return read_mode(option, all, number) ? VALUE_GOOD : VALUE_WRONG;
    }
    return VALUE_WRONG;
}

enum verdict value_set(const struct option *option, struct settings *settings, const char *value)
{
    if (option->fits != NULL && !option->fits(slice_of(value)))
        return VALUE_WRONG;
    return value_take(option, settings, value);
}

void value_clear_list(char **list)
{
    for (size_t i = 0; i < SETTINGS_LIST_MAX; i++) {
        free(list[i]);
        list[i] = NULL;
    }
}

static bool same_list(char *const *a, char *const *b)
{
    size_t i = 0;

    while (i < SETTINGS_LIST_MAX && a[i] != NULL && b[i] != NULL && strcmp(a[i], b[i]) == 0)
        i++;
    return i == SETTINGS_LIST_MAX || (a[i] == NULL && b[i] == NULL);
}

bool value_same(const struct option *option, const struct settings *a, const struct settings *b)
{
    switch (option->type) {
    case OPTION_TEXT:
        return strcmp(*option_text(option, a), *option_text(option, b)) == 0;
    case OPTION_LIST:
        return same_list(option_text(option, a), option_text(option, b));
    default:
        return *option_number(option, a) == *option_number(option, b);
    }
}

static int copy_list(char **to, char *const *from)
{
    value_clear_list(to);
    for (size_t i = 0; i < SETTINGS_LIST_MAX && from[i] != NULL; i++)
        if (set_text(&to[i], from[i]) != VALUE_GOOD)
            return -1;
    return 0;
}

int value_copy(const struct option *option, struct settings *to, const struct settings *from)
{
    switch (option->type) {
    case OPTION_TEXT:
        return set_text(option_text(option, to), *option_text(option, from)) == VALUE_GOOD ? 0 : -1;
    case OPTION_LIST:
        return copy_list(option_text(option, to), option_text(option, from));
    default:
        *option_number(option, to) = *option_number(option, from);
        return 0;
    }
}
