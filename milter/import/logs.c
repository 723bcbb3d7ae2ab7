/* SPDX-License-Identifier: BSD-2-Clause */
/* logs: see logs.h. */
#include "logs.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "waybill/logline.h"

#define LOOK_LINES 100 /* for a first time */

static bool is_standard(const char *path)
{
    return strcmp(path, "-") == 0;
}

static int64_t first_time(struct logline_reader *reader, struct logfile *file)
{
    struct logfile_place place;
    struct logline line;
    struct slice text;
    struct error why;

    logfile_where(file, &place);
    logline_until(reader, place.written);
    logline_years(reader, file);
    for (int i = 0; i < LOOK_LINES; i++) {
        enum logfile_news news = logfile_next(file, &text, &why);
        if (news == LOGFILE_LINE && logline_header(reader, text, &line))
            return line.time;
        if (news == LOGFILE_END || news == LOGFILE_FAILED)
            break;
    }
    return INT64_MIN;
}

/* It would be opened like a file, and fail when it is read, after others were imported. */
static int check_no_directory(const char *path, struct error *why)
{
    struct stat status;

    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return 0;
    return error_set(why, "'%s' is a directory: name the logs in it", path);
}

/* Looking at the beginning uses a file up, so it is opened twice. */
static int open_one(struct logs *logs, struct logline_reader *reader, const char *path,
                    struct error *why)
{
    struct log_entry *log = &logs->list[logs->count];
    struct logfile_place place;

    *log = (struct log_entry){.path = path, .first = INT64_MAX};
    if (!is_standard(path)) {
        struct logfile *look;
        if (check_no_directory(path, why) != 0)
            return -1;
        if (logfile_open(&look, path, why) != 0)
            return -1;
        log->first = first_time(reader, look);
        logfile_close(&look);
    }
    if (logfile_open(&log->file, path, why) != 0)
        return -1;
    logs->count++;
    logfile_where(log->file, &place);
    logs->total = place.total == 0 || (logs->total == 0 && logs->count > 1)
                      ? 0
                      : logs->total + place.total;
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct log_entry *x = a, *y = b;

    return x->first < y->first ? -1 : x->first > y->first;
}

int logs_open(struct logs *logs, const char *const *paths, size_t count, struct error *why)
{
    struct logline_reader *reader = logline_open();
    int result = 0;

    *logs = (struct logs){.list = calloc(count + 1, sizeof *logs->list)};
    if (logs->list == NULL || reader == NULL)
        result = error_set(why, "no memory to read logs");
    for (size_t i = 0; i < count && result == 0; i++)
        result = open_one(logs, reader, paths[i], why);
    logline_close(&reader);
    if (result == 0)
        qsort(logs->list, logs->count, sizeof *logs->list, compare);
    return result;
}

void logs_close(struct logs *logs)
{
    for (size_t i = 0; i < logs->count; i++)
        logfile_close(&logs->list[i].file);
    free(logs->list);
    *logs = (struct logs){0};
}
