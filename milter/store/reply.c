/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reply: what the server says.
 *
 * hiredis parses; the objects are made here, so that a header which announces two thousand
 * million elements costs nothing until they come, and so that hiredis 0.14 and 1.x behave alike.
 * All parts of a reply hang in one chain, thus freeing needs no recursion.
 */
#include "reply.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES                                                                             \
    65536u /* a status, an error, a length: anything that ends with a newline                      \
            */

#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

struct reply_reader {
    redisReader *parser;
    struct reply *parts; /* of the reply in the making, or the one last returned */
    size_t bytes;        /* of these parts */
    size_t fed;          /* bytes since the last whole reply */
    bool returned;
};

void reply_free(struct reply *parts)
{
    while (parts) {
        struct reply *part = parts;

        parts = part->older;
        free(part->items);
        free(part);
    }
}

static void reader_drop_parts(struct reply_reader *reader)
{
    reply_free(reader->parts);
    reader->parts = NULL;
    reader->bytes = 0;
    reader->returned = false;
}

/* Hang `part` into the list that it belongs to. */
static bool part_join(struct reply_reader *reader, struct reply *parent, struct reply *part)
{
    if (parent->count == parent->room) {
        size_t room = parent->room ? parent->room * 2 : 4;
        struct reply **items = reallocarray(parent->items, room, sizeof *items);

        if (!items)
            return false;
        reader->bytes += (room - parent->room) * sizeof *items;
        parent->items = items;
        parent->room = room;
    }
    parent->items[parent->count++] = part;
    return true;
}

static struct reply *part_make(const redisReadTask *task, enum reply_type type, const char *text,
                               size_t size)
{
    struct reply_reader *reader = task->privdata;
    struct reply *part;

    if (size > REPLY_MAX || reader->bytes + size + sizeof *part > REPLY_MAX)
        return NULL;
    part = malloc(sizeof *part + size + 1);
    if (!part)
        return NULL;
    *part = (struct reply){.type = type, .older = reader->parts};
    if (text) {
        char *copy = (char *)(part + 1);

        memcpy(copy, text, size);
        copy[size] = '\0';
        part->text = slice_make(copy, size);
    }
    reader->parts = part;
    reader->bytes += sizeof *part + size + 1;
    if (task->parent && !part_join(reader, task->parent->obj, part))
        return NULL;
    return part;
}

static void *make_text(const redisReadTask *task, char *text, size_t size)
{
    enum reply_type type = task->type == REDIS_REPLY_ERROR    ? REPLY_ERROR
                           : task->type == REDIS_REPLY_STATUS ? REPLY_STATUS
                                                              : REPLY_TEXT;

    return part_make(task, type, text, size);
}

static void *make_list(const redisReadTask *task, element_count count)
{
    (void)count; /* grows as the elements come */
    return part_make(task, REPLY_LIST, NULL, 0);
}

static void *make_number(const redisReadTask *task, long long number)
{
    struct reply *part = part_make(task, REPLY_NUMBER, NULL, 0);

    if (part)
        part->number = number;
    return part;
}

static void *make_nil(const redisReadTask *task)
{
    return part_make(task, REPLY_NIL, NULL, 0);
}

#if HIREDIS_MAJOR >= 1
/* Nobody asked for the newer protocol, yet a server may send it. */
static void *make_double(const redisReadTask *task, double number, char *text, size_t size)
{
    (void)number;
    return part_make(task, REPLY_TEXT, text, size);
}

static void *make_bool(const redisReadTask *task, int number)
{
    return make_number(task, number);
}
#endif

static void drop_nothing(void *part)
{
    (void)part; /* the chain in the reader owns it */
}

static redisReplyObjectFunctions makers = {
    .createString = make_text,
    .createArray = make_list,
    .createInteger = make_number,
#if HIREDIS_MAJOR >= 1
    .createDouble = make_double,
    .createBool = make_bool,
#endif
    .createNil = make_nil,
    .freeObject = drop_nothing,
};

int reply_reader_open(struct reply_reader **reader)
{
    struct reply_reader *new = calloc(1, sizeof *new);

    *reader = NULL;
    if (!new)
        return -1;
    new->parser = redisReaderCreateWithFunctions(&makers);
    if (!new->parser) {
        free(new);
        return -1;
    }
    new->parser->privdata = new;
    *reader = new;
    return 0;
}

void reply_reader_close(struct reply_reader **reader)
{
    if (!*reader)
        return;
    redisReaderFree((*reader)->parser);
    reader_drop_parts(*reader);
    free(*reader);
    *reader = NULL;
}

int reply_reader_feed(struct reply_reader *reader, const char *data, size_t size, struct error *why)
{
    reader->fed += size;
    if (redisReaderFeed(reader->parser, data, size) != REDIS_OK)
        return error_set(why, "cannot read the reply: %s", reader->parser->errstr);
    return 0;
}

/* A reply that is not whole yet: may it go on? */
static int reader_check_growth(struct reply_reader *reader, struct error *why)
{
    const redisReader *parser = reader->parser;

    if (reader->fed > REPLY_MAX)
        return error_set(why, "a reply is over %zu bytes", (size_t)REPLY_MAX);
    if (parser->len - parser->pos > LINE_MAX_BYTES &&
        !memchr(parser->buf + parser->pos, '\n', LINE_MAX_BYTES))
        return error_set(why, "a line of a reply is over %u bytes", LINE_MAX_BYTES);
    return 0;
}

int reply_reader_next(struct reply_reader *reader, const struct reply **reply, struct error *why)
{
    void *made = NULL;

    if (reader->returned)
        reader_drop_parts(reader);
    if (redisReaderGetReply(reader->parser, &made) != REDIS_OK)
        return error_set(why, "cannot read the reply: %s", reader->parser->errstr);
    if (!made)
        return reader_check_growth(reader, why);
    reader->returned = true;
    reader->fed = reader->parser->len - reader->parser->pos;
    *reply = made;
    return 1;
}

size_t reply_reader_size(const struct reply_reader *reader)
{
    return reader->bytes;
}

size_t reply_reader_keep(struct reply_reader *reader, struct reply **parts)
{
    size_t bytes = reader->bytes;

    *parts = reader->parts;
    reader->parts = NULL;
    reader_drop_parts(reader);
    return bytes;
}

bool reply_reader_rest(const struct reply_reader *reader)
{
    return reader->parser->len > reader->parser->pos;
}

bool reply_number(const struct reply *reply, uint64_t most, uint64_t *number)
{
    if (reply->type == REPLY_TEXT)
        return text_number(reply->text, 0, most, number);
    *number = (uint64_t)reply->number;
    return reply->type == REPLY_NUMBER && reply->number >= 0 && *number <= most;
}
