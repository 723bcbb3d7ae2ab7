/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * export_person: all that is held about one address, an object a line.
 *
 * Of a mail those facts are told that concern the person or the mail as a whole. Other recipients
 * are other people's: where the person is the sender they stand there masked, with what was said
 * of them left out; where he is a recipient himself they do not stand there at all.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "../person.h"
#include "asker.h"
#include "command.h"
#include "token_json.h"
#include "waybill/clock.h"
#include "waybill/id.h"
#include "waybill/json.h"
#include "waybill/waybill_json.h"

#define LINE_MAX_BYTES (64u << 20)

static atomic_bool stopped;

static void stop(int signal)
{
    (void)signal;
    atomic_store(&stopped, true);
}

struct export {
    struct person *person;
    uint64_t *ids; /* of his mails, in order */
    size_t id_count;
    struct buffer names; /* by which he asks: "\nNAME\n" of each of his tokens */
    struct buffer line;
    uint64_t mails, audits, tokens, unread;
    bool failed;
};

static bool names(const struct export *export, const struct fact *fact, enum fact_key key)
{
    return fact->value[key].size > 0 &&
           forget_names_address(&export->person->asks, fact->value[key], fact->value[KEY_HOST]);
}

/* ---- one mail ---- */

struct roles {
    bool sender, recipient, named;
};

static bool roles_read(const struct export *export, const struct record *record,
                       struct roles *roles, struct buffer *scratch)
{
    struct fact fact;

    *roles = (struct roles){false, false, false};
    for (size_t i = 0; i < record->count; i++) {
        if (record_fact(record, i, &fact, scratch) != 0)
            continue;
        roles->sender = roles->sender || names(export, &fact, KEY_FROM) ||
                        names(export, &fact, KEY_LOGIN) ||
                        (fact.value[KEY_HEADER_FROM].size > 0 &&
                         forget_names(&export->person->asks, fact.value[KEY_HEADER_FROM]));
        roles->recipient =
            roles->recipient || names(export, &fact, KEY_TO) || names(export, &fact, KEY_ORIGINAL);
    }
    roles->named = record_names(record, &export->person->asks) > 0;
    return roles->named;
}

/* "b***@example.org" */
static void put_masked(struct json *json, struct slice address)
{
    struct slice domain = address_domain(address);
    struct buffer text;

    buffer_init(&text, 4096);
    if (address.size > 0 && (unsigned char)address.at[0] < 0x80)
        buffer_add_char(&text, address.at[0]);
    buffer_add_text(&text, "***");
    if (domain.size > 0) {
        buffer_add_char(&text, '@');
        buffer_add(&text, domain.at, domain.size);
    }
    json_put_string(json, slice_make(text.data, text.size));
    buffer_free(&text);
}

static void put_fact(struct json *json, const struct fact *fact, bool masked)
{
    const uint64_t others = KEY_BIT(REPLY) | KEY_BIT(ORCPT) | KEY_BIT(PARAMETERS);
    uint64_t keys = fact->keys & ~(KEY_BIT(WAYBILL) | (masked ? others : 0));

    json_begin_object(json);
    waybill_json_time(json, "time", fact->time);
    json_member_text(json, "witness", witness_name(fact->witness));
    json_member_text(json, "kind", fact_kind_word(fact->kind));
    while (keys != 0) {
        enum fact_key key = fact_take_key(&keys);

        json_put_key(json, fact_key_word(key));
        if (masked && (key == KEY_TO || key == KEY_ORIGINAL))
            put_masked(json, fact->value[key]);
        else
            json_put_string(json, fact->value[key]);
    }
    json_end_object(json);
}

static void put_facts(struct export *export, struct json *json, const struct record *record,
                      const struct roles *roles, struct buffer *scratch)
{
    struct fact fact;

    for (size_t i = 0; i < record->count; i++) {
        if (record_fact(record, i, &fact, scratch) != 0)
            continue;
        bool of_one = fact.value[KEY_TO].size > 0 || fact.value[KEY_ORIGINAL].size > 0;
        bool his = names(export, &fact, KEY_TO) || names(export, &fact, KEY_ORIGINAL);

        if (!of_one || his || roles->sender)
            put_fact(json, &fact, of_one && !his);
    }
}

static void mail_found(void *context, uint64_t id, const struct record *record, const char *why_not)
{
    struct export *export = context;
    struct roles roles;
    struct buffer scratch;
    struct json json;

    buffer_init(&scratch, FACT_LINE_MAX * 2);
    if (why_not == NULL && record->count > 0 && roles_read(export, record, &roles, &scratch)) {
        buffer_clear(&export->line);
        json_init(&json, &export->line);
        json_begin_object(&json);
        json_member_text(&json, "object", "waybill");
        waybill_json_id(&json, id);
        json_member_text(&json, "role",
                         roles.sender      ? (roles.recipient ? "sender and recipient" : "sender")
                         : roles.recipient ? "recipient"
                                           : "mentioned");
        json_member_text(&json, "host", record->host);
        json_member_text(&json, "queue_id", record->queue_id);
        json_member_array(&json, "facts");
        put_facts(export, &json, record, &roles, &scratch);
        json_end_array(&json);
        json_end_object(&json);
        puts(export->line.data);
        export->failed = export->failed || export->line.failed;
        export->mails++;
    }
    buffer_free(&scratch);
}

/* ---- the rest ---- */

static int compare_ids(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

    return a < b ? -1 : a > b;
}

/* A look at a mail of his. */
static bool looks_at_his(const struct export *export, const struct store_audit *audit)
{
    uint64_t id;

    return audit->about.at != NULL && id_parse(audit->about, &id) && export->id_count > 0 &&
           bsearch(&id, export->ids, export->id_count, sizeof id, compare_ids) != NULL;
}

static bool asks_himself(const struct export *export, struct slice who)
{
    char name[ACCESS_NAME_SIZE + 2];

    if (who.at == NULL || who.size >= ACCESS_NAME_SIZE || slice_find(who, '\n') >= 0)
        return false;
    snprintf(name, sizeof name, "\n%.*s\n", SLICE_ARGS(who));
    return slice_find_text(slice_make(export->names.data, export->names.size), name) >= 0;
}

static void token_found(void *context, const struct access *access, enum person_token kind)
{
    struct export *export = context;
    struct json json;

    if (kind != PERSON_TOKEN_NAMED)
        buffer_addf(&export->names, "\n%s\n", access->name);
    buffer_clear(&export->line);
    json_init(&json, &export->line);
    token_json(&json, access, NULL);
    puts(export->line.data);
    export->tokens++;
}

static void audit_found(void *context, const struct store_audit *audit, struct slice field)
{
    struct export *export = context;
    const struct forgetting *asks = &export->person->asks;
    struct json json;

    (void)field;
    if (!(export->person->hash[0] != '\0' && slice_is(audit->about, export->person->hash)) &&
        !(audit->about.at != NULL && forget_names(asks, audit->about)) &&
        !(audit->reason.at != NULL && forget_names(asks, audit->reason)) &&
        !(audit->who.at != NULL && forget_names(asks, audit->who)) &&
        !looks_at_his(export, audit) && !asks_himself(export, audit->who))
        return;
    buffer_clear(&export->line);
    json_init(&json, &export->line);
    waybill_json_audit(&json, audit);
    puts(export->line.data);
    export->audits++;
}

static void put_tomb(struct export *export, const struct store_tomb *tomb)
{
    struct json json;

    buffer_clear(&export->line);
    json_init(&json, &export->line);
    json_begin_object(&json);
    json_member_text(&json, "object", "tombstone");
    json_member_text(&json, "hash", tomb->hash);
    waybill_json_time(&json, "until", tomb->until);
    json_end_object(&json);
    puts(export->line.data);
}

static void put_summary(struct export *export, int64_t since, int64_t until)
{
    struct json json;

    buffer_clear(&export->line);
    json_init(&json, &export->line);
    json_begin_object(&json);
    json_member_text(&json, "object", "person");
    json_member_string(&json, "address",
                       slice_make(export->person->canonical, export->person->size));
    waybill_json_time(&json, "since", since);
    waybill_json_time(&json, "until", until);
    json_member_number(&json, "waybills", (int64_t)export->mails);
    json_member_number(&json, "audit_entries", (int64_t)export->audits);
    json_member_number(&json, "tokens", (int64_t)export->tokens);
    json_member_number(&json, "records_not_read", (int64_t)export->unread);
    json_member_text(&json, "also_held",
                     "the index of each day, by hashes; events and the set of delayed "
                     "recipients, by the waybill's id and a hash of the recipient");
    json_end_object(&json);
    puts(export->line.data);
}

static int export_mails(struct cli *cli, struct export *export, uint32_t first, struct error *why)
{
    int result = person_find(export->person, first, cli->now, &export->ids, &export->id_count,
                             &export->unread, &stopped, why);

    if (result == 0)
        result = store_get_records(cli->store, export->ids, export->id_count, mail_found, export,
                                   why);
    if (result == 0 && export->id_count > 0)
        qsort(export->ids, export->id_count, sizeof *export->ids, compare_ids);
    return result;
}

static int export_all(struct cli *cli, struct export *export, struct error *why)
{
    struct person *person = export->person;
    int64_t since = cli->request.since;
    const struct store_tomb *tomb = store_tombs_find(&person->tombs, person->hash);
    uint32_t first;
    int result;

    if (person_first_day(person, cli->now, &first, why))
        return -1;
    if (since == TIME_NOT_GIVEN)
        since = clock_of_day(first, 0);
    else if (clock_day(since, NULL) > first)
        first = clock_day(since, NULL);
    result = export_mails(cli, export, first, why);
    if (result != 0)
        return result;
    if (person_each_token(person, token_found, export, why) != 0 ||
        store_each_audit(cli->store,
                         cli->now - (cli->settings->audit_retention_days + 1) * DAY_MS, cli->now,
                         audit_found, export, why))
        return -1;
    if (tomb != NULL)
        put_tomb(export, tomb);
    put_summary(export, since, cli->now);
    return 0;
}

static int put_audit(struct cli *cli, const struct export *export, struct error *why)
{
    char who[ASKER_SIZE];
    const struct store_audit audit = {.time = clock_now(),
                                      .who = slice_of(asker(who)),
                                      .what = slice_of("export-person"),
                                      .about = slice_of(export->person->hash),
                                      .count = export->mails,
                                      .reason = person_reason(export->person,
                                                              cli->request.reason)};

    store_put_audit(cli->store, &audit);
    return store_flush(cli->store, why);
}

int export_person_run(struct cli *cli)
{
    struct sigaction action = {.sa_handler = stop};
    struct person person;
    struct export export = {.person = &person};
    struct error why;
    int result =
        person_open(&person, cli->store, cli->settings, cli->request.arguments[0], true, &why);
    int code = CLI_FOUND;

    if (result > 0) {
        complain("'%s' is no address: give local-part@domain", cli->request.arguments[0]);
        return CLI_USAGE;
    }
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    buffer_init(&export.line, LINE_MAX_BYTES);
    buffer_init(&export.names, 1u << 20);
    if (result == 0)
        result = export_all(cli, &export, &why);
    if (result == 0)
        result = put_audit(cli, &export, &why);
    if (result < 0) {
        code = complain_store(cli, &why);
    } else if (result > 0) {
        code = CLI_STOPPED;
    } else if (export.failed) {
        complain("a mail is left out: no memory");
        code = CLI_UNREACHABLE;
    } else if (export.mails + export.audits + export.tokens == 0) {
        code = CLI_NOTHING;
    }
    if (export.unread > 0)
        complain("the export is incomplete: %llu values could not be read; 'waybill trace' and "
                 "'waybill doctor' tell why", (unsigned long long)export.unread);
    free(export.ids);
    buffer_free(&export.names);
    buffer_free(&export.line);
    person_close(&person);
    return code;
}
