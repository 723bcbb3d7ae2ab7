/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendmail: the lines of a sendmail.cf that matter to a milter: options by their long names, the
 * filters, the version. Promise: a line that is not understood is passed over, as long as it may
 * be.
 */
#include "setup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CF_USUAL "/etc/mail/sendmail.cf"

static int load(struct buffer *file, const char *path, struct error *why)
{
    FILE *from = fopen(path, "re");
    char block[4096];
    size_t size;
    int result = 0;

    if (from == NULL)
        return error_set(why, "cannot open '%s': %s", path, strerror(errno));
    while ((size = fread(block, 1, sizeof block, from)) > 0)
        buffer_add(file, block, size);
    if (ferror(from))
        result = error_set(why, "cannot read '%s': %s", path, strerror(errno));
    else if (file->failed)
        result = error_set(why, "cannot read '%s': it is too long for a sendmail.cf", path);
    fclose(from);
    return result;
}

/* A line goes on where the next one begins with a blank; the breaks become blanks, in place. */
static void join_lines(struct buffer *file)
{
    for (size_t i = 0; i + 1 < file->size; i++)
        if (file->data[i] == '\n' && (file->data[i + 1] == ' ' || file->data[i + 1] == '\t'))
            file->data[i] = ' ';
}

static int add_parameter(struct mta *mta, const char *name, struct slice value)
{
    struct parameter *added = setup_add_parameter(mta);

    if (added == NULL)
        return -1;
    *added =
        (struct parameter){.name = slice_of(name), .written = value, .value = value, .set = true};
    return 0;
}

/* The value of `key`= in "Name=MTA, Port=smtp, Addr=127.0.0.1"; Sendmail looks at first letters. */
static struct slice daemon_field(struct slice line, char key)
{
    struct slice field, name;

    while (text_take_part(&line, ',', &field)) {
        field = slice_trim(field);
        if (text_take_until(&field, '=', &name) && name.size > 0 && name.at[0] == key)
            return slice_trim(field);
    }
    return SLICE_ABSENT;
}

static int add_daemon(struct mta *mta, struct slice line)
{
    struct mta_service *added = setup_add_service(mta);

    if (added == NULL)
        return -1;
    added->name = daemon_field(line, 'N');
    added->type = daemon_field(line, 'F');
    if (added->type.at == NULL)
        added->type = slice_of("inet");
    added->command = line;
    return 0;
}

/* "O InputMailFilters=waybill": the last of several counts, but for daemons. */
static int take_option(struct mta *mta, struct slice line)
{
    struct parameter *added;
    struct slice name;

    if (!text_take_until(&line, '=', &name) || slice_trim(name).size == 0)
        return 0;
    name = slice_trim(name);
    line = slice_trim(line);
    if (slice_is(name, "DaemonPortOptions"))
        return add_daemon(mta, line);
    added = setup_add_parameter(mta);
    if (added == NULL)
        return -1;
    *added = (struct parameter){.name = name, .written = line, .value = line, .set = true};
    return 0;
}

static int take_line(struct mta *mta, struct slice line)
{
    if (text_take(&line, "O "))
        return take_option(mta, line);
    if (text_take(&line, "DZ"))
        return add_parameter(mta, "version", slice_trim(line));
    return 0;
}

/* The X line of the filter of that name. */
static struct slice filter_line(const struct mta *mta, struct slice name)
{
    struct slice rest = slice_make(mta->texts[TEXT_WRITTEN].data, mta->texts[TEXT_WRITTEN].size);
    struct slice line, own;

    while (text_take_part(&rest, '\n', &line)) {
        own = line;
        if (text_take_char(&own, 'X') && slice_starts_with(own, name)) {
            own = slice_trim(slice_make(own.at + name.size, own.size - name.size));
            if (own.size == 0 || own.at[0] == ',')
                return line;
        }
    }
    return SLICE_ABSENT;
}

#define FILTERS_MAX 64

/* The X lines of InputMailFilters, in the order in which Sendmail asks them. */
static int list_filters(struct mta *mta)
{
    struct slice names, name, blanks, line;
    struct buffer *list = &mta->texts[TEXT_VALUES];

    setup_sort(mta);
    names = mta_value(mta, "InputMailFilters");
    for (size_t count = 0; count < FILTERS_MAX; count++) {
        text_take_any(&names, ", \t", &blanks);
        name = names;
        while (names.size > 0 && strchr(", \t", names.at[0]) == NULL)
            names = slice_make(names.at + 1, names.size - 1);
        name.size -= names.size;
        if (name.size == 0)
            break;
        line = filter_line(mta, name);
        if (line.at != NULL &&
            (buffer_add(list, line.at, line.size) != 0 || buffer_add_char(list, '\n') != 0))
            return -1;
    }
    if (list->size == 0)
        return 0;
    return add_parameter(mta, "filters", slice_make(list->data, list->size));
}

int sendmail_read(struct mta *mta, const char *where, struct error *why)
{
    struct buffer *file = &mta->texts[TEXT_WRITTEN];
    struct slice rest, line;
    int result = 0;

    mta->where = strdup(where != NULL ? where : CF_USUAL);
    if (mta->where == NULL)
        return error_set(why, "cannot read sendmail.cf: no memory");
    if (load(file, mta->where, why) < 0)
        return -1;
    join_lines(file);
    rest = slice_make(file->data, file->size);
    while (result == 0 && text_take_part(&rest, '\n', &line))
        result = take_line(mta, line);
    if (result == 0)
        result = list_filters(mta);
    setup_sort(mta);
    return result == 0 ? 0 : error_set(why, "cannot read '%s': no memory", mta->where);
}
