/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explanation: see explanation.h. First the sentence that is read to a caller, then what it rests
 * on.
 */
#include "explanation.h"

#include <string.h>

#include "out.h"
#include "waybill/clock.h"
#include "waybill/escape.h"

#define LINE_MAX_BYTES 65536
#define LABEL 12       /* columns of "Envelope id " */
#define ROOM_BESIDE 16 /* columns that a sentence wants beside an address */

/* ---- pieces ---- */

/* Escaped, with any run of blanks and line breaks as one blank: the lines of a report are folded
 * anew. */
static void add_flowing(struct buffer *to, struct slice words)
{
    struct slice word;

    for (size_t i = 0; i < words.size; i++) {
        size_t start = i;
        while (i < words.size && strchr(" \t\r\n", words.at[i]) == NULL)
            i++;
        word = slice_make(words.at + start, i - start);
        if (word.size > 0 && to->size > 0)
            buffer_add_char(to, ' ');
        if (word.size > 0)
            escape_terminal(to, word);
    }
}

static void print_field(const struct cli *cli, const char *label, const char *text)
{
    out_colour(cli, "dim");
    printf("  %-*s", LABEL, label);
    out_plain(cli);
    out_folded(cli, 2 + LABEL, 2 + LABEL, text);
}

static void print_slice(const struct cli *cli, const char *label, struct slice value)
{
    struct buffer text;

    if (value.size == 0)
        return;
    buffer_init(&text, LINE_MAX_BYTES);
    add_flowing(&text, value);
    print_field(cli, label, text.data);
    buffer_free(&text);
}

static void print_time(const struct cli *cli, const char *label, int64_t ms)
{
    char when[CLOCK_TEXT_SIZE];

    if (ms == 0)
        return;
    clock_text(ms, 0, when);
    print_field(cli, label, when);
}

/* ---- a recipient ---- */

static bool is_good(enum report_action action)
{
    return action != REPORTED_FAILED && action != REPORTED_DELAYED;
}

static const char *action_colour(enum report_action action)
{
    return action == REPORTED_FAILED ? "red" : action == REPORTED_DELAYED ? "yellow" : "green";
}

static const char *say(const struct cli *cli, const char *key)
{
    return messages_get(cli->basis.messages, key);
}

/* What became of it, and why. */
static void add_outcome(const struct cli *cli, const struct report_recipient *recipient,
                        const struct saying *saying, struct buffer *to)
{
    char key[48];

    snprintf(key, sizeof key, "explain.recipient.%s", report_action_word(recipient->action));
    messages_add(cli->basis.messages, key,
                 (const struct message_place[]){{"why", saying->why}, {NULL, NULL}}, to);
}

/* Who it is where the mail may be anybody's: "us" is for our own only. */
static void add_act(const struct cli *cli, const struct saying *saying, struct buffer *to)
{
    char key[48];

    snprintf(key, sizeof key, "explain.act.%s", actor_word(saying->who));
    if (saying->act == NULL)
        buffer_add_text(to, say(cli, "explain.act.nobody"));
    else if (saying->who == ACTOR_UNCLEAR || saying->who == ACTOR_NOBODY)
        buffer_add_text(to, saying->act);
    else
        messages_add(cli->basis.messages, key,
                     (const struct message_place[]){{"act", saying->act}, {NULL, NULL}}, to);
}

/* With a capital letter, if it begins with a small one of ASCII. */
static void print_sentence(const struct cli *cli, size_t column, struct buffer *words)
{
    if (words->size > 0)
        words->data[0] = text_upper(words->data[0]);
    out_folded(cli, column, 2, words->data);
}

static void print_head(const struct cli *cli, const struct report_recipient *recipient,
                       const struct saying *saying)
{
    const char *action = report_action_word(recipient->action);
    struct buffer name, words;
    size_t column;

    buffer_init(&name, LINE_MAX_BYTES);
    buffer_init(&words, LINE_MAX_BYTES);
    add_flowing(&name, recipient->address);
    if (name.size == 0)
        buffer_add_text(&name, "A recipient who is not named");
    add_outcome(cli, recipient, saying, &words);
    out_colour(cli, "bold");
    fputs(name.data, stdout);
    out_plain(cli);
    fputs(": ", stdout);
    out_colour(cli, action_colour(recipient->action));
    fputs(action, stdout);
    out_plain(cli);
    column = out_width(name.data) + 2 + strlen(action) + 2;
    /* Beside a long address a sentence has no room; below it, it has. */
    if (cli->terminal && column + ROOM_BESIDE > cli->width) {
        fputs("\n  ", stdout);
        column = 2;
    } else {
        fputs(". ", stdout);
    }
    print_sentence(cli, column, &words);
    buffer_free(&name);
    buffer_free(&words);
}

static void print_acts(const struct cli *cli, const struct report_recipient *recipient,
                       const struct saying *saying)
{
    struct buffer text;

    if (is_good(recipient->action))
        return;
    buffer_init(&text, LINE_MAX_BYTES);
    add_act(cli, saying, &text);
    print_field(cli, "To do", text.data);
    buffer_free(&text);
    print_time(cli, "Until", recipient->until);
}

/* "mx.example.com, in answer to RCPT" */
static void print_speaker(const struct cli *cli, const struct report_recipient *recipient)
{
    struct buffer text;

    buffer_init(&text, LINE_MAX_BYTES);
    add_flowing(&text, recipient->remote);
    if (recipient->command.size > 0) {
        buffer_add_text(&text, text.size > 0 ? ", in answer to" : "in answer to");
        add_flowing(&text, recipient->command);
    }
    if (text.size > 0)
        print_field(cli, "By", text.data);
    buffer_free(&text);
}

/* "userunknown (hard), 5.1.1, SMTP 550" */
static void print_reason(const struct cli *cli, const struct report_recipient *recipient)
{
    const char *meaning = catalogue_status(cli->basis.messages, recipient->status);
    struct buffer text;

    buffer_init(&text, LINE_MAX_BYTES);
    buffer_add_text(&text, reason_word(recipient->reason));
    if (reason_hardness(recipient->reason) != HARDNESS_NONE)
        buffer_addf(&text, " (%s)", hardness_word(reason_hardness(recipient->reason)));
    if (recipient->status.size > 0) {
        buffer_add_char(&text, ',');
        add_flowing(&text, recipient->status);
    }
    if (recipient->reason <= REASON_ONHOLD && meaning != NULL)
        buffer_addf(&text, " (%s)", meaning);
    if (recipient->code != 0)
        buffer_addf(&text, ", SMTP %u", recipient->code);
    print_field(cli, "Reason", text.data);
    buffer_free(&text);
    print_slice(cli, "Rule", slice_of(recipient->rule));
}

static void print_recipient(const struct cli *cli, const struct report_recipient *recipient)
{
    struct saying saying;

    explained_why(recipient, cli->basis.messages, &saying);
    putchar('\n');
    print_head(cli, recipient, &saying);
    print_acts(cli, recipient, &saying);
    if (!slice_equal_nocase(recipient->original, recipient->address))
        print_slice(cli, "Sent to", recipient->original);
    print_slice(cli, "Said", recipient->words);
    print_speaker(cli, recipient);
    print_time(cli, "Last try", recipient->tried);
    print_reason(cli, recipient);
}

/* ---- the report ---- */

/* By the worst that it tells. */
static const char *bounce_title(const struct report *report)
{
    const char *title = report->count == 0 ? "a bounce" : "a success report";

    for (size_t i = 0; i < report->count; i++) {
        if (report->recipients[i].action == REPORTED_FAILED)
            return "a bounce";
        if (report->recipients[i].action == REPORTED_DELAYED)
            title = "a delay warning";
    }
    return title;
}

static const char *kind_title(const struct report *report)
{
    switch (report->kind) {
    case REPORT_BOUNCE:
        return bounce_title(report);
    case REPORT_COMPLAINT:
        return "a complaint";
    case REPORT_MDN:
        return "a receipt";
    case REPORT_AUTOREPLY:
        return "an automatic answer";
    default:
        return "no report";
    }
}

static bool has_original(const struct report *report)
{
    return report->message_id.size + report->queue_id.size + report->envelope_id.size +
                   report->from.size + report->to.size + report->subject.size >
               0 ||
           report->arrived != 0;
}

static void print_original(const struct cli *cli, const struct report *report)
{
    if (report->kind == REPORT_OTHER || !has_original(report))
        return;
    putchar('\n');
    out_heading(cli, "The mail that it speaks of");
    print_slice(cli, "From", report->from);
    print_slice(cli, "To", report->to);
    print_slice(cli, "Subject", report->subject);
    print_slice(cli, "Message-ID", report->message_id);
    print_time(cli, "Came in", report->arrived);
    print_slice(cli, "Queue id", report->queue_id);
    print_slice(cli, "Envelope id", report->envelope_id);
}

static void print_title(const struct cli *cli, const struct explained *explained)
{
    const struct report *report = explained->report;
    struct buffer name, rest;

    buffer_init(&name, LINE_MAX_BYTES);
    buffer_init(&rest, LINE_MAX_BYTES);
    if (strcmp(explained->name, "-") == 0)
        buffer_add_text(&name, "standard input");
    else
        escape_terminal(&name, slice_of(explained->name));
    buffer_addf(&rest, "%s", kind_title(report));
    if (report->reporting.size > 0) {
        buffer_add_text(&rest, " by ");
        escape_terminal(&rest, report->reporting);
    }
    if (report->dialect[0] != '\0')
        buffer_addf(&rest, " (%s)", report->dialect);
    out_colour(cli, "bold");
    fputs(name.data, stdout);
    out_plain(cli);
    fputs(": ", stdout);
    out_folded(cli, out_width(name.data) + 2, 2, rest.data);
    buffer_free(&name);
    buffer_free(&rest);
}

void explanation_print(const struct cli *cli, const struct explained *explained, bool others)
{
    const struct report *report = explained->report;
    const char *key = explained_kind_key(explained);

    if (others)
        putchar('\n');
    print_title(cli, explained);
    if (key != NULL)
        out_folded(cli, 0, 0, say(cli, key));
    for (size_t i = 0; i < report->count; i++)
        if (report->kind == REPORT_BOUNCE)
            print_recipient(cli, &report->recipients[i]);
        else
            print_slice(cli, "Recipient", report->recipients[i].address);
    print_original(cli, report);
    if (report->partial)
        out_folded(cli, 0, 0, say(cli, "explain.partial"));
}
