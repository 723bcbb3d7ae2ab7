/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * course: see course.h. The timeline is short; the servers' words stand once, as evidence.
 */
#include "course.h"

#include <string.h>
#include <time.h>

#include "../attribution.h"
#include "out.h"
#include "timeline.h"
#include "waybill/clock.h"
#include "waybill/escape.h"

#define LINE_MAX_BYTES 65536

/* ---- the timeline ---- */

static void print_timeline_heading(const struct cli *cli, const struct waybill *waybill)
{
    time_t seconds = (time_t)(waybill->arrived / 1000);
    struct tm local;
    char zone[16] = "", line[64];

    if (localtime_r(&seconds, &local) != NULL)
        strftime(zone, sizeof zone, "%z", &local);
    snprintf(line, sizeof line, "Timeline (local time, UTC%s)", zone);
    out_heading(cli, line);
}

/* Shown no finer than it is known. */
static bool is_of_whole_second(const struct waybill *waybill, const struct fact *fact)
{
    return waybill->coarse_log && fact->witness == WITNESS_LOG;
}

/* "+0.051 s", "+1 s" where only the second is known, "+3 min 20 s" after the start. */
static void offset_text(const struct waybill *waybill, const struct fact *fact,
                        char text[static CLOCK_TEXT_SIZE + 8])
{
    bool whole = is_of_whole_second(waybill, fact);
    int64_t start = waybill->arrived;
    int64_t ms = whole ? fact->time - start / SECOND_MS * SECOND_MS : fact->time - start;
    char span[CLOCK_TEXT_SIZE];

    if (ms >= MINUTE_MS) {
        clock_span(ms, span);
        snprintf(text, CLOCK_TEXT_SIZE + 8, "+%s", span);
    } else if (whole) {
        snprintf(text, CLOCK_TEXT_SIZE + 8, "+%lld s", (long long)(ms / SECOND_MS));
    } else {
        snprintf(text, CLOCK_TEXT_SIZE + 8, "+%lld.%03lld s", (long long)(ms / SECOND_MS),
                 (long long)(ms % SECOND_MS));
    }
}

/* What a report tells of a mail is only as good as what proves it. */
static bool needs_trust(const struct fact *fact)
{
    return fact->witness == WITNESS_REPORT && fact->kind != FACT_REPORT;
}

/* "claimed: ", before the words. */
static void say_trust(const struct waybill *waybill, const struct fact *fact, struct buffer *to)
{
    if (needs_trust(fact))
        buffer_addf(to, "%s: ", trust_word(waybill->trust[fact - waybill->facts]));
}

/* And behind them, what that means. */
static void say_proof(const struct waybill *waybill, const struct fact *fact, struct buffer *to)
{
    if (needs_trust(fact))
        buffer_addf(to, " (%s)", trust_sentence(waybill->trust[fact - waybill->facts]));
}

static void print_fact(const struct cli *cli, const struct waybill *waybill,
                       const struct fact *fact, char day[static 11])
{
    char when[CLOCK_TEXT_SIZE], offset[CLOCK_TEXT_SIZE + 8], head[128];
    struct buffer words;

    clock_text(fact->time, !is_of_whole_second(waybill, fact), when);
    if (strncmp(when, day, 10) != 0) {
        memcpy(day, when, 10);
        day[10] = '\0';
        printf("  %s\n", day);
    }
    offset_text(waybill, fact, offset);
    buffer_init(&words, LINE_MAX_BYTES);
    say_trust(waybill, fact, &words);
    timeline_words(fact, &words);
    say_proof(waybill, fact, &words);
    snprintf(head, sizeof head, "  %-12s  %-12s %-7s ", when + 11, offset,
             witness_name(fact->witness));
    fputs(head, stdout);
    out_folded(cli, strlen(head), strlen(head), words.data);
    buffer_free(&words);
}

static void print_timeline(const struct cli *cli, const struct waybill *waybill)
{
    char day[11] = "";

    print_timeline_heading(cli, waybill);
    for (size_t i = 0; i < waybill->fact_count; i++)
        print_fact(cli, waybill, &waybill->facts[i], day);
    putchar('\n');
}

/* ---- delays and evidence ---- */

#define DELAYS_MAX 50 /* recipients; the others are in the answer by --json */

/* A sentence to read out, and below it the parts. */
static void print_delay(const struct cli *cli, const struct recipient *recipient,
                        const struct attribution *attribution)
{
    struct buffer text;

    buffer_init(&text, LINE_MAX_BYTES);
    out_address(&text, recipient->address);
    buffer_add_text(&text, ": ");
    attribution_sentence(attribution, &text);
    fputs("  ", stdout);
    out_folded(cli, 2, 4, text.data);
    buffer_clear(&text);
    attribution_parts(attribution, &text);
    if (text.size > 0) {
        fputs("    ", stdout);
        out_colour(cli, "dim");
        out_folded(cli, 4, 4, text.data);
        out_plain(cli);
    }
    buffer_free(&text);
}

static void print_delays(const struct cli *cli, const struct waybill *waybill)
{
    size_t told = 0;

    for (size_t i = 0; i < waybill->recipient_count && told < DELAYS_MAX; i++) {
        const struct recipient *recipient = &waybill->recipients[i];
        struct attribution attribution;

        if (!attribution_wanted(recipient))
            continue;
        attribution_find(waybill, recipient, cli->book, cli->now, &attribution);
        attribution.messages = cli->basis.messages;
        if (told++ == 0)
            out_heading(cli, "Delays");
        print_delay(cli, recipient, &attribution);
    }
    if (told > 0)
        putchar('\n');
}

/* The words that each outcome rests on. */
static void print_evidence(const struct cli *cli, const struct waybill *waybill)
{
    char arrived[CLOCK_TEXT_SIZE];
    const char *words;
    struct buffer line;
    bool any = false;

    clock_text(waybill->arrived, 0, arrived);
    buffer_init(&line, LINE_MAX_BYTES);
    for (size_t i = 0; i < waybill->fact_count; i++) {
        const struct fact *fact = &waybill->facts[i];
        char when[CLOCK_TEXT_SIZE];

        if (fact->value[KEY_REPLY].at == NULL)
            continue;
        if (!any)
            out_heading(cli, "Evidence (the words as they came)");
        any = true;
        clock_text(fact->time, !is_of_whole_second(waybill, fact), when);
        buffer_clear(&line);
        say_trust(waybill, fact, &line);
        escape_terminal(&line, fact->value[KEY_REPLY]);
        /* The day only where it is another one than that of the arrival. */
        words = strncmp(when, arrived, 10) == 0 ? when + 11 : when;
        printf("  %s  ", words);
        out_folded(cli, strlen(words) + 4, 16, line.data);
    }
    buffer_free(&line);
}

void course_print(const struct cli *cli, const struct waybill *waybill)
{
    print_timeline(cli, waybill);
    print_delays(cli, waybill);
    print_evidence(cli, waybill);
}
