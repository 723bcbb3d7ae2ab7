/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendtest: see sendtest.h. The mail is known by its Message-ID, which nobody had before.
 */
#include "sendtest.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "handin.h"
#include "waybill/clock.h"
#include "waybill/digest.h"
#include "waybill/query.h"

#define PAUSE_MS 50
#define LATE_MS (5 * SECOND_MS)

enum step { STEP_TAKEN, STEP_MILTER, STEP_LOG, STEP_END, STEPS };

const struct check checks_test[] = {
    [STEP_TAKEN] = {"test-taken", "the mail server takes the test mail", NULL, 0},
    [STEP_MILTER] = {"test-milter", "the milter saw the test mail", NULL, 0},
    [STEP_LOG] = {"test-log", "the log told of the test mail", NULL, 0},
    [STEP_END] = {"test-end", "the test mail was delivered", NULL, 0},
    [STEPS] = {0},
};

/* What is known of the mail so far; ms since the hand-over, -1: not yet. */
struct progress {
    int64_t begin;
    int64_t at[STEPS];
    bool told[STEPS];
    enum recipient_state state;
    char reply[512];
};

/* The witnesses, and what it means when one does not speak. */
static const struct {
    const char *good, *lack, *matter;
} witnesses[STEPS] = {
    [STEP_MILTER] = {"the milter saw it",
                     "The milter did not see the test mail, or what it saw is not in the store.",
                     "Mails are known from the log alone: no Subject, no refused recipients, no "
                     "reports."},
    [STEP_LOG] = {"the log told of it", "The mail server's log did not tell of the test mail.",
                  "What becomes of mails is not known: waybilld does not read the log that this "
                  "mail server writes; see log_source."},
};

/* ---- the mail ---- */

static void make_message_id(const struct doctor *doctor, char to[static 200])
{
    unsigned char bytes[12];
    char hex[2 * sizeof bytes + 1];

    digest_random(bytes, sizeof bytes);
    text_put_hex(bytes, sizeof bytes, hex);
    snprintf(to, 200, "waybill-doctor-%s@%.128s", hex, doctor->settings->host);
}

static void add_text(struct buffer *text, const char *from, const char *to, const char *message_id)
{
    time_t now = (time_t)(clock_now() / SECOND_MS);
    struct tm moment;
    char date[64] = "";

    if (gmtime_r(&now, &moment) != NULL)
        strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &moment);
    buffer_addf(text,
                "From: <%s>\r\nTo: <%s>\r\nSubject: Test by waybill doctor\r\nDate: %s\r\n"
                "Message-ID: <%s>\r\nAuto-Submitted: auto-generated\r\n\r\n"
                "'waybill doctor --send-test' sent this mail to see what becomes of it.\r\n",
                from, to, date, message_id);
}

static int hand_in(const struct doctor *doctor, const struct sendtest *test, const char *message_id,
                   struct handin *mail, struct error *why)
{
    char sender[300];
    struct buffer text;
    int result;

    snprintf(sender, sizeof sender, "root@%.255s", doctor->settings->host);
    buffer_init(&text, 8192);
    mail->helo = doctor->settings->host;
    mail->to = test->to;
    mail->from = test->from != NULL ? test->from : sender;
    add_text(&text, mail->from, mail->to, message_id);
    mail->text = text.data;
    result = handin_send(doctor, mail, why);
    buffer_free(&text);
    return result;
}

/* ---- what became of it ---- */

static void note(struct progress *progress, enum step step)
{
    if (progress->at[step] < 0)
        progress->at[step] = clock_monotonic() - progress->begin;
}

static void note_facts(struct progress *progress, const struct waybill *waybill)
{
    for (size_t i = 0; i < waybill->fact_count; i++) {
        if (waybill->facts[i].witness == WITNESS_MILTER)
            note(progress, STEP_MILTER);
        if (waybill->facts[i].witness == WITNESS_LOG)
            note(progress, STEP_LOG);
    }
    for (size_t i = 0; i < waybill->recipient_count; i++) {
        const struct recipient *one = &waybill->recipients[i];
        progress->state = one->state;
        if (one->reply.at != NULL)
            slice_copy(one->reply, progress->reply, sizeof progress->reply);
        if (state_final(one->state))
            note(progress, STEP_END);
    }
}

static int look_up(const struct doctor *doctor, const struct sendtest *test, const char *message_id,
                   struct progress *progress, struct error *why)
{
    struct query_answer answer;
    struct query query;
    int result;

    query_init(&query);
    query.until += MINUTE_MS; /* a host's clock may be ahead of ours */
    query.since = query.until - HOUR_MS;
    query.queue_lifetime = test->queue_lifetime;
    result = query_add(&query, QUERY_FIELD_MESSAGE_ID, false, slice_of(message_id), why);
    if (result == 0)
        result = query_run(doctor->store, &query, &answer, why);
    query_clear(&query);
    if (result != 0)
        return -1;
    for (size_t i = 0; i < answer.count; i++)
        note_facts(progress, &answer.waybills[i]);
    query_answer_clear(&answer);
    return 0;
}

/* Everything is known, or nothing more is to be expected: what the log says of a mail that no
 * milter told of is held back for a while. */
static bool is_over(const struct doctor *doctor, const struct progress *progress)
{
    int64_t now = clock_monotonic() - progress->begin;
    int64_t late = doctor->settings->hold_seconds * SECOND_MS + LATE_MS;

    if (progress->at[STEP_MILTER] < 0 || progress->at[STEP_LOG] < 0)
        return now >= late;
    return progress->at[STEP_END] >= 0 || now >= SENDTEST_SECONDS * SECOND_MS;
}

/* ---- telling ---- */

static void tell(const struct doctor *doctor, const struct sendtest *test)
{
    if (doctor->count > 0 && test->told != NULL)
        test->told(test->context, &doctor->findings[doctor->count - 1]);
}

static void tell_witness(struct doctor *doctor, const struct sendtest *test, enum step step,
                         const struct progress *progress)
{
    if (progress->at[step] >= 0)
        doctor_find(doctor, &checks_test[step], SEVERITY_GOOD, NULL,
                    "%s: in the store %lld ms later", witnesses[step].good,
                    (long long)progress->at[step]);
    else
        doctor_find(doctor, &checks_test[step], SEVERITY_FAULT, witnesses[step].matter, "%s",
                    witnesses[step].lack);
    tell(doctor, test);
}

/* Those that spoke since the last time; `all`: those that did not, too. */
static void tell_witnesses(struct doctor *doctor, const struct sendtest *test,
                           struct progress *progress, bool all)
{
    for (enum step step = STEP_MILTER; step <= STEP_LOG; step++)
        if (!progress->told[step] && (all || progress->at[step] >= 0)) {
            tell_witness(doctor, test, step, progress);
            progress->told[step] = true;
        }
}

static void tell_end(struct doctor *doctor, const struct sendtest *test,
                     const struct progress *progress)
{
    const struct check *row = &checks_test[STEP_END];
    const char *word = state_word(progress->state);
    bool over = progress->at[STEP_END] >= 0;

    if (over && (progress->state == STATE_DELIVERED || progress->state == STATE_EXPANDED))
        doctor_find(doctor, row, SEVERITY_GOOD, NULL, "%s %lld ms later: %s", word,
                    (long long)progress->at[STEP_END], progress->reply);
    else if (over || progress->state == STATE_DELAYED)
        doctor_find(doctor, row, SEVERITY_HINT,
                    "Waybill did its part; 'waybill trace' and 'waybill show' tell more.",
                    "The test mail is %s: %s", word, progress->reply);
    else
        return; /* the witness that is missing was told */
    tell(doctor, test);
}

static void follow(struct doctor *doctor, const struct sendtest *test, const char *message_id)
{
    struct progress progress = {
        .begin = clock_monotonic(), .at = {-1, -1, -1, -1}, .state = STATE_ACCEPTED};
    struct error why;

    while (!is_over(doctor, &progress)) {
        if (look_up(doctor, test, message_id, &progress, &why) != 0) {
            doctor_find(doctor, &checks_test[STEP_MILTER], SEVERITY_FAULT,
                        "What became of the test mail cannot be told.", "%s", why.text);
            tell(doctor, test);
            return;
        }
        tell_witnesses(doctor, test, &progress, false);
        clock_sleep(PAUSE_MS);
    }
    tell_witnesses(doctor, test, &progress, true);
    tell_end(doctor, test, &progress);
}

/* ---- the whole ---- */

static bool is_possible(struct doctor *doctor)
{
    const char *lack = doctor->settings == NULL ? "the configuration cannot be read"
                       : doctor->mta == NULL    ? "no mail server's set-up can be read"
                       : doctor->store == NULL  ? "Redis cannot be reached"
                                                : NULL;
    if (lack != NULL)
        doctor_find(doctor, &checks_test[STEP_TAKEN], SEVERITY_UNKNOWN, NULL,
                    "no test mail was sent: %s", lack);
    return lack == NULL;
}

void sendtest_run(struct doctor *doctor, const struct sendtest *test)
{
    const struct check *row = &checks_test[STEP_TAKEN];
    char message_id[200];
    struct handin mail = {0};
    struct error why;
    int64_t begin = clock_monotonic();

    if (!is_possible(doctor)) {
        tell(doctor, test);
        return;
    }
    make_message_id(doctor, message_id);
    if (hand_in(doctor, test, message_id, &mail, &why) != 0) {
        doctor_find(doctor, row, SEVERITY_FAULT, "No mail was sent, so nothing could be followed.",
                    "The mail server%s%s did not take the test mail: %s",
                    *mail.where != '\0' ? " at " : "", mail.where, why.text);
        tell(doctor, test);
        return;
    }
    doctor_find(doctor, row, SEVERITY_GOOD, NULL, "%s took it in %lld ms: %s", mail.where,
                (long long)(clock_monotonic() - begin), mail.reply);
    tell(doctor, test);
    follow(doctor, test, message_id);
}
