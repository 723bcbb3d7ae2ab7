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
#define LABEL 12 /* columns of "  Message-ID " */

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

/* What became of it, where that is no failure. */
static const char *action_sentence(enum report_action action)
{
    switch (action) {
    case REPORTED_DELAYED:
        return "Not delivered yet; it is tried again";
    case REPORTED_RELAYED:
        return "Handed over to a server that reports no more";
    case REPORTED_EXPANDED:
        return "An alias or a list; it went on to other addresses";
    case REPORTED_DELIVERED:
        return "Delivered";
    default:
        return "Not delivered";
    }
}

void explanation_why(const struct report_recipient *recipient, struct saying *saying)
{
    struct plight plight = {.reason = recipient->reason,
                            .status = recipient->status,
                            .delayed = recipient->action == REPORTED_DELAYED};

    catalogue_find(&plight, saying);
}

/* Who it is in a mail that may be anybody's: "us" is for our own mail only. */
static const char *who_acts(enum actor actor)
{
    switch (actor) {
    case ACTOR_SENDER:
        return "the sender";
    case ACTOR_RECIPIENT:
        return "the recipient";
    case ACTOR_THEIRS:
        return "the administrators of the receiving server";
    case ACTOR_OURS:
        return "the administrators of the sending server";
    case ACTOR_NOBODY:
        return "nobody, for now";
    default:
        return "not clear";
    }
}

static void print_head(const struct cli *cli, const struct report_recipient *recipient)
{
    struct buffer name, words;
    struct saying saying;
    const char *action = report_action_word(recipient->action);
    size_t column;

    buffer_init(&name, LINE_MAX_BYTES);
    buffer_init(&words, LINE_MAX_BYTES);
    if (recipient->address.size > 0)
        add_flowing(&name, recipient->address);
    else
        buffer_add_text(&name, "A recipient who is not named");
    explanation_why(recipient, &saying);
    buffer_add_text(&words, action_sentence(recipient->action));
    if (!is_good(recipient->action))
        buffer_addf(&words, ": %s", saying.why);
    buffer_add_char(&words, '.');
    printf("%s: ", name.data);
    out_colour(cli, action_colour(recipient->action));
    fputs(action, stdout);
    out_plain(cli);
    column = out_width(name.data) + 2 + strlen(action);
    /* Behind a long address a sentence has no room; below it, it has. */
    if (cli->terminal && column + 12 > cli->width) {
        fputs(".\n  ", stdout);
        column = 0;
    } else {
        fputs(". ", stdout);
    }
    out_folded(cli, column + 2, 2, words.data);
    buffer_free(&name);
    buffer_free(&words);
}

static void print_acts(const struct cli *cli, const struct report_recipient *recipient)
{
    struct saying saying;

    if (is_good(recipient->action))
        return;
    explanation_why(recipient, &saying);
    print_field(cli, "Who acts", who_acts(saying.who));
    if (saying.act != NULL)
        print_field(cli, "To do", saying.act);
    print_time(cli, "Tried until", recipient->until);
}

static void print_reason(const struct cli *cli, const struct report_recipient *recipient)
{
    const char *meaning = status_meaning(recipient->status);
    struct buffer text;

    buffer_init(&text, LINE_MAX_BYTES);
    buffer_add_text(&text, reason_word(recipient->reason));
    if (!is_good(recipient->action))
        buffer_addf(&text, " (%s)", hardness_word(reason_hardness(recipient->reason)));
    print_field(cli, "Reason", text.data);
    buffer_clear(&text);
    add_flowing(&text, recipient->status);
    if (meaning != NULL && text.size > 0)
        buffer_addf(&text, " (%s)", meaning);
    if (recipient->code != 0)
        buffer_addf(&text, "%sSMTP %u", text.size > 0 ? ", " : "", recipient->code);
    if (text.size > 0)
        print_field(cli, "Code", text.data);
    buffer_free(&text);
    print_slice(cli, "Rule", slice_of(recipient->rule));
}

static void print_recipient(const struct cli *cli, const struct report_recipient *recipient)
{
    print_head(cli, recipient);
    print_acts(cli, recipient);
    print_slice(cli, "For", recipient->original);
    print_slice(cli, "Said", recipient->words);
    print_slice(cli, "By", recipient->remote);
    print_slice(cli, "Answer to", recipient->command);
    print_time(cli, "Last try", recipient->tried);
    print_reason(cli, recipient);
}

/* ---- the report ---- */

static const char *kind_title(enum report_kind kind)
{
    switch (kind) {
    case REPORT_BOUNCE:
        return "a report on the fate of a mail";
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

static const char *kind_sentence(const struct explained *explained)
{
    switch (explained->report->kind) {
    case REPORT_COMPLAINT:
        return "A recipient, or his provider for him, calls the mail spam. It was delivered. "
               "The sender should write no more to this recipient and take the address off the "
               "list.";
    case REPORT_MDN:
        return "It tells what the recipient's mail program did with the mail: shown, deleted or "
               "passed on. So the mail arrived; nobody has to act.";
    case REPORT_AUTOREPLY:
        return "A program answered in the recipient's name: somebody is away, a ticket was opened, "
               "or a question is to be answered first. So the mail arrived; read the answer to see "
               "whether something is asked of the sender.";
    case REPORT_OTHER:
        return explained->bytes == 0 ? "It is empty."
                                     : "It tells nothing of the fate of another mail.";
    default:
        return explained->report->count == 0 ? "It names no recipient." : NULL;
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
    out_heading(cli, "The mail that it speaks of");
    print_slice(cli, "From", report->from);
    print_slice(cli, "To", report->to);
    print_slice(cli, "Subject", report->subject);
    print_slice(cli, "Message-ID", report->message_id);
    print_time(cli, "Came in", report->arrived);
    print_slice(cli, "Queue id", report->queue_id);
    print_slice(cli, "ENVID", report->envelope_id);
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
    buffer_addf(&rest, "%s", kind_title(report->kind));
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
    const char *sentence = kind_sentence(explained);

    if (others)
        putchar('\n');
    print_title(cli, explained);
    if (sentence != NULL)
        out_folded(cli, 0, 0, sentence);
    for (size_t i = 0; i < report->count && report->kind == REPORT_BOUNCE; i++)
        print_recipient(cli, &report->recipients[i]);
    print_original(cli, report);
    if (report->partial)
        out_folded(cli, 0, 0,
                   "Only a part of it could be read: it is torn, or goes beyond a limit.");
}
