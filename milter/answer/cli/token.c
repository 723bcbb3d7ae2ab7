/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * token: who may ask over HTTP: add, list, revoke.
 */
#include "waybill/token.h"

#include <string.h>

#include "asker.h"
#include "command.h"
#include "out.h"
#include "table.h"
#include "token_json.h"
#include "waybill/access.h"
#include "waybill/clock.h"
#include "waybill/escape.h"

#define LIFE_LEAST HOUR_MS
#define LIFE_MOST (3650 * DAY_MS)

static int note(const struct cli *cli, const char *what, const char *name, struct error *why)
{
    char who[ASKER_SIZE];
    const struct store_audit audit = {.time = cli->now,
                                      .who = slice_of(asker(who)),
                                      .what = slice_of(what),
                                      .about = slice_of(name),
                                      .reason = slice_of(cli->request.reason)};

    store_put_audit(cli->store, &audit);
    return store_flush(cli->store, why);
}

static void print_json(const struct access *access, const char *secret)
{
    struct buffer line;
    struct json json;
    struct error why;

    buffer_init(&line, 65536);
    json_init(&json, &line);
    token_json(&json, access, secret);
    if (out_line(&line, &why) != 0)
        complain("%s", why.text);
    buffer_free(&line);
}

/* ---- add ---- */

/* "90d" */
static int read_life(const char *words, int64_t *life, struct error *why)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"h", HOUR_MS}, {"d", DAY_MS}, {"w", 7 * DAY_MS}};
    struct slice rest = slice_of(words);
    uint64_t number;

    if (text_take_number(&rest, &number) && number <= 1000000)
        for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
            if (slice_is(rest, units[i].unit)) {
                *life = (int64_t)number * units[i].ms;
                if (*life >= LIFE_LEAST && *life <= LIFE_MOST)
                    return 0;
            }
    return error_set(why, "--expires '%s': must be hours, days or weeks from now, as 12h, 90d, 8w; "
                          "at most ten years",
                     words);
}

typedef int add_one(struct access *access, struct slice word, struct error *why);

static int add_all(struct access *access, const struct several *several, add_one *add,
                   const char *option, struct error *why)
{
    for (size_t i = 0; i < several->count; i++)
        if (add(access, slice_of(several->words[i]), why) != 0)
            return error_prefix(why, "--%s", option);
    return 0;
}

static int read_access(const struct cli *cli, struct access *access, struct error *why)
{
    const struct request *request = &cli->request;
    int64_t life = 0;
    int role;

    *access = (struct access){.created = cli->now, .subjects = request->subjects};
    if (request->role == NULL || request->name == NULL || request->expires == NULL)
        return error_set(why, "--%s is missing", request->role == NULL   ? "role"
                                                 : request->name == NULL ? "name"
                                                                         : "expires");
    role = access_role_of(slice_of(request->role));
    if (role < 0)
        return error_set(why, "--role '%s': must be sender, desk or admin", request->role);
    access->role = (enum access_role)role;
    if (!access_name_fits(slice_of(request->name)))
        return error_set(why, "--name '%s': must be at most %d letters, digits and . _ - @ +",
                         request->name, ACCESS_NAME_SIZE - 1);
    slice_copy(slice_of(request->name), access->name, sizeof access->name);
    if (read_life(request->expires, &life, why) != 0 ||
        add_all(access, &request->domains, access_add_domain, "domain", why) != 0 ||
        add_all(access, &request->addresses, access_add_address, "address", why) != 0 ||
        add_all(access, &request->logins, access_add_login, "login", why) != 0)
        return -1;
    access->expires = cli->now + life;
    return access_check(access, why);
}

static void tell(const struct cli *cli, const struct access *access, const char *secret)
{
    char until[CLOCK_TEXT_SIZE];

    if (cli->request.json) {
        print_json(access, secret);
        return;
    }
    clock_text(access->expires, 0, until);
    if (secret == NULL) {
        fprintf(stderr, "%s (%s) is known by name until %.16s, and has no token.\n", access->name,
                access_role_word(access->role), until);
        return;
    }
    puts(secret);
    fflush(stdout);
    fprintf(stderr, "This is the token of %s (%s), good until %.16s. It is not shown again.\n",
            access->name, access_role_word(access->role), until);
}

static int add(const struct cli *cli)
{
    char secret[TOKEN_API_ROOM], hash[TOKEN_API_HASH_ROOM];
    unsigned char key[32];
    struct access access;
    struct error why;
    int result;

    if (read_access(cli, &access, &why) != 0 ||
        token_key(cli->settings->key_file, "token", key, &why) != 0) {
        complain("%s", why.text);
        return CLI_USAGE;
    }
    token_api_make(secret); /* without a token: this one, which nobody is told */
    (void)token_api_hash(key, slice_of(secret), hash);
    result = access_put(cli->store, &access, hash, &why);
    if (result == 0) {
        complain("there is a token called '%s'; revoke it first, or take another name",
                 access.name);
        return CLI_USAGE;
    }
    if (result < 0 || note(cli, "token-add", access.name, &why) != 0)
        return complain_store(cli, &why);
    tell(cli, &access, cli->request.no_token ? NULL : secret);
    return CLI_FOUND;
}

/* ---- list ---- */

static const struct table_column columns[] = {{"NAME", false, false},
                                              {"ROLE", false, false},
                                              {"EXPIRES", false, false},
                                              {"SUBJECTS", false, false},
                                              {"SEES", true, false}};

struct token_list {
    const struct cli *cli;
    struct table *table; /* from the first row on */
    size_t count;
    bool failed;
    struct error why;
};

static void add_row(struct token_list *list, const struct access *access)
{
    bool sender = access->role == ROLE_SENDER;
    char until[CLOCK_TEXT_SIZE], day[17];
    struct buffer sees;
    const char *cells[sizeof columns / sizeof columns[0]];

    clock_text(access->expires, 0, until);
    snprintf(day, sizeof day, "%.16s", until);
    buffer_init(&sees, 65536);
    escape_terminal(&sees, slice_of(sender ? access->addresses.text : access->domains.text));
    if (access->logins.text[0] != '\0') {
        buffer_add_text(&sees, sees.size > 0 ? " login: " : "login: ");
        escape_terminal(&sees, slice_of(access->logins.text));
    }
    if (sees.size == 0)
        buffer_add_text(&sees, "all");
    cells[0] = access->name;
    cells[1] = access_role_word(access->role);
    cells[2] = day;
    cells[3] = access->subjects || access->role != ROLE_DESK ? "yes" : "no";
    cells[4] = sees.data;
    table_row(list->table, cells, 0, NULL, NULL, 0);
    buffer_free(&sees);
}

static void token_seen(void *context, const struct access *access)
{
    struct token_list *list = context;

    list->count++;
    if (list->cli->request.json) {
        print_json(access, NULL);
        return;
    }
    if (list->table == NULL)
        list->table = table_new(list->cli, columns, sizeof columns / sizeof columns[0], true,
                                &list->why);
    if (list->table != NULL)
        add_row(list, access);
    else
        list->failed = true;
}

static int list(const struct cli *cli)
{
    struct token_list list = {.cli = cli};
    struct error why;
    int result = access_each(cli->store, token_seen, &list, &why);

    if ((list.table != NULL && table_print(&list.table, &list.why) != 0) || list.failed) {
        complain("%s", list.why.text);
        return CLI_UNREACHABLE;
    }
    if (result != 0)
        return complain_store(cli, &why);
    if (list.count == 0 && !cli->request.json)
        puts("There is no token.");
    return list.count > 0 ? CLI_FOUND : CLI_NOTHING;
}

/* ---- revoke ---- */

static int revoke(const struct cli *cli)
{
    const char *name = cli->request.arguments[1];
    struct error why;
    int result = access_drop(cli->store, slice_of(name), &why);

    if (result == 0) {
        complain("there is no token called '%s'; see 'waybill token list'", name);
        return CLI_NOTHING;
    }
    if (result < 0 || note(cli, "token-revoke", name, &why) != 0)
        return complain_store(cli, &why);
    if (!cli->request.json)
        printf("The token of %s is good for nothing from now on.\n", name);
    return CLI_FOUND;
}

int token_run(struct cli *cli)
{
    const char *verb = cli->request.arguments[0];
    int count = cli->request.argument_count;

    if (strcmp(verb, "add") == 0 && count == 1)
        return add(cli);
    if (strcmp(verb, "list") == 0 && count == 1)
        return list(cli);
    if (strcmp(verb, "revoke") == 0 && count == 2)
        return revoke(cli);
    complain("say 'waybill token add', 'list', or 'revoke NAME'; see 'waybill token --help'");
    return CLI_USAGE;
}
