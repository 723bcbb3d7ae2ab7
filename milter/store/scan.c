/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scan: the keys whose names begin alike, for those few who cannot name them: a look at all keys
 * that there are, a thousand or so at a time.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"

#define FOUND_MAX ((size_t)64 << 20)

struct scan {
    struct store *store;
    const char *begin;
    unsigned master, heard; /* whose keys are looked through; that have begun to answer */
    char cursor[24];        /* of that master */
    struct buffer found;    /* keys: the size of each in four digits, then its bytes */
    int (*seen)(void *context, struct slice key, struct error *why);
    void *context;
};

static void keep_found(struct scan *scan, struct slice key)
{
    if (!slice_starts(key, scan->begin) || key.size > KEY_MAX)
        return; /* what a prefix with a star in it would match, too */
    buffer_addf(&scan->found, "%04u", (unsigned)key.size);
    buffer_add(&scan->found, key.at, key.size);
}

static void master_heard(void *context, const char *name)
{
    (void)name;
    ((struct scan *)context)->heard++;
}

static enum got found_got(void *context, size_t index, const struct reply *reply)
{
    struct scan *scan = context;

    (void)index;
    if (reply->type != REPLY_LIST || reply->count != 2 || reply->items[1]->type != REPLY_LIST)
        return GOT_ODD;
    if (scan->heard == scan->master + 1 &&
        !slice_copy(reply->items[0]->text, scan->cursor, sizeof scan->cursor))
        return GOT_ODD;
    for (size_t i = 0; i < reply->items[1]->count; i++)
        keep_found(scan, reply->items[1]->items[i]->text);
    return scan->found.failed ? GOT_NO_MEMORY : GOT_FINE;
}

static int tell_found(struct scan *scan, struct error *why)
{
    struct slice rest = slice_make(scan->found.data, scan->found.size);
    uint64_t size;

    while (rest.size > 4 && text_number(slice_make(rest.at, 4), 0, KEY_MAX, &size) &&
           size <= rest.size - 4) {
        if (scan->seen(scan->context, slice_make(rest.at + 4, (size_t)size), why))
            return -1;
        rest = slice_make(rest.at + 4 + size, rest.size - 4 - (size_t)size);
    }
    buffer_clear(&scan->found);
    return 0;
}

/* To the end of one master's keys. The others answer to his cursor, too; whatever they find is
 * taken. */
static int scan_master(struct scan *scan, struct error *why)
{
    struct replies replies = {.context = scan, .got = found_got, .server = master_heard};
    char match[KEY_MAX + 2];

    snprintf(match, sizeof match, "%s*", scan->begin);
    slice_copy(WORD("0"), scan->cursor, sizeof scan->cursor);
    do {
        scan->heard = 0;
        PIPELINE_ADD(&scan->store->pipeline, WORD("SCAN"), slice_of(scan->cursor), WORD("MATCH"),
                     slice_of(match), WORD("COUNT"), WORD("1000"));
        if (store_run_everywhere(scan->store, &replies, "look for keys", why) ||
            tell_found(scan, why))
            return -1;
    } while (scan->master < scan->heard && strcmp(scan->cursor, "0") != 0);
    return 0;
}

int store_each_key(struct store *store, const char *begin,
                   int (*seen)(void *context, struct slice key, struct error *why), void *context,
                   struct error *why)
{
    struct scan scan = {.store = store, .begin = begin, .seen = seen, .context = context};
    int result;

    buffer_init(&scan.found, FOUND_MAX);
    do
        result = scan_master(&scan, why);
    while (result == 0 && ++scan.master < scan.heard);
    buffer_free(&scan.found);
    return result;
}
