/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asked: see asked.h.
 */
#include "asked.h"

#include <string.h>

#include "waybill/address.h"
#include "waybill/clock.h"
#include "waybill/escape.h"
#include "waybill/id.h"

static struct slice without_brackets(const char *text)
{
    struct slice slice = slice_trim(slice_of(text));

    if (slice.size >= 2 && slice.at[0] == '<' && slice.at[slice.size - 1] == '>')
        slice = slice_make(slice.at + 1, slice.size - 2);
    return slice;
}

static bool has_term(const struct request *request)
{
    return request->from != NULL || request->to != NULL || request->message_id != NULL ||
           request->queue_id != NULL || request->client != NULL || request->login != NULL;
}

void asked_query(const struct cli *cli, struct query *query)
{
    const struct request *request = &cli->request;
    int64_t days = has_term(request) ? ASKED_DAYS_WITH_TERM : ASKED_DAYS_WITHOUT;

    query_init(query);
    if (request->from != NULL)
        query->from = address_bare(slice_of(request->from));
    if (request->to != NULL)
        query->to = address_bare(slice_of(request->to));
    if (request->message_id != NULL)
        query->message_id = without_brackets(request->message_id);
    query->queue_id = slice_of(request->queue_id);
    query->client = slice_of(request->client);
    query->login = slice_of(request->login);
    query->state = (int)request->state;
    /* A host whose clock is ahead of ours is no reason to hide its newest mails. */
    query->until = request->until != TIME_NOT_GIVEN ? request->until : cli->now + MINUTE_MS;
    query->since = request->since != TIME_NOT_GIVEN ? request->since
                   : request->until != TIME_NOT_GIVEN
                       ? request->until - days * DAY_MS
                       : cli->now - days * DAY_MS;
    query->limit = (size_t)request->limit;
    query->before = request->after;
    query->queue_lifetime = cli->basis.queue_lifetime;
}

static void say_term(struct buffer *to, const char *word, struct slice value)
{
    if (value.at == NULL)
        return;
    buffer_addf(to, " %s ", word);
    if (value.size == 0)
        buffer_add_text(to, "<>");
    else
        escape_terminal(to, value);
}

void asked_describe(const struct cli *cli, const struct query *query, const char *subject,
                    struct buffer *to)
{
    char since[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE];

    buffer_add_text(to, subject);
    say_term(to, "from", query->from);
    say_term(to, "to", query->to);
    say_term(to, "with Message-ID", query->message_id);
    say_term(to, "with queue id", query->queue_id);
    say_term(to, "handed in by", query->client);
    say_term(to, "of login", query->login);
    if (query->state >= 0)
        buffer_addf(to, " in state %s", state_word((enum recipient_state)query->state));
    clock_text(query->since, 0, since);
    clock_text(query->until, 0, until);
    buffer_addf(to, ", %.16s to %s", since,
                cli->request.until == TIME_NOT_GIVEN ? "now" : until);
    if (query->before != 0) {
        char code[ID_CODE_SIZE];
        id_code(query->before, code);
        buffer_addf(to, ", after %s", code);
    }
}

static void add_quoted(struct buffer *to, const char *word)
{
    struct buffer quoted;

    buffer_init(&quoted, 65536);
    escape_shell(&quoted, slice_of(word));
    escape_terminal(to, slice_make(quoted.data, quoted.size));
    buffer_free(&quoted);
}

static void again_option(struct buffer *to, const char *option, const char *value)
{
    if (value == NULL)
        return;
    buffer_addf(to, " %s ", option);
    add_quoted(to, value);
}

static void again_moment(struct buffer *to, const char *option, int64_t ms)
{
    char text[CLOCK_TEXT_SIZE];

    clock_text(ms, 0, text);
    again_option(to, option, text);
}

void asked_again(const struct cli *cli, const struct query *query, uint64_t next,
                 struct buffer *to)
{
    const struct request *request = &cli->request;
    char code[ID_CODE_SIZE];

    buffer_add_text(to, "waybill trace");
    again_option(to, "-c", request->config);
    again_option(to, "-f", request->from);
    again_option(to, "-t", request->to);
    again_option(to, "-m", request->message_id);
    again_option(to, "-q", request->queue_id);
    again_option(to, "--client", request->client);
    again_option(to, "--login", request->login);
    if (request->state >= 0)
        again_option(to, "--state", state_word((enum recipient_state)request->state));
    /* "-2h" would mean another time by then. */
    again_moment(to, "-s", query->since);
    if (request->until != TIME_NOT_GIVEN)
        again_moment(to, "-e", query->until);
    if (request->limit != 50)
        buffer_addf(to, " -l %lld", (long long)request->limit);
    if (request->json)
        buffer_add_text(to, " --json");
    if (request->csv)
        buffer_add_text(to, " --csv");
    id_code(next, code);
    again_option(to, "--after", code);
}
