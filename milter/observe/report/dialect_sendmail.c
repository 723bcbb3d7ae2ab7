/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sendmail from 4.3BSD on, its descendants, and the gateways that print their sessions as it does.
 *
 *        ----- The following addresses had permanent fatal errors -----
 *     <jane@example.org>
 *         (reason: 550 5.1.1 no such user)
 *         (expanded from: <team@example.com>)
 *
 *        ----- Transcript of session follows -----
 *     ... while talking to mx.example.org.:
 *     >>> RCPT To:<jane@example.org>
 *     <<< 550 5.1.1 no such user
 *     550 5.1.1 <jane@example.org>... User unknown
 *
 * Version 5 has the transcript only: there a line that begins with a code names the recipient, and
 * the lines before it tell the story.
 */
#include "dialects.h"
#include "prose.h"

static bool is_warning(const struct page *page)
{
    return phrase_at(page_field(page, "Subject"), "Warning") != 0 ||
           phrase_find(page->text, "THIS IS A WARNING MESSAGE ONLY").at != NULL;
}

/* ---- the lists ---- */

/* Does the heading open a list, and of what? */
static bool opens_list(struct slice line, bool warning, enum report_action *action)
{
    if (phrase_find(line, "The following address|The following recipient").at == NULL)
        return false;
    *action = warning ? REPORTED_DELAYED : REPORTED_FAILED;
    if (phrase_find(line, "transient non-fatal").at != NULL)
        *action = REPORTED_DELAYED;
    if (phrase_find(line, "delivery notifications|successful").at != NULL)
        *action = REPORTED_DELIVERED;
    return true;
}

/* "(reason: 550 no such user)" without what stands around. */
static struct slice reason_in(struct slice line)
{
    struct slice words;
    if (!prose_label(line, "(reason:", &words))
        return SLICE_ABSENT;
    if (slice_ends(words, ")"))
        words.size--;
    return words;
}

/* The address at the front of the line, and what stands behind it in brackets, without them. */
static struct slice listed(struct slice line, struct slice *remark)
{
    struct slice address, rest = line;
    *remark = SLICE_ABSENT;
    if (phrase_at(slice_trim(line), ">>> ") != 0)
        return page_address(line);
    if (!prose_address(&rest, &address))
        return SLICE_ABSENT;
    struct slice front = slice_make(line.at, (size_t)(rest.at - line.at)), closing;
    (void)text_take_any(&rest, ">\"' \t", &closing);
    rest = slice_trim(rest);
    bool bracket = slice_starts(rest, "[") || slice_starts(rest, "(");
    if (prose_alone(front).at == NULL || (rest.size > 0 && !bracket))
        return SLICE_ABSENT;
    if (rest.size > 2)
        *remark = slice_make(rest.at + 1, rest.size - 2);
    return address;
}

static enum report_action action_in(struct slice line, enum report_action action)
{
    if (phrase_find(line, "(relayed").at != NULL)
        return REPORTED_RELAYED;
    return phrase_find(line, "(expanded").at != NULL ? REPORTED_EXPANDED : action;
}

/* A line of a list; `row` is the one that the lines below speak of. */
static struct found *take_listed(struct slice line, struct found *row, enum report_action action,
                                 struct findings *findings)
{
    struct slice remark, reason = reason_in(line);
    bool inner = phrase_at(slice_trim(line), "(") != 0;
    struct slice address = inner ? SLICE_ABSENT : listed(line, &remark);
    if (address.at != NULL) {
        if (action == REPORTED_DELIVERED)
            action = action_in(line, action);
        return prose_add(findings, address, action, remark);
    }
    if (!inner)
        return NULL;
    if (row == NULL && phrase_find(line, "(expanded from:").at != NULL)
        return prose_add(findings, page_address(line), action, SLICE_ABSENT);
    if (row != NULL && reason.at != NULL)
        row->words = reason;
    else if (row != NULL)
        prose_read_origin(line, row);
    return row;
}

static void read_lists(struct slice text, bool warning, struct findings *findings)
{
    struct slice line;
    struct found *row = NULL;
    enum report_action action = REPORTED_FAILED;
    bool in_list = false;
    while (page_line(&text, &line)) {
        if (opens_list(line, warning, &action))
            in_list = true;
        else if (slice_starts(slice_trim(line), "---"))
            in_list = false;
        else if (in_list && !prose_is_empty(line))
            row = take_listed(line, row, action, findings);
    }
}

/* ---- the transcript ---- */

/* "550 5.1.1 <jane@example.org>... User unknown" */
static struct slice answered(struct slice line)
{
    struct slice rest = slice_trim(line), code, status, blanks, address, words;
    if (text_take_any(&rest, "0123456789", &code) &&
        (code.size != 3 || (code.at[0] != '4' && code.at[0] != '5')))
        return SLICE_ABSENT;
    (void)text_take_any(&rest, " ", &blanks);
    if (text_take_any(&rest, "0123456789.", &status))
        (void)text_take_any(&rest, " ", &blanks);
    if (!prose_headed(rest, &address, &words))
        return SLICE_ABSENT;
    struct slice behind = slice_make(address.at, (size_t)(rest.at + rest.size - address.at));
    return slice_find_text(behind, "...") >= 0 ? address : SLICE_ABSENT;
}

static bool is_session(struct slice line)
{
    line = slice_trim(line);
    return slice_starts(line, ">>>") || slice_starts(line, "<<<");
}

static bool opens_session(struct slice line)
{
    return phrase_at(slice_trim(line), "While talking to|... while talking to") != 0;
}

static void read_answers(struct slice text, enum report_action action, struct findings *findings)
{
    struct slice line, begin = SLICE_ABSENT;
    while (page_line(&text, &line)) {
        if (prose_is_empty(line))
            continue;
        if (begin.at == NULL || opens_session(line))
            begin = line;
        struct slice address = is_session(line) ? SLICE_ABSENT : answered(line);
        if (address.at == NULL)
            continue;
        (void)prose_add(findings, address, action, prose_span(begin, line));
        begin = SLICE_ABSENT;
    }
}

/* A refused RCPT names the recipient too. */
static void read_refusals(struct slice text, enum report_action action, struct findings *findings)
{
    struct slice line, asked = SLICE_ABSENT, address = SLICE_ABSENT;
    while (page_line(&text, &line)) {
        struct slice command = prose_from(line, "RCPT TO:"), reply;
        if (command.at != NULL) {
            asked = line;
            address = page_address(command);
        } else if (asked.at != NULL && (prose_label(line, "<<<|Received >>>", &reply)) &&
                   reply.size > 0 && (reply.at[0] == '4' || reply.at[0] == '5')) {
            (void)prose_add(findings, address, action, prose_span(asked, line));
            asked = SLICE_ABSENT;
        }
    }
}

static void read_transcript(struct slice text, enum report_action action, struct findings *findings)
{
    read_answers(text, action, findings);
    if (findings->count == 0)
        read_refusals(text, action, findings);
}

static void read_sendmail(const struct page *page, struct findings *findings)
{
    bool warning = is_warning(page);
    struct slice transcript =
        prose_after(page->text, "Transcript of session follows|Non-delivered information");
    read_lists(page->text, warning, findings);
    if (findings->count == 0) {
        read_transcript(transcript, warning ? REPORTED_DELAYED : REPORTED_FAILED, findings);
        return;
    }
    prose_read_words(transcript, findings);
    prose_fill_words(findings, slice_trim(transcript));
}

const struct dialect dialect_sendmail = {
    .name = "sendmail",
    .marks = {{MARK_TEXT,
               "--- The following addresses had|--- The following addresses have|"
               "---The following addresses had|--- The following recipients had",
               NULL}},
    .read = read_sendmail,
};

const struct dialect dialect_sendmail_transcript = {
    .name = "sendmail",
    .marks = {{MARK_TEXT, "--- Transcript of session follows ---", NULL},
              {MARK_FROM, "mailer-daemon|postmaster|mail delivery", NULL}},
    .read = read_sendmail,
};

/* The queue file was lost: all that is left to say. */
const struct dialect dialect_sendmail_lost = {
    .name = "sendmail",
    .marks = {{MARK_TEXT, "<<< No Message Collected >>>", NULL},
              {MARK_FROM, "mailer-daemon@", NULL},
              {MARK_SUBJECT, "Returned mail", NULL}},
    .form = {.shapes = PROSE_ALONE, .nobody = true},
};

static void read_session(const struct page *page, struct findings *findings)
{
    read_refusals(page->text, is_warning(page) ? REPORTED_DELAYED : REPORTED_FAILED, findings);
}

const struct dialect dialect_interscan = {
    .name = "interscan",
    .marks = {{MARK_TEXT, "Sent <<< RCPT TO:", NULL}, {MARK_TEXT, "Received >>>", NULL}},
    .read = read_session,
};
