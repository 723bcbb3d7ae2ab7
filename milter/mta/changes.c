/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A change knows the command that makes it, so that what is shown is what is done.
 */
#include "changes.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "setup.h"
#include "waybill/escape.h"

char *slice_dup(struct slice from)
{
    char *copy = malloc(from.size + 1);

    if (copy == NULL)
        return NULL;
    if (from.size > 0)
        memcpy(copy, from.at, from.size);
    copy[from.size] = '\0';
    return copy;
}

/* "postconf -c DIR -e 'name = value'"; the usual place needs no -c. */
static char *command_of(const struct mta *mta, const struct mta_change *change)
{
    struct buffer words, setting;
    char *command;

    buffer_init(&words, 2 * VALUE_MAX);
    buffer_init(&setting, 2 * VALUE_MAX);
    buffer_add_text(&words, "postconf ");
    if (!mta->usual) {
        buffer_add_text(&words, "-c ");
        escape_shell(&words, slice_of(mta->where));
        buffer_add_char(&words, ' ');
    }
    buffer_add_text(&words, change->kind == MTA_CHANGE_SERVICE ? "-P "
                            : change->after != NULL            ? "-e "
                                                               : "-X ");
    buffer_add_text(&setting, change->parameter);
    if (change->after != NULL)
        buffer_addf(&setting, change->kind == MTA_CHANGE_SERVICE ? "=%s" : " = %s", change->after);
    escape_shell(&words, slice_make(setting.data, setting.size));
    command = words.failed || setting.failed ? NULL : strdup(words.data);
    buffer_free(&words);
    buffer_free(&setting);
    return command;
}

int changes_add(struct mta_changes *changes, const struct mta *mta, enum mta_change_kind kind,
                struct slice parameter, struct slice before, struct slice after, const char *reason)
{
    struct mta_change *list =
        reallocarray(changes->list, changes->count + 1, sizeof *changes->list);
    struct mta_change *fresh;

    if (list == NULL)
        return -1;
    changes->list = list;
    fresh = &list[changes->count++];
    *fresh = (struct mta_change){.kind = kind, .reason = reason};
    fresh->parameter = slice_dup(parameter);
    if (before.at != NULL)
        fresh->before = slice_dup(before);
    if (after.at != NULL)
        fresh->after = slice_dup(after);
    if (fresh->parameter == NULL || (before.at != NULL && fresh->before == NULL) ||
        (after.at != NULL && fresh->after == NULL))
        return -1;
    if (kind == MTA_CHANGE_MAIN || kind == MTA_CHANGE_SERVICE) {
        fresh->command = command_of(mta, fresh);
        return fresh->command != NULL ? 0 : -1;
    }
    return 0;
}

int changes_note(struct mta_changes *changes, const char *format, ...)
{
    char **notes = reallocarray(changes->notes, changes->note_count + 1, sizeof *notes);
    struct buffer text;
    va_list arguments;

    if (notes == NULL)
        return -1;
    changes->notes = notes;
    buffer_init(&text, VALUE_MAX);
    va_start(arguments, format);
    buffer_addv(&text, format, arguments);
    va_end(arguments);
    notes[changes->note_count] = strdup(text.data);
    buffer_free(&text);
    return notes[changes->note_count] == NULL ? -1 : (changes->note_count++, 0);
}

struct mta_change *changes_find(const struct mta_changes *changes, enum mta_change_kind kind,
                                struct slice parameter)
{
    for (size_t i = 0; i < changes->count; i++)
        if (changes->list[i].kind == kind && slice_is(parameter, changes->list[i].parameter))
            return &changes->list[i];
    return NULL;
}

void mta_changes_clear(struct mta_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++) {
        free(changes->list[i].parameter);
        free(changes->list[i].before);
        free(changes->list[i].after);
        free(changes->list[i].command);
    }
    for (size_t i = 0; i < changes->note_count; i++)
        free(changes->notes[i]);
    free(changes->list);
    free(changes->notes);
    *changes = (struct mta_changes){0};
}
