/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report: takes the lines that mime tells, each to where it belongs, and at the end decides what
 * was read. Promise: never more than the page, the arena and the rows, and no look at more than
 * REPORT_BYTES_MAX.
 */
#include "waybill/report.h"

#include <stdlib.h>
#include <string.h>

#include "assemble.h"
#include "complaint.h"
#include "expect.h"
#include "value.h"
#include "kind.h"
#include "mime.h"
#include "prose.h"
#include "receipt.h"
#include "returned.h"

/* Whether enough was seen is asked only at these places of the mail, so that it does not depend
 * on how the bytes came. */
#define BLOCK 4096u
/* Blocks without a field of the returned header: it has ended, for no field is longer. */
#define SILENT_BLOCKS (REPORT_FIELD_MAX / BLOCK + 1)

/* All that a reader needs once it has seen a field; an unread mail costs none of it. */
struct reading {
    struct mime *mime;
    struct page page;
    struct arena arena;
    struct groups groups;
    struct complaint complaint;
    struct receipt receipt;
    struct findings findings;
    struct assembly assembly;
    size_t bytes;         /* of the body, or of the whole mail */
    size_t returned_seen; /* fields of the returned header */
    size_t returned_last; /* the block in which the last one came */
    bool program;         /* a part is one, or an archive */
    bool text_full, stopped, over;
    struct report *report;
};

struct report_reader {
    const struct phrasebook *book;
    struct report report;
    struct reading *reading;
    bool ended;
};

struct report_reader *report_open(const struct phrasebook *book)
{
    struct report_reader *reader = calloc(1, sizeof(*reader));

    if (reader != NULL) {
        reader->book = book;
        reader->report.dialect = "";
    }
    return reader;
}

void report_close(struct report_reader **reader)
{
    struct reading *reading = *reader == NULL ? NULL : (*reader)->reading;

    if (reading != NULL) {
        mime_close(&reading->mime);
        page_free(&reading->page);
        groups_free(&reading->groups);
        findings_clear(&reading->findings);
        arena_free(&reading->arena);
        free((*reader)->report.recipients);
        free(reading);
    }
    free(*reader);
    *reader = NULL;
}

/* ---- lines ---- */

static void take_field(struct reading *reading, struct slice name, struct slice value)
{
    page_add_field(&reading->page, name, value);
    if (slice_equal_nocase(name, slice_of("Return-Path")) && slice_is(value, "<>"))
        reading->page.null_sender = true;
    if (slice_equal_nocase(name, slice_of("From")) && slice_is(value, "<>"))
        reading->page.null_sender = true;
}

static void take_returned(struct reading *reading, struct slice name, struct slice value)
{
    reading->returned_seen++;
    reading->returned_last = reading->bytes / BLOCK;
    returned_add_field(reading->report, &reading->arena, name, value);
    complaint_add_returned(&reading->complaint, &reading->arena, name, value);
}

static bool is_program(struct slice name)
{
    static const char *const ends[] = {".exe", ".scr", ".pif", ".com", ".bat",
                                       ".cmd", ".zip", ".vbs", ".js",  ".lnk"};

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t size = strlen(ends[i]);

        if (name.size > size &&
            slice_equal_nocase(slice_make(name.at + name.size - size, size), slice_of(ends[i])))
            return true;
    }
    return false;
}

static void take_line(void *context, enum mime_line line, struct slice name, struct slice value)
{
    struct reading *reading = context;

    switch (line) {
    case MIME_FIELD:
        take_field(reading, name, value);
        break;
    case MIME_TEXT:
        if (!reading->text_full)
            reading->text_full = !page_add_line(&reading->page, value);
        break;
    case MIME_STATUS:
        groups_add_field(&reading->groups, name, value);
        break;
    case MIME_STATUS_END:
        groups_end_group(&reading->groups);
        break;
    case MIME_FEEDBACK:
        complaint_add_field(&reading->complaint, &reading->arena, name, value);
        break;
    case MIME_DISPOSITION:
        receipt_add_field(&reading->receipt, &reading->arena, name, value);
        break;
    case MIME_RETURNED:
        take_returned(reading, name, value);
        break;
    case MIME_PART:
        reading->program |= is_program(value);
        break;
    }
}

static struct reading *begin_reading(struct report_reader *reader)
{
    struct reading *reading = reader->reading;

    /* What would be read from the middle on is not what was sent. */
    if (reading != NULL || reader->report.partial)
        return reading;
    reading = calloc(1, sizeof(*reading));
    if (reading == NULL) {
        reader->report.partial = true;
        return NULL;
    }
    reading->mime = mime_open(take_line, reading);
    if (reading->mime == NULL) {
        free(reading);
        reader->report.partial = true;
        return NULL;
    }
    page_init(&reading->page);
    groups_init(&reading->groups, &reading->arena);
    reading->report = &reader->report;
    reader->reading = reading;
    return reading;
}

void report_header(struct report_reader *reader, struct slice name, struct slice value)
{
    struct reading *reading = begin_reading(reader);

    if (reading != NULL)
        mime_header(reading->mime, name, value);
}

static void look_at_type(struct reading *reading)
{
    const char *type = "";

    reading->page.multipart_report = mime_is_report(reading->mime, &type);
}

bool report_expected(struct report_reader *reader, bool null_sender)
{
    if (reader->reading == NULL)
        return null_sender;
    look_at_type(reader->reading);
    reader->reading->page.null_sender |= null_sender;
    return expect_report(&reader->reading->page);
}

/* ---- the body ---- */

/* At the end of a block: can more bytes still matter? */
static bool is_enough(const struct reading *reading)
{
    if (mime_is_over(reading->mime))
        return true;
    return reading->returned_seen > 0 &&
           reading->bytes / BLOCK > reading->returned_last + SILENT_BLOCKS &&
           (groups_tell(&reading->groups) || reading->complaint.told || reading->receipt.told);
}

typedef void feed(struct mime *mime, const void *bytes, size_t size);

static bool read_bytes(struct report_reader *reader, feed *to, const char *bytes, size_t size)
{
    struct reading *reading = begin_reading(reader);

    while (reading != NULL && !reading->stopped && size > 0) {
        size_t part = BLOCK - reading->bytes % BLOCK;

        if (part > size)
            part = size;
        to(reading->mime, bytes, part);
        bytes += part;
        size -= part;
        reading->bytes += part;
        if (reading->bytes % BLOCK != 0)
            continue;
        reading->over = reading->bytes >= REPORT_BYTES_MAX;
        reading->stopped = reading->over || is_enough(reading);
    }
    return reading != NULL && !reading->stopped;
}

bool report_body(struct report_reader *reader, const void *bytes, size_t size)
{
    return read_bytes(reader, mime_body, bytes, size);
}

bool report_mail(struct report_reader *reader, const void *bytes, size_t size)
{
    return read_bytes(reader, mime_mail, bytes, size);
}

/* ---- the end ---- */

static void set_bounce(struct reading *reading, const char *dialect)
{
    struct report *report = reading->report;

    report->kind = REPORT_BOUNCE;
    report->dialect = dialect;
}

static bool read_status(struct reading *reading)
{
    if (!groups_tell(&reading->groups) ||
        (!reading->page.multipart_report && kind_is_talk(&reading->page)))
        return false;
    /* Some programs answer for their users in the form of a success report. */
    if (!groups_fail(&reading->groups) && kind_is_absence(&reading->page))
        return false;
    dialect_read(&reading->page, &reading->findings);
    set_bounce(reading, "rfc3464");
    assemble_groups(&reading->assembly, &reading->groups, &reading->findings);
    return true;
}

#define READERS_MAX 16 /* whoever forges does not send to more */

/* Is everybody who failed one to whom this mail goes? */
static bool fails_its_reader(const struct reading *reading)
{
    struct slice to = page_field(&reading->page, "To");

    if (reading->findings.count > READERS_MAX)
        return false;
    for (size_t i = 0; i < reading->findings.count; i++) {
        struct slice address = reading->findings.of[i].address, rest = to, one;
        bool there = false;

        while (!there && prose_address(&rest, &one))
            there = slice_equal_nocase(one, address);
        if (!there)
            return false;
    }
    return reading->findings.count > 0;
}

/* True words around something else: nothing is given back, and no envelope speaks for it. */
static bool is_disguise(const struct reading *reading)
{
    const struct page *page = &reading->page;

    if (kind_is_trusted(page) || page->null_sender || page->multipart_report ||
        page->copy.at != NULL || reading->returned_seen > 0)
        return false;
    return reading->program || fails_its_reader(reading);
}

static bool read_words(struct reading *reading)
{
    const struct dialect *dialect;

    if (kind_is_talk(&reading->page) || !kind_is_by_server(&reading->page) ||
        kind_is_bait(&reading->page))
        return false;
    dialect = dialect_read(&reading->page, &reading->findings);
    if (dialect == NULL || is_disguise(reading) ||
        kind_is_quoted(&reading->page,
                       dialect_opening(dialect, &reading->page, &reading->findings)))
        return false;
    set_bounce(reading, dialect->name);
    assemble_findings(&reading->assembly, &reading->groups, &reading->findings);
    return true;
}

static bool read_complaint(struct reading *reading)
{
    struct complaint *complaint = &reading->complaint;
    struct report *report = reading->report;

    if (!complaint->told && !complaint_is_old_style(&reading->page))
        return false;
    report->kind = REPORT_COMPLAINT;
    report->envelope_id = complaint->envelope_id;
    report->reporting = complaint->reporting;
    report->arrived = complaint->arrived;
    if (complaint->count == 0 && report->to.at != NULL)
        complaint->recipients[complaint->count++] = value_address(&reading->arena, report->to);
    for (size_t i = 0; i < complaint->count; i++) {
        struct report_recipient *to = assemble_add(&reading->assembly);

        if (to == NULL)
            return true;
        to->address = complaint->recipients[i];
        to->words = complaint->type;
        to->action = REPORTED_DELIVERED;
        to->reason = REASON_FEEDBACK;
    }
    return true;
}

static bool read_receipt(struct reading *reading)
{
    const struct receipt *receipt = &reading->receipt;
    struct report *report = reading->report;
    struct report_recipient *to;

    if (!receipt->told)
        return false;
    report->kind = REPORT_MDN;
    report->reporting = receipt->reporting;
    if (receipt->message_id.at != NULL)
        report->message_id = receipt->message_id;
    to = assemble_add(&reading->assembly);
    if (to == NULL)
        return true;
    to->address = receipt->final.at != NULL ? receipt->final : receipt->original;
    to->original = receipt->original;
    to->words = receipt->disposition;
    to->action = REPORTED_DELIVERED;
    to->reason = REASON_DELIVERED;
    return true;
}

static bool read_autoreply(struct reading *reading)
{
    struct report *report = reading->report;
    struct slice answered = page_field(&reading->page, "In-Reply-To");
    struct report_recipient *to;

    if (!kind_is_autoreply(&reading->page))
        return false;
    report->kind = REPORT_AUTOREPLY;
    if (answered.at == NULL)
        answered = page_field(&reading->page, "References");
    report->message_id = value_id(&reading->arena, answered);
    to = assemble_add(&reading->assembly);
    if (to == NULL)
        return true;
    to->address = value_address(&reading->arena, page_field(&reading->page, "From"));
    to->action = REPORTED_DELIVERED;
    to->reason = REASON_VACATION;
    return true;
}

static void set_mail(struct reading *reading)
{
    const struct groups *groups = &reading->groups;
    struct report *report = reading->report;
    struct slice own = page_field(&reading->page, "Message-ID"), id;

    report->reporting = groups->reporting;
    report->envelope_id = groups->envelope_id;
    report->queue_id = groups->queue_id;
    report->arrived = groups->arrived;
    report->text = reading->page.text;
    if (reading->returned_seen == 0 && reading->page.copy.at != NULL)
        returned_read_copy(report, &reading->arena, reading->page.copy);
    id = returned_boundary_id(page_field(&reading->page, "Content-Type"));
    /* Sendmail's boundary looks the same, but holds the id of the report itself. */
    if (report->queue_id.at == NULL && id.at != NULL && own.at != NULL)
        report->queue_id =
            value_holds(own, id) ? SLICE_ABSENT : value_clean(&reading->arena, id, 64);
}

static void forget_mail(struct report *report)
{
    report->message_id = report->from = report->to = report->subject = SLICE_ABSENT;
    report->queue_id = SLICE_ABSENT;
    report->date = report->arrived = 0;
    report->hop_count = 0;
}

/* What no mail lacks. */
static bool has_header(const struct page *page)
{
    static const char *const names[] = {"From", "Subject", "Date", "Received", "Message-ID", "To"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (page_field(page, names[i]).at != NULL)
            return true;
    return page->null_sender;
}

/* A part of a bounce that somebody pasted: who does so says that a server wrote it. What looked
 * like its header is then text, such as the fields of RFC 3464. */
static void take_paste(struct page *page)
{
    if (has_header(page))
        return;
    (void)page_add_line(page, SLICE_ABSENT);
    (void)page_add_line(page, slice_make(page->header.data, page->header.size));
    page_add_field(page, slice_of("From"), slice_of("MAILER-DAEMON"));
}

static void decide(struct reading *reading)
{
    set_mail(reading);
    if (read_complaint(reading) || read_status(reading) || read_receipt(reading) ||
        read_words(reading))
        return;
    forget_mail(reading->report);
    read_autoreply(reading);
}

const struct report *report_end(struct report_reader *reader)
{
    struct reading *reading = reader->reading;
    struct report *report = &reader->report;

    if (reading == NULL || reader->ended)
        return report;
    reader->ended = true;
    report->partial |= reading->over || (reading->stopped && mime_partial(reading->mime));
    mime_end(reading->mime);
    report->partial |= !reading->stopped && mime_partial(reading->mime);
    groups_end_group(&reading->groups);
    look_at_type(reading);
    take_paste(&reading->page);
    page_split(&reading->page);
    reading->assembly.book = reader->book;
    reading->assembly.arena = &reading->arena;
    reading->assembly.page = &reading->page;
    reading->assembly.report = report;
    reading->assembly.transcript = session_transcript(reading->page.text);
    places_find(&reading->assembly.places, reading->page.text);
    decide(reading);
    report->partial |= reading->arena.failed || reading->groups.partial ||
                       reading->findings.partial || reading->page.partial ||
                       reading->page.header.failed || reading->text_full;
    return report;
}
