/* SPDX-License-Identifier: BSD-2-Clause */
/* import_bar: see import_bar.h. */
#include "import_bar.h"

#include <string.h>
#include <unistd.h>

#include "out.h"
#include "waybill/clock.h"

#define CELLS 24
#define STILL_MS (5 * SECOND_MS) /* the store took nothing for so long: that is told */
#define ERASE "\r\033[K"

void import_bar_begin(struct import_bar *bar, const struct cli *cli, int64_t began)
{
    *bar = (struct import_bar){
        .cli = cli, .terminal = isatty(STDERR_FILENO) == 1, .began = began, .moved = began};
}

static void megabytes(uint64_t bytes, char text[static 32])
{
    snprintf(text, 32, "%.1f MB", (double)bytes / 1e6);
}

/* Lines wait hold_seconds for the milter's side of their mail, and that is no trouble. */
static void look_whether_it_moves(struct import_bar *bar, const struct import_progress *progress)
{
    int64_t now = clock_monotonic(), most = bar->cli->settings->hold_seconds * SECOND_MS + STILL_MS;
    char waiting[32];

    if (!progress->waiting || progress->unshipped < bar->unshipped) {
        bar->moved = now;
        bar->told = false;
    }
    bar->unshipped = progress->unshipped;
    if (bar->told || now < bar->moved + most)
        return;
    bar->told = true;
    import_bar_end(bar);
    megabytes(progress->unshipped, waiting);
    complain("waiting: %s are in the journal, and the store takes none of it; is Redis running?",
             waiting);
}

static void add_bar(struct buffer *line, double part)
{
    int full = (int)(part * CELLS);

    buffer_add_char(line, '[');
    for (int i = 0; i < CELLS; i++)
        buffer_add_char(line, i < full ? '#' : '.');
    buffer_addf(line, "] %3d %%  ", (int)(part * 100));
}

static void add_speed(struct buffer *line, const struct import_bar *bar,
                      const struct import_progress *progress, double part)
{
    int64_t spent = clock_monotonic() - bar->began;
    char number[32], span[CLOCK_TEXT_SIZE], bytes[32];

    if (spent <= 0)
        return;
    megabytes(progress->done, bytes);
    out_number(progress->tally->lines * 1000 / (uint64_t)spent, number);
    buffer_addf(line, "%s  %s lines/s", bytes, number);
    if (part > 0.001) {
        clock_span((int64_t)((double)spent * (1 - part) / part), span);
        buffer_addf(line, "  %s left", span);
    }
}

static void draw(struct import_bar *bar, const struct import_progress *progress)
{
    double part = progress->total > 0 ? (double)progress->done / (double)progress->total : 0;
    char bytes[32];
    struct buffer line;

    buffer_init(&line, 1024);
    if (progress->total > 0)
        add_bar(&line, part < 1 ? part : 1);
    if (progress->waiting) { /* then the speed tells nothing of the time that is left */
        megabytes(progress->unshipped, bytes);
        buffer_addf(&line, "%s on the way into the store", bytes);
    } else if (progress->file != NULL) {
        add_speed(&line, bar, progress, part);
    }
    out_cut(line.data, bar->cli->width - 1);
    fprintf(stderr, ERASE "%s", line.data);
    bar->drawn = true;
    buffer_free(&line);
}

void import_bar_show(void *context, const struct import_progress *progress)
{
    struct import_bar *bar = context;

    look_whether_it_moves(bar, progress);
    if (bar->terminal)
        draw(bar, progress);
}

void import_bar_end(struct import_bar *bar)
{
    if (bar->drawn)
        fputs(ERASE, stderr);
    bar->drawn = false;
}
