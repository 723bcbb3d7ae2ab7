/* SPDX-License-Identifier: BSD-2-Clause */
/* forget: the command of that name: ask, go over all records, and print the receipt. */
#include "waybill/forget.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../person.h"
#include "asker.h"
#include "forget_tokens.h"
#include "out.h"
#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/json.h"
#include "waybill/waybill_json.h"

#define LOOK_MS 500
#define AGAIN_MAX 3
#define ANSWER_SECONDS 30 /* of a waybilld that is not busy, and some more */

static atomic_bool stopped;

static void stop(int signal)
{
    (void)signal;
    atomic_store(&stopped, true);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = stop};

    atomic_store(&stopped, false);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* ---- asking first ---- */

static bool confirmed(const struct cli *cli, const struct person *person)
{
    char answer[16] = "";
    struct buffer name;

    if (cli->request.yes || isatty(STDIN_FILENO) != 1)
        return true;
    buffer_init(&name, 4096);
    escape_terminal(&name, slice_make(person->canonical, person->size));
    fprintf(stderr,
            "This takes %s out of all records of mails that came until now, for good.\n"
            "Type yes to go on: ",
            name.data);
    buffer_free(&name);
    return fgets(answer, sizeof answer, stdin) != NULL && strcmp(answer, "yes\n") == 0;
}

static void show_progress(void *context, const struct person_work *work)
{
    (void)context;
    fprintf(stderr, "\r\033[Kday %u of %u (%06" PRIu32 ")", work->at, work->of, work->day);
}

/* ---- the receipt ---- */

static unsigned nodes_left(const struct person_work *work)
{
    unsigned left = 0;

    for (int i = 0; i < 100; i++)
        left += work->nodes[i].wrote && work->nodes[i].answered == 0;
    return left;
}

static void print_nodes(const struct cli *cli, const struct person_work *work)
{
    char when[WHEN_SIZE];

    for (int i = 0; i < 100; i++) {
        struct buffer host;

        if (!work->nodes[i].wrote)
            continue;
        buffer_init(&host, 4096);
        escape_terminal(&host, slice_of(work->nodes[i].host[0] != '\0' ? work->nodes[i].host
                                                                      : "unknown host"));
        if (work->nodes[i].answered != 0) {
            out_when(cli, work->nodes[i].answered, when);
            printf("  node %02d  %s  done %s\n", i, host.data, when);
        } else if (work->nodes[i].heard != 0) {
            out_when(cli, work->nodes[i].heard, when);
            printf("  node %02d  %s  still to answer; last heard of %s\n", i, host.data, when);
        } else {
            printf("  node %02d  %s  still to answer; never heard of\n", i, host.data);
        }
        buffer_free(&host);
    }
}

/* Else who waits for less thinks that something is wrong. */
static void print_waiting(const struct cli *cli, const struct person_work *work)
{
    char words[300];

    if (nodes_left(work) == 0)
        return;
    snprintf(words, sizeof words,
             "A server answers when its journal is rid of the address. There it stays for "
             "redis_rewind_seconds (%" PRId64 " here) and some seconds more, in case Redis fails "
             "over; so --wait %" PRId64 " is long enough. Ask again with --status.\n",
             cli->settings->redis_rewind_seconds,
             cli->settings->redis_rewind_seconds + ANSWER_SECONDS);
    out_folded(cli, 0, 0, words);
}

static void print_unread(const struct person_work *work)
{
    struct buffer line;

    if (work->unread == 0)
        return;
    printf("  %" PRIu64 " records could NOT be read, so they may name the address; repeat this when "
           "they can, or delete them:\n",
           work->unread);
    buffer_init(&line, 4096);
    for (size_t i = 0; i < work->unread_named; i++) {
        buffer_clear(&line);
        escape_terminal(&line, slice_of(work->unread_names[i]));
        printf("    %s\n", line.data);
    }
    buffer_free(&line);
    if (work->unread > work->unread_named)
        printf("    and %" PRIu64 " more\n", work->unread - work->unread_named);
}

static void print_receipt(const struct cli *cli, const struct person *person,
                          const struct person_work *work, const struct forget_tokens *tokens)
{
    char until[WHEN_SIZE], done[WHEN_SIZE];
    struct buffer name;

    buffer_init(&name, 4096);
    escape_terminal(&name, slice_make(person->canonical, person->size));
    out_when(cli, work->until, until);
    printf("%s is forgotten in all mails that came up to %s.\n", name.data, until);
    buffer_free(&name);
    if (work->done != 0) {
        out_when(cli, work->done, done);
        printf("All records were gone over; done %s.\n", done);
    } else {
        puts("Not all records were gone over yet: run 'waybill forget' again, it goes on.");
    }
    printf("  %" PRIu64 " days, %" PRIu64 " mails blanked (%" PRIu64 " fields, %" PRIu64
           " values), %" PRIu64 " audit entries\n",
           work->days, work->records, work->fields, work->values, work->audits);
    print_unread(work);
    fputs(tokens->lines.data, stdout);
    puts("Mail servers, each with its journal:");
    print_nodes(cli, work);
    print_waiting(cli, work);
    out_folded(cli, 0, 0,
               "Mails that came later name the address as ever; run this again for them. Copies of "
               "Redis (RDB, AOF, replicas' files) and the mail server's own logs are not ours: "
               "BGREWRITEAOF and BGSAVE renew the first, see PRIVACY.md.\n");
}

static void put_count(struct json *json, const char *key, uint64_t value)
{
    json_member_number(json, key, (int64_t)value);
}

static void put_nodes(struct json *json, const struct person_work *work)
{
    json_member_array(json, "nodes");
    for (int i = 0; i < 100; i++) {
        if (!work->nodes[i].wrote)
            continue;
        json_begin_object(json);
        put_count(json, "node", (uint64_t)i);
        json_member_text(json, "host", work->nodes[i].host);
        waybill_json_time(json, "answered", work->nodes[i].answered);
        waybill_json_time(json, "last_heard", work->nodes[i].heard);
        json_end_object(json);
    }
    json_end_array(json);
}

static void print_json(const struct person *person, const struct person_work *work,
                       const struct forget_tokens *tokens)
{
    struct buffer line;
    struct json json;

    buffer_init(&line, 8u << 20);
    json_init(&json, &line);
    json_begin_object(&json);
    json_member_text(&json, "object", "forgotten");
    json_member_text(&json, "hash", person->hash);
    waybill_json_time(&json, "until", work->until);
    waybill_json_time(&json, "done", work->done);
    put_count(&json, "days", work->days);
    put_count(&json, "mails", work->records);
    put_count(&json, "fields", work->fields);
    put_count(&json, "values", work->values);
    put_count(&json, "audit_entries", work->audits);
    put_count(&json, "records_not_read", work->unread);
    json_member_array(&json, "not_read");
    for (size_t i = 0; i < work->unread_named; i++)
        json_put_string(&json, slice_of(work->unread_names[i]));
    json_end_array(&json);
    put_nodes(&json, work);
    forget_tokens_json(tokens, &json);
    put_count(&json, "nodes_left", nodes_left(work));
    json_end_object(&json);
    puts(line.data);
    buffer_free(&line);
}

static int receipt(const struct cli *cli, const struct person *person,
                   const struct person_work *work, const struct forget_tokens *tokens)
{
    if (work->until == 0) {
        complain("nothing was ever forgotten for this address");
        return CLI_NOTHING;
    }
    if (cli->request.json)
        print_json(person, work, tokens);
    else
        print_receipt(cli, person, work, tokens);
    return work->done != 0 && work->unread == 0 && nodes_left(work) == 0 ? CLI_FOUND : CLI_NOTHING;
}

/* ---- the run ---- */

/* 0; 1: another run of the store answers, and may have lost what was done; -1: it failed to the
 * end. */
static int wait_for_nodes(struct cli *cli, struct person *person, struct person_work *work,
                          struct error *why)
{
    int64_t end = clock_monotonic() + cli->request.wait * SECOND_MS;
    uint64_t run = work->run;

    for (;;) {
        bool failed = person_read_work(person, work, why) != 0;
        bool over = clock_monotonic() >= end || atomic_load(&stopped);

        uint64_t now = failed ? 0 : store_run_digest(cli->store);

        if (now != 0 && now != run)
            return 1;
        if (over || (!failed && nodes_left(work) == 0))
            return failed ? -1 : 0;
        clock_sleep(LOOK_MS);
    }
}

static int put_audit(struct cli *cli, const struct person *person, const struct person_work *work,
                     struct error *why)
{
    char who[ASKER_SIZE];
    const struct store_audit audit = {.time = clock_now(),
                                      .who = slice_of(asker(who)),
                                      .what = slice_of("forget"),
                                      .about = slice_of(person->hash),
                                      .count = work->records,
                                      .reason = person_reason(person, cli->request.reason)};

    store_put_audit(cli->store, &audit);
    return store_flush(cli->store, why);
}

/* 0; 1: stopped; -1 */
static int go_over(struct cli *cli, struct person *person, struct person_work *work,
                   struct error *why)
{
    bool bar = isatty(STDERR_FILENO) == 1;
    int result = person_forget(person, clock_now(), work, &stopped, bar ? show_progress : NULL,
                               NULL, why);

    if (bar)
        fputs("\r\033[K", stderr);
    if (result == 0 && (person_read_work(person, work, why) || put_audit(cli, person, work, why)))
        result = -1;
    return result;
}

static int forget(struct cli *cli, struct person *person, struct forget_tokens *tokens)
{
    struct person_work work;
    struct error why;
    int result, again = 1;

    if (!confirmed(cli, person)) {
        complain("nothing was changed");
        return CLI_NOTHING;
    }
    if (person_drop_tokens(person, &why) != 0)
        return complain_store(cli, &why);
    catch_signals();
    for (int i = 0; i < AGAIN_MAX && again > 0; i++) {
        result = go_over(cli, person, &work, &why);
        if (result > 0) {
            complain("stopped before all was done; the same command again goes on");
            return CLI_STOPPED;
        }
        again = result == 0 ? wait_for_nodes(cli, person, &work, &why) : -1;
        if (again > 0)
            complain("Redis failed over meanwhile, and may have lost some of it: once more");
    }
    return again < 0 ? complain_store(cli, &why) : receipt(cli, person, &work, tokens);
}

/* What there is of it so far. */
static int again(struct cli *cli, struct person *person, const struct forget_tokens *tokens)
{
    struct person_work work;
    struct error why;

    return person_read_work(person, &work, &why) ? complain_store(cli, &why)
                                                 : receipt(cli, person, &work, tokens);
}

static int run(struct cli *cli, struct person *person)
{
    struct forget_tokens tokens;
    struct error why;
    int code;

    if (cli->request.dry_run)
        return forget_dry_run(cli, person);
    if (forget_tokens_read(&tokens, person, !cli->request.receipt, &why) != 0)
        code = complain_store(cli, &why);
    else
        code = cli->request.receipt ? again(cli, person, &tokens) : forget(cli, person, &tokens);
    forget_tokens_free(&tokens);
    return code;
}

int forget_run(struct cli *cli)
{
    struct person person;
    struct error why;
    int opened = person_open(&person, cli->store, cli->settings, cli->request.arguments[0],
                             !cli->request.receipt && !cli->request.dry_run, &why);
    int code;

    if (opened > 0) {
        complain("'%s' is no address: give local-part@domain", cli->request.arguments[0]);
        code = CLI_USAGE;
    } else {
        code = opened < 0 ? complain_store(cli, &why) : run(cli, &person);
    }
    person_close(&person);
    return code;
}
