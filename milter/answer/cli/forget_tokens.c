/* SPDX-License-Identifier: BSD-2-Clause */
/* forget_tokens: see forget_tokens.h. */
#include "forget_tokens.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "waybill/clock.h"

#define TEXT_MAX (4u << 20)

static void add_line(struct forget_tokens *tokens, const struct access *access,
                     enum person_token kind)
{
    const char *role = access_role_word(access->role);

    if (kind == PERSON_TOKEN_HIS)
        buffer_addf(&tokens->lines, "The token of %s (%s) %s: it is bound to nothing else.\n",
                    access->name, role, tokens->gone ? "was taken away" : "would be taken away");
    else if (kind == PERSON_TOKEN_ALSO)
        buffer_addf(&tokens->lines, "The token of %s (%s) stays, as it is bound to more than that "
                                    "address: revoke it, and add it again without.\n",
                    access->name, role);
    else
        buffer_addf(&tokens->lines, "The token of %s (%s) stays, and is called by the address: "
                                    "revoke it, and add it again by another name.\n",
                    access->name, role);
}

static void token_seen(void *context, const struct access *access, enum person_token kind)
{
    struct forget_tokens *tokens = context;
    struct json json;

    add_line(tokens, access, kind);
    if (tokens->members.size > 0)
        buffer_add_char(&tokens->members, ',');
    json_init(&json, &tokens->members);
    json_begin_object(&json);
    json_member_text(&json, "name", access->name);
    json_member_text(&json, "role", access_role_word(access->role));
    json_member_bool(&json, tokens->gone ? "taken_away" : "would_be_taken_away",
                     kind == PERSON_TOKEN_HIS);
    json_end_object(&json);
}

int forget_tokens_read(struct forget_tokens *tokens, struct person *person, bool gone,
                       struct error *why)
{
    tokens->gone = gone;
    buffer_init(&tokens->lines, TEXT_MAX);
    buffer_init(&tokens->members, TEXT_MAX);
    return person_each_token(person, token_seen, tokens, why);
}

void forget_tokens_free(struct forget_tokens *tokens)
{
    buffer_free(&tokens->lines);
    buffer_free(&tokens->members);
}

void forget_tokens_json(const struct forget_tokens *tokens, struct json *json)
{
    json_member_array(json, "tokens");
    buffer_add(json->to, tokens->members.data, tokens->members.size);
    json_end_array(json);
}

/* ---- a dry run ---- */

static void tell(const struct cli *cli, const struct forget_tokens *tokens, size_t mails,
                 uint64_t unread)
{
    struct buffer line;
    struct json json;

    if (!cli->request.json) {
        printf("Nothing was changed. %zu mails name the address, and would be blanked.\n%s", mails,
               tokens->lines.data);
        if (unread > 0)
            printf("%" PRIu64 " records could NOT be read, so they may name it, too.\n", unread);
        return;
    }
    buffer_init(&line, TEXT_MAX + 4096);
    json_init(&json, &line);
    json_begin_object(&json);
    json_member_text(&json, "object", "forget_dry_run");
    json_member_number(&json, "mails", (int64_t)mails);
    json_member_number(&json, "records_not_read", (int64_t)unread);
    forget_tokens_json(tokens, &json);
    json_end_object(&json);
    puts(line.data);
    buffer_free(&line);
}

int forget_dry_run(struct cli *cli, struct person *person)
{
    static const atomic_bool never;
    struct forget_tokens tokens;
    uint64_t *ids = NULL, unread = 0;
    struct error why;
    uint32_t first;
    size_t count = 0;
    int result = forget_tokens_read(&tokens, person, false, &why);

    if (result == 0)
        result = person_first_day(person, cli->now, &first, &why);
    if (result == 0)
        result = person_find(person, first, cli->now, &ids, &count, &unread, &never, &why);
    if (result == 0)
        tell(cli, &tokens, count, unread);
    free(ids);
    forget_tokens_free(&tokens);
    return result == 0 ? (count > 0 ? CLI_FOUND : CLI_NOTHING) : complain_store(cli, &why);
}
