/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket: a datagram socket to which rsyslog (omuxsock) or syslog-ng send the mail server's lines.
 *
 * Only root and our own user can write to it. The kernel's buffer is the queue: while we wait for
 * the journal the sender waits for us. A datagram can be read but once and there is no going back,
 * so the position is a moment: whatever was sent between it and the next bind may be lost.
 */
#include "source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "waybill/clock.h"
#include "waybill/digest.h"
#include "waybill/log.h"

#define LINE_MAX_BYTES ((size_t)64 << 10)
#define QUEUE_BYTES (8 << 20)
#define STEP_MS (10 * SECOND_MS) /* an idle socket moves its position so often */

struct socket_source {
    struct source source; /* first: a source is cast to it */
    char *path;
    int fd;               /* -1: we do not listen */
    dev_t device;         /* of the name that we made */
    ino_t inode;
    int64_t heard;        /* ms: all that was sent until then was told; 0: first start */
    bool has_gap;
    struct source_gap gap;
    uint64_t place;
    char *buffer;
    struct log_trouble trouble;
};

void socket_note(const char *path, char note[static JOURNAL_NOTE_NAME_MAX + 1])
{
    /* A socket's path is never too long for a note. */
    snprintf(note, JOURNAL_NOTE_NAME_MAX + 1, "socket:%s", path);
}

/* ---- the name ---- */

static struct sockaddr_un address_of(const struct socket_source *self)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", self->path);
    return address;
}

/* A socket at our path that nobody listens to. */
static bool is_stale(const struct socket_source *self)
{
    struct sockaddr_un address = address_of(self);
    struct stat status;
    if (lstat(self->path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return false;
    int probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool stale = probe >= 0 &&
                 connect(probe, (const struct sockaddr *)&address, sizeof address) != 0 &&
                 errno == ECONNREFUSED;
    if (probe >= 0)
        close(probe);
    return stale;
}

static int bind_name(const struct socket_source *self, int fd)
{
    struct sockaddr_un address = address_of(self);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return 0;
    if (errno != EADDRINUSE)
        return -1;
    if (!is_stale(self)) {
        errno = EADDRINUSE;
        return -1;
    }
    return unlink(self->path) == 0 ? bind(fd, (const struct sockaddr *)&address, sizeof address)
                                   : -1;
}

static void add_gap(struct socket_source *self, int64_t until)
{
    self->has_gap = true;
    self->gap = (struct source_gap){.from = self->heard < until ? self->heard : until,
                                    .until = until, .cause = "not-listening"};
}

/* The name has its mode from the first moment: bind() gives it that of the socket. */
static bool listen_now(struct socket_source *self)
{
    struct stat status;
    int size = QUEUE_BYTES;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || fchmod(fd, S_IRUSR | S_IWUSR) != 0 || bind_name(self, fd) != 0 ||
        lstat(self->path, &status) != 0) {
        log_trouble_on(&self->trouble, "cannot listen for the log at '%s': %s", self->path,
                       strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size); /* as much as we may */
    log_trouble_off(&self->trouble, "the log is listened for at '%s'", self->path);
    self->fd = fd;
    self->device = status.st_dev;
    self->inode = status.st_ino;
    int64_t now = clock_now();
    if (self->heard != 0)
        add_gap(self, now);
    self->heard = now;
    return true;
}

/* Does our name still lead to us? */
static bool is_named(const struct socket_source *self)
{
    struct stat status;
    return lstat(self->path, &status) == 0 && status.st_dev == self->device &&
           status.st_ino == self->inode;
}

/* ---- the lines ---- */

static enum source_event take(struct socket_source *self, size_t size,
                              struct logline_reader *reader, struct source_news *news)
{
    if (size > LINE_MAX_BYTES)
        return SOURCE_TOO_LONG;
    while (size > 0 && (self->buffer[size - 1] == '\n' || self->buffer[size - 1] == '\0'))
        size--;
    self->place += size + 1;
    news->place = self->place;
    return logline_header(reader, slice_make(self->buffer, size), &news->line) ? SOURCE_LINE
                                                                               : SOURCE_FOREIGN;
}

static enum source_event socket_next(struct source *source, struct logline_reader *reader,
                                     struct source_news *news)
{
    struct socket_source *self = (struct socket_source *)source;
    if (self->fd < 0 && !listen_now(self))
        return SOURCE_IDLE;
    if (self->has_gap) {
        self->has_gap = false;
        news->gap = self->gap;
        return SOURCE_GAP;
    }
    int64_t now = clock_now();
    ssize_t size = recv(self->fd, self->buffer, LINE_MAX_BYTES, MSG_TRUNC);
    if (size >= 0)
        return take(self, (size_t)size, reader, news);
    if (errno == EAGAIN && is_named(self)) {
        self->heard = now;
    } else if (errno != EINTR) { /* what was sent to another of that name is lost */
        close(self->fd);
        self->fd = -1;
    }
    return SOURCE_IDLE;
}

/* "1 TIME", in steps so that an idle socket does not fill the journal. */
static void socket_position(const struct source *source, char value[static JOURNAL_NOTE_VALUE_MAX])
{
    const struct socket_source *self = (const struct socket_source *)source;
    value[0] = '\0';
    if (self->heard != 0)
        snprintf(value, JOURNAL_NOTE_VALUE_MAX, "1 %" PRId64,
                 self->heard - self->heard % STEP_MS);
}

static int64_t socket_covered(const struct source *source)
{
    const struct socket_source *self = (const struct socket_source *)source;
    return self->fd < 0 ? 0 : self->heard;
}

static int socket_fd(const struct source *source)
{
    return ((const struct socket_source *)source)->fd;
}

static void socket_close(struct source *source)
{
    struct socket_source *self = (struct socket_source *)source;
    if (self->fd >= 0) {
        if (is_named(self))
            unlink(self->path);
        close(self->fd);
    }
    free(self->buffer);
    free(self->path);
    free(self);
}

static const struct source_calls calls = {
    .next = socket_next,
    .position = socket_position,
    .covered = socket_covered,
    .fd = socket_fd,
    .close = socket_close,
};

static int64_t read_position(const char *path, const char *position)
{
    struct slice text = slice_of(position);
    uint64_t time;
    if (text_take(&text, "1 ") && text_number(text, 1, INT64_MAX, &time))
        return (int64_t)time;
    if (position != NULL && position[0] != '\0')
        log_warning("the position at '%s' cannot be read: '%s'", path, position);
    return 0;
}

int socket_open(struct source **source, const char *path, const char *position, struct error *why)
{
    struct socket_source *self = calloc(1, sizeof *self);
    if (self != NULL) {
        self->path = strdup(path);
        self->buffer = malloc(LINE_MAX_BYTES);
    }
    if (self == NULL || self->path == NULL || self->buffer == NULL) {
        if (self != NULL) {
            free(self->path);
            free(self->buffer);
        }
        free(self);
        return error_set(why, "no memory to listen at '%s'", path);
    }
    self->source.calls = &calls;
    socket_note(path, self->source.name);
    self->fd = -1;
    self->heard = read_position(path, position);
    if (self->heard == 0)
        (void)listen_now(self); /* what is sent from here on is heard, or is a gap */
    *source = &self->source;
    return 0;
}
