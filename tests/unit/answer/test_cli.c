/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command as a user meets it: exit codes, what it prints into a pipe and on a terminal, and
 * that no byte of a mail reaches the terminal as it came.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../../milter/answer/cli/command.h"
#include "../../../milter/answer/cli/out.h"
#include "mail.h"
#include "run.h"
#include "world.h"
#include "waybill/clock.h"
#include "waybill/id.h"

/* Escapes, a title change, C1 in UTF-8, right-to-left, zero width, a line separator, bad bytes. */
#define HOSTILE                                                                                    \
    "a\033[2J\033]0;owned\007\xc2\x9b" "31m\xe2\x80\xae" "gpj.exe\xe2\x80\x8b\xe2\x80\xa8" "b\xff\xfe\r\n;="

static struct world world;
static struct mail good, evil, waiting;

/* ---- the world ---- */

static int make_world(void **state)
{
    int64_t now = clock_now();

    (void)state;
    world_open(&world);
    setenv("WAYBILL_CONFIG", world.config, 1);
    good = (struct mail){.id = mail_id(now - HOUR_MS, 1),
                         .from = "shop@example.org",
                         .message_id = "one@example.org",
                         .queue_id = "4mGprq8lpWzGsdv",
                         .client = "out.example.org",
                         .ip = "192.0.2.7",
                         .login = "shop",
                         .subject = "=SUM(A1:A9)",
                         .recipient_count = 2};
    good.recipients[0] = (struct mail_recipient){.address = "bob@there.example",
                                                 .state = STATE_DELIVERED,
                                                 .status = "2.0.0",
                                                 .reply = "250 2.0.0 Ok",
                                                 .relay = "mx.there.example[192.0.2.9]:25"};
    good.recipients[1] = (struct mail_recipient){.address = "carol@there.example",
                                                 .state = STATE_FAILED,
                                                 .status = "5.1.1",
                                                 .reply = "550 5.1.1 no such user",
                                                 .relay = "mx.there.example[192.0.2.9]:25"};
    evil = (struct mail){.id = mail_id(now - 2 * HOUR_MS, 2), .from = HOSTILE "@evil.example",
                         .message_id = HOSTILE, .queue_id = "4mEvil", .client = HOSTILE,
                         .ip = "203.0.113.9", .login = HOSTILE, .subject = HOSTILE,
                         .recipient_count = 1};
    evil.recipients[0] =
        (struct mail_recipient){.address = HOSTILE "@to.example", .state = STATE_FAILED,
                                .status = HOSTILE, .reply = HOSTILE, .relay = HOSTILE};
    waiting = (struct mail){.id = mail_id(now - 3 * HOUR_MS, 3), .from = "",
                            .queue_id = "4mEvil", .recipient_count = 1};
    waiting.recipients[0] = (struct mail_recipient){
        .address = "d\xc3\xb6ra@\xe6\x97\xa5\xe6\x9c\xac.example", .state = STATE_DELAYED,
        .status = "4.4.1", .reply = "connect timed out", .relay = "none"};
    mail_put(world.store, &good);
    mail_put(world.store, &evil);
    mail_put(world.store, &waiting);
    mail_flush(world.store);
    return 0;
}

static int end_world(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

/* "show CODE" and what follows. */
static void show_line(const struct mail *mail, char *line, size_t room, const char *options)
{
    char code[ID_CODE_SIZE];

    id_code(mail->id, code);
    snprintf(line, room, "show %s %s", code, options);
}

/* ---- exit codes ---- */

static void test_exit_codes_are_the_documented_ones(void **state)
{
    static const struct run_case cases[] = {
        {"", CLI_USAGE, "Usage: waybill"},
        {"--help", CLI_FOUND, "Commands:"},
        {"--version", CLI_FOUND, "waybill "},
        {"help", CLI_FOUND, "Commands:"},
        {"help trace", CLI_FOUND, "--message-id"},
        {"trace --help", CLI_FOUND, "Examples:"},
        {"--help show", CLI_FOUND, "case code"},
        {"help nonsense", CLI_USAGE, "there is no command 'nonsense'"},
        {"nonsense", CLI_USAGE, "there is no command 'nonsense'"},
        {"--nonsense trace", CLI_USAGE, "cannot stand before"},
        {"trace --nonsense", CLI_USAGE, "no option '--nonsense'"},
        {"trace -Z", CLI_USAGE, "no option '-Z'"},
        {"trace --to", CLI_USAGE, "needs a value"},
        {"trace --to ''", CLI_USAGE, "not empty"},
        {"trace --limit 0", CLI_USAGE, "from 1 to 1000000"},
        {"trace --state lost", CLI_USAGE, "there are: accepted"},
        {"trace --state faild", CLI_USAGE, "--state: there is no state 'faild'; did you mean failed?"},
        {"trace --since soon", CLI_USAGE, "--since: "},
        {"trace --since now --until -2h", CLI_USAGE, "later"},
        {"trace --after 1234", CLI_USAGE, "--after: this is no cursor"},
        {"trace --json --csv", CLI_USAGE, "exclude"},
        {"trace word", CLI_USAGE, "column 1: 'word': no term is named"},
        {"trace to:bob@there.example stat:failed", CLI_USAGE, "did you mean state:?\n    to:bob@"},
        {"trace to:a@b.example stat:x", CLI_USAGE, "\n                   ^^^^\n"},
        {"stats --csv", CLI_USAGE, "goes with --by"},
        {"stats --by colour", CLI_USAGE, "there are: state reason"},
        {"help query", CLI_FOUND, "Fields of a recipient:"},
        {"show", CLI_USAGE, "ID is missing"},
        {"show 4mNotThere", CLI_NOTHING, "no mail"},
        {"show 0000-0000-0000-0", CLI_NOTHING, "no mail"},
        {"trace", CLI_FOUND, "3 mails"},
        {"trace --to nobody@there.example", CLI_NOTHING, "Not seen: no mail with to:nobody@"},
        {"trace --to bob@there.example", CLI_FOUND, "1 mail, 1 recipient"},
        {"trace -t @there.example --state failed", CLI_FOUND, "carol@there.example"},
        {"trace -t bob@there.example --state failed", CLI_NOTHING, "to:bob@there.example state:failed"},
        {"trace -f '<>'", CLI_FOUND, "1 mail,"},
        {"trace to:@there.example -state:delivered", CLI_FOUND, "1 mail, 1 recipient"},
        {"trace 'to:@there.example state:failed,expired since:yesterday'", CLI_FOUND, "carol@there.example"},
        {"trace bob@there.example", CLI_FOUND, "1 mail,"},
        {"stats --by state to:@there.example", CLI_FOUND, "2 recipients, 2 groups"},
        {"stats --by state,reason to:@there.example", CLI_FOUND, "REASON"},
        {"stats to:carol@there.example", CLI_FOUND, "recipients:"},
        {"trace -m '<ONE@example.org>'", CLI_FOUND, "1 mail,"},
        {"trace --client out.example.org --login shop", CLI_FOUND, "1 mail,"},
        {"show 4mGprq8lpWzGsdv", CLI_FOUND, "Refused for good by mx.there.example"},
        {"show one@example.org", CLI_FOUND, "Handed over to mx.there.example"},
        {"show 4mEvil", CLI_FOUND, "2 mails are called so"},
        {"stats", CLI_FOUND, "1  delayed"},
        {"stats --since -1m", CLI_NOTHING, "0  mails"},
        {"-c /nonexistent trace", CLI_USAGE, "/nonexistent"},
        {"import --complete log", CLI_USAGE, "--complete needs --queue"},
        {"import --instance a log", CLI_USAGE, "--instance needs --queue"},
        {"import --queue --until now list", CLI_USAGE, "--until does not go with --queue"},
        {"import --queue --retention 3 list", CLI_USAGE, "--retention does not go with --queue"},
        {"import --retention 0 log", CLI_USAGE, "days from 1 to 3650, or 'keep'"},
        {"import --help", CLI_FOUND, "130"},
    };
    (void)state;
    run_cases(cases, sizeof cases / sizeof cases[0]);
}

static void test_a_store_that_is_away_is_named(void **state)
{
    char config[160], line[256];
    FILE *file;

    (void)state;
    snprintf(config, sizeof config, "%s/away.conf", world.redis.directory);
    file = fopen(config, "w");
    fputs("redis = \"tcp:127.0.0.1:26269\"\n", file);
    fclose(file);
    for (int i = 0; i < 3; i++) {
        static const char *const asking[] = {"trace", "stats", "stats --unclassified", "follow --for 1"};
        snprintf(line, sizeof line, "-c %s %s", config, asking[i]);
        assert_int_equal(run(line), CLI_UNREACHABLE);
        assert_true(says("tcp:127.0.0.1:26269"));
        assert_ptr_equal(strchr(output, '\n'), output + output_size - 1); /* one line */
    }
}

/* ---- hostile bytes ---- */

/* Nothing that a terminal would obey, but for our own colours. */
static void assert_harmless(const char *what)
{
    for (size_t i = 0; i < output_size; i++) {
        unsigned char byte = (unsigned char)output[i];
        if (byte == 033) {
            size_t end = i + 1 + strspn(output + i + 1, "[0123456789;");
            if (output[i + 1] == '[' && output[end] == 'm' && end - i < 8)
                continue;
        } else if ((byte >= 0x20 && byte != 0x7f) || byte == '\n' || byte == '\r') {
            continue;
        }
        fail_msg("%s: byte %02x at %zu", what, byte, i);
    }
    if (says("\xc2\x9b") || says("\xe2\x80\xae") || says("\xe2\x80\x8b") || says("\xe2\x80\xa8") ||
        says("\xff"))
        fail_msg("%s: a character that deceives", what);
    if (says("2J\033") || says("\033[2J") || says("\033]"))
        fail_msg("%s: an escape of the mail", what);
}

static void test_no_byte_of_a_mail_reaches_the_terminal_as_it_came(void **state)
{
    static const char *const lines[] = {
        "SHOW", "SHOW --raw", "trace --from @evil.example", "trace --csv",
        "trace --login nothing --to 'x\033[2J\xe2\x80\xae@y'", "show 'x\033[2J'",
        "trace --\033[2J", "stats", "follow --for 1"};
    char line[256];

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (strncmp(lines[i], "SHOW", 4) == 0)
            show_line(&evil, line, sizeof line, lines[i] + 4);
        else
            snprintf(line, sizeof line, "%s", lines[i]);
        run(line);
        assert_harmless(line);
        run_on_terminal(line, 80);
        assert_harmless(line);
    }
}

/* ---- terminals ---- */

static void test_a_table_fits_the_terminal(void **state)
{
    static const unsigned short widths[] = {40, 80, 120, 160};
    char line[64];

    (void)state;
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        run_on_terminal("trace", widths[i]);
        if (widths[i] >= 80 && widest_line() > widths[i])
            fail_msg("trace at %u: a line of %zu\n%s", widths[i], widest_line(), output);
        assert_true(says("\033[32mdelivered"));
    }
    show_line(&good, line, sizeof line, "");
    run_on_terminal(line, 80);
    assert_true(widest_line() <= 80);
}

static void test_what_is_cut_never_looks_whole(void **state)
{
    static const char *const texts[] = {"orders@shop.example", "d\xc3\xb6ra@x.example",
                                        "\xe6\x97\xa5\xe6\x9c\xac@x.example"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (size_t columns = 1; columns < out_width(texts[i]); columns++) {
            char text[64];
            snprintf(text, sizeof text, "%s", texts[i]);
            out_cut(text, columns);
            assert_true(out_width(text) <= columns);
            assert_string_equal(text + strlen(text) - 3, "\xe2\x80\xa6");
        }
}

static void test_a_pipe_gets_no_colour_and_nothing_cut(void **state)
{
    (void)state;
    run("trace");
    assert_null(strchr(output, '\033'));
    assert_true(says("carol@there.example"));
    assert_true(says("550 5.1.1 no such user"));
    assert_false(says("\xe2\x80\xa6"));
}

static void test_help_fits_eighty_columns(void **state)
{
    (void)state;
    for (size_t i = 0; i <= command_count; i++) {
        char line[64];

        snprintf(line, sizeof line, "help %s", i < command_count ? commands[i].name : "");
        assert_int_equal(run(line), CLI_FOUND);
        if (widest_line() > 80)
            fail_msg("%s: a line of %zu", line, widest_line());
    }
}

static void test_no_header_leaves_only_rows(void **state)
{
    (void)state;
    assert_int_equal(run("trace --to @there.example --no-header"), CLI_FOUND);
    assert_false(says("WHEN"));
    assert_false(says("mail"));
    assert_int_equal(run("trace --csv --no-header"), CLI_FOUND);
    assert_false(says("case_code"));
}

/* Valid UTF-8 that no locale knows the width of, and marks that have none: libsmartcols must not
 * run in circles. */
static void test_characters_without_a_width_do_no_harm(void **state)
{
    struct mail odd = evil;

    (void)state;
    odd.id = mail_id(clock_now() - 4 * DAY_MS, 4);
    odd.from = "\xcd\xb8\xee\x80\x80\xef\xbf\xb9\xf3\xa0\x80\x81\xef\xb7\x90"
               "\xcc\x81\xf4\x8f\xbf\xbf@odd.example";
    odd.recipients[0].address = odd.from;
    odd.recipients[0].reply = odd.from;
    mail_put(world.store, &odd);
    mail_flush(world.store);
    alarm(20);
    assert_int_equal(run("trace --from @odd.example"), CLI_FOUND);
    assert_true(says("@odd.example"));
    for (unsigned short width = 40; width <= 160; width = (unsigned short)(width + 40))
        assert_int_equal(run_on_terminal("trace --from @odd.example", width), CLI_FOUND);
    alarm(0);
}

/* ---- reports ---- */

static void put_record(const struct record *record)
{
    struct buffer text;

    buffer_init(&text, RECORD_MAX);
    assert_int_equal(record_format(record, UINT64_MAX, &text), 0);
    store_put_record(world.store, id_node(record->id), record->id,
                     slice_make(text.data, text.size), false);
    mail_flush(world.store);
    buffer_free(&text);
}

/* A mail with a success in the log, and a report without proof that says it failed. */
static void put_reported(const struct mail *mail, uint64_t report)
{
    struct record record;
    struct fact fact;
    char digits[24];

    snprintf(digits, sizeof digits, "%llu", (unsigned long long)report);
    mail_record(mail, &record);
    fact_init(&fact, WITNESS_REPORT, FACT_FAILED, clock_now());
    fact.id = 42;
    fact_set(&fact, KEY_TO, slice_of(mail->recipients[0].address));
    fact_set(&fact, KEY_STATUS, slice_of("5.1.1"));
    fact_set(&fact, KEY_REASON, slice_of("userunknown"));
    fact_set(&fact, KEY_REPLY, slice_of("550 5.1.1 forged"));
    fact_set(&fact, KEY_SIDE, slice_of("smtp"));
    fact_set(&fact, KEY_BY_WAYBILL, slice_of(digits));
    assert_true(record_add(&record, &fact, NULL) >= 0);
    put_record(&record);
    record_clear(&record);
}

static void put_report(const struct mail *mail, uint64_t about)
{
    struct record record;
    struct fact fact;
    char digits[24];

    snprintf(digits, sizeof digits, "%llu", (unsigned long long)about);
    mail_record(mail, &record);
    fact_init(&fact, WITNESS_REPORT, FACT_REPORT, clock_now());
    fact.id = 43;
    fact_set(&fact, KEY_REPORT_KIND, slice_of("bounce"));
    fact_set(&fact, KEY_ABOUT, slice_of(digits));
    assert_true(record_add(&record, &fact, NULL) >= 0);
    put_record(&record);
    record_clear(&record);
}

static void test_a_mail_and_its_report_name_each_other_and_what_proves_it(void **state)
{
    struct mail mail = good, report = waiting;
    char line[64], words[96], code[ID_CODE_SIZE];

    (void)state;
    mail.id = mail_id(clock_now() - 5 * DAY_MS, 5);
    report.id = mail_id(clock_now() - 5 * DAY_MS + MINUTE_MS, 6);
    mail.recipient_count = 1;
    put_reported(&mail, report.id);
    put_report(&report, mail.id);

    show_line(&mail, line, sizeof line, "");
    assert_int_equal(run(line), CLI_FOUND);
    id_code(report.id, code);
    snprintf(words, sizeof words, "A report on this mail: %s (claimed: nothing proves it)", code);
    assert_true(says(words));
    snprintf(words, sizeof words, "reason userunknown, by the report %s (nothing proves it)", code);
    assert_true(says(words));
    assert_true(says("claimed: bob@there.example refused for good"));
    assert_true(says("claimed: 550 5.1.1 forged"));
    assert_true(says("bob@there.example: delivered."));
    show_line(&mail, line, sizeof line, "--json");
    run(line);
    assert_int_equal(python("import sys,json\n"
                            "w=json.loads(sys.stdin.buffer.read())\n"
                            "assert w[\"reports\"][0][\"trust\"]==\"claimed\"\n"
                            "assert len(w[\"reports\"])==1 and w[\"is_report\"] is False\n"
                            "t=[f[\"trust\"] for f in w[\"timeline\"]]\n"
                            "assert t.count(\"claimed\")==1 and t.count(\"own\")==len(t)-1\n"
                            "assert w[\"recipients\"][0][\"state\"]==\"delivered\""),
                     0);

    show_line(&report, line, sizeof line, "");
    run(line);
    id_code(mail.id, code);
    snprintf(words, sizeof words, "This mail is a report on %s.", code);
    assert_true(says(words));
    show_line(&report, line, sizeof line, "--json");
    run(line);
    snprintf(words, sizeof words, "\"is_report\":true,\"report_on\":{\"trace_id\":\"%s\"", code);
    assert_true(says(words));
}

static void test_show_names_the_reason_and_the_rule(void **state)
{
    char line[64];

    (void)state;
    show_line(&good, line, sizeof line, "");
    run(line);
    assert_true(says("Reason: userunknown (hard), by the rule shipped:"));
    show_line(&good, line, sizeof line, "--json");
    run(line);
    assert_int_equal(python("import sys,json\n"
                            "b,c=json.loads(sys.stdin.buffer.read())[\"recipients\"]\n"
                            "assert (b[\"reason\"],b[\"hardness\"],b[\"rule\"])=="
                            "(\"delivered\",\"none\",None)\n"
                            "assert (c[\"reason\"],c[\"hardness\"])==(\"userunknown\",\"hard\")\n"
                            "assert c[\"rule\"].startswith(\"shipped:\")\n"
                            "assert c[\"verdict\"][\"who\"]==\"sender\""),
                     0);
}

static void test_stats_count_reasons_and_list_what_no_rule_knows(void **state)
{
    (void)state;
    assert_int_equal(run("stats"), CLI_FOUND);
    assert_true(says("Why they failed or are delayed"));
    assert_true(says("1  userunknown"));
    run("stats --json");
    assert_int_equal(python("import sys,json\n"
                            "r=json.loads(sys.stdin.read())[\"reasons\"]\n"
                            "assert r[\"userunknown\"]==1 and sum(r.values())==3, r"),
                     0);
    assert_int_equal(run("stats --unclassified"), CLI_FOUND);
    assert_true(says("Words that no rule knows"));
    assert_true(says("gpj.exe"));
    run("stats --unclassified --json");
    assert_int_equal(python("import sys,json\n"
                            "u=json.loads(sys.stdin.buffer.read())\n"
                            "assert u[\"object\"]==\"unclassified\" and u[\"total\"]==1\n"
                            "assert u[\"words\"][0][\"count\"]==1 and u[\"not_listed\"]==0"),
                     0);
    assert_int_equal(run("stats --unclassified --since -1m"), CLI_NOTHING);
}

/* ---- for programs ---- */

static void test_json_is_json(void **state)
{
    char line[64];

    (void)state;
    run("trace --json");
    assert_int_equal(
        python("import sys,json\n"
               "rows=[json.loads(l) for l in sys.stdin.buffer]\n"
               "assert [r[\"object\"] for r in rows]==[\"waybill\"]*3+[\"page\"]\n"
               "assert rows[0][\"recipients\"][0][\"delivered_to\"] in (\"next_hop\",None)\n"
               "assert len(rows[0][\"waybill_id\"])==18\n"
               "assert rows[3][\"next\"] is None and rows[3][\"count\"]==3"),
        0);
    run("trace --json --to nobody@there.example");
    assert_int_equal(python("import sys,json\n"
                            "p=json.loads(sys.stdin.read())\n"
                            "assert p[\"count\"]==0 and len(p[\"coverage\"])>=1"),
                     0);
    show_line(&evil, line, sizeof line, "--json");
    run(line);
    assert_int_equal(python("import sys,json\n"
                            "w=json.loads(sys.stdin.buffer.read())\n"
                            "assert len(w[\"timeline\"])>=4 and \"verdict\" in w[\"recipients\"][0]"),
                     0);
    run("stats --json");
    assert_int_equal(python("import sys,json\n"
                            "s=json.loads(sys.stdin.read())\n"
                            "assert s[\"mails\"]==3 and s[\"states\"][\"failed\"]==2"),
                     0);
}

static void test_csv_has_equal_rows_and_no_formula(void **state)
{
    (void)state;
    run("trace --csv");
    assert_int_equal(
        python("import sys,csv,io\n"
               "text=sys.stdin.buffer.read().decode()\n"
               "assert text.count(\"\\r\\n\")==text.count(\"\\n\")==5\n"
               "rows=list(csv.reader(io.StringIO(text,newline=\"\")))\n"
               "assert {len(r) for r in rows}=={20}, rows\n"
               "assert not [c for r in rows for c in r if c[:1] in (\"=\",\"+\",\"-\",\"@\")]\n"
               "assert rows[1][-1][1:]==\"=SUM(A1:A9)\""),
        0);
}

/* Follow "more:" until it no longer stands there. */
static void test_the_line_more_leads_to_every_mail(void **state)
{
    char line[512] = "trace --limit 1";
    size_t pages = 0;
    const char *more;

    (void)state;
    for (;;) {
        assert_int_equal(run(line), CLI_FOUND);
        assert_true(says("1 mail,"));
        assert_true(++pages <= 3);
        more = strstr(output, "more: waybill ");
        if (more == NULL)
            break;
        snprintf(line, sizeof line, "%.*s", (int)strcspn(more + 14, "\n"), more + 14);
    }
    assert_int_equal(pages, 3);
    assert_true(says("d\xc3\xb6ra@"));
}

static void test_a_closed_pipe_is_quiet(void **state)
{
    int closed[2], ends[2];
    pid_t pid;

    (void)state;
    fflush(NULL);
    assert_int_equal(pipe(closed), 0);
    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        dup2(closed[1], 1);
        dup2(ends[1], 2);
        close(closed[0]);
        close(closed[1]);
        close(ends[0]);
        close(ends[1]);
        run_here("trace");
    }
    close(closed[0]);
    close(closed[1]);
    close(ends[1]);
    assert_int_equal(run_collect(ends[0], pid), CLI_FOUND);
    assert_string_equal(output, "");
}

static void test_a_full_disk_is_told(void **state)
{
    char command[900], self[300];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);

    (void)state;
    assert_true(size > 0);
    self[size] = '\0';
    snprintf(command, sizeof command,
             "WAYBILL_CONFIG=%s '%s' as-waybill trace 2>%s/err >/dev/full; test $? = 3 && "
             "grep -q 'cannot write the answer' %s/err",
             world.config, self, world.redis.directory, world.redis.directory);
    assert_int_equal(system(command), 0);
}

/* ---- follow ---- */

static void emit_events(const struct mail *mail)
{
    struct record record;
    struct waybill waybill;
    struct event *events;
    size_t count;

    mail_record(mail, &record);
    assert_int_equal(waybill_read(&waybill, &record, clock_now(), 0, NULL), 0);
    assert_int_equal(waybill_events(&waybill, &events, &count), 0);
    for (size_t i = 0; i < count; i++)
        store_emit_event(world.store, &events[i]);
    mail_flush(world.store);
    free(events);
    waybill_clear(&waybill);
    record_clear(&record);
}

static void emit_gap(int64_t from)
{
    struct event event;

    store_put_gap(world.store, 3, slice_of("log"), from, from + 60000, slice_of("truncated"), 7);
    event_of_gap(&event, 3, WITNESS_LOG, from);
    store_emit_event(world.store, &event);
    mail_flush(world.store);
}

/* Again and again, as a writer does that replays; the process is the caller's. */
static pid_t emit_always(void)
{
    int64_t blind = clock_now() - HOUR_MS;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    store_close(&world.store);
    if (store_open(&world.store, world.settings, NULL) != 0)
        _exit(1);
    for (;;) {
        clock_sleep(100);
        emit_events(&good);
        emit_events(&waiting);
        emit_events(&evil);
        emit_gap(blind);
    }
}

static int run_beside_events(const char *line)
{
    pid_t pid = emit_always();
    int code = run(line);

    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return code;
}

static void test_follow_tells_each_event_once(void **state)
{
    (void)state;
    assert_int_equal(run_beside_events("follow --for 2"), CLI_FOUND);
    assert_int_equal(count_of("delivery.delivered"), 1);
    assert_int_equal(count_of("delivery.failed"), 2);
    assert_int_equal(count_of("delivery.delayed"), 1);
    assert_int_equal(count_of("trace.gap"), 1);
    assert_int_equal(count_of("node 3: the log saw nothing until"), 1);
    assert_int_equal(count_of("before it was read to its end), 7 lost"), 1);
    assert_harmless("follow");
}

static void test_follow_shows_only_what_was_asked_for(void **state)
{
    (void)state;
    assert_int_equal(run_beside_events("follow --for 2 --to carol@there.example --json"),
                     CLI_FOUND);
    assert_int_equal(python("import sys,json\n"
                            "e=[json.loads(l) for l in sys.stdin.buffer]\n"
                            "g=[x for x in e if x[\"action\"]==\"trace.gap\"]\n"
                            "assert len(g)==1 and g[0][\"node\"]==3 and g[0][\"lost\"]==7\n"
                            "e=[x for x in e if x not in g]\n"
                            "assert e\n"
                            "for x in e:\n"
                            "  r=x[\"recipient\"]\n"
                            "  assert r is None or r[\"recipient\"]==\"carol@there.example\", e"),
                     0);
    assert_int_equal(run_beside_events("follow --for 2 --state delayed"), CLI_FOUND);
    assert_int_equal(count_of("delivery."), 1);
    assert_int_equal(count_of("connect timed out"), 1);
    assert_int_equal(run_beside_events("follow --for 1 --state held"), CLI_NOTHING);
}

/* ---- the rows, the manual, the completion ---- */

static void read_text(const char *path)
{
    char whole[512];
    const char *top = getenv("srcdir");
    FILE *file;

    snprintf(whole, sizeof whole, "%s/%s", top != NULL ? top : "..", path);
    file = fopen(whole, "r");
    if (file == NULL)
        fail_msg("cannot open %s", whole);
    output_size = fread(output, 1, sizeof output - 1, file);
    output[output_size] = '\0';
    fclose(file);
}

static void test_manual_and_completion_know_every_row(void **state)
{
    char words[80];

    (void)state;
    for (int manual = 0; manual <= 1; manual++) {
        read_text(manual ? "packaging/man/waybill.1" : "packaging/conf/waybill.bash-completion");
        for (size_t i = 0; i < command_count; i++)
            if (!says(commands[i].name))
                fail_msg("%s is missing", commands[i].name);
        for (size_t i = 0; i < command_option_count; i++) {
            snprintf(words, sizeof words, manual ? "Fl -%s" : "--%s", command_options[i].name);
            if (!says(words))
                fail_msg("%s is missing", words);
        }
        for (int i = 0; i < STATE_COUNT; i++)
            if (!says(state_word((enum recipient_state)i)))
                fail_msg("%s is missing", state_word((enum recipient_state)i));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit_codes_are_the_documented_ones),
        cmocka_unit_test(test_a_store_that_is_away_is_named),
        cmocka_unit_test(test_no_byte_of_a_mail_reaches_the_terminal_as_it_came),
        cmocka_unit_test(test_a_table_fits_the_terminal),
        cmocka_unit_test(test_what_is_cut_never_looks_whole),
        cmocka_unit_test(test_a_pipe_gets_no_colour_and_nothing_cut),
        cmocka_unit_test(test_help_fits_eighty_columns),
        cmocka_unit_test(test_no_header_leaves_only_rows),
        cmocka_unit_test(test_characters_without_a_width_do_no_harm),
        cmocka_unit_test(test_a_mail_and_its_report_name_each_other_and_what_proves_it),
        cmocka_unit_test(test_show_names_the_reason_and_the_rule),
        cmocka_unit_test(test_stats_count_reasons_and_list_what_no_rule_knows),
        cmocka_unit_test(test_json_is_json),
        cmocka_unit_test(test_csv_has_equal_rows_and_no_formula),
        cmocka_unit_test(test_the_line_more_leads_to_every_mail),
        cmocka_unit_test(test_a_closed_pipe_is_quiet),
        cmocka_unit_test(test_a_full_disk_is_told),
        cmocka_unit_test(test_follow_tells_each_event_once),
        cmocka_unit_test(test_follow_shows_only_what_was_asked_for),
        cmocka_unit_test(test_manual_and_completion_know_every_row),
    };
    if (argc > 1 && strcmp(argv[1], "as-waybill") == 0)
        return cli_main(argc - 1, argv + 1);
    return cmocka_run_group_tests(tests, make_world, end_world);
}
