/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tell: what the store is told besides the record: index terms, who is delayed, events. Each is
 * told once; again only when a flush failed or a replay showed that one may have failed.
 */
#include "room.h"

#include <stdlib.h>
#include <string.h>

#include "waybill/clock.h"
#include "waybill/digest.h"

/* ---- terms ---- */

struct posting {
    struct ship *ship;
    struct entry *entry;
    bool refused, failed;
    bool only_mark;
};

static uint64_t term_mark(enum term_kind kind, struct slice term)
{
    char text[TERM_MAX + 1];
    text[0] = (char)kind;
    memcpy(text + 1, term.at, term.size);
    return digest_64(text, term.size + 1);
}

static void post_term(void *context, enum term_kind kind, struct slice term)
{
    struct posting *posting = context;
    struct entry *entry = posting->entry;
    uint64_t mark = term_mark(kind, term);
    if (seen_have(&entry->posted, mark) || seen_have(&entry->fresh, mark))
        return;
    struct seen *seen = posting->only_mark ? &entry->posted : &entry->fresh;
    posting->failed = seen_add(seen, mark) != 0 || posting->failed;
    if (!posting->only_mark)
        store_post_term(posting->ship->store, entry->id, kind, term, posting->refused);
}

/* Words of others for why: asked for once as long as nothing changes. */
static void post_reason(struct posting *posting, const struct waybill *waybill,
                        const struct recipient *recipient, const struct fact *attempt)
{
    const struct ship_watcher *watcher = &posting->ship->watcher;
    struct entry *entry = posting->entry;
    const struct fact *fact = attempt;
    if (fact == NULL && recipient->decided_by < waybill->fact_count)
        fact = &waybill->facts[recipient->decided_by];
    const uint64_t what[] = {recipient_hash(recipient->address),
                             (uint64_t)recipient->state,
                             (uint64_t)recipient->since,
                             fact != NULL ? fact->id : 0,
                             recipient->reason.size, /* told or not; one that is told stays */
                             attempt != NULL};
    uint64_t mark = digest_64(what, sizeof what);
    if (seen_have(&entry->posted, mark) || seen_have(&entry->fresh, mark))
        return;
    const char *word = watcher->reason(watcher->context, waybill, recipient, attempt);
    struct seen *seen = posting->only_mark ? &entry->posted : &entry->fresh;
    posting->failed = seen_add(seen, mark) != 0 || posting->failed;
    if (word != NULL)
        post_term(posting, TERM_REASON, slice_of(word));
}

/* Nobody is asked (an import): the word for "no rule knows it", so that who asks for a reason looks
 * at the record. */
static void post_no_reason(struct posting *posting, const struct waybill *waybill)
{
    for (size_t i = 0; i < waybill->recipient_count; i++) {
        enum recipient_state state = waybill->recipients[i].state;

        if (state == STATE_DELAYED || state == STATE_FAILED || state == STATE_EXPIRED ||
            state == STATE_REJECTED)
            post_term(posting, TERM_REASON, slice_of("undefined"));
    }
}

static void post_reasons(struct posting *posting, const struct waybill *waybill)
{
    if (posting->ship->watcher.reason == NULL) {
        post_no_reason(posting, waybill);
        return;
    }
    for (size_t i = 0; i < waybill->recipient_count; i++)
        post_reason(posting, waybill, &waybill->recipients[i], NULL);
    for (size_t i = 0; i < waybill->fact_count; i++)
        if (waybill->facts[i].kind == FACT_DELAYED && waybill->trust[i] == TRUST_OWN &&
            waybill->subject[i] != SUBJECT_MAIL)
            post_reason(posting, waybill, &waybill->recipients[waybill->subject[i]],
                        &waybill->facts[i]);
}

/* ---- events ---- */

static int told_order(const void *left, const void *right)
{
    const struct told *a = left, *b = right;
    return a->recipient < b->recipient ? -1 : a->recipient > b->recipient;
}

static void show_outcome(const struct ship *ship, const struct entry *entry,
                         const struct waybill *waybill, const struct event *event)
{
    const struct ship_watcher *watcher = &ship->watcher;
    const struct tellings *tellings = &entry->telling;
    struct told wanted = {.recipient = event->recipient};
    int state = event_state(event->action);
    if (watcher->outcome == NULL || state < 0 || tellings->count == 0 || !entry->news)
        return;
    const struct told *found =
        bsearch(&wanted, tellings->of, tellings->count, sizeof wanted, told_order);
    if (found != NULL)
        watcher->outcome(watcher->context, waybill, &waybill->recipients[found->index],
                         (enum recipient_state)state);
}

static int tell_events(struct ship *ship, struct entry *entry, const struct waybill *waybill,
                       bool only_mark)
{
    struct event *events;
    size_t count;
    bool failed = false;
    if (waybill_events(waybill, &events, &count) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (seen_have(&entry->posted, events[i].id))
            continue;
        struct seen *seen = only_mark ? &entry->posted : &entry->fresh;
        failed = seen_add(seen, events[i].id) != 0 || failed;
        if (only_mark)
            continue;
        store_emit_event(ship->store, &events[i]);
        show_outcome(ship, entry, waybill, &events[i]);
    }
    free(events);
    return failed ? -1 : 0;
}

/* ---- states ---- */

static int tellings_read(struct tellings *tellings, const struct waybill *waybill)
{
    free(tellings->of);
    tellings->count = 0;
    tellings->of = calloc(waybill->recipient_count + 1, sizeof *tellings->of);
    if (tellings->of == NULL)
        return -1;
    for (size_t i = 0; i < waybill->recipient_count; i++) {
        const struct recipient *recipient = &waybill->recipients[i];
        tellings->of[i] = (struct told){.recipient = recipient_hash(recipient->address),
                                        .state = recipient->state,
                                        .since = recipient->since,
                                        .index = i};
    }
    tellings->count = waybill->recipient_count;
    qsort(tellings->of, tellings->count, sizeof *tellings->of, told_order);
    return 0;
}

/* `before` NULL: the set knows nothing of this recipient, unless `again`. */
static void tell_state(struct ship *ship, const struct entry *entry, const struct told *before,
                       const struct told *now, bool again)
{
    bool was = before != NULL && before->state == STATE_DELAYED;
    bool is = now->state == STATE_DELAYED;
    if (again || was != is || (is && before->since != now->since))
        store_mark_state(ship->store, entry->id, now->recipient, now->state, now->since);
}

static void tell_states(struct ship *ship, struct entry *entry, bool again)
{
    size_t before = 0;
    for (size_t i = 0; i < entry->telling.count; i++) {
        const struct told *now = &entry->telling.of[i];
        while (before < entry->told.count && entry->told.of[before].recipient < now->recipient)
            before++;
        bool known =
            before < entry->told.count && entry->told.of[before].recipient == now->recipient;
        tell_state(ship, entry, known ? &entry->told.of[before] : NULL, now, again);
    }
}

void tell_nothing(struct ship *ship, struct entry *entry)
{
    for (size_t i = 0; i < entry->told.count; i++)
        store_mark_state(ship->store, entry->id, entry->told.of[i].recipient, STATE_ACCEPTED,
                         entry->told.of[i].since);
}

/* ---- all of them ---- */

int tell_all(struct ship *ship, struct entry *entry, const struct waybill *waybill, bool refused)
{
    struct posting posting = {.ship = ship, .entry = entry, .refused = refused};
    bool again = entry->replayed;
    if (again)
        seen_clear(&entry->posted);
    terms_each(waybill, post_term, &posting);
    post_reasons(&posting, waybill);
    if (posting.failed || tellings_read(&entry->telling, waybill) != 0 ||
        tell_events(ship, entry, waybill, false) != 0)
        return -1;
    tell_states(ship, entry, again);
    return 0;
}

int tell_recall(struct ship *ship, struct entry *entry)
{
    struct posting posting = {.ship = ship, .entry = entry, .only_mark = true};
    struct waybill waybill;
    if (entry_record(entry)->count == 0)
        return 0;
    if (waybill_read(&waybill, entry_record(entry), clock_now(), 0, NULL) != 0)
        return -1;
    terms_each(&waybill, post_term, &posting);
    post_reasons(&posting, &waybill);
    int result = tell_events(ship, entry, &waybill, true);
    if (result == 0)
        result = tellings_read(&entry->told, &waybill);
    entry->in_refused = waybill_refused(&waybill) && !entry->carried;
    entry->in_normal = !entry->in_refused;
    entry->finished = waybill_finished(&waybill);
    waybill_clear(&waybill);
    return result != 0 || posting.failed ? -1 : 0;
}

void tell_done(struct entry *entry)
{
    /* Without memory it is told again one day, which does no harm. */
    if (seen_take(&entry->posted, &entry->fresh) != 0)
        seen_clear(&entry->fresh);
    if (entry->telling.of != NULL) {
        free(entry->told.of);
        entry->told = entry->telling;
        entry->telling = (struct tellings){0};
    }
    entry->replayed = false;
    entry->loaded = false;
}

void tell_failed(struct entry *entry)
{
    /* Some of it may have got there: what is true by then is told in full. */
    seen_clear(&entry->fresh);
    entry->replayed = true;
}
