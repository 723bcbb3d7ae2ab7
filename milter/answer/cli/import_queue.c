/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * import_queue: see import_queue.h. That nothing is new is no failure: a timer runs it each hour.
 */
#include "import_queue.h"

#include <inttypes.h>

#include "out.h"
#include "waybill/clock.h"
#include "waybill/json.h"

#define SINCE_MS DAY_MS /* how far back mails that nobody tried are looked for */
#define BAD_TOLD 20     /* lines: the first ones show what is wrong */

static void tell_bad(void *context, const char *line_told)
{
    unsigned *told = context;

    if (*told == BAD_TOLD)
        complain("further lines that are no mail are counted only; is this what 'postqueue -j' "
                 "prints?");
    if (*told < BAD_TOLD)
        complain("%s", line_told);
    *told += *told <= BAD_TOLD;
}

static const char *plural(uint64_t number)
{
    return number == 1 ? "" : "s";
}

static void print_text(const struct cli *cli, const struct import_queue_tally *tally)
{
    char mails[32], recipients[32], settled[32];

    out_number(tally->mails, mails);
    out_number(tally->recipients, recipients);
    out_number(tally->settled, settled);
    printf("%s mail%s with %s recipient%s in the listing; mails of which nothing was new: %" PRIu64
           ", new facts: %" PRIu64 "\n",
           mails, plural(tally->mails), recipients, plural(tally->recipients), tally->known,
           tally->facts);
    if (tally->bad > 0)
        printf("%" PRIu64 " line%s could not be read\n", tally->bad, plural(tally->bad));
    if (!cli->request.complete)
        puts("Mails that are in the queue no more were not looked for (--complete).");
    else if (tally->bad > 0)
        puts("Mails that are in the queue no more were not looked for: the listing is not whole.");
    else
        printf("Mails that are in the queue no more, and whose end no witness saw: %s\n", settled);
}

static void print_json(const struct import_queue_tally *tally)
{
    const struct {
        const char *key;
        uint64_t value;
    } numbers[] = {{"mails", tally->mails}, {"recipients", tally->recipients},
                   {"known", tally->known}, {"facts", tally->facts},
                   {"bad", tally->bad},     {"settled", tally->settled}};
    struct buffer line;
    struct json json;
    struct error why;

    buffer_init(&line, 4096);
    json_init(&json, &line);
    json_begin_object(&json);
    json_member_text(&json, "object", "import_queue");
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        json_member_number(&json, numbers[i].key, (int64_t)numbers[i].value);
    json_end_object(&json);
    if (out_line(&line, &why) != 0)
        complain("%s", why.text);
    buffer_free(&line);
}

enum import_result import_queue_run(const struct cli *cli, struct import *import,
                                    const atomic_bool *stop)
{
    const struct request *request = &cli->request;
    unsigned bad_told = 0;
    struct import_queue asked = {.settings = cli->settings,
                                 .dry_run = request->dry_run,
                                 .host = request->host,
                                 .instance = request->instance,
                                 .complete = request->complete,
                                 .since = request->since != TIME_NOT_GIVEN ? request->since
                                                                          : cli->now - SINCE_MS,
                                 .stop = stop,
                                 .bad = tell_bad,
                                 .context = &bad_told};
    struct import_queue_tally tally;
    struct error why;
    enum import_result result =
        import_queue(import, &asked, (const char *const *)request->arguments,
                     (size_t)request->argument_count, &tally, &why);

    if (tally.mails == 0 && bad_told > 0 && bad_told <= BAD_TOLD)
        complain("no line is a mail; is this what 'postqueue -j' prints?");
    if (result == IMPORT_DONE)
        result = import_finish(import, &why);
    if (result != IMPORT_DONE && result != IMPORT_STOPPED)
        complain("%s", why.text);
    else if (request->json)
        print_json(&tally);
    else
        print_text(cli, &tally);
    return result == IMPORT_DONE && tally.bad > 0 ? IMPORT_UNREADABLE : result;
}
