/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * export: all mails of a query, as a file; rows and objects are those of `waybill trace`. The walk
 * pauses every few seconds, to look whether the asker is still known, and goes on by its cursor.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../nearby.h"
#include "../search_csv.h"
#include "../search_json.h"
#include "stream.h"
#include "waybill/clock.h"
#include "waybill/log.h"

#define PAUSE_MS (3 * SECOND_MS)
#define ROW_MAX (64u << 20) /* of one mail, with all its recipients */

struct export {
    struct http_stream *stream;
    struct http_asker *asker;
    const struct http_request *request;
    struct http_reply *reply;
    struct query query;
    struct access_lens lens;
    struct query_answer sum; /* of all walks until now */
    uint64_t told; /* mails that went into the pipe */
    bool csv, begun, failed;
    int64_t pause; /* clock_monotonic */
    struct nearby *nearby;
    struct buffer line;
    struct error why; /* of `failed` */
};

/* ---- the file ---- */

static void name_file(const struct export *export, char name[static 40])
{
    char day[CLOCK_TEXT_SIZE];

    clock_text(export->asker->now, 0, day);
    snprintf(name, 40, "waybill-%.4s%.2s%.2s.%s", day, day + 5, day + 8,
             export->csv ? "csv" : "jsonl");
}

/* With the first mail, or at the end: what goes wrong before is an ordinary reply. */
static bool begin(struct export *export)
{
    struct http_reply *reply = export->reply;

    if (export->begun)
        return true;
    reply->type = export->csv ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson";
    name_file(export, reply->file);
    export->begun = http_stream_begin(export->stream);
    return export->begun &&
           (!export->csv ||
            http_stream_put(export->stream, search_csv_headings, strlen(search_csv_headings)));
}

static int put_line(struct export *export, struct error *why)
{
    if (export->line.failed)
        return error_set(why, "a mail is too large to be told");
    if (!begin(export) || !http_stream_put(export->stream, export->line.data, export->line.size))
        return error_set(why, "who asked has gone away");
    buffer_clear(&export->line);
    return 0;
}

static int put_mail(struct export *export, struct error *why)
{
    export->told++;
    return put_line(export, why);
}

static int put_json(void *context, const struct waybill *waybill, const struct chain_before *before,
                    struct error *why)
{
    struct export *export = context;
    struct json json;

    json_init(&json, &export->line);
    search_json_mail(&json, waybill, &export->asker->basis, before, false);
    buffer_add_char(&export->line, '\n');
    return put_mail(export, why);
}

/* ---- the walk ---- */

static int found(void *context, struct waybill *waybill)
{
    struct export *export = context;
    int result = export->csv
                     ? search_csv_mail(&export->line, &export->query, waybill, &export->why)
                     : nearby_add(export->nearby, waybill, &export->why);

    if (result == 0 && export->csv)
        result = put_mail(export, &export->why);
    export->failed = result != 0;
    waybill_clear(waybill);
    if (result != 0)
        return -1;
    return clock_monotonic() >= export->pause ? 1 : 0;
}

static void add_up(struct query_answer *sum, const struct query_answer *answer)
{
    struct query_answer all = *answer;

    all.told += sum->told;
    all.examined += sum->examined;
    all.unreadable += sum->unreadable;
    if (sum->unreadable > 0)
        all.unreadable_why = sum->unreadable_why;
    if (sum->partly)
        all.away = sum->away;
    all.partly = all.partly || sum->partly;
    *sum = all;
}

/* One step of the walk. */
static int step(struct export *export, struct query_answer *answer)
{
    struct error why;

    export->pause = clock_monotonic() + PAUSE_MS;
    if (query_each(export->asker->store, &export->query, found, export, answer, &why) == 0)
        return 0;
    return export->failed ? -1 : error_set(&export->why, "%s", why.text);
}

static int walk(struct export *export)
{
    struct query *query = &export->query;
    size_t limit = query->limit;
    struct query_answer answer;

    for (;;) {
        query->limit = limit - export->sum.told;
        if (step(export, &answer) != 0)
            return -1;
        add_up(&export->sum, &answer);
        if (answer.next == 0 || answer.next == query->after || export->sum.told >= limit)
            return 0;
        query->after = answer.next; /* also behind a bound: all was asked for */
        http_stream_flush(export->stream);
        if (!http_stream_goes_on(export->stream))
            return error_set(&export->why, "who asked has gone away");
        if (http_know_again(export->asker, export->request, &export->lens, &export->query) <= 0)
            return error_set(&export->why, "who asked is not known any more");
    }
}

/* ---- the end ---- */

static void put_note(struct export *export, const char *words)
{
    buffer_addf(&export->line, "\"# %s\"\r\n", words);
}

static void note_more(struct export *export)
{
    char words[QUERY_CURSOR_SIZE + 80], cursor[QUERY_CURSOR_SIZE];

    query_cursor(&export->query, export->sum.next, export->asker->cursor_key, cursor);
    snprintf(words, sizeof words, "There are more; go on with after=%s", cursor);
    put_note(export, words);
}

static void note_bound(struct export *export)
{
    char words[CLOCK_TEXT_SIZE + 80], until[CLOCK_TEXT_SIZE];

    clock_text(export->sum.scanned_until, 0, until);
    snprintf(words, sizeof words, "The search stopped at its bound and came to %s.", until);
    put_note(export, words);
}

/* A program sees by the number of cells that these are no rows, and a person reads them. */
static int end_csv(struct export *export, struct error *why)
{
    const struct query_answer *sum = &export->sum;

    if (sum->next != 0)
        note_more(export);
    else if (sum->bounded)
        note_bound(export);
    if (sum->partly)
        put_note(export, "The answer is incomplete: a part of the store cannot be read now.");
    else if (sum->unreadable > 0)
        put_note(export, "The answer is incomplete: there are records that cannot be read.");
    return put_line(export, why);
}

static int end_json(struct export *export, struct error *why)
{
    struct json json;

    if (nearby_end(export->nearby, why) != 0)
        return -1;
    json_init(&json, &export->line);
    if (search_json_page(&json, export->asker->store, &export->query, &export->sum,
                         export->asker->cursor_key, why) != 0)
        return -1;
    buffer_add_char(&export->line, '\n');
    return put_line(export, why);
}

static int tell_all(struct export *export)
{
    if (walk(export) != 0)
        return -1;
    http_cover(export->asker, &export->sum);
    return export->csv ? end_csv(export, &export->why) : end_json(export, &export->why);
}

/* ---- the request ---- */

static bool note(struct export *export, const char *what)
{
    export->asker->now = clock_now();
    return http_note(export->asker, export->reply, what, http_argument(export->request, "q"),
                     export->told);
}

static bool read_request(struct export *export)
{
    struct slice as = http_argument(export->request, "as");
    struct slice after = http_argument(export->request, "after");
    struct error why;

    export->csv = as.at == NULL || slice_is(as, "csv");
    if (!export->csv && !slice_is(as, "jsonl")) {
        http_problem(export->reply, 400, "as is csv or jsonl.");
        return false;
    }
    if (!http_read_words(export->asker, export->request, export->reply, &export->query))
        return false;
    if (after.at != NULL &&
        query_resume(&export->query, after, export->asker->cursor_key, &why) != 0) {
        http_problem(export->reply, 400, why.text);
        return false;
    }
    if (!export->query.limited)
        export->query.limit = SIZE_MAX - 1;
    if (export->csv)
        return true;
    export->nearby = nearby_new(put_json, export);
    if (export->nearby == NULL)
        http_problem(export->reply, 503, "There is no memory for this now; try again later.");
    return export->nearby != NULL;
}

static void answer(struct export *export)
{
    bool whole;

    if (strcmp(export->request->method, "HEAD") == 0) {
        (void)begin(export);
        return;
    }
    whole = tell_all(export) == 0;
    if (!whole && !export->begun) {
        http_store_problem(export->reply, &export->why);
        return;
    }
    if (!whole)
        log_debug("an export ended early: %s", export->why.text);
    if (note(export, whole ? "exported" : "export-cut") && whole)
        http_stream_complete(export->stream);
}

static void run(struct http_stream *stream, struct http_asker *asker,
                const struct http_request *request, struct http_reply *reply)
{
    struct export export = {
        .stream = stream, .asker = asker, .request = request, .reply = reply};

    query_init(&export.query);
    access_lens_init(&export.lens, &asker->access);
    export.query.lens = &export.lens.lens;
    buffer_init(&export.line, ROW_MAX);
    if (read_request(&export) && note(&export, "export"))
        answer(&export);
    nearby_free(&export.nearby);
    buffer_free(&export.line);
    query_clear(&export.query);
}

void http_export(struct http_asker *asker, const struct http_request *request,
                 struct http_reply *reply)
{
    (void)request;
    http_stream_start(asker, reply, STREAM_EXPORT, run);
}
