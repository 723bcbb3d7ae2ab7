/* SPDX-License-Identifier: BSD-2-Clause */
/* explained_text: see explained_text.h. The views of a line end with it, so what is told is
 * kept. */
#include "explained_text.h"

#include <stdlib.h>

#include "relay.h"
#include "waybill/cause.h"
#include "waybill/logline.h"

#define REPLY_MAX 8192u /* bytes of a text that may be a server's answer */

struct explained_text {
    struct report report;
    struct report_recipient recipients[EXPLAINED_TEXT_RECIPIENTS_MAX];
    const struct phrasebook *book;
    char *kept; /* has room for all that the text has, twice: an address may be told again */
    size_t used, room;
    char status[STATUS_ROOM];
};

static struct slice keep(struct explained_text *explained, struct slice value)
{
    char *to = explained->kept + explained->used;

    if (value.at == NULL || value.size > explained->room - explained->used)
        return SLICE_ABSENT;
    memcpy(to, value.at, value.size);
    explained->used += value.size;
    return slice_make(to, value.size);
}

static enum report_action action_of(enum fact_kind kind)
{
    switch (kind) {
    case FACT_DELIVERED:
        return REPORTED_DELIVERED;
    case FACT_DELAYED:
        return REPORTED_DELAYED;
    case FACT_EXPANDED:
        return REPORTED_EXPANDED;
    default:
        return REPORTED_FAILED;
    }
}

static void take_fact(struct explained_text *explained, const struct fact *fact)
{
    struct report_recipient *recipient = &explained->recipients[explained->report.count];
    enum report_action action = action_of(fact->kind);
    struct cause cause;
    struct relay relay;

    if (explained->report.count == EXPLAINED_TEXT_RECIPIENTS_MAX) {
        explained->report.partial = true;
        return;
    }
    cause_of_attempt(explained->book, fact, &cause);
    *recipient = (struct report_recipient){
        .address = keep(explained, fact->value[KEY_TO]),
        .original = SLICE_ABSENT,
        .action = action,
        .status = keep(explained, fact->value[KEY_STATUS]),
        .code = smtp_code_in(fact->value[KEY_REPLY]),
        .remote = relay_read(fact->value[KEY_RELAY], &relay) ? keep(explained, relay.name)
                                                             : SLICE_ABSENT,
        .command = SLICE_ABSENT,
        .words = keep(explained, fact->value[KEY_REPLY]),
        .reason = action == REPORTED_FAILED || action == REPORTED_DELAYED ? cause.reason
                                                                          : REASON_DELIVERED,
        .rule = cause.rule};
    explained->report.count++;
}

/* ---- a log ---- */

static bool tells_fate(enum fact_kind kind)
{
    return kind == FACT_DELIVERED || kind == FACT_DELAYED || kind == FACT_FAILED ||
           kind == FACT_EXPIRED || kind == FACT_REFUSED || kind == FACT_REJECTED;
}

static void take_line(struct explained_text *explained, struct logline_reader *reader,
                      struct logline *line)
{
    struct fact fact;

    logline_body(reader, line);
    if (line->understood != LINE_UNDERSTOOD)
        return;
    if (explained->report.queue_id.at == NULL)
        explained->report.queue_id = keep(explained, line_value(line, LINE_QUEUE_ID));
    if (explained->report.message_id.at == NULL)
        explained->report.message_id = keep(explained, line_value(line, LINE_MESSAGE_ID));
    for (unsigned number = 0; logline_fact(reader, line, number, &fact); number++)
        if (tells_fate(fact.kind))
            take_fact(explained, &fact);
}

/* -1: no memory. */
static int read_log(struct explained_text *explained, struct slice text)
{
    struct logline_reader *reader = logline_open();
    struct logline *line = malloc(sizeof *line);
    struct slice one;

    while (reader != NULL && line != NULL && text_take_part(&text, '\n', &one))
        if (logline_header(reader, slice_trim(one), line))
            take_line(explained, reader, line);
    int result = reader != NULL && line != NULL ? 0 : -1;
    logline_close(&reader);
    free(line);
    if (explained->report.count > 0)
        explained->report.dialect = "log";
    return result;
}

/* ---- an answer ---- */

/* A reply of several lines is one, whose code stands in front of each. */
static void read_reply(struct explained_text *explained, struct slice text)
{
    struct slice words = slice_trim(text);
    unsigned code = smtp_code_in(words);
    struct fact fact = {.kind = code >= 500 ? FACT_FAILED : FACT_DELAYED};

    if (words.size > REPLY_MAX || code == 0)
        return;
    fact.value[KEY_REPLY] = words;
    if (status_in(words, explained->status))
        fact.value[KEY_STATUS] = slice_of(explained->status);
    take_fact(explained, &fact);
    explained->report.dialect = "reply";
}

/* ---- both ---- */

struct explained_text *explained_text_read(const struct phrasebook *book, struct slice text)
{
    struct explained_text *explained = calloc(1, sizeof *explained);

    if (explained == NULL)
        return NULL;
    explained->book = book;
    explained->report.dialect = "";
    explained->report.recipients = explained->recipients;
    explained->room = 2 * text.size + sizeof explained->status;
    explained->kept = malloc(explained->room);
    if (explained->kept == NULL || read_log(explained, text) != 0) {
        explained_text_free(&explained);
        return NULL;
    }
    if (explained->report.count == 0)
        read_reply(explained, text);
    if (explained->report.count > 0)
        explained->report.kind = REPORT_BOUNCE;
    return explained;
}

const struct report *explained_text_report(const struct explained_text *explained)
{
    return &explained->report;
}

void explained_text_free(struct explained_text **freed)
{
    if (*freed != NULL)
        free((*freed)->kept);
    free(*freed);
    *freed = NULL;
}
