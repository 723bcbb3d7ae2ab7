/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listing: reads lines and takes the objects in them apart. See listing.h.
 */
#include "listing.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "waybill/address.h"
#include "waybill/buffer.h"
#include "waybill/clock.h"

#define QUEUE_ID_MAX 64u
#define CHUNK 8192

struct listing {
    FILE *file;
    char *name;
    int64_t taken;
    uint64_t line_number;
    struct buffer line;
    struct listed mail;
};

/* ---- one object ---- */

static struct slice string_of(const json_t *value)
{
    return json_is_string(value) ? slice_make(json_string_value(value), json_string_length(value))
                                 : SLICE_ABSENT;
}

/* Letters and digits, as all mail servers make them: it becomes a term of the index. */
static bool is_queue_id(struct slice text)
{
    struct slice taken;

    return text_take_any(&text,
                         "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
                         &taken) &&
           text.size == 0 && taken.size <= QUEUE_ID_MAX;
}

static int read_recipients(struct listed *mail, const json_t *list, struct error *why)
{
    size_t count = json_array_size(list);

    if (!json_is_array(list) || count > LISTING_RECIPIENTS_MAX)
        return error_set(why, "recipients: not a list of at most %u", LISTING_RECIPIENTS_MAX);
    mail->recipients = calloc(count + 1, sizeof *mail->recipients);
    if (mail->recipients == NULL)
        return error_set(why, "no memory for %zu recipients", count);
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_array_get(list, i);
        struct listed_recipient *recipient = &mail->recipients[i];

        recipient->address = string_of(json_object_get(one, "address"));
        recipient->reason = string_of(json_object_get(one, "delay_reason"));
        if (recipient->reason.size == 0)
            recipient->reason = SLICE_ABSENT;
        if (recipient->address.size == 0 || recipient->address.size >= ADDRESS_MAX)
            return error_set(why, "recipients[%zu]: no address", i);
    }
    mail->count = count;
    return 0;
}

static int read_object(struct listed *mail, const json_t *object, struct error *why)
{
    const json_t *arrival = json_object_get(object, "arrival_time");
    const json_t *size = json_object_get(object, "message_size");

    mail->queue_name = string_of(json_object_get(object, "queue_name"));
    mail->queue_id = string_of(json_object_get(object, "queue_id"));
    mail->sender = string_of(json_object_get(object, "sender"));
    if (!is_queue_id(mail->queue_id))
        return error_set(why, "queue_id: not letters and digits");
    if (mail->queue_name.size == 0)
        return error_set(why, "queue_name: missing");
    /* Of a mail that is still being dropped the queue does not know it. */
    if (!json_is_integer(arrival) || json_integer_value(arrival) <= 0 ||
        json_integer_value(arrival) > (clock_now() + DAY_MS) / SECOND_MS)
        return error_set(why, "arrival_time: not seconds since 1970 up to now");
    mail->arrival = json_integer_value(arrival) * SECOND_MS;
    mail->size = json_is_integer(size) && json_integer_value(size) >= 0 ? json_integer_value(size)
                                                                       : -1;
    if (mail->sender.at == NULL || mail->sender.size >= ADDRESS_MAX)
        return error_set(why, "sender: not an address");
    if (slice_is(mail->sender, "MAILER-DAEMON"))
        mail->sender = slice_make("", 0); /* so postqueue(1) calls the null sender */
    return read_recipients(mail, json_object_get(object, "recipients"), why);
}

/* A server's words may be in any charset; JSON is UTF-8 only. */
static void make_utf8(char *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        size_t length = text_utf8(slice_make(text + at, size - at), NULL);
        if (length == 0)
            text[at++] = '?';
        else
            at += length;
    }
}

int listed_read(struct listed *mail, struct slice line, struct error *why)
{
    json_error_t error;
    char *copy = malloc(line.size + 1);
    json_t *object;

    *mail = (struct listed){.size = -1};
    if (copy == NULL)
        return error_set(why, "no memory for a line of %zu bytes", line.size);
    memcpy(copy, line.at, line.size);
    make_utf8(copy, line.size);
    object = json_loadb(copy, line.size, 0, &error);
    free(copy);
    if (object == NULL)
        return error_set(why, "not a JSON object: %s", error.text);
    mail->owner = object;
    if (json_is_object(object) ? read_object(mail, object, why) == 0
                               : error_set(why, "not a JSON object") == 0)
        return 0;
    listed_clear(mail);
    return -1;
}

void listed_clear(struct listed *mail)
{
    json_decref(mail->owner);
    free(mail->recipients);
    *mail = (struct listed){.size = -1};
}

/* ---- the lines ---- */

int listing_open(struct listing **listing, const char *path, struct error *why)
{
    bool standard = strcmp(path, "-") == 0;
    struct listing *self = calloc(1, sizeof *self);
    struct stat status;

    *listing = self;
    if (self == NULL)
        return error_set(why, "no memory to read %s", path);
    buffer_init(&self->line, LISTING_LINE_MAX);
    self->name = strdup(standard ? "standard input" : path);
    self->file = standard ? stdin : fopen(path, "re");
    self->taken = clock_now();
    if (self->name != NULL && self->file != NULL && fstat(fileno(self->file), &status) == 0) {
        int64_t changed = (int64_t)status.st_mtim.tv_sec * SECOND_MS;
        if (S_ISREG(status.st_mode) && changed < self->taken)
            self->taken = changed;
        return 0;
    }
    error_set(why, "cannot read %s: %s", path, strerror(errno));
    listing_close(listing);
    return -1;
}

void listing_close(struct listing **listing)
{
    struct listing *self = *listing;

    *listing = NULL;
    if (self == NULL)
        return;
    if (self->file != NULL && self->file != stdin)
        fclose(self->file);
    listed_clear(&self->mail);
    buffer_free(&self->line);
    free(self->name);
    free(self);
}

int64_t listing_taken(const struct listing *listing)
{
    return listing->taken;
}

/* 1: a line, without its newline; 0: the end. What is over the limit is read and dropped; the
 * buffer has failed then. */
static int read_line(struct listing *listing)
{
    char chunk[CHUNK];
    size_t size = 0;
    int byte;
    bool any = false;

    buffer_clear(&listing->line);
    while ((byte = getc_unlocked(listing->file)) != EOF) {
        any = true;
        if (byte == '\n')
            break;
        chunk[size++] = (char)byte;
        if (size == sizeof chunk) {
            buffer_add(&listing->line, chunk, size);
            size = 0;
        }
    }
    buffer_add(&listing->line, chunk, size);
    listing->line_number++;
    return any;
}

static enum listing_news bad_line(const struct listing *listing, struct error *why)
{
    char what[200];

    snprintf(what, sizeof what, "%.199s", why->text);
    error_set(why, "%s:%llu: %s", listing->name, (unsigned long long)listing->line_number, what);
    return LISTING_BAD;
}

enum listing_news listing_next(struct listing *listing, struct listed *mail, struct error *why)
{
    struct slice line;

    listed_clear(&listing->mail);
    do {
        if (!read_line(listing)) {
            if (!ferror(listing->file))
                return LISTING_END;
            error_set(why, "cannot read %s: %s", listing->name, strerror(errno));
            return LISTING_FAILED;
        }
        line = slice_trim(slice_make(listing->line.data, listing->line.size));
    } while (line.size == 0 && !listing->line.failed);
    if (listing->line.failed) {
        error_set(why, "a line of more than %u bytes", LISTING_LINE_MAX);
        return bad_line(listing, why);
    }
    if (listed_read(&listing->mail, line, why) != 0)
        return bad_line(listing, why);
    *mail = listing->mail;
    return LISTING_MAIL;
}
