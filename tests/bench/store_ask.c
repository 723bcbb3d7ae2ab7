/* SPDX-License-Identifier: BSD-2-Clause */
/* store_ask: see the header. */
#include "store_ask.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "waybill/address.h"
#include "waybill/clock.h"
#include "waybill/digest.h"
#include "waybill/waybill.h"

#define NEWEST 50u
#define SLOTS 65536u
#define WORD_MAX 200u
#define RANGE_MS (6 * HOUR_MS)

enum ask_kind {
    ASK_RECIPIENT,
    ASK_SENDER,
    ASK_RECIPIENT_DOMAIN,
    ASK_MESSAGE_ID,
    ASK_QUEUE_ID,
    ASK_CLIENT_IP,
    ASK_LOGIN,
    ASK_COMBINED,
    ASK_FAILED,
    ASK_DELAYED,
    ASK_RANGE,
    ASK_KINDS
};
static const struct {
    const char *name;
    enum term_kind term;
} kinds[] = {
    [ASK_RECIPIENT] = {"recipient", TERM_RECIPIENT},
    [ASK_SENDER] = {"sender", TERM_SENDER},
    [ASK_RECIPIENT_DOMAIN] = {"recipient_domain", TERM_RECIPIENT_DOMAIN},
    [ASK_MESSAGE_ID] = {"message_id", TERM_MESSAGE_ID},
    [ASK_QUEUE_ID] = {"queue_id", TERM_QUEUE_ID},
    [ASK_CLIENT_IP] = {"client_ip", TERM_CLIENT_IP},
    [ASK_LOGIN] = {"login", TERM_LOGIN},
    [ASK_COMBINED] = {"sender_and_recipient_domain", TERM_SENDER},
    [ASK_FAILED] = {"failed_of_a_day", TERM_OUTCOME},
    [ASK_DELAYED] = {"delayed_now", TERM_OUTCOME},
    [ASK_RANGE] = {"time_range", TERM_OUTCOME},
};

struct ask {
    enum ask_kind kind;
    char word[WORD_MAX], second[WORD_MAX]; /* second: the recipient's domain */
    int64_t from, until;
    uint64_t newest[NEWEST]; /* a ring */
    uint64_t noted;          /* ids that belong to the answer */
    struct ask *next; /* of the same slot */
};

/* What the questions of a kind cost, each in the mean, but for the two quantiles. */
struct round {
    double p50, p99, client, server, commands;
};

struct asks {
    struct ask *of[ASK_KINDS];
    size_t count;
    struct ask *slots[SLOTS];
    uint64_t seen, chance;
    double *spent;
    struct round *rounds;
};

/* ---- what is asked ---- */

static uint64_t draw(struct asks *asks)
{
    uint64_t x = asks->chance += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

static struct ask **slot_of(struct asks *asks, enum ask_kind kind, struct slice word,
                            struct slice second)
{
    uint64_t hash = digest_here((uint64_t)kind + 1, word.at, word.size);
    if (second.size > 0)
        hash = digest_here(hash, second.at, second.size);
    return &asks->slots[hash % SLOTS];
}

/* A word as it stands in the index; false: none, or too long. */
static bool word_of(struct slice value, char word[static WORD_MAX])
{
    char term[TERM_MAX];
    size_t size = value.size > 0 && value.size < WORD_MAX ? term_fold(value, term) : 0;
    memcpy(word, term, size);
    word[size] = '\0';
    return size > 0;
}

static struct slice value_in(const struct mails_mail *mail, enum fact_key key)
{
    for (size_t i = 0; i < mail->count; i++)
        if (mail->facts[i].value[key].size > 0)
            return mail->facts[i].value[key];
    return SLICE_ABSENT;
}

/* Make of the mail a question; false: it has no such term. */
static bool ask_from(struct ask *ask, enum ask_kind kind, const struct mails_mail *mail)
{
    struct slice to = value_in(mail, KEY_TO), from = value_in(mail, KEY_FROM);
    ask->kind = kind;
    switch (kind) {
    case ASK_RECIPIENT:
        return word_of(to, ask->word);
    case ASK_SENDER:
        return word_of(from, ask->word);
    case ASK_RECIPIENT_DOMAIN:
        return word_of(address_domain(to), ask->word);
    case ASK_MESSAGE_ID:
        return word_of(value_in(mail, KEY_MESSAGE_ID), ask->word);
    case ASK_QUEUE_ID:
        return word_of(value_in(mail, KEY_QUEUE), ask->word);
    case ASK_CLIENT_IP:
        return word_of(value_in(mail, KEY_IP), ask->word);
    case ASK_LOGIN:
        return word_of(value_in(mail, KEY_LOGIN), ask->word);
    case ASK_COMBINED:
        return word_of(from, ask->word) && word_of(address_domain(to), ask->second);
    default:
        return false;
    }
}

static bool is_one_mail(enum ask_kind kind)
{
    return kind == ASK_MESSAGE_ID || kind == ASK_QUEUE_ID;
}

static void ask_drawn(struct asks *asks, enum ask_kind kind, struct traffic *traffic,
                      struct mails_mail *mail)
{
    for (size_t i = 0; i < asks->count;) {
        struct ask *ask = &asks->of[kind][i];
        traffic_next(traffic, mail);
        if (!ask_from(ask, kind, mail))
            continue;
        struct ask **slot = slot_of(asks, kind, slice_of(ask->word), slice_of(ask->second));
        ask->next = *slot;
        *slot = ask;
        i++;
    }
}

static void ask_timed(struct asks *asks, int64_t now)
{
    for (size_t i = 0; i < asks->count; i++) {
        struct ask *failed = &asks->of[ASK_FAILED][i], *range = &asks->of[ASK_RANGE][i];
        int64_t day = now - now % DAY_MS - (int64_t)(draw(asks) % (TRAFFIC_DAYS - 1)) * DAY_MS;
        failed->from = day;
        failed->until = day + DAY_MS - 1;
        range->until = now - (int64_t)(draw(asks) % ((TRAFFIC_DAYS - 2) * (uint64_t)DAY_MS));
        range->until -= range->until % SECOND_MS;
        range->from = range->until - RANGE_MS;
    }
}

struct asks *asks_open(struct traffic *traffic, size_t count, int64_t now)
{
    struct asks *asks = calloc(1, sizeof *asks);
    struct mails_mail *mail = malloc(sizeof *mail);
    if (asks == NULL || mail == NULL)
        abort();
    asks->count = count;
    asks->chance = 7;
    asks->spent = calloc(count, sizeof *asks->spent);
    for (int kind = 0; kind < ASK_KINDS; kind++) {
        asks->of[kind] = calloc(count, sizeof *asks->of[kind]);
        if (asks->of[kind] == NULL || asks->spent == NULL)
            abort();
        for (size_t i = 0; i < count; i++)
            asks->of[kind][i] = (struct ask){.kind = (enum ask_kind)kind, .until = now};
        if (kind <= ASK_COMBINED && !is_one_mail((enum ask_kind)kind))
            ask_drawn(asks, (enum ask_kind)kind, traffic, mail);
    }
    ask_timed(asks, now);
    free(mail);
    return asks;
}

void asks_close(struct asks *asks)
{
    for (int kind = 0; kind < ASK_KINDS; kind++)
        free(asks->of[kind]);
    free(asks->spent);
    free(asks);
}

/* ---- what the answer has to be ---- */

static void note(struct ask *ask, uint64_t id)
{
    if (ask->noted > 0 && ask->newest[(ask->noted - 1) % NEWEST] == id)
        return;
    ask->newest[ask->noted++ % NEWEST] = id;
}

static void note_word(struct asks *asks, enum ask_kind kind, uint64_t id, struct slice word,
                      struct slice second)
{
    if (word.size == 0)
        return;
    for (struct ask *ask = *slot_of(asks, kind, word, second); ask != NULL; ask = ask->next)
        if (ask->kind == kind && slice_is(word, ask->word) &&
            (second.size == 0 || slice_is(second, ask->second)))
            note(ask, id);
}

static void note_recipient(struct asks *asks, uint64_t id, struct slice address, struct slice from)
{
    struct slice domain = address_domain(address);
    if (address.size == 0)
        return;
    note_word(asks, ASK_RECIPIENT, id, address, SLICE_ABSENT);
    note_word(asks, ASK_RECIPIENT_DOMAIN, id, domain, SLICE_ABSENT);
    note_word(asks, ASK_COMBINED, id, from, domain);
}

/* Message-IDs and queue ids are drawn from all mails alike while these go by. */
static void note_one_mail(struct asks *asks, const struct mails_mail *mail)
{
    size_t place = asks->seen < asks->count ? asks->seen : draw(asks) % (asks->seen + 1);
    if (value_in(mail, KEY_MESSAGE_ID).size == 0)
        return;
    asks->seen++;
    if (place >= asks->count)
        return;
    for (int kind = 0; kind < ASK_KINDS; kind++) {
        struct ask *ask = &asks->of[kind][place];
        if (!is_one_mail((enum ask_kind)kind) || !ask_from(ask, (enum ask_kind)kind, mail))
            continue;
        ask->noted = 0;
        note(ask, mail->id);
    }
}

static void note_times(struct asks *asks, const struct mails_mail *mail, bool failed, bool delayed)
{
    int64_t time = id_time(mail->id);
    for (size_t i = 0; i < asks->count; i++) {
        struct ask *range = &asks->of[ASK_RANGE][i], *bad = &asks->of[ASK_FAILED][i];
        if (time >= range->from && time <= range->until)
            note(range, mail->id);
        if (failed && time >= bad->from && time <= bad->until)
            note(bad, mail->id);
        if (delayed)
            note(&asks->of[ASK_DELAYED][i], mail->id);
    }
}

/* One may be named twice, and wait once. */
static bool waits(const struct mails_mail *mail, struct slice to)
{
    for (size_t i = 0; i < mail->count; i++)
        if ((mail->facts[i].kind == FACT_DELIVERED || mail->facts[i].kind == FACT_FAILED) &&
            slice_equal(mail->facts[i].value[KEY_TO], to))
            return false;
    return true;
}

/* One may be named twice, as a member of a list and by himself: the later end counts. */
static bool fails(const struct mails_mail *mail, const struct fact *failed)
{
    for (size_t i = 0; i < mail->count; i++)
        if (mail->facts[i].kind == FACT_DELIVERED && mail->facts[i].time > failed->time &&
            slice_equal(mail->facts[i].value[KEY_TO], failed->value[KEY_TO]))
            return false;
    return true;
}

void asks_note(struct asks *asks, const struct mails_mail *mail)
{
    bool failed = false, delayed = false;
    struct slice from = value_in(mail, KEY_FROM);
    if (value_in(mail, KEY_QUEUE).size == 0)
        return; /* refused, so it may be gone before the others */
    for (size_t i = 0; i < mail->count; i++) {
        const struct fact *fact = &mail->facts[i];
        note_recipient(asks, mail->id, fact->value[KEY_TO], from);
        note_recipient(asks, mail->id, fact->value[KEY_ORIGINAL], from);
        failed = failed || (fact->kind == FACT_FAILED && fails(mail, fact));
        delayed = delayed || (fact->kind == FACT_DELAYED && waits(mail, fact->value[KEY_TO]));
    }
    note_word(asks, ASK_SENDER, mail->id, from, SLICE_ABSENT);
    note_word(asks, ASK_CLIENT_IP, mail->id, value_in(mail, KEY_IP), SLICE_ABSENT);
    note_word(asks, ASK_LOGIN, mail->id, value_in(mail, KEY_LOGIN), SLICE_ABSENT);
    note_times(asks, mail, failed, delayed);
    note_one_mail(asks, mail);
}

/* ---- asking ---- */

struct answer {
    const struct ask *ask;
    uint64_t ids[NEWEST];
    size_t count;
    const char *why_not;
};

static bool has_recipient(const struct waybill *waybill, const char *word, bool domain)
{
    for (size_t i = 0; i < waybill->recipient_count; i++) {
        struct slice address = waybill->recipients[i].address;
        struct slice original = waybill->recipients[i].original;
        if (slice_is(domain ? address_domain(address) : address, word) ||
            (original.at != NULL && slice_is(domain ? address_domain(original) : original, word)))
            return true;
    }
    return false;
}

static bool has_state(const struct waybill *waybill, enum recipient_state state)
{
    for (size_t i = 0; i < waybill->recipient_count; i++)
        if (waybill->recipients[i].state == state)
            return true;
    return false;
}

static bool fits(const struct ask *ask, const struct waybill *waybill)
{
    switch (ask->kind) {
    case ASK_RECIPIENT:
    case ASK_RECIPIENT_DOMAIN:
        return has_recipient(waybill, ask->word, ask->kind == ASK_RECIPIENT_DOMAIN);
    case ASK_COMBINED:
        return slice_is(waybill->from, ask->word) && has_recipient(waybill, ask->second, true);
    case ASK_SENDER:
        return slice_is(waybill->from, ask->word);
    case ASK_MESSAGE_ID:
        return slice_is(waybill->message_id, ask->word);
    case ASK_QUEUE_ID:
        return slice_equal_nocase(waybill->queue_id, slice_of(ask->word));
    case ASK_CLIENT_IP:
        return slice_is(waybill->ip, ask->word);
    case ASK_LOGIN:
        return slice_is(waybill->login, ask->word);
    case ASK_FAILED:
        return has_state(waybill, STATE_FAILED);
    case ASK_DELAYED:
        return has_state(waybill, STATE_DELAYED);
    default:
        return true;
    }
}

static void take_waybill(void *context, uint64_t id, struct waybill *waybill, uint64_t see,
                         const char *why_not)
{
    struct answer *answer = context;
    (void)see; /* nothing moves here */
    if (why_not != NULL)
        answer->why_not = why_not;
    if (waybill == NULL)
        return;
    if (answer->count < NEWEST && waybill->queued && fits(answer->ask, waybill))
        answer->ids[answer->count++] = id;
    waybill_clear(waybill);
}

static _Noreturn void ask_fail(const struct error *why)
{
    fprintf(stderr, "store_load: cannot ask: %s\n", why->text);
    exit(1);
}

/* The records behind ids, page by page, until there are enough. */
static void take_ids(struct answer *answer, struct store *store, const uint64_t *ids, size_t count)
{
    struct error why;
    for (size_t done = 0; done < count && answer->count < NEWEST;) {
        size_t page = NEWEST - answer->count < count - done ? NEWEST - answer->count : count - done;
        if (store_get_waybills(store, ids + done, page, clock_now(), 0, take_waybill, answer,
                               &why) != 0)
            ask_fail(&why);
        done += page;
    }
}

static struct store_walk *walk_open(struct store *store, const struct ask *ask,
                                    const struct store_term *term)
{
    struct store_walk *walk;
    struct error why;
    int64_t from = ask->from != 0 ? ask->from : ask->until - TRAFFIC_DAYS * DAY_MS;
    if (store_walk_open(&walk, store, term, 1, from, ask->until, false, &why) != 0)
        ask_fail(&why);
    return walk;
}

static void walk_all(struct answer *answer, struct store *store, struct store_walk *walk)
{
    struct error why;
    uint64_t *ids;
    size_t count;
    int more = 1;
    while (answer->count < NEWEST && (more = store_walk_next(walk, &ids, &count, &why)) > 0) {
        take_ids(answer, store, ids, count);
        free(ids);
    }
    if (more < 0)
        ask_fail(&why);
}

/* The rarer of two terms drives, the other one is looked for in the records. */
static void ask_terms(struct answer *answer, struct store *store)
{
    const struct ask *ask = answer->ask;
    const char *word = ask->kind == ASK_FAILED ? "failed" : ask->word;
    struct store_term first = {kinds[ask->kind].term, slice_of(word)};
    struct store_term second = {TERM_RECIPIENT_DOMAIN, slice_of(ask->second)};
    struct store_walk *walk = walk_open(store, ask, &first), *other = NULL;
    if (second.term.size > 0)
        other = walk_open(store, ask, &second);
    if (other != NULL && store_walk_weight(other) < store_walk_weight(walk))
        walk_all(answer, store, other);
    else
        walk_all(answer, store, walk);
    store_walk_close(&walk);
    store_walk_close(&other);
}

static void ask_state(struct answer *answer, struct store *store)
{
    struct error why;
    uint64_t *ids;
    size_t count;
    if (store_find_delayed(store, &ids, &count, &why) != 0)
        ask_fail(&why);
    take_ids(answer, store, ids, count);
    free(ids);
}

static void ask_range(struct answer *answer, struct store *store)
{
    const struct ask *ask = answer->ask;
    struct error why;
    uint64_t *ids;
    size_t count;
    for (int64_t at = ask->until; at >= ask->from && answer->count < NEWEST; at -= 10 * MINUTE_MS) {
        if (store_find_slice(store, at, false, &ids, &count, &why) != 0)
            ask_fail(&why);
        size_t first = 0;
        while (first < count && id_time(ids[first]) > ask->until)
            first++;
        while (count > first && id_time(ids[count - 1]) < ask->from)
            count--;
        take_ids(answer, store, ids + first, count - first);
        free(ids);
    }
}

static void ask_one(struct answer *answer, struct store *store, const struct ask *ask)
{
    *answer = (struct answer){.ask = ask};
    if (ask->kind == ASK_DELAYED)
        ask_state(answer, store);
    else if (ask->kind == ASK_RANGE)
        ask_range(answer, store);
    else
        ask_terms(answer, store);
}

/* ---- all of them ---- */

static bool answer_right(const struct answer *answer)
{
    const struct ask *ask = answer->ask;
    size_t wanted = ask->noted < NEWEST ? (size_t)ask->noted : NEWEST;
    if (ask->kind == ASK_QUEUE_ID) { /* may come again */
        for (size_t i = 0; i < answer->count; i++)
            if (answer->ids[i] == ask->newest[0])
                return true;
        return false;
    }
    if (answer->count != wanted || answer->why_not != NULL)
        return false;
    for (size_t i = 0; i < wanted; i++)
        if (answer->ids[i] != ask->newest[(ask->noted - 1 - i) % NEWEST])
            return false;
    return true;
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static double milliseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double figure_of(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at != NULL ? strtod(at + strlen(name), NULL) : 0;
}

/* What was spent so far: CPU in us, and commands. */
static struct round spent_now(redisContext *info)
{
    struct round now = {.client = milliseconds(CLOCK_PROCESS_CPUTIME_ID) * 1e3};
    redisReply *all = redisCommand(info, "INFO");
    if (all == NULL || all->type != REDIS_REPLY_STRING)
        abort();
    now.server = figure_of(all->str, "used_cpu_user:") * 1e6 +
                 figure_of(all->str, "used_cpu_sys:") * 1e6;
    now.commands = figure_of(all->str, "total_commands_processed:");
    freeReplyObject(all);
    return now;
}

struct told {
    size_t wrong, found, checked;
};

static void tell_wrong(const struct ask *ask, const struct answer *answer)
{
    fprintf(stderr, "store_load: %s %s %s: %zu mails found, %llu wanted%s%s\n",
            kinds[ask->kind].name, ask->word, ask->second, answer->count,
            (unsigned long long)(ask->noted < NEWEST ? ask->noted : NEWEST),
            answer->why_not != NULL ? "; " : "", answer->why_not != NULL ? answer->why_not : "");
}

static struct round run_round(struct asks *asks, enum ask_kind kind, struct store *store,
                              redisContext *info, struct told *told)
{
    struct round before = spent_now(info), after;
    double count = (double)asks->count;
    struct answer answer;
    for (size_t i = 0; i < asks->count; i++) {
        const struct ask *ask = &asks->of[kind][i];
        double begin = milliseconds(CLOCK_MONOTONIC);
        ask_one(&answer, store, ask);
        asks->spent[i] = milliseconds(CLOCK_MONOTONIC) - begin;
        told->found += answer.count;
        told->checked++;
        if (!answer_right(&answer) && told->wrong++ == 0)
            tell_wrong(ask, &answer);
    }
    after = spent_now(info);
    qsort(asks->spent, asks->count, sizeof *asks->spent, by_size);
    return (struct round){.p50 = asks->spent[asks->count / 2],
                          .p99 = asks->spent[asks->count * 99 / 100],
                          .client = (after.client - before.client) / count,
                          .server = (after.server - before.server) / count,
                          .commands = (after.commands - before.commands) / count};
}

static size_t run_kind(struct asks *asks, enum ask_kind kind, struct store *store,
                       redisContext *info, size_t rounds, FILE *to)
{
    const char *name = kinds[kind].name;
    double asked = (double)asks->count * (double)rounds;
    struct told told = {0};
    struct round median;
    for (size_t i = 0; i < rounds; i++)
        asks->rounds[i] = run_round(asks, kind, store, info, &told);
    qsort(asks->rounds, rounds, sizeof *asks->rounds, by_size); /* p50 comes first */
    median = asks->rounds[rounds / 2];
    fprintf(to, "ask.%s.p50_ms %.4f\n", name, median.p50);
    fprintf(to, "ask.%s.p99_ms %.4f\n", name, median.p99);
    fprintf(to, "ask.%s.client_us %.1f\n", name, median.client);
    fprintf(to, "ask.%s.server_us %.1f\n", name, median.server);
    fprintf(to, "ask.%s.commands %.1f\n", name, median.commands);
    fprintf(to, "ask.%s.found %.2f\n", name, (double)told.found / asked);
    fprintf(to, "ask.%s.checked %zu\n", name, told.checked);
    fprintf(to, "ask.%s.wrong %zu\n", name, told.wrong);
    return told.wrong;
}

size_t asks_run(struct asks *asks, struct store *store, redisContext *info, size_t rounds,
                FILE *to)
{
    size_t wrong = 0;
    double load[1] = {0};
    asks->rounds = calloc(rounds, sizeof *asks->rounds);
    if (asks->rounds == NULL)
        abort();
    for (int kind = 0; kind < ASK_KINDS; kind++)
        wrong += run_kind(asks, (enum ask_kind)kind, store, info, rounds, to);
    (void)getloadavg(load, 1);
    fprintf(to, "load_while_asked %.1f\n", load[0]);
    free(asks->rounds);
    return wrong;
}
