/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asked: see asked.h.
 */
#include "asked.h"

#include <string.h>

#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/id.h"
#include "waybill/token.h"

/* ---- the options: each stands for a term ---- */

static int add_options(struct cli *cli, struct error *why)
{
    const struct request *request = &cli->request;
    const struct {
        enum query_field field;
        const char *option, *value;
    } terms[] = {
        {QUERY_FIELD_FROM, "from", request->from},
        {QUERY_FIELD_TO, "to", request->to},
        {QUERY_FIELD_MESSAGE_ID, "message-id", request->message_id},
        {QUERY_FIELD_QUEUE_ID, "queue-id", request->queue_id},
        {QUERY_FIELD_CLIENT, "client", request->client},
        {QUERY_FIELD_LOGIN, "login", request->login},
        {QUERY_FIELD_STATE, "state", request->state},
    };

    for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++)
        if (terms[i].value != NULL && query_add(&cli->query, terms[i].field, false,
                                                slice_of(terms[i].value), why) != 0)
            return error_prefix(why, "--%s", terms[i].option);
    return 0;
}

static int add_moments(struct cli *cli, struct error *why)
{
    const struct request *request = &cli->request;

    if (request->since_words != NULL &&
        query_set_moment(&cli->query, false, slice_of(request->since_words), cli->now, why) != 0)
        return error_prefix(why, "--since");
    if (request->until_words != NULL &&
        query_set_moment(&cli->query, true, slice_of(request->until_words), cli->now, why) != 0)
        return error_prefix(why, "--until");
    return 0;
}

/* ---- the words ---- */

static int read_words(struct cli *cli)
{
    const struct request *request = &cli->request;
    struct query_fault fault;
    struct buffer text, shown;
    int result;

    buffer_init(&text, 4u << 20);
    for (int i = 0; i < request->argument_count; i++)
        buffer_addf(&text, "%s%s", i > 0 ? " " : "", request->arguments[i]);
    result = query_parse(&cli->query, slice_make(text.data, text.size), cli->now, &fault);
    if (result != 0) {
        buffer_init(&shown, 65536);
        query_fault_show(&fault, slice_make(text.data, text.size), &shown);
        fprintf(stderr, "waybill: the query, %s", shown.data);
        buffer_free(&shown);
    }
    buffer_free(&text);
    return result;
}

int asked_read(struct cli *cli)
{
    struct error why;

    if (add_options(cli, &why) != 0 || add_moments(cli, &why) != 0) {
        complain("%s", why.text);
        return -1;
    }
    if (cli->request.limit != LIMIT_NOT_GIVEN) {
        cli->query.limit = (size_t)cli->request.limit;
        cli->query.limited = true;
    }
    if (read_words(cli) != 0)
        return -1;
    query_choose_span(&cli->query, cli->now);
    if (cli->query.since <= cli->query.until)
        return 0;
    complain("the time asked for ends before it begins: since is later than until");
    return -1;
}

const unsigned char *asked_key(const struct cli *cli, unsigned char key[static 32])
{
    const char *path = cli->settings->key_file;

    return path != NULL && path[0] != '\0' && token_key(path, "cursor", key, NULL) == 0 ? key
                                                                                       : NULL;
}

int asked_prepare(struct cli *cli, struct error *why)
{
    unsigned char key[32];
    int result = 0;

    cli->query.queue_lifetime = cli->basis.queue_lifetime;
    cli->query.book = cli->book;
    if (cli->request.after != NULL && cli->remote != NULL)
        cli->query.after = 1; /* where that is only the API knows */
    else if (cli->request.after != NULL)
        result = query_resume(&cli->query, slice_of(cli->request.after), asked_key(cli, key), why);
    return result == 0 ? 0 : error_prefix(why, "--after");
}

void asked_cursor(const struct cli *cli, const struct query *query, uint64_t next,
                  char text[static QUERY_CURSOR_SIZE])
{
    unsigned char key[32];

    if (cli->remote != NULL)
        slice_copy(slice_of(cli->next_cursor), text, QUERY_CURSOR_SIZE);
    else
        query_cursor(query, next, asked_key(cli, key), text);
}

void complain_unreadable(const struct query_answer *answer, const char *so)
{
    if (answer->unreadable == 1)
        complain("a record could not be read and is %s: %s", so, answer->unreadable_why.text);
    else if (answer->unreadable > 1)
        complain("%zu records could not be read and are %s, the first one: %s", answer->unreadable,
                 so, answer->unreadable_why.text);
}

void complain_partly(const struct query_answer *answer)
{
    if (answer->partly)
        complain("the answer is incomplete: %s", answer->away.text);
}

/* ---- in words again ---- */

void asked_describe(const struct cli *cli, const struct query *query, const char *subject,
                    struct buffer *to)
{
    char since[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE];
    struct buffer terms;

    (void)cli;
    buffer_add_text(to, subject);
    buffer_init(&terms, 4u << 20);
    query_write(query, true, &terms);
    if (terms.size > 0) {
        buffer_add_text(to, " with ");
        escape_terminal(to, slice_make(terms.data, terms.size));
    }
    buffer_free(&terms);
    clock_text(query->since, 0, since);
    clock_text(query->until, 0, until);
    buffer_addf(to, ", %.16s to %s", since, query->until_given[0] == '\0' ? "now" : until);
}

static void add_quoted(struct buffer *to, const char *before, struct slice words)
{
    struct buffer quoted;

    buffer_init(&quoted, 4u << 20);
    escape_shell(&quoted, words);
    buffer_add_text(to, before);
    escape_terminal(to, slice_make(quoted.data, quoted.size));
    buffer_free(&quoted);
}

void asked_again(const struct cli *cli, const struct query *query, uint64_t next,
                 struct buffer *to)
{
    const struct request *request = &cli->request;
    char cursor[QUERY_CURSOR_SIZE];
    struct buffer text;

    buffer_add_text(to, "waybill trace");
    if (request->config != NULL)
        add_quoted(to, " -c ", slice_of(request->config));
    if (request->api != NULL)
        add_quoted(to, " --api ", slice_of(request->api));
    if (request->token_file != NULL)
        add_quoted(to, " --token-file ", slice_of(request->token_file));
    buffer_init(&text, 4u << 20);
    query_write(query, false, &text);
    if (text.size > 0 && text.data[0] == '-')
        text.data[0] = '!'; /* the same, and no option */
    if (text.size > 0)
        add_quoted(to, " ", slice_make(text.data, text.size));
    buffer_free(&text);
    if (request->json)
        buffer_add_text(to, " --json");
    if (request->csv)
        buffer_add_text(to, " --csv");
    asked_cursor(cli, query, next, cursor);
    buffer_addf(to, " --after %s", cursor);
}
