/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sheaf: a table of open mails and two lists of them: those that live, by when they were touched
 * last, and those that ended, by when they did.
 */
#include "sheaf.h"

#include <stdlib.h>

#include "packed.h"
#include "turn.h"
#include "waybill/clock.h"
#include "waybill/digest.h"
#include "waybill/waybill.h"

#define BUCKETS ((size_t)1 << 18)
#define LATE_MS (10 * SECOND_MS) /* how long lines of an ended mail may follow */
#define LATE_MAX 20000u          /* mails that wait for such lines */
#define STEP_MS (2 * SECOND_MS)  /* a line moves the time by no more: one may be wrong */
#define FRESH_MS MINUTE_MS       /* touched so lately it need not move up in its list */
#define SPARE_MAX 4096u          /* mails that are kept to be used again */

struct open_mail {
    struct open_mail *chain;            /* of the table; of the spare ones */
    struct open_mail *earlier, *later;  /* of its list */
    uint64_t hash;
    int64_t touched; /* the sheaf's time */
    char *bytes;     /* host, instance, queue id, facts; in `usual` as long as they fit */
    uint32_t size, room;
    uint32_t part[3]; /* sizes of the first three; UINT32_MAX: absent */
    uint32_t count;
    bool ended, named; /* named: a client's line opened it */
    bool cut;
    char usual[]; /* bounds.usual_bytes, not initialised */
};

struct list {
    struct open_mail *first, *last;
};

struct sheaf {
    struct open_mail **table; /* BUCKETS */
    struct list living, ended;
    size_t count, ended_count, bytes;
    struct open_mail *spare;
    size_t spare_count;
    int64_t time; /* of the log, never back */
    struct sheaf_bounds bounds;
    int (*closed)(void *context, const struct bound_mail *mail);
    void *context;
};

/* Order of the keys in an open mail's bytes. */
static const enum fact_key key_parts[3] = {KEY_HOST, KEY_INSTANCE, KEY_QUEUE};

#define BOUNDS                                                                                     \
    .mails = 200000, .bytes = (size_t)192 << 20, .mail_bytes = (size_t)8 << 20,                    \
    .idle_ms = 6 * DAY_MS

const struct sheaf_bounds sheaf_bounds_usual = {
    BOUNDS,
    .usual_bytes = 896,
    .keys = UINT64_MAX,
};

const struct sheaf_bounds sheaf_bounds_dry = {
    BOUNDS,
    .usual_bytes = 176,
    .keys = WAYBILL_STATE_KEYS,
};

/* ---- lists ---- */

static void list_take(struct list *list, struct open_mail *mail)
{
    *(mail->earlier != NULL ? &mail->earlier->later : &list->first) = mail->later;
    *(mail->later != NULL ? &mail->later->earlier : &list->last) = mail->earlier;
}

static void list_put(struct list *list, struct open_mail *mail)
{
    mail->earlier = list->last;
    mail->later = NULL;
    *(list->last != NULL ? &list->last->later : &list->first) = mail;
    list->last = mail;
}

static struct list *list_of(struct sheaf *sheaf, const struct open_mail *mail)
{
    return mail->ended ? &sheaf->ended : &sheaf->living;
}

/* ---- the table ---- */

static uint64_t hash_key(const struct fact *fact)
{
    uint64_t hash = 0;
    for (int i = 0; i < 3; i++)
        hash = digest_here(hash, fact->value[key_parts[i]].at, fact->value[key_parts[i]].size);
    return hash;
}

static struct slice mail_part(const struct open_mail *mail, int index)
{
    size_t at = 0;
    for (int i = 0; i < index; i++)
        at += mail->part[i] != UINT32_MAX ? mail->part[i] : 0;
    return mail->part[index] != UINT32_MAX ? slice_make(mail->bytes + at, mail->part[index])
                                         : SLICE_ABSENT;
}

static bool mail_is(const struct open_mail *mail, uint64_t hash, const struct fact *fact)
{
    if (mail->hash != hash)
        return false;
    for (int i = 0; i < 3; i++)
        if (!slice_equal(mail_part(mail, i), fact->value[key_parts[i]]))
            return false;
    return true;
}

static struct open_mail **table_find(const struct sheaf *sheaf, uint64_t hash,
                                     const struct fact *fact)
{
    struct open_mail **at = &sheaf->table[hash % BUCKETS];
    while (*at != NULL && !mail_is(*at, hash, fact))
        at = &(*at)->chain;
    return at;
}

static void table_take(struct sheaf *sheaf, struct open_mail *mail)
{
    struct open_mail **at = &sheaf->table[mail->hash % BUCKETS];
    while (*at != mail)
        at = &(*at)->chain;
    *at = mail->chain;
}

/* ---- a mail ---- */

static size_t mail_cost(const struct sheaf *sheaf, const struct open_mail *mail)
{
    return sizeof *mail + sheaf->bounds.usual_bytes + (mail->bytes != mail->usual ? mail->room : 0);
}

static void mail_free(struct open_mail *mail)
{
    if (mail->bytes != mail->usual)
        free(mail->bytes);
    free(mail);
}

static struct open_mail *mail_new(struct sheaf *sheaf)
{
    struct open_mail *mail = sheaf->spare;
    if (mail != NULL) {
        sheaf->spare = mail->chain;
        sheaf->spare_count--;
    } else {
        mail = malloc(sizeof *mail + sheaf->bounds.usual_bytes);
    }
    if (mail == NULL)
        return NULL;
    *mail = (struct open_mail){.bytes = mail->usual, .room = (uint32_t)sheaf->bounds.usual_bytes};
    return mail;
}

static void mail_spare(struct sheaf *sheaf, struct open_mail *mail)
{
    if (mail->bytes != mail->usual || sheaf->spare_count >= SPARE_MAX) {
        mail_free(mail);
        return;
    }
    mail->chain = sheaf->spare;
    sheaf->spare = mail;
    sheaf->spare_count++;
}

static int mail_reserve(struct sheaf *sheaf, struct open_mail *mail, size_t more)
{
    size_t room = mail->room;
    while (room - mail->size < more)
        room *= 2;
    if (room == mail->room)
        return 0;
    bool usual = mail->bytes == mail->usual;
    char *bytes = realloc(usual ? NULL : mail->bytes, room);
    if (bytes == NULL)
        return -1;
    if (usual)
        memcpy(bytes, mail->usual, mail->size);
    sheaf->bytes -= mail_cost(sheaf, mail);
    mail->bytes = bytes;
    mail->room = (uint32_t)room;
    sheaf->bytes += mail_cost(sheaf, mail);
    return 0;
}

static int close_mail(struct sheaf *sheaf, struct open_mail *mail, bool forced)
{
    size_t head = 0;
    for (int i = 0; i < 3; i++)
        head += mail->part[i] != UINT32_MAX ? mail->part[i] : 0;
    const struct bound_mail bound = {.host = mail_part(mail, 0),
                                     .instance = mail_part(mail, 1),
                                     .queue_id = mail_part(mail, 2),
                                     .packed = mail->bytes + head,
                                     .count = mail->count,
                                     .ended = mail->ended,
                                     .cut = mail->cut,
                                     .forced = forced};
    int result = sheaf->closed(sheaf->context, &bound);
    table_take(sheaf, mail);
    list_take(list_of(sheaf, mail), mail);
    sheaf->count--;
    sheaf->ended_count -= mail->ended;
    sheaf->bytes -= mail_cost(sheaf, mail);
    mail_spare(sheaf, mail);
    return result;
}

static struct open_mail *begin_mail(struct sheaf *sheaf, uint64_t hash, const struct fact *fact)
{
    struct open_mail *mail = mail_new(sheaf);
    size_t size = 0;
    if (mail == NULL)
        return NULL;
    mail->hash = hash;
    sheaf->bytes += mail_cost(sheaf, mail);
    for (int i = 0; i < 3; i++)
        size += fact->value[key_parts[i]].size;
    if (mail_reserve(sheaf, mail, size) != 0) {
        sheaf->bytes -= mail_cost(sheaf, mail);
        mail_free(mail);
        return NULL;
    }
    for (int i = 0; i < 3; i++) {
        struct slice part = fact->value[key_parts[i]];
        mail->part[i] = part.at != NULL ? (uint32_t)part.size : UINT32_MAX;
        if (part.size > 0)
            memcpy(mail->bytes + mail->size, part.at, part.size);
        mail->size += mail->part[i] != UINT32_MAX ? mail->part[i] : 0;
    }
    struct open_mail **bucket = &sheaf->table[hash % BUCKETS];
    mail->chain = *bucket;
    *bucket = mail;
    mail->touched = sheaf->time;
    list_put(&sheaf->living, mail);
    sheaf->count++;
    return mail;
}

/* ---- when is a mail over? ---- */

/* A second client's line is another mail's even where the end of the first was not read. */
static bool begins_anew(const struct open_mail *mail, const struct fact *fact)
{
    return (mail->ended && turn_opens(fact)) || (mail->named && fact->kind == FACT_CLIENT);
}

static int close_due(struct sheaf *sheaf)
{
    struct open_mail *mail;
    int result = 0;
    while (result == 0 && (mail = sheaf->ended.first) != NULL &&
           (mail->touched + LATE_MS < sheaf->time || sheaf->ended_count > LATE_MAX))
        result = close_mail(sheaf, mail, false);
    while (result == 0 && (mail = sheaf->living.first) != NULL &&
           mail->touched + sheaf->bounds.idle_ms < sheaf->time)
        result = close_mail(sheaf, mail, false);
    while (result == 0 && sheaf->count > 1 &&
           (sheaf->count > sheaf->bounds.mails || sheaf->bytes > sheaf->bounds.bytes)) {
        mail = sheaf->ended.first != NULL ? sheaf->ended.first : sheaf->living.first;
        result = close_mail(sheaf, mail, !mail->ended);
    }
    return result;
}

/* ---- facts ---- */

static void tick(struct sheaf *sheaf, int64_t time)
{
    if (time > sheaf->time)
        sheaf->time = sheaf->time == 0 || time - sheaf->time < STEP_MS ? time
                                                                      : sheaf->time + STEP_MS;
}

static void touch(struct sheaf *sheaf, struct open_mail *mail, const struct fact *fact)
{
    bool ends = !mail->ended && turn_ends(fact);
    mail->named = mail->named || fact->kind == FACT_CLIENT;
    if (!ends && sheaf->time < mail->touched + FRESH_MS)
        return;
    list_take(list_of(sheaf, mail), mail);
    sheaf->ended_count += ends;
    mail->ended = mail->ended || ends;
    mail->touched = sheaf->time;
    list_put(list_of(sheaf, mail), mail);
}

static int put_fact(struct sheaf *sheaf, struct open_mail *mail, const struct fact *fact)
{
    struct packed_plan plan = packed_plan(fact, sheaf->bounds.keys);
    touch(sheaf, mail, fact);
    if (mail->size + plan.size > sheaf->bounds.mail_bytes) {
        mail->cut = true;
        return 0;
    }
    if (mail_reserve(sheaf, mail, plan.size) != 0)
        return -1;
    packed_put(fact, plan, mail->bytes + mail->size);
    mail->size += (uint32_t)plan.size;
    mail->count++;
    return 0;
}

int sheaf_add(struct sheaf *sheaf, const struct fact *fact)
{
    uint64_t hash = hash_key(fact);
    struct open_mail *mail = *table_find(sheaf, hash, fact);
    int result = 0;
    tick(sheaf, fact->time);
    if (mail != NULL && begins_anew(mail, fact)) {
        result = close_mail(sheaf, mail, false);
        mail = NULL;
    }
    if (mail == NULL)
        mail = begin_mail(sheaf, hash, fact);
    if (mail == NULL || put_fact(sheaf, mail, fact) != 0)
        return -1;
    return result != 0 ? result : close_due(sheaf);
}

int sheaf_end(struct sheaf *sheaf)
{
    int result = 0;
    while (result == 0 && sheaf->ended.first != NULL)
        result = close_mail(sheaf, sheaf->ended.first, false);
    while (result == 0 && sheaf->living.first != NULL)
        result = close_mail(sheaf, sheaf->living.first, false);
    return result;
}

int sheaf_open(struct sheaf **sheaf, const struct sheaf_bounds *bounds,
               int (*closed)(void *context, const struct bound_mail *mail), void *context,
               struct error *why)
{
    struct sheaf *self = calloc(1, sizeof *self);
    *sheaf = self;
    if (self != NULL)
        self->table = calloc(BUCKETS, sizeof *self->table);
    if (self == NULL || self->table == NULL) {
        sheaf_free(sheaf);
        return error_set(why, "no memory for the table of mails");
    }
    self->bounds = *bounds;
    self->closed = closed;
    self->context = context;
    return 0;
}

static void free_list(struct open_mail *mail)
{
    while (mail != NULL) {
        struct open_mail *next = mail->later;
        mail_free(mail);
        mail = next;
    }
}

void sheaf_free(struct sheaf **sheaf)
{
    struct sheaf *self = *sheaf;
    *sheaf = NULL;
    if (self == NULL)
        return;
    free_list(self->living.first);
    free_list(self->ended.first);
    while (self->spare != NULL) {
        struct open_mail *next = self->spare->chain;
        mail_free(self->spare);
        self->spare = next;
    }
    free(self->table);
    free(self);
}
