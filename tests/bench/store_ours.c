/* SPDX-License-Identifier: BSD-2-Clause */
/* store_ours: see the header. */
#include "store_ours.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../../milter/ship/room.h"
#include "waybill/clock.h"
#include "waybill/digest.h"

#define POSTED_MAX 128

/* A mail on its way. */
struct going {
    struct record record;
    struct waybill waybill;
    size_t at, size;             /* of its text */
    uint64_t posted[POSTED_MAX]; /* terms and events */
    size_t posted_count, mail;
    bool refused;
};

struct ours {
    const struct settings *settings;
    struct ours_options options;
    struct store *store;
    struct ours_figures figures;
    struct buffer texts;
    struct refusals refusals;
    struct going *items, *now;
    size_t count;
};

double cpu_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static _Noreturn void ours_fail(const char *what, const struct error *why)
{
    fprintf(stderr, "store_load: %s: %s\n", what, why->text);
    exit(1);
}

struct ours *ours_open(const struct settings *settings, const struct ours_options *options,
                       size_t batch)
{
    struct ours *ours = calloc(1, sizeof *ours);
    struct error why;
    if (ours == NULL)
        abort();
    ours->settings = settings;
    ours->options = *options;
    buffer_init(&ours->texts, (size_t)1 << 30);
    ours->items = calloc(batch, sizeof *ours->items);
    if (ours->items == NULL || refusals_init(&ours->refusals) != 0)
        abort();
    if (store_open(&ours->store, settings, &why) != 0 || store_connect(ours->store, &why) != 0)
        ours_fail("cannot connect", &why);
    return ours;
}

void ours_close(struct ours *ours)
{
    struct pins pins = {0};
    store_close(&ours->store);
    buffer_free(&ours->texts);
    refusals_clear(&ours->refusals, &pins);
    free(ours->items);
    free(ours);
}

struct store *ours_store(struct ours *ours)
{
    return ours->store;
}

const struct ours_figures *ours_figures(const struct ours *ours)
{
    return &ours->figures;
}

/* ---- from facts to what is to be written ---- */

static void fold(struct ours *ours, struct going *item, const struct fact *facts, size_t count)
{
    struct error why;
    for (size_t i = 0; i < count; i++)
        if (record_add(&item->record, &facts[i], &why) < 0)
            ours_fail("a fact", &why);
    item->at = ours->texts.size;
    if (record_format(&item->record, UINT64_MAX, &ours->texts) != 0)
        abort();
    item->size = ours->texts.size - item->at;
    if (waybill_read(&item->waybill, &item->record, clock_now(), 0, &why) != 0)
        ours_fail("a record", &why);
    item->refused = waybill_refused(&item->waybill);
}

/* ---- into the store ---- */

/* True the first time, as ship remembers what it told of an open mail. */
static bool posted_first(struct going *item, uint64_t mark)
{
    for (size_t i = 0; i < item->posted_count; i++)
        if (item->posted[i] == mark)
            return false;
    if (item->posted_count < POSTED_MAX)
        item->posted[item->posted_count++] = mark;
    return true;
}

static void post(void *context, enum term_kind kind, struct slice term)
{
    struct ours *ours = context;
    if (!posted_first(ours->now, digest_here((uint64_t)kind, term.at, term.size)))
        return;
    ours->figures.postings++;
    store_post_term(ours->store, ours->now->waybill.id, kind, term, ours->now->refused);
}

static void put_events(struct ours *ours, struct going *item)
{
    struct event *events;
    size_t count;
    if (waybill_events(&item->waybill, &events, &count) != 0)
        abort();
    for (size_t i = 0; i < count; i++)
        if (posted_first(item, events[i].id))
            store_emit_event(ours->store, &events[i]);
    free(events);
}

static void put(struct ours *ours, struct going *item)
{
    const struct waybill *waybill = &item->waybill;
    store_put_record(ours->store, id_node(waybill->id), waybill->id,
                     slice_make(ours->texts.data + item->at, item->size), item->refused);
    ours->now = item;
    terms_each(waybill, post, ours);
    for (size_t i = 0; i < waybill->recipient_count; i++) {
        const struct recipient *recipient = &waybill->recipients[i];
        if (recipient->state == STATE_DELAYED)
            store_mark_state(ours->store, waybill->id, recipient_hash(recipient->address),
                             recipient->state, recipient->since);
    }
    if (ours->options.streams)
        put_events(ours, item);
}

static void put_all(struct ours *ours)
{
    struct error why;
    double begin = cpu_now();
    for (size_t i = 0; i < ours->count; i++)
        put(ours, &ours->items[i]);
    if (store_flush(ours->store, &why) != 0)
        ours_fail("cannot write", &why);
    ours->figures.store += cpu_now() - begin;
}

/* ---- a batch ---- */

static bool admitted(struct ours *ours, const struct mails_mail *mail)
{
    struct slice ip = mail->facts[0].value[KEY_IP];
    char text[64];
    if (!ours->options.capped || mail->count < 2 || mail->facts[1].kind != FACT_REFUSED ||
        !slice_copy(ip, text, sizeof text))
        return true;
    return refusals_admit(&ours->refusals, text, mail->facts[0].time,
                          ours->settings->refused_per_client);
}

static void begin_all(struct ours *ours, const struct mails_mail *mails, size_t count)
{
    ours->count = 0;
    buffer_clear(&ours->texts);
    for (size_t i = 0; i < count; i++) {
        struct going *item = &ours->items[ours->count];
        if (!admitted(ours, &mails[i])) {
            ours->figures.left_out++;
            continue;
        }
        ours->count++;
        item->posted_count = 0;
        item->mail = i;
        record_init(&item->record, mails[i].id);
        fold(ours, item, mails[i].facts, ours->options.twice ? mails[i].milters : mails[i].count);
    }
}

/* The log has told the rest. */
static void go_on_all(struct ours *ours, const struct mails_mail *mails)
{
    buffer_clear(&ours->texts);
    for (size_t i = 0; i < ours->count; i++) {
        struct going *item = &ours->items[i];
        const struct mails_mail *mail = &mails[item->mail];
        waybill_clear(&item->waybill);
        fold(ours, item, mail->facts + mail->milters, mail->count - mail->milters);
    }
}

static void clear_all(struct ours *ours)
{
    for (size_t i = 0; i < ours->count; i++) {
        ours->figures.text_bytes += ours->items[i].size;
        waybill_clear(&ours->items[i].waybill);
        record_clear(&ours->items[i].record);
    }
    ours->figures.records += ours->count;
}

void ours_write(struct ours *ours, const struct mails_mail *mails, size_t count)
{
    double begin = cpu_now();
    begin_all(ours, mails, count);
    ours->figures.judge += cpu_now() - begin;
    put_all(ours);
    if (ours->options.twice) {
        begin = cpu_now();
        go_on_all(ours, mails);
        ours->figures.judge += cpu_now() - begin;
        put_all(ours);
    }
    begin = cpu_now();
    clear_all(ours);
    ours->figures.judge += cpu_now() - begin;
}
