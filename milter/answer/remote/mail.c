/* SPDX-License-Identifier: BSD-2-Clause */
/* mail: see mail.h. */
#include "mail.h"

#include <stdlib.h>
#include <string.h>

#include "tree.h"
#include "waybill/id.h"

/* ---- words ---- */

static int witness_of(struct slice name, enum witness *witness)
{
    static const enum witness all[] = {WITNESS_MILTER, WITNESS_REPORT, WITNESS_LOG,
                                       WITNESS_QUEUE, WITNESS_ADMIN};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (name.at != NULL && slice_is(name, witness_name(all[i]))) {
            *witness = all[i];
            return 0;
        }
    return -1;
}

static enum trust trust_of(struct slice name)
{
    return slice_is(name, trust_word(TRUST_OWN))      ? TRUST_OWN
           : slice_is(name, trust_word(TRUST_PROVED)) ? TRUST_PROVED
                                                      : TRUST_CLAIMED;
}

static int way_of(struct slice name)
{
    for (int way = CHAIN_FORWARDED; way <= CHAIN_REPORTED; way++)
        if (slice_is(name, chain_way_word((enum chain_way)way)))
            return way;
    return -1;
}

/* ---- recipients ---- */

int mail_read_recipient(const json_t *from, struct recipient *to)
{
    struct slice state = tree_string(from, "state");
    int number = state.at != NULL ? state_of(state) : -1;

    if (number < 0)
        return -1;
    *to = (struct recipient){
        .address = tree_string(from, "recipient"),
        .original = tree_string(from, "original_recipient"),
        .state = (enum recipient_state)number,
        .since = tree_time(from, "since"),
        .tried = tree_time(from, "last_attempt_time"),
        .mailbox = slice_is(tree_string(from, "delivered_to"), "mailbox"),
        .taken = json_is_object(tree_get(from, "delay")), /* the same condition, see attribution */
        .status = tree_string(from, "status"),
        .reply = tree_string(from, "response"),
        .reason = tree_string(from, "reason"),
        .rule = tree_string(from, "rule").at,
        .relay = tree_string(from, "relay"),
        .next = tree_string(from, "next_queue_id"),
        .via = tree_string(from, "via"),
        .decided_by = SIZE_MAX,
    };
    number = (int)tree_number(from, "attempts", 0);
    to->attempts = number > 0 ? (unsigned)number : 0;
    return 0;
}

/* One block, which recipients begins, as waybill_clear expects it. */
static int make_places(struct waybill *waybill, size_t recipients, size_t facts)
{
    waybill->recipients = malloc((recipients + 1) * sizeof *waybill->recipients +
                                 (facts + 1) * (sizeof *waybill->trust + sizeof *waybill->subject));
    waybill->facts = calloc(facts + 1, sizeof *waybill->facts);
    if (waybill->recipients == NULL || waybill->facts == NULL)
        return -1;
    waybill->trust = (enum trust *)(waybill->recipients + recipients + 1);
    waybill->subject = (uint32_t *)(waybill->trust + facts + 1);
    return 0;
}

static int read_recipients(const json_t *list, struct waybill *waybill)
{
    const json_t *item;
    size_t i;

    json_array_foreach (list, i, item)
        if (!json_is_object(item) ||
            mail_read_recipient(item, &waybill->recipients[waybill->recipient_count++]) != 0)
            return -1;
    return 0;
}

/* ---- facts ---- */

/* What they have in common: a fact of the timeline, and what decided a recipient's state. */
static int begin_fact(const json_t *from, int64_t time, struct fact *fact)
{
    struct slice kind = tree_string(from, "kind"), id = tree_string(from, "fact_id");
    enum witness witness;

    if (kind.at == NULL || witness_of(tree_string(from, "source"), &witness) != 0)
        return -1;
    fact_init(fact, witness, fact_kind_of(kind), time);
    return id.at != NULL && fact_id_parse(id, &fact->id) ? 0 : -1;
}

static void read_values(const json_t *values, struct fact *fact)
{
    for (int key = 0; key < FACT_KEY_COUNT; key++)
        fact_set(fact, (enum fact_key)key,
                 tree_string(values, fact_key_word((enum fact_key)key)));
}

static int read_fact(const json_t *from, struct waybill *waybill)
{
    size_t at = waybill->fact_count++;
    int64_t subject = tree_number(from, "recipient", -1);

    if (begin_fact(from, tree_time(from, "event_time"), &waybill->facts[at]) != 0)
        return -1;
    read_values(tree_get(from, "values"), &waybill->facts[at]);
    waybill->trust[at] = trust_of(tree_string(from, "trust"));
    waybill->subject[at] = subject >= 0 && (size_t)subject < waybill->recipient_count
                               ? (uint32_t)subject
                               : SUBJECT_MAIL;
    return 0;
}

/* The fact of that id that speaks of this recipient, else of the mail: ids of a record are not long
 * enough to tell all apart. */
static size_t find_decider(const struct waybill *waybill, size_t recipient, uint64_t id,
                           enum fact_kind kind)
{
    size_t found = SIZE_MAX;

    for (size_t i = 0; i < waybill->fact_count; i++) {
        if (waybill->facts[i].id != id || waybill->facts[i].kind != kind)
            continue;
        if (waybill->subject[i] == recipient)
            return i;
        if (found == SIZE_MAX)
            found = i;
    }
    return found;
}

static int read_timeline(const json_t *mail, struct waybill *waybill)
{
    const json_t *timeline = tree_get(mail, "timeline"), *recipients = tree_get(mail, "recipients");
    const json_t *item;
    size_t i;

    json_array_foreach (timeline, i, item)
        if (!json_is_object(item) || read_fact(item, waybill) != 0)
            return -1;
    json_array_foreach (recipients, i, item) {
        const json_t *by = tree_get(item, "decided_by");
        struct fact fact;

        if (!json_is_object(by))
            continue;
        if (begin_fact(by, 0, &fact) != 0)
            return -1;
        waybill->recipients[i].decided_by = find_decider(waybill, i, fact.id, fact.kind);
    }
    return 0;
}

/* What a report tells of the server behind the next stands in the fact alone. */
static int read_deciders(const json_t *mail, struct waybill *waybill)
{
    const json_t *recipients = tree_get(mail, "recipients"), *item;
    size_t i;

    json_array_foreach (recipients, i, item) {
        const json_t *by = tree_get(item, "decided_by");
        struct fact *fact = &waybill->facts[waybill->fact_count];

        if (!json_is_object(by))
            continue;
        if (begin_fact(by, waybill->recipients[i].since, fact) != 0)
            return -1;
        if (fact->witness == WITNESS_REPORT)
            fact_set(fact, KEY_RELAY, tree_string(tree_get(item, "remote"), "name"));
        waybill->trust[waybill->fact_count] = TRUST_OWN;
        waybill->subject[waybill->fact_count] = (uint32_t)i;
        waybill->recipients[i].decided_by = waybill->fact_count++;
    }
    return 0;
}

/* ---- the mail ---- */

static int read_tls(const json_t *client, struct waybill *waybill)
{
    const json_t *tls = tree_get(client, "tls");
    struct slice version = tree_string(tls, "version"), cipher = tree_string(tls, "cipher");
    int64_t bits = tree_number(tls, "bits", -1);
    struct buffer text;

    if (version.at == NULL)
        return 0;
    buffer_init(&text, 3u * FACT_VALUE_MAX);
    buffer_add(&text, version.at, version.size);
    if (cipher.at != NULL)
        buffer_addf(&text, ":%.*s", SLICE_ARGS(cipher));
    if (cipher.at != NULL && bits >= 0)
        buffer_addf(&text, ":%lld", (long long)bits);
    waybill->bytes = text.failed ? NULL : strndup(text.data, text.size);
    buffer_free(&text);
    waybill->tls = slice_of(waybill->bytes);
    return waybill->bytes != NULL ? 0 : -1;
}

static struct slice without_brackets(struct slice id)
{
    return id.size >= 2 && id.at[0] == '<' && id.at[id.size - 1] == '>'
               ? slice_make(id.at + 1, id.size - 2)
               : id;
}

static int read_client(const json_t *mail, struct waybill *waybill)
{
    const json_t *client = tree_get(mail, "client");

    waybill->client = tree_string(client, "name");
    waybill->ip = tree_string(client, "ip");
    waybill->port = tree_string(client, "port");
    waybill->helo = tree_string(client, "helo");
    waybill->login = tree_string(client, "auth_user");
    waybill->auth = tree_string(client, "auth_mechanism");
    return read_tls(client, waybill);
}

static int read_envelope(const json_t *mail, struct waybill *waybill)
{
    waybill->host = tree_string(mail, "reporting_mta");
    waybill->instance = tree_string(mail, "instance");
    waybill->daemon = tree_string(mail, "service");
    waybill->queue_id = tree_string(mail, "queue_id");
    waybill->from = tree_string(mail, "sender");
    waybill->has_from = waybill->from.at != NULL;
    waybill->header_from = tree_string(mail, "header_from");
    waybill->message_id = without_brackets(tree_string(mail, "message_id"));
    waybill->envid = tree_string(mail, "envelope_id");
    waybill->subject_text = tree_string(mail, "subject");
    waybill->subject_hash = tree_string(mail, "subject_hash");
    waybill->date = tree_string(mail, "date");
    waybill->list = tree_string(mail, "list_id");
    waybill->automatic = tree_string(mail, "auto_submitted");
    waybill->size = tree_number(mail, "size", -1);
    if (waybill->size < -1)
        return -1;
    return read_client(mail, waybill);
}

/* What became of a mail that never had a recipient follows from these. */
static void read_ends(const json_t *mail, struct waybill *waybill)
{
    waybill->phase = tree_string(mail, "abandoned_in");
    waybill->abandoned =
        slice_is(tree_string(mail, "state"), state_word(STATE_ABANDONED)) ||
        waybill->phase.at != NULL;
    waybill->queued = !tree_bool(mail, "refused") && !waybill->abandoned;
    waybill->removed = tree_bool(mail, "finished");
    waybill->coarse_log = tree_bool(mail, "log_in_whole_seconds");
    waybill->is_report = tree_bool(mail, "is_report");
    waybill->about = tree_id(tree_get(mail, "report_on"));
}

/* `mail`: a mail, or a leg of a chain. */
static int read_parts(const json_t *mail, struct waybill *waybill)
{
    const json_t *recipients = tree_get(mail, "recipients"), *timeline = tree_get(mail, "timeline");

    if (!json_is_array(recipients) || (timeline != NULL && !json_is_array(timeline)) ||
        (waybill->id = tree_id(mail)) == 0 ||
        make_places(waybill, json_array_size(recipients),
                    timeline != NULL ? json_array_size(timeline)
                                     : json_array_size(recipients)) != 0 ||
        read_recipients(recipients, waybill) != 0)
        return -1;
    read_ends(mail, waybill);
    return timeline != NULL ? read_timeline(mail, waybill) : read_deciders(mail, waybill);
}

int mail_read(const json_t *mail, struct waybill *waybill)
{
    *waybill = (struct waybill){.arrived = tree_time(mail, "event_time")};
    if (read_parts(mail, waybill) == 0 && read_envelope(mail, waybill) == 0)
        return 0;
    waybill_clear(waybill);
    return -1;
}

/* ---- where it went on ---- */

void mail_read_before(const json_t *mail, struct chain_before *before)
{
    const json_t *from = tree_get(mail, "came_from");
    int way = way_of(tree_string(from, "way"));

    *before = (struct chain_before){.id = 0};
    if (way >= 0)
        *before = (struct chain_before){.id = tree_id(from), .way = (enum chain_way)way};
}

static int read_leg(const json_t *from, size_t at, struct leg *leg)
{
    int64_t before = tree_number(from, "step_before", -1);
    int way = way_of(tree_string(from, "way"));

    *leg = (struct leg){.from = before >= 0 && (size_t)before < at ? (size_t)before : CHAIN_MAX,
                        .recipient = tree_string(from, "recipient")};
    if (way < 0)
        return -1;
    leg->way = (enum chain_way)way;
    leg->waybill.queue_id = tree_string(from, "queue_id");
    return read_parts(from, &leg->waybill);
}

int mail_read_chain(const json_t *mail, struct chain *chain)
{
    const json_t *list = tree_get(mail, "chain"), *item;
    size_t i;

    *chain = (struct chain){.more = tree_bool(mail, "chain_bounded")};
    if (json_array_size(list) > CHAIN_MAX)
        return -1;
    json_array_foreach (list, i, item)
        if (read_leg(item, i, &chain->legs[chain->count++]) != 0) {
            chain_clear(chain);
            return -1;
        }
    return 0;
}
