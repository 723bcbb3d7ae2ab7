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
#define FEW 16

/* A mail on its way. */
struct going {
    struct record record;
    struct waybill waybill;
    uint64_t posted[POSTED_MAX]; /* terms and events */
    size_t posted_count, mail;
    bool refused;
};

struct ours {
    const struct settings *settings;
    struct ours_options options;
    struct store *store;
    struct ours_figures figures;
    struct buffer text;
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
    buffer_init(&ours->text, RECORD_MAX * 4);
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
    buffer_free(&ours->text);
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

static void add_facts(struct going *item, const struct fact *facts, size_t count)
{
    struct error why;
    for (size_t i = 0; i < count; i++)
        if (record_add(&item->record, &facts[i], &why) < 0)
            ours_fail("a fact", &why);
}

static void judge(struct going *item)
{
    struct error why;
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
    buffer_clear(&ours->text);
    if (record_format_facts(&item->record, waybill->coarse_log ? NULL : waybill->facts, UINT64_MAX,
                            &ours->text) != 0)
        abort();
    ours->figures.text_bytes += ours->text.size;
    store_put_record(ours->store, id_node(waybill->id), waybill->id,
                     slice_make(ours->text.data, ours->text.size), item->refused);
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

static void flush(struct ours *ours)
{
    struct error why;
    double begin = cpu_now();
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

static void choose(struct ours *ours, const struct mails_mail *mails, size_t count)
{
    ours->count = 0;
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
    }
}

/* From the facts to the store's queue, as ship does it one by one. A few at a time, so that the
 * clock is not what is measured. `rest`: the milter's facts went before. */
static void write_some(struct ours *ours, struct going *items, size_t count,
                      const struct mails_mail *mails, bool rest)
{
    double times[4] = {cpu_now()};
    for (size_t i = 0; i < count; i++) {
        const struct mails_mail *mail = &mails[items[i].mail];
        size_t from = rest ? mail->milters : 0;
        size_t to = ours->options.twice && !rest ? mail->milters : mail->count;
        add_facts(&items[i], mail->facts + from, to - from);
    }
    times[1] = cpu_now();
    for (size_t i = 0; i < count; i++)
        judge(&items[i]);
    times[2] = cpu_now();
    for (size_t i = 0; i < count; i++)
        put(ours, &items[i]);
    times[3] = cpu_now();
    for (size_t i = 0; i < count; i++)
        waybill_clear(&items[i].waybill);
    ours->figures.record += times[1] - times[0];
    ours->figures.judge += times[2] - times[1] + cpu_now() - times[3];
    ours->figures.store += times[3] - times[2];
}

static void write_batch(struct ours *ours, const struct mails_mail *mails, bool rest)
{
    for (size_t done = 0; done < ours->count; done += FEW)
        write_some(ours, ours->items + done, ours->count - done < FEW ? ours->count - done : FEW,
                  mails, rest);
    flush(ours);
}

static void clear_all(struct ours *ours)
{
    for (size_t i = 0; i < ours->count; i++)
        record_clear(&ours->items[i].record);
    ours->figures.records += ours->count;
}

void ours_write(struct ours *ours, const struct mails_mail *mails, size_t count)
{
    double begin = cpu_now();
    choose(ours, mails, count);
    ours->figures.record += cpu_now() - begin;
    write_batch(ours, mails, false);
    if (ours->options.twice)
        write_batch(ours, mails, true);
    begin = cpu_now();
    clear_all(ours);
    ours->figures.record += cpu_now() - begin;
}
