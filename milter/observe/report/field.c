/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * field: a header field from its lines. Promise: never more than REPORT_FIELD_MAX bytes.
 */
#include "field.h"

#include <string.h>

#define NAME_MAX_SIZE 128 /* bytes; longer is no name */

void field_begin(struct field *field)
{
    field->size = field->name_size = 0;
    field->cut = false;
}

static bool is_name_byte(char byte)
{
    unsigned char low = (unsigned char)(byte | 0x20);

    return (low >= 'a' && low <= 'z') || byte == '-' ||
           (byte > ' ' && byte < 127 && memchr("()<>@,;:\\\"[]", byte, 12) == NULL);
}

size_t field_name_size(struct slice line)
{
    size_t size = 0, colon;

    while (size < line.size && size < NAME_MAX_SIZE && is_name_byte(line.at[size]))
        size++;
    colon = size;
    while (colon < line.size && colon - size < 4 &&
           (line.at[colon] == ' ' || line.at[colon] == '\t'))
        colon++;
    if (size == 0 || colon == line.size || line.at[colon] != ':')
        return 0;
    /* A web address is no field. */
    if (line.size - colon > 2 && line.at[colon + 1] == '/' && line.at[colon + 2] == '/')
        return 0;
    return size;
}

void field_more(struct field *field, struct slice bytes)
{
    size_t room = sizeof field->bytes - field->size;

    if (field->name_size == 0 || bytes.size == 0)
        return;
    if (bytes.size > room) {
        field->cut = true;
        bytes.size = room;
    }
    memcpy(field->bytes + field->size, bytes.at, bytes.size);
    field->size += bytes.size;
}

void field_start(struct field *field, struct slice line, size_t name_size)
{
    field->size = 0;
    field->name_size = name_size;
    field_more(field, line);
}

void field_fold(struct field *field, struct slice line)
{
    line = slice_trim(line);
    if (line.size == 0)
        return;
    field_more(field, slice_make(" ", 1));
    field_more(field, line);
}

bool field_take(struct field *field, struct slice *name, struct slice *value)
{
    struct slice rest = slice_make(field->bytes, field->size);
    size_t name_size = field->name_size;

    if (name_size == 0)
        return false;
    field->name_size = 0;
    for (char *at = field->bytes, *end = at + field->size;
         (at = memchr(at, '\0', (size_t)(end - at))) != NULL;)
        *at = ' ';
    *name = slice_make(rest.at, name_size);
    rest = slice_make(rest.at + name_size, rest.size - name_size);
    (void)text_take_until(&rest, ':', value);
    *value = slice_trim(rest);
    return true;
}
