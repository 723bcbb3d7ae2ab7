/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A witness with a real journal.
 */
#include "stage.h"

#include <assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const struct settings stage_defaults = {
    .host = STAGE_HOST,
    .listen = "inet:0@127.0.0.1",
    .eom_wait_ms = 2000,
    .subject = SUBJECT_FULL,
};
struct settings stage_settings;

static char directory[] = "/tmp/waybill-stage-XXXXXX";
static struct journal *journal;
static struct journal_options options;
static char **lines;
static size_t count;

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static void clear_lines(void)
{
    for (size_t i = 0; i < count; i++)
        free(lines[i]);
    free(lines);
    lines = NULL;
    count = 0;
}

static void fail_with(const struct error *why)
{
    fprintf(stderr, "stage: %s\n", why->text);
    abort();
}

void stage_open(void)
{
    struct error why;

    clear_lines();
    memcpy(directory + strlen(directory) - 6, "XXXXXX", 6);
    if (mkdtemp(directory) == NULL)
        abort();
    options = (struct journal_options){
        .directory = directory,
        .sync = SYNC_NEVER,
        .sync_ms = 1000,
        .segment_size = 16 << 20,
        .total_size = 256 << 20,
        .ring = 200000,
    };
    if (journal_open(&journal, &options, NULL, NULL, &why) < 0 ||
        smtp_open(&stage_settings, journal, 7, journal_generation(journal), 0, false, &why) < 0)
        fail_with(&why);
}

int stage_set_up(void **state)
{
    (void)state;
    stage_settings = stage_defaults;
    stage_open();
    return 0;
}

int stage_tear_down(void **state)
{
    (void)state;
    return shim_bad_answers() == 0 ? 0 : -1;
}

static void keep_line(struct slice payload)
{
    lines = realloc(lines, (count + 1) * sizeof *lines);
    assert(lines != NULL);
    lines[count++] = strndup(payload.at, payload.size);
}

void stage_close(void)
{
    struct journal_reader *reader = NULL;
    struct journal_entry entry;
    struct error why;
    int more;

    journal_close(&journal);
    if (journal_lead(&reader, &options, &why) != 1)
        fail_with(&why);
    while ((more = journal_next(reader, &entry, &why)) == 1)
        if (entry.type == JOURNAL_FACT)
            keep_line(entry.payload);
    if (more < 0)
        fail_with(&why);
    journal_reader_close(&reader);
    nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

size_t stage_lines(void)
{
    return count;
}

const char *stage_line(size_t index)
{
    assert(index < count);
    return lines[index];
}

const struct fact *stage_fact(size_t index)
{
    static struct fact fact;
    static char copy[FACT_LINE_MAX + 1];
    struct error why;

    snprintf(copy, sizeof copy, "%s", stage_line(index));
    if (fact_decode(copy, strlen(copy), &fact, &why) < 0)
        fail_with(&why);
    return &fact;
}

size_t stage_count(enum fact_kind kind)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++)
        found += stage_fact(i)->kind == kind;
    return found;
}

const struct fact *stage_first(enum fact_kind kind)
{
    for (size_t i = 0; i < count; i++)
        if (stage_fact(i)->kind == kind)
            return stage_fact(i);
    fprintf(stderr, "stage: no fact of kind %s\n", fact_kind_word(kind));
    abort();
}

const char *stage_file(const char *name, const void *data, size_t size, unsigned mode)
{
    static char path[200];
    int fd;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size || fchmod(fd, mode) < 0 || close(fd) < 0)
        abort();
    return path;
}

char *stage_key(void)
{
    static char path[200];

    snprintf(path, sizeof path, "%s",
             stage_file("key", "0123456789abcdef0123456789abcdef", 32, 0600));
    return path;
}

SMFICTX *stage_client(unsigned long actions, unsigned long protocol)
{
    SMFICTX *context = shim_connection();

    shim_negotiate(context, actions, protocol);
    shim_connect(context, "mail.sender.example", "192.0.2.7", 40112);
    shim_helo(context, "mail.sender.example");
    return context;
}

void stage_mail(SMFICTX *context, const char *words)
{
    shim_mail(context, words);
    shim_rcpt(context, "<bob@next.example>");
    shim_data(context);
    shim_header(context, "Subject", " Hello");
    shim_eoh(context);
}

void stage_end(SMFICTX *context)
{
    shim_close(context);
    shim_forget(context);
}
