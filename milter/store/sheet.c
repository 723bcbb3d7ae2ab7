/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sheet: see waybill/sheet.h. A field is a row of its table, so that writer and reader cannot
 * disagree; what a newer version writes besides is not asked for.
 */
#include "waybill/sheet.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "internal.h"

/* Of the hash: a word with where it stands and its room, or a number (room 0). */
static const struct row {
    const char *name;
    size_t at, room;
} rows[] = {
#define SHEET_WORD(name, room, text) {#name, offsetof(struct sheet, name), room},
    SHEET_WORDS(SHEET_WORD)
#undef SHEET_WORD
#define SHEET_NUMBER(name, text) {#name, offsetof(struct sheet, name), 0},
        SHEET_NUMBERS(SHEET_NUMBER)
#undef SHEET_NUMBER
};
#define ROWS (sizeof rows / sizeof rows[0])

void sheet_clear(struct sheet *sheet)
{
    *sheet = (struct sheet){.node = 0};
#define SHEET_NUMBER(name, text) sheet->name = SHEET_UNKNOWN;
    SHEET_NUMBERS(SHEET_NUMBER)
#undef SHEET_NUMBER
}

/* ---- writing ---- */

void store_put_sheet(struct store *store, const struct sheet *sheet)
{
    char digits[24];
    struct key key;

    store_note_node(store, sheet->node);
    key_sheet(&key, store->prefix, sheet->node % ID_NODES);
    for (size_t i = 0; i < ROWS; i++) {
        const void *field = (const char *)sheet + rows[i].at;
        struct slice value;

        digits[0] = '\0';
        if (rows[i].room == 0 && *(const int64_t *)field != SHEET_UNKNOWN)
            snprintf(digits, sizeof digits, "%" PRId64, *(const int64_t *)field);
        value = slice_of(rows[i].room > 0 ? (const char *)field : digits);
        BATCH_ADD(&store->writes, VERB_HSET, key_slice(&key), LIFE_ENDLESS, slice_of(rows[i].name),
                  value);
    }
}

/* ---- reading ---- */

struct sheets_reading {
    void (*seen)(void *context, const struct sheet *sheet);
    void *context;
    int64_t *server;
    const unsigned *nodes;
};

/* Whoever reads a sheet may add and subtract what is in it. */
#define NUMBER_MOST (UINT64_C(1) << 52)

static int64_t number_of(struct slice text)
{
    bool negative = text_take_char(&text, '-');
    uint64_t number;

    if (!text_number(text, 0, NUMBER_MOST, &number))
        return SHEET_UNKNOWN;
    return negative ? -(int64_t)number : (int64_t)number;
}

/* TIME: seconds and microseconds. */
static enum got time_got(const struct reply *reply, int64_t *server)
{
    uint64_t seconds, micro;

    if (reply->type != REPLY_LIST || reply->count != 2 ||
        !reply_number(reply->items[0], INT64_MAX / SECOND_MS - 1, &seconds) ||
        !reply_number(reply->items[1], 999999, &micro))
        return GOT_ODD;
    *server = (int64_t)seconds * SECOND_MS + (int64_t)micro / 1000;
    return GOT_FINE;
}

static enum got sheets_got(void *context, size_t index, const struct reply *reply)
{
    struct sheets_reading *reading = context;
    struct sheet sheet;

    if (index == 0)
        return time_got(reply, reading->server);
    if (reply->type != REPLY_LIST || reply->count != ROWS)
        return GOT_ODD;
    sheet_clear(&sheet);
    sheet.node = reading->nodes[index - 1];
    for (size_t i = 0; i < ROWS; i++) {
        void *field = (char *)&sheet + rows[i].at;
        const struct reply *item = reply->items[i];

        if (item->type != REPLY_TEXT)
            continue;
        if (rows[i].room > 0)
            slice_copy(item->text, field, rows[i].room);
        else
            *(int64_t *)field = number_of(item->text);
    }
    reading->seen(reading->context, &sheet);
    return GOT_FINE;
}

/* Who may not ask for the time knows less about the clocks, and that is all. */
static bool sheets_refused(void *context, size_t index, enum store_trouble trouble,
                           struct slice words)
{
    (void)context, (void)trouble;
    return index == 0 && slice_starts(words, "NOPERM ");
}

static void ask_sheet(struct store *store, unsigned node)
{
    struct slice words[2 + ROWS] = {WORD("HMGET")};
    struct key key;

    key_sheet(&key, store->prefix, node);
    words[1] = key_slice(&key);
    for (size_t i = 0; i < ROWS; i++)
        words[2 + i] = slice_of(rows[i].name);
    pipeline_add(&store->pipeline, words, 2 + ROWS);
}

static int read_sheets(struct store *store, const unsigned *nodes, size_t count,
                       struct sheets_reading *reading, struct error *why)
{
    struct replies replies = {
        .context = reading, .got = sheets_got, .refused = sheets_refused, .missed = pipeline_miss};

    *reading->server = 0;
    reading->nodes = nodes;
    PIPELINE_ADD(&store->pipeline, WORD("TIME"));
    for (size_t i = 0; i < count; i++)
        ask_sheet(store, nodes[i]);
    return store_run(store, &replies, "read what the hosts say of themselves", why);
}

int store_get_sheets(struct store *store, int64_t *server,
                     void (*seen)(void *context, const struct sheet *sheet), void *context,
                     struct error *why)
{
    struct sheets_reading reading = {.seen = seen, .context = context, .server = server};
    unsigned nodes[ID_NODES];
    size_t count = 0;

    if (store_know_nodes_now(store, why))
        return -1;
    for (unsigned node = 0; node < ID_NODES; node++)
        if (store->nodes[node])
            nodes[count++] = node;
    return read_sheets(store, nodes, count, &reading, why);
}

static void keep_sheet(void *context, const struct sheet *sheet)
{
    *(struct sheet *)context = *sheet;
}

int store_get_sheet(struct store *store, unsigned node, struct sheet *sheet, int64_t *server,
                    struct error *why)
{
    struct sheets_reading reading = {.seen = keep_sheet, .context = sheet, .server = server};

    sheet_clear(sheet);
    sheet->node = node;
    return read_sheets(store, &node, 1, &reading, why);
}
