/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * years: the year of a log's first line, where no line names one. The dates at many places of the
 * file are looked at in their order: each step over half a year back is a New Year. The last date
 * gets its year by `until`, and from there it is counted back.
 */
#include "years.h"

#include <unistd.h>

#include "moment.h"
#include "reader.h"

#define PLACES 1024u
#define LOOK 4096u /* bytes at each of them */
#define HALF_YEAR (6 * 31)

struct dates {
    struct moment first, last;
    int new_years;
    bool any, named; /* a date was met; one with a year was */
};

static int day_number(const struct moment *moment)
{
    return (int)(moment->month * 31 + moment->day);
}

static void add_date(struct dates *dates, struct slice line)
{
    struct moment moment;
    struct slice priority;
    if ((text_take_char(&line, '<') && !text_take_until(&line, '>', &priority)) ||
        !moment_take(&line, &moment))
        return;
    dates->named = dates->named || moment.year != 0;
    if (!dates->any)
        dates->first = dates->last = moment;
    dates->any = true;
    int step = day_number(&moment) - day_number(&dates->last);
    dates->new_years += step < -HALF_YEAR  ? 1
                        : step > HALF_YEAR ? -1 /* a straggler of the old year */
                                           : 0;
    dates->last = moment;
}

/* The whole lines at that place; where the range begins there is one, elsewhere the rest of one. */
static void look_at(struct dates *dates, int fd, uint64_t place, bool begins)
{
    char bytes[LOOK];
    ssize_t size = pread(fd, bytes, sizeof bytes, (off_t)place);
    struct slice rest = slice_make(bytes, size < 0 ? 0 : (size_t)size), line;
    while (text_take_until(&rest, '\n', &line)) {
        if (begins)
            add_date(dates, line);
        begins = true;
    }
}

/* At many places, and at the end. */
static void look_around(struct dates *dates, int fd, uint64_t from, uint64_t to)
{
    uint64_t step = (to - from) / PLACES > LOOK ? (to - from) / PLACES : LOOK, place = from;
    look_at(dates, fd, place, true);
    for (; place + step < to && !dates->named; place += step)
        look_at(dates, fd, place + step, false);
    if (place + LOOK < to)
        look_at(dates, fd, to - LOOK, false);
}

void logline_years(struct logline_reader *reader, struct logfile *file)
{
    struct dates dates = {0};
    uint64_t from, to;
    unsigned year;
    int fd = logfile_plain(file, &from, &to);
    if (fd < 0 || from >= to)
        return;
    look_around(&dates, fd, from, to);
    if (!dates.any || dates.named || !wallclock_year(&reader->clock, &dates.last, &year))
        return;
    dates.first.year = (unsigned)((int)year - dates.new_years);
    wallclock_begin(&reader->clock, &dates.first);
    memset(&reader->second, 0, sizeof reader->second);
}
