/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * life: the page of `waybill show`. First what staff say on the phone (the verdicts), then what
 * they are asked next (envelope, recipients, when, how long), last the words it all rests on.
 */
#include "life.h"

#include <inttypes.h>
#include <string.h>

#include "../links.h"
#include "course.h"
#include "out.h"
#include "table.h"
#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/id.h"
#include "waybill/verdict.h"

#define LINE_MAX_BYTES 65536
#define LABEL 12 /* columns of "  Message-ID " */

/* ---- the head ---- */

static void print_head(const struct cli *cli, const struct waybill *waybill)
{
    char code[ID_CODE_SIZE], when[CLOCK_TEXT_SIZE];
    struct buffer line;

    buffer_init(&line, LINE_MAX_BYTES);
    id_code(waybill->id, code);
    clock_text(waybill->arrived, 0, when);
    buffer_add_text(&line, when);
    if (waybill->host.at != NULL) {
        buffer_add_text(&line, " on ");
        escape_terminal(&line, waybill->host);
    }
    if (waybill->queue_id.at != NULL) {
        buffer_add_text(&line, ", queue id ");
        escape_terminal(&line, waybill->queue_id);
    }
    out_colour(cli, "bold");
    printf("Mail %s", code);
    out_plain(cli);
    putchar('\n');
    out_folded(cli, 0, 2, line.data);
    putchar('\n');
    buffer_free(&line);
}

/* For those who want to know how it was found out. */
static void print_reason(const struct cli *cli, const struct verdict *verdict)
{
    struct buffer line;

    if (!verdict->has_reason || verdict->reason == REASON_DELIVERED)
        return;
    buffer_init(&line, LINE_MAX_BYTES);
    buffer_addf(&line, "Reason: %s (%s)", reason_word(verdict->reason),
                hardness_word(reason_hardness(verdict->reason)));
    if (verdict->rule != NULL) {
        buffer_add_text(&line, ", by the rule ");
        escape_terminal(&line, slice_of(verdict->rule));
    }
    fputs("  ", stdout);
    out_colour(cli, "dim");
    out_folded(cli, 2, 2, line.data);
    out_plain(cli);
    buffer_free(&line);
}

static void print_verdict(const struct cli *cli, const struct waybill *waybill,
                          const struct recipient *recipient)
{
    enum recipient_state state = recipient != NULL ? recipient->state : waybill_state(waybill);
    struct verdict verdict;
    struct buffer words, name;
    size_t column;

    buffer_init(&words, LINE_MAX_BYTES);
    buffer_init(&name, LINE_MAX_BYTES);
    verdict_read(waybill, recipient, &cli->basis, &verdict);
    verdict_sentence(&verdict, &words);
    if (recipient != NULL)
        out_address(&name, recipient->address);
    else
        buffer_add_text(&name, "This mail");
    column = out_width(name.data) + 2 + strlen(state_word(state)) + 2;
    printf("%s: ", name.data);
    out_colour(cli, out_state_colour(state));
    fputs(state_word(state), stdout);
    out_plain(cli);
    fputs(". ", stdout);
    out_folded(cli, column, 2, words.data);
    print_reason(cli, &verdict);
    buffer_free(&words);
    buffer_free(&name);
}

/* Many recipients: the sentences of those that need eyes first, the others are counted. */
#define VERDICTS_MAX 12

static bool ends_well(enum recipient_state state)
{
    return state == STATE_DELIVERED || state == STATE_EXPANDED;
}

static void print_verdicts(const struct cli *cli, const struct waybill *waybill)
{
    size_t told = 0;

    if (waybill->recipient_count == 0)
        print_verdict(cli, waybill, NULL);
    for (int well = 0; well <= 1; well++)
        for (size_t i = 0; i < waybill->recipient_count; i++) {
            const struct recipient *recipient = &waybill->recipients[i];
            if (ends_well(recipient->state) != (well != 0) || told >= VERDICTS_MAX)
                continue;
            print_verdict(cli, waybill, recipient);
            told++;
        }
    if (told < waybill->recipient_count)
        printf("And %zu recipients more, see below.\n", waybill->recipient_count - told);
    putchar('\n');
}

/* ---- the envelope ---- */

static void print_field(const struct cli *cli, const char *label, const char *text)
{
    printf("  %-*s", LABEL, label);
    out_folded(cli, 2 + LABEL, 2 + LABEL, text);
}

static void print_slice(const struct cli *cli, const char *label, struct slice value)
{
    struct buffer text;

    if (value.at == NULL || value.size == 0)
        return;
    buffer_init(&text, LINE_MAX_BYTES);
    escape_terminal(&text, value);
    print_field(cli, label, text.data);
    buffer_free(&text);
}

static void print_client(const struct cli *cli, const struct waybill *waybill)
{
    struct buffer text;

    if (waybill->client.at == NULL && waybill->ip.at == NULL)
        return;
    buffer_init(&text, LINE_MAX_BYTES);
    escape_terminal(&text, waybill->client.at != NULL ? waybill->client : slice_of("unknown"));
    if (waybill->ip.at != NULL) {
        buffer_add_text(&text, " [");
        escape_terminal(&text, waybill->ip);
        buffer_add_char(&text, ']');
    }
    if (waybill->port.at != NULL && waybill->port.size > 0) {
        buffer_add_text(&text, " port ");
        escape_terminal(&text, waybill->port);
    }
    if (waybill->helo.at != NULL) {
        buffer_add_text(&text, ", helo ");
        escape_terminal(&text, waybill->helo);
    }
    print_field(cli, "Client", text.data);
    buffer_free(&text);
}

static void print_login(const struct cli *cli, const struct waybill *waybill)
{
    struct buffer text;

    if (waybill->login.at == NULL || waybill->login.size == 0)
        return;
    buffer_init(&text, LINE_MAX_BYTES);
    escape_terminal(&text, waybill->login);
    if (waybill->auth.at != NULL) {
        buffer_add_text(&text, " (");
        escape_terminal(&text, waybill->auth);
        buffer_add_char(&text, ')');
    }
    print_field(cli, "Login", text.data);
    buffer_free(&text);
}

static void print_envelope(const struct cli *cli, const struct waybill *waybill)
{
    char text[64], number[32];
    struct buffer from;

    out_heading(cli, "Envelope and header");
    buffer_init(&from, LINE_MAX_BYTES);
    out_address(&from, waybill->from);
    print_field(cli, "Sender", from.data);
    buffer_free(&from);
    print_slice(cli, "From", waybill->header_from);
    print_slice(cli, "Subject", waybill->subject_text);
    print_slice(cli, "Message-ID", waybill->message_id);
    print_slice(cli, "Date", waybill->date);
    print_slice(cli, "List-Id", waybill->list);
    print_slice(cli, "Automatic", waybill->automatic);
    print_client(cli, waybill);
    print_login(cli, waybill);
    print_slice(cli, "TLS", waybill->tls);
    print_slice(cli, "Service", waybill->daemon);
    if (waybill->size >= 0) {
        out_number((uint64_t)waybill->size, number);
        snprintf(text, sizeof text, "%s bytes", number);
        print_field(cli, "Size", text);
    }
    print_slice(cli, "Envelope id", waybill->envid);
    print_slice(cli, "Instance", waybill->instance);
    snprintf(text, sizeof text, "%018" PRIu64, waybill->id);
    print_field(cli, "Number", text);
    putchar('\n');
}

/* ---- what is gone already ---- */

static bool days_over(const struct cli *cli, const struct waybill *waybill, int64_t days)
{
    return days != 0 && cli->now >= clock_of_day(id_day(waybill->id), 0) + (days + 1) * DAY_MS;
}

/* Nothing shown would say that there was nothing. */
static void print_gone(const struct cli *cli, const struct waybill *waybill)
{
    int64_t replies = cli->settings->reply_retention_days;
    int64_t subjects = cli->settings->subject_retention_days;
    bool no_words = days_over(cli, waybill, replies);
    bool no_subject =
        days_over(cli, waybill, subjects) && cli->settings->subject != SUBJECT_OFF;

    if (no_words)
        printf("  The servers' words were kept for %" PRId64 " days only.\n", replies);
    if (no_subject)
        printf("  The subject was kept for %" PRId64 " days only.\n", subjects);
    if (no_words || no_subject)
        putchar('\n');
}

/* ---- the reports ---- */

static void print_links(const struct waybill *waybill)
{
    struct link links[LINKS_MAX];
    size_t count = links_find(waybill, links);
    char code[ID_CODE_SIZE];

    if (waybill->is_report && waybill->about != 0) {
        id_code(waybill->about, code);
        printf("This mail is a report on %s.\n\n", code);
    } else if (waybill->is_report) {
        puts("This mail is a report; the mail that it speaks of is not known here.\n");
    }
    for (size_t i = 0; i < count; i++) {
        id_code(links[i].id, code);
        printf("A report on this mail: %s (%s: %s)\n", code, trust_word(links[i].trust),
               trust_sentence(links[i].trust));
    }
    if (count > 0)
        putchar('\n');
}

/* ---- the recipients ---- */

static const struct table_column recipient_columns[] = {
    {"  RECIPIENT", true, false}, {"STATE", false, false}, {"SINCE", false, false},
    {"TRIES", false, true},       {"CODE", false, false},
};

/* "mx.example.org[192.0.2.1]:25, there as 9B2C77A1E4"; empty if it never got that far. */
static void say_where(const struct recipient *recipient, struct buffer *to)
{
    if (recipient->relay.at == NULL || slice_is(recipient->relay, "none") ||
        recipient->state == STATE_EXPANDED)
        return;
    buffer_add_text(to, state_final(recipient->state) ? "at " : "last at ");
    escape_terminal(to, recipient->relay);
    if (recipient->next.at != NULL && recipient->next.size > 0) {
        buffer_add_text(to, ", there as ");
        escape_terminal(to, recipient->next);
    }
}

static void add_recipient(const struct cli *cli, struct table *table,
                          const struct recipient *recipient)
{
    struct buffer name, where, code;
    char since[WHEN_SIZE], tries[16];

    buffer_init(&name, LINE_MAX_BYTES);
    buffer_init(&where, LINE_MAX_BYTES);
    buffer_init(&code, LINE_MAX_BYTES);
    buffer_add_text(&name, "  ");
    out_address(&name, recipient->address);
    if (recipient->original.at != NULL) {
        buffer_add_text(&name, " (for ");
        out_address(&name, recipient->original);
        buffer_add_char(&name, ')');
    }
    say_where(recipient, &where);
    out_address(&code, recipient->status);
    out_when(cli, recipient->since, since);
    snprintf(tries, sizeof tries, "%u", recipient->attempts);
    const char *cells[] = {name.data, state_word(recipient->state), since, tries, code.data};
    table_row(table, cells, 1, out_state_colour(recipient->state),
              where.size > 0 ? where.data : NULL, 4);
    buffer_free(&name);
    buffer_free(&where);
    buffer_free(&code);
}

static int print_recipients(const struct cli *cli, const struct waybill *waybill,
                            struct error *why)
{
    struct table *table;

    out_heading(cli, "Recipients");
    if (waybill->recipient_count == 0) {
        puts("  none was named\n");
        return 0;
    }
    table = table_new(cli, recipient_columns,
                      sizeof recipient_columns / sizeof recipient_columns[0], true, why);
    if (table == NULL)
        return -1;
    for (size_t i = 0; i < waybill->recipient_count; i++)
        add_recipient(cli, table, &waybill->recipients[i]);
    if (table_print(&table, why) != 0)
        return -1;
    putchar('\n');
    return 0;
}

int life_print(const struct cli *cli, const struct waybill *waybill, struct error *why)
{
    print_head(cli, waybill);
    print_verdicts(cli, waybill);
    print_links(waybill);
    print_envelope(cli, waybill);
    if (print_recipients(cli, waybill, why) != 0)
        return -1;
    course_print(cli, waybill);
    print_gone(cli, waybill);
    return 0;
}

static void print_raw_line(struct slice line)
{
    struct buffer safe;

    buffer_init(&safe, 8 * (FACT_LINE_MAX + 1024));
    escape_terminal(&safe, line);
    puts(safe.size > 0 ? safe.data : "");
    buffer_free(&safe);
}

static void print_raw(void *context, const struct store_raw *raw)
{
    struct slice rest = raw->text, line;
    struct buffer head;
    size_t *count = context;

    buffer_init(&head, 1024);
    if ((*count)++ > 0)
        putchar('\n');
    buffer_addf(&head, "%.*s %.*s %s, %zu bytes", SLICE_ARGS(raw->key), SLICE_ARGS(raw->field),
                raw->codec, raw->bytes);
    if (raw->why_not == NULL && rest.size != raw->bytes)
        buffer_addf(&head, " of %zu", rest.size);
    print_raw_line(slice_make(head.data, head.size));
    buffer_free(&head);
    if (raw->why_not != NULL)
        print_raw_line(slice_of(raw->why_not));
    while (raw->why_not == NULL && text_take_part(&rest, '\n', &line))
        print_raw_line(line);
}

int life_print_raw(const struct cli *cli, uint64_t id, struct error *why)
{
    size_t count = 0;

    if (store_get_raw(cli->store, id, print_raw, &count, why) != 0)
        return -1;
    return count > 0;
}
