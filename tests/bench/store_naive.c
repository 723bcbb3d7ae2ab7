/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * store_naive: see the header.
 *
 *     wb:mail:ID          hash         the envelope and the header
 *     wb:mail:ID:rcpt:N   hash         a recipient: state, attempts, words
 *     wb:mail:ID:events   list         JSON, in the order in which they came
 *     wb:KIND:TERM        sorted set   id, by time
 *     wb:time             sorted set   every id, by time
 *     wb:state:STATE      sorted set   id and recipient, by time
 */
#include "store_naive.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "waybill/address.h"
#include "waybill/buffer.h"
#include "waybill/clock.h"
#include "waybill/id.h"
#include "waybill/store.h"
#include "waybill/waybill.h"

#define WORDS_MAX 96
#define TERMS_MAX 512
#define RECIPIENTS_MAX 128

struct naive {
    redisContext *context;
    int64_t retention_days;
    bool streams;
    size_t waiting;
    uint64_t commands;
    struct buffer json;
};

/* One command, word by word. */
struct command {
    const char *words[WORDS_MAX];
    size_t sizes[WORDS_MAX];
    int count;
};

static _Noreturn void naive_fail(const struct naive *naive, const char *what)
{
    fprintf(stderr, "store_load: naive: %s: %s\n", what,
            naive->context != NULL ? naive->context->errstr : "no memory");
    exit(1);
}

struct naive *naive_open(const char *host, unsigned port, int64_t retention_days, bool streams)
{
    struct naive *naive = calloc(1, sizeof *naive);
    if (naive == NULL)
        abort();
    naive->context = redisConnect(host, (int)port);
    if (naive->context == NULL || naive->context->err != 0)
        naive_fail(naive, "cannot connect");
    naive->retention_days = retention_days;
    naive->streams = streams;
    buffer_init(&naive->json, 1 << 20);
    return naive;
}

void naive_close(struct naive *naive)
{
    redisFree(naive->context);
    buffer_free(&naive->json);
    free(naive);
}

uint64_t naive_commands(const struct naive *naive)
{
    return naive->commands;
}

/* ---- commands ---- */

static void add(struct command *command, struct slice word)
{
    if (command->count == WORDS_MAX)
        abort();
    command->words[command->count] = word.size > 0 ? word.at : "";
    command->sizes[command->count++] = word.size;
}

static void add_pair(struct command *command, const char *name, struct slice value)
{
    if (value.at == NULL)
        return;
    add(command, slice_of(name));
    add(command, value);
}

static void send(struct naive *naive, const struct command *command)
{
    if (redisAppendCommandArgv(naive->context, command->count, (const char **)command->words,
                               command->sizes) != REDIS_OK)
        naive_fail(naive, "cannot form a command");
    naive->waiting++;
    naive->commands++;
}

static void send_expiry(struct naive *naive, struct slice key, uint64_t id)
{
    char moment[24];
    struct command command = {.count = 0};
    int64_t end = clock_of_day(id_day(id), 0) + (naive->retention_days + 1) * DAY_MS;
    int size = snprintf(moment, sizeof moment, "%" PRId64, end / SECOND_MS);
    add(&command, slice_of("EXPIREAT"));
    add(&command, key);
    add(&command, slice_make(moment, (size_t)size));
    send(naive, &command);
}

void naive_flush(struct naive *naive)
{
    void *reply;
    for (; naive->waiting > 0; naive->waiting--) {
        if (redisGetReply(naive->context, &reply) != REDIS_OK || reply == NULL)
            naive_fail(naive, "cannot write");
        if (((redisReply *)reply)->type == REDIS_REPLY_ERROR) {
            fprintf(stderr, "store_load: naive: %s\n", ((redisReply *)reply)->str);
            exit(1);
        }
        freeReplyObject(reply);
    }
}

/* ---- a mail ---- */

/* What is said of a mail as a whole, from whichever of its facts. */
static void put_envelope(struct naive *naive, uint64_t id, const struct fact *facts, size_t count)
{
    static const enum fact_key kept[] = {
        KEY_HOST, KEY_INSTANCE,    KEY_QUEUE, KEY_FROM,    KEY_CLIENT,     KEY_IP,   KEY_PORT,
        KEY_HELO, KEY_LOGIN,       KEY_AUTH,  KEY_TLS,     KEY_DAEMON,     KEY_SIZE, KEY_MESSAGE_ID,
        KEY_DATE, KEY_HEADER_FROM, KEY_LIST,  KEY_SUBJECT, KEY_DAEMON_PORT};
    char key[64], time[24];
    struct slice value,
        name = slice_make(key, (size_t)snprintf(key, sizeof key, "wb:mail:%" PRIu64, id));
    struct command command = {.count = 0};
    add(&command, slice_of("HSET"));
    add(&command, name);
    add_pair(&command, "time",
             slice_make(time, (size_t)snprintf(time, sizeof time, "%" PRId64, facts[0].time)));
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        value = SLICE_ABSENT;
        for (size_t j = 0; j < count && value.at == NULL; j++)
            value = facts[j].value[kept[i]];
        add_pair(&command, fact_key_word(kept[i]), value);
    }
    send(naive, &command);
    send_expiry(naive, name, id);
}

struct person {
    struct slice address, original;
    const struct fact *last; /* the latest that changes the state */
    unsigned attempts;
};

static struct person *find_person(struct person *people, size_t *count, struct slice address)
{
    for (size_t i = 0; i < *count; i++)
        if (slice_equal(people[i].address, address))
            return &people[i];
    if (*count == RECIPIENTS_MAX)
        return NULL;
    people[*count] = (struct person){.address = address};
    return &people[(*count)++];
}

static size_t find_people(struct person *people, const struct fact *facts, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const struct fact *fact = &facts[i];
        struct person *person;
        if (fact->value[KEY_TO].at == NULL ||
            (person = find_person(people, &found, fact->value[KEY_TO])) == NULL)
            continue;
        if (fact->value[KEY_ORIGINAL].at != NULL)
            person->original = fact->value[KEY_ORIGINAL];
        if (state_of_kind(fact->kind) >= 0)
            person->last = fact;
        person->attempts += fact->value[KEY_RELAY].at != NULL;
    }
    return found;
}

static void put_person(struct naive *naive, uint64_t id, size_t number, const struct person *person)
{
    char key[64], time[24], attempts[12];
    struct slice name = slice_make(
        key, (size_t)snprintf(key, sizeof key, "wb:mail:%" PRIu64 ":rcpt:%zu", id, number));
    struct command command = {.count = 0};
    const struct fact *last = person->last;
    add(&command, slice_of("HSET"));
    add(&command, name);
    add_pair(&command, "to", person->address);
    add_pair(&command, "orig", person->original);
    if (last != NULL) {
        add_pair(&command, "state",
                 slice_of(state_word((enum recipient_state)state_of_kind(last->kind))));
        add_pair(&command, "since",
                 slice_make(time, (size_t)snprintf(time, sizeof time, "%" PRId64, last->time)));
        add_pair(&command, "dsn", last->value[KEY_STATUS]);
        add_pair(&command, "relay", last->value[KEY_RELAY]);
        add_pair(&command, "delays", last->value[KEY_DELAYS]);
        add_pair(&command, "next", last->value[KEY_NEXT]);
        add_pair(&command, "reply", last->value[KEY_REPLY]);
    }
    add_pair(
        &command, "attempts",
        slice_make(attempts, (size_t)snprintf(attempts, sizeof attempts, "%u", person->attempts)));
    send(naive, &command);
    send_expiry(naive, name, id);
}

/* ---- events ---- */

static void json_member(struct buffer *to, const char *name, struct slice value)
{
    if (value.at == NULL)
        return;
    buffer_add(to, ",\"", 2);
    buffer_add_text(to, name);
    buffer_add(to, "\":\"", 3);
    for (size_t i = 0; i < value.size; i++) {
        if (value.at[i] == '"' || value.at[i] == '\\')
            buffer_add_char(to, '\\');
        buffer_add_char(to, value.at[i]);
    }
    buffer_add_char(to, '"');
}

static void json_event(struct buffer *to, const struct fact *fact)
{
    static const enum fact_key kept[] = {KEY_TO,    KEY_ORIGINAL, KEY_STATUS, KEY_RELAY, KEY_DELAYS,
                                         KEY_DELAY, KEY_NEXT,     KEY_REPLY,  KEY_PHASE};
    buffer_addf(to, "{\"time\":%" PRId64, fact->time);
    json_member(to, "event", slice_of(fact_kind_word(fact->kind)));
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        json_member(to, fact_key_word(kept[i]), fact->value[kept[i]]);
    buffer_add_char(to, '}');
}

/* Taken into the queue, and whatever changed a recipient's state. */
static bool is_event(const struct fact *fact)
{
    return fact->kind == FACT_QUEUED || (fact->kind != FACT_RCPT && state_of_kind(fact->kind) >= 0);
}

static void send_stream(struct naive *naive, uint64_t id, struct slice json)
{
    char key[24];
    struct command command = {.count = 0};
    add(&command, slice_of("XADD"));
    add(&command, slice_make(key, (size_t)snprintf(key, sizeof key, "wb:stream:%u",
                                                   (unsigned)(id % STORE_STREAMS))));
    add(&command, slice_of("MAXLEN"));
    add(&command, slice_of("~"));
    add(&command, slice_of("10000"));
    add(&command, slice_of("*"));
    add_pair(&command, "event", json);
    send(naive, &command);
}

static void put_events(struct naive *naive, uint64_t id, const struct fact *facts, size_t count)
{
    char key[64];
    struct slice name =
        slice_make(key, (size_t)snprintf(key, sizeof key, "wb:mail:%" PRIu64 ":events", id));
    struct command command = {.count = 0};
    size_t ends[WORDS_MAX], found = 0, from = 0;
    buffer_clear(&naive->json);
    for (size_t i = 0; i < count && found < WORDS_MAX - 2; i++) {
        if (!is_event(&facts[i]))
            continue;
        json_event(&naive->json, &facts[i]);
        ends[found++] = naive->json.size;
    }
    if (found == 0)
        return;
    add(&command, slice_of("RPUSH"));
    add(&command, name);
    for (size_t i = 0; i < found; from = ends[i++]) {
        add(&command, slice_make(naive->json.data + from, ends[i] - from));
        if (naive->streams)
            send_stream(naive, id, slice_make(naive->json.data + from, ends[i] - from));
    }
    send(naive, &command);
    send_expiry(naive, name, id);
}

/* ---- the index ---- */

static void put_scored(struct naive *naive, struct slice key, int64_t time, struct slice member)
{
    char score[24];
    struct command command = {.count = 0};
    add(&command, slice_of("ZADD"));
    add(&command, key);
    add(&command, slice_make(score, (size_t)snprintf(score, sizeof score, "%" PRId64, time)));
    add(&command, member);
    send(naive, &command);
}

struct index {
    struct naive *naive;
    uint64_t id;
    int64_t time;
    struct slice member;
    struct posted {
        const char *kind;
        struct slice word;
    } posted[TERMS_MAX];
    size_t count;
};

static void post(struct index *index, const char *kind, struct slice word)
{
    char key[TERM_MAX + 16];
    if (word.size == 0 || word.size > TERM_MAX - 16 || index->count == TERMS_MAX)
        return;
    for (size_t i = 0; i < index->count; i++)
        if (index->posted[i].kind == kind && slice_equal(index->posted[i].word, word))
            return;
    index->posted[index->count++] = (struct posted){kind, word};
    struct slice name = slice_make(key, (size_t)snprintf(key, sizeof key, "wb:%s:", kind));
    for (size_t i = 0; i < word.size; i++)
        key[name.size++] = text_lower(word.at[i]);
    put_scored(index->naive, name, index->time, index->member);
    send_expiry(index->naive, name, index->id);
}

static void post_address(struct index *index, const char *kind, const char *domain_kind,
                         struct slice address)
{
    if (address.size == 0)
        return;
    post(index, kind, address);
    post(index, domain_kind, address_domain(address));
}

static const char KIND_TO[] = "to", KIND_TO_DOMAIN[] = "todomain", KIND_FROM[] = "from",
                  KIND_FROM_DOMAIN[] = "fromdomain", KIND_ID[] = "msgid", KIND_QUEUE[] = "queueid",
                  KIND_IP[] = "client", KIND_LOGIN[] = "login";

static void put_terms(struct naive *naive, uint64_t id, struct slice member,
                      const struct fact *facts, size_t count)
{
    static struct index index;
    index.naive = naive;
    index.id = id;
    index.time = facts[0].time;
    index.member = member;
    index.count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct slice *value = facts[i].value;
        post_address(&index, KIND_TO, KIND_TO_DOMAIN, value[KEY_TO]);
        post_address(&index, KIND_TO, KIND_TO_DOMAIN, value[KEY_ORIGINAL]);
        post_address(&index, KIND_FROM, KIND_FROM_DOMAIN, value[KEY_FROM]);
        post(&index, KIND_ID, value[KEY_MESSAGE_ID]);
        post(&index, KIND_QUEUE, value[KEY_QUEUE]);
        post(&index, KIND_IP, value[KEY_IP]);
        post(&index, KIND_LOGIN, value[KEY_LOGIN]);
    }
    put_scored(naive, slice_of("wb:time"), facts[0].time, member);
}

static void put_state(struct naive *naive, uint64_t id, size_t number, const struct person *person)
{
    char key[40], member[40];
    int state = person->last != NULL ? state_of_kind(person->last->kind) : -1;
    if (state != STATE_DELAYED && state != STATE_FAILED && state != STATE_REJECTED &&
        state != STATE_EXPIRED)
        return;
    int key_size =
        snprintf(key, sizeof key, "wb:state:%s", state_word((enum recipient_state)state));
    int size = snprintf(member, sizeof member, "%" PRIu64 ":%zu", id, number);
    put_scored(naive, slice_make(key, (size_t)key_size), person->last->time,
               slice_make(member, (size_t)size));
}

void naive_put(struct naive *naive, uint64_t id, const struct fact *facts, size_t count)
{
    struct person people[RECIPIENTS_MAX];
    size_t people_count = find_people(people, facts, count);
    char member[24];
    struct slice name = slice_make(member, (size_t)snprintf(member, sizeof member, "%" PRIu64, id));
    put_envelope(naive, id, facts, count);
    for (size_t i = 0; i < people_count; i++) {
        put_person(naive, id, i, &people[i]);
        put_state(naive, id, i, &people[i]);
    }
    put_events(naive, id, facts, count);
    put_terms(naive, id, name, facts, count);
}
