/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logfile: lines out of a buffer that is filled in large pieces. What is left of a line when the
 * buffer ends moves to its front; it is never more than a line may be long, so a byte moves once.
 *
 * An entry of `journalctl -o export` ends at an empty line. A field of it that is no text has its
 * length in front, and any bytes in it, so its fields must be counted off (see entry_pass).
 */
#include "waybill/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "octets.h"
#include "reader.h"
#include "unpack.h"
#include "waybill/clock.h"
#include "years.h"

#define BUFFER_SIZE ((size_t)256 << 10)
/* A longer field is none: what follows it then is skipped as one long entry. */
#define FIELD_MOST (UINT64_C(1) << 40)

struct logfile {
    struct unpack *unpack;
    char *name;        /* for messages */
    bool anywhere;     /* a file, which can be read from any place on */
    uint64_t total;
    int64_t written;
    uint64_t before;   /* bytes of the log before the buffer */
    size_t start;      /* of the line that is told next */
    size_t scan;       /* no end of it was found before this */
    size_t end;        /* of what is in the buffer */
    bool begun;        /* the form of the log is known */
    bool entries;      /* ... it is journalctl's export */
    bool too_long;     /* the line is, and is being skipped */
    bool over;         /* the end, or the failure, was told */
    /* within an entry */
    size_t field_size; /* of this field's first line, up to `scan` */
    bool has_value;    /* a '=' was in it */
    bool length_next;
    uint64_t binary;   /* bytes to pass, with the newline behind them */
    char buffer[BUFFER_SIZE];
};

static void describe(struct logfile *file, int fd, bool standard)
{
    struct stat status;
    file->written = clock_now();
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return;
    file->written = (int64_t)status.st_mtim.tv_sec * SECOND_MS + status.st_mtim.tv_nsec / 1000000;
    file->anywhere = !standard;
    if (!standard)
        file->total = (uint64_t)status.st_size;
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
}

/* `fd` is ours from here on; -1: it could not be had, and errno says why. */
static int open_taken(struct logfile **file, int fd, const char *name, bool standard,
                      struct error *why)
{
    struct logfile *self;
    *file = NULL;
    if (fd < 0)
        return error_set(why, "cannot read '%s': %s", name, strerror(errno));
    self = malloc(sizeof *self);
    if (self == NULL) {
        close(fd);
        return error_set(why, "cannot read '%s': no memory", name);
    }
    memset(self, 0, offsetof(struct logfile, buffer));
    describe(self, fd, standard);
    self->name = strdup(name);
    self->unpack = unpack_open(fd);
    *file = self;
    if (self->name != NULL && self->unpack != NULL)
        return 0;
    logfile_close(file);
    return error_set(why, "cannot read '%s': no memory", name);
}

int logfile_open(struct logfile **file, const char *path, struct error *why)
{
    if (strcmp(path, "-") == 0)
        return open_taken(file, fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0), "standard input", true,
                          why);
    return open_taken(file, open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), path, false, why);
}

int logfile_open_fd(struct logfile **file, int fd, const char *name, struct error *why)
{
    *file = NULL;
    if (lseek(fd, 0, SEEK_SET) != 0)
        return error_set(why, "cannot read '%s': %s", name, strerror(errno));
    return open_taken(file, fcntl(fd, F_DUPFD_CLOEXEC, 0), name, false, why);
}

void logfile_close(struct logfile **file)
{
    if (*file == NULL)
        return;
    unpack_close(&(*file)->unpack);
    free((*file)->name);
    free(*file);
    *file = NULL;
}

/* 1: there is more; 0: the end; -1. */
static int fill(struct logfile *file, struct error *why)
{
    size_t left = file->end - file->start;
    ssize_t size;
    memmove(file->buffer, file->buffer + file->start, left);
    file->before += file->start;
    file->scan -= file->start;
    file->start = 0;
    file->end = left;
    size = unpack_read(file->unpack, file->buffer + left, BUFFER_SIZE - left, why);
    if (size < 0)
        return error_prefix(why, "cannot read '%s'", file->name);
    file->end += (size_t)size;
    return size > 0;
}

/* The first bytes tell whether there are lines or entries. */
static int begin(struct logfile *file, struct error *why)
{
    int more = 1;
    while (!file->begun && more > 0 && (more = fill(file, why)) > 0)
        file->begun = file->end >= 64 || memchr(file->buffer, '\n', file->end) != NULL;
    if (more < 0)
        return -1;
    file->begun = true;
    file->entries = entry_is_export(slice_make(file->buffer, file->end));
    return 0;
}

/* Nothing ends here yet: keep what was read, or forget it if it is too much. */
static void pass_all(struct logfile *file)
{
    if (file->scan - file->start > LOGFILE_LINE_MAX)
        file->too_long = true;
    if (file->too_long)
        file->start = file->scan;
}

static enum logfile_news tell(struct logfile *file, size_t size, struct slice *line)
{
    bool too_long = file->too_long || size > LOGFILE_LINE_MAX;
    *line = slice_make(file->buffer + file->start, size);
    file->start = file->scan;
    file->too_long = false;
    return too_long ? LOGFILE_TOO_LONG : LOGFILE_LINE;
}

static bool find_line(struct logfile *file, struct slice *line, enum logfile_news *news)
{
    while (!file->too_long && file->start < file->end && file->buffer[file->start] == '\0')
        file->start++; /* a hole that a crash or copytruncate left */
    if (file->scan < file->start)
        file->scan = file->start;
    const char *end = memchr(file->buffer + file->scan, '\n', file->end - file->scan);
    if (end == NULL) {
        file->scan = file->end;
        pass_all(file);
        return false;
    }
    file->scan = (size_t)(end - file->buffer) + 1;
    *news = tell(file, file->scan - 1 - file->start, line);
    return true;
}

static bool pass_binary(struct logfile *file)
{
    size_t here = file->end - file->scan;
    if (file->length_next) {
        if (here < OCTETS)
            return false;
        file->binary = octets_load(file->buffer + file->scan);
        file->binary = file->binary > FIELD_MOST ? FIELD_MOST : file->binary + 1;
        file->scan += OCTETS;
        here -= OCTETS;
        file->length_next = false;
    }
    if (here > file->binary)
        here = (size_t)file->binary;
    file->scan += here;
    file->binary -= here;
    return file->binary == 0;
}

/* Pass what there is of the entry. True: it ends at `scan`, an empty line included. */
static bool entry_pass(struct logfile *file)
{
    while (pass_binary(file)) {
        const char *from = file->buffer + file->scan;
        const char *end = memchr(from, '\n', file->end - file->scan);
        size_t size = end == NULL ? file->end - file->scan : (size_t)(end - from);
        file->field_size += size;
        file->has_value = file->has_value || memchr(from, '=', size) != NULL;
        file->scan += size;
        if (end == NULL)
            return false;
        file->scan++;
        if (file->field_size == 0)
            return true;
        file->length_next = !file->has_value;
        file->field_size = 0;
        file->has_value = false;
    }
    return false;
}

static bool find_entry(struct logfile *file, struct slice *line, enum logfile_news *news)
{
    while (entry_pass(file)) {
        size_t size = file->scan - file->start;
        if (size > 1 || file->too_long) { /* without the last field's end and the empty line */
            *news = tell(file, size > 2 ? size - 2 : 0, line);
            return true;
        }
        file->start = file->scan;
    }
    pass_all(file);
    return false;
}

/* What is left when there is no more. */
static enum logfile_news last(struct logfile *file, struct slice *line)
{
    if (!file->too_long && file->start == file->end) {
        file->over = true;
        return LOGFILE_END;
    }
    file->scan = file->end;
    return tell(file, file->end - file->start, line) == LOGFILE_LINE ? LOGFILE_CUT
                                                                      : LOGFILE_TOO_LONG;
}

enum logfile_news logfile_next(struct logfile *file, struct slice *line, struct error *why)
{
    enum logfile_news news = LOGFILE_END;
    int more = 1;
    if (file->over)
        return LOGFILE_END;
    if (!file->begun && begin(file, why) != 0)
        more = -1;
    while (more > 0) {
        if (file->entries ? find_entry(file, line, &news) : find_line(file, line, &news))
            return news;
        more = fill(file, why);
    }
    if (more == 0)
        return last(file, line);
    file->over = true;
    return LOGFILE_FAILED;
}

void logfile_where(const struct logfile *file, struct logfile_place *place)
{
    place->bytes = file->before + file->start;
    place->packed = unpack_plain(file->unpack) >= 0 ? place->bytes : unpack_packed(file->unpack);
    place->total = file->total;
    place->written = file->written;
}

int logfile_plain(struct logfile *file, uint64_t *from, uint64_t *to)
{
    if (!file->begun && begin(file, NULL) != 0)
        return -1;
    *from = file->before + file->start;
    *to = file->total;
    return file->anywhere && !file->entries ? unpack_plain(file->unpack) : -1;
}

static int seek(struct logfile *file, uint64_t bytes, struct error *why)
{
    if (unpack_seek(file->unpack, bytes, why) != 0)
        return error_prefix(why, "cannot read '%s'", file->name);
    file->before = bytes;
    file->start = file->scan = file->end = 0;
    return 0;
}

int logfile_skip(struct logfile *file, uint64_t bytes, struct error *why)
{
    int more = 1;
    if (!file->begun && begin(file, why) != 0)
        return -1;
    if (unpack_plain(file->unpack) >= 0 && file->anywhere && bytes <= file->total)
        return seek(file, bytes, why);
    while (more > 0 && file->before + file->end < bytes) {
        file->start = file->scan = file->end;
        more = fill(file, why);
    }
    if (more < 0)
        return -1;
    if (file->before + file->end < bytes)
        return error_set(why, "'%s' has only %llu bytes", file->name,
                         (unsigned long long)(file->before + file->end));
    file->start = file->scan = (size_t)(bytes - file->before);
    return 0;
}
