/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read: records by their ids.
 *
 * One HMGET per id, class and text (the record, and what stands apart) asks for the field of the
 * waybill's own node and of every node that may know more; the replies come in the order of the
 * ids, so each record is merged and handed on before the next is read.
 *
 * Most mails are not refused ones, so only their class is asked at first. An id that is not there
 * ends the round, and from it on both classes are asked.
 */
#include "internal.h"
#include "waybill/waybill.h"

#define READ_COMMANDS (2 * PIPELINE_COMMANDS) /* a round trip */

struct judging {
    int64_t now, queue_lifetime;
    void (*found)(void *context, uint64_t id, struct waybill *waybill, uint64_t see,
                  const char *why_not);
};

/* Which text of which id a reply is. */
struct text_place {
    size_t id;
    bool refused, apart, first, last;
    unsigned text; /* 0: the record; else of the kinds that are asked for */
};

struct reading {
    const uint64_t *ids;
    void (*found)(void *context, uint64_t id, const struct record *record, const char *why_not);
    void *context;
    const struct judging *judging; /* NULL: records are wanted */
    struct store *store;
    struct record record;
    struct buffer alone;           /* the text of the id, if there is but one and waybills are */
    struct text_place alone_place; /* wanted; */
    bool held;                     /* then the record is empty */
    struct error why_not;
    size_t texts; /* asked for of each class, */
    size_t classes; /* and how many of these in this round */
    bool both;    /* from the next round on */
    bool refused; /* a refused mail was among them */
    bool unreadable, any, here; /* any field; any of this class */
    bool foreign; /* a key where it may stand is not ours */
    size_t stop; /* place of the id that has to be asked for again, with a dictionary or both */
};

static void name_key(const struct reading *reading, const struct text_place *place,
                     struct error *why)
{
    uint64_t id = reading->ids[place->id];
    unsigned left = place->text;
    char field[FIELD_SIZE];
    struct key key;

    key_records(&key, reading->store->prefix, id, place->refused);
    for (unsigned kind = 0; kind < APART_COUNT && left > 0; kind++)
        if (apart_asked(reading->store, kind) && --left == 0)
            key_records_apart(&key, reading->store->prefix, id, kind, place->refused);
    error_prefix(why, "the key '%.*s' at '%.*s'", SLICE_ARGS(key_slice(&key)),
                 SLICE_ARGS(record_field(id, id_node(id), field)));
}

/* An answer may go without what stands apart, and says so; who writes the record again may not. */
static void reading_spoilt(struct reading *reading, const struct text_place *place,
                           const struct error *why)
{
    if (place->apart && reading->judging != NULL) {
        store_leave_out(reading->store, why->text);
        return;
    }
    if (!reading->unreadable)
        reading->why_not = *why;
    reading->unreadable = true;
}

static void reading_parse(struct reading *reading, const struct text_place *place,
                          struct slice text)
{
    struct error why;

    if (record_parse(&reading->record, text, &why) == 0)
        return;
    name_key(reading, place, &why);
    reading_spoilt(reading, place, &why);
}

/* Another text comes, or the one is not plain. */
static void reading_let_go(struct reading *reading)
{
    if (reading->held)
        reading_parse(reading, &reading->alone_place,
                      slice_make(reading->alone.data, reading->alone.size));
    reading->held = false;
}

static bool reading_holds(struct reading *reading, const struct text_place *place,
                          struct slice text)
{
    if (!reading->judging || reading->any || reading->texts > 1)
        return false;
    buffer_clear(&reading->alone);
    reading->alone_place = *place;
    return reading->held = buffer_add(&reading->alone, text.at, text.size) == 0;
}

static bool reading_take(struct reading *reading, const struct text_place *place,
                         struct slice value)
{
    struct slice text;
    struct error why;
    enum unpacked unpacked = codec_unpack(reading->store->packing.codec, reading->store->prefix,
                                          value, &text, &why);

    if (unpacked == UNPACK_WANTS)
        return false;
    if (unpacked == UNPACK_BROKEN) {
        name_key(reading, place, &why);
        reading_spoilt(reading, place, &why);
    } else if (!reading_holds(reading, place, text)) {
        reading_let_go(reading);
        reading_parse(reading, place, text);
    }
    reading->any = reading->here = true;
    return true;
}

static struct text_place place_of(const struct reading *reading, size_t index)
{
    size_t of_id = reading->classes * reading->texts, part = index % of_id;

    return (struct text_place){.id = index / of_id,
                          .refused = part >= reading->texts,
                          .apart = part % reading->texts != 0,
                          .text = (unsigned)(part % reading->texts),
                          .first = part == 0,
                          .last = part == of_id - 1};
}

static void reading_begin(struct reading *reading, uint64_t id)
{
    record_init(&reading->record, id);
    reading->unreadable = reading->any = reading->here = false;
    reading->foreign = reading->held = false;
}

/* 1: *waybill is what the texts mean; 0: there is none; -1: no memory. */
static int reading_judge(struct reading *reading, uint64_t id, struct waybill *waybill)
{
    const struct judging *judging = reading->judging;
    int result = 0;

    if (reading->unreadable)
        return 0;
    if (reading->held)
        result = waybill_read_text(waybill, id,
                                   slice_make(reading->alone.data, reading->alone.size),
                                   judging->now, judging->queue_lifetime, NULL);
    if (result != 0)
        return result;
    reading_let_go(reading);
    if (reading->unreadable || reading->record.see != 0 || reading->record.count == 0)
        return 0;
    return waybill_read(waybill, &reading->record, judging->now, judging->queue_lifetime, NULL) == 0
               ? 1
               : -1;
}

static void reading_tell(struct reading *reading, uint64_t id)
{
    struct waybill waybill;
    int judged;

    if (!reading->judging) {
        reading->found(reading->context, id, &reading->record,
                       reading->unreadable ? reading->why_not.text : NULL);
        return;
    }
    judged = reading_judge(reading, id, &waybill);
    if (judged < 0)
        error_set(&reading->why_not, "no memory for a waybill");
    reading->judging->found(reading->context, id, judged > 0 ? &waybill : NULL,
                            reading->record.see,
                            reading->unreadable || judged < 0 ? reading->why_not.text : NULL);
}

/* All texts of an id were answered. */
static void reading_hand_on(struct reading *reading, size_t place)
{
    if (!reading->any && !reading->unreadable && reading->classes == 1) {
        reading->both = true;
        reading->stop = place;
    } else {
        if (reading->foreign && reading->any)
            store_leave_out(reading->store, reading->why_not.text);
        reading->unreadable = reading->unreadable || (reading->foreign && !reading->any);
        reading_tell(reading, reading->ids[place]);
    }
    record_clear(&reading->record);
}

/* A mail that was refused at first and taken later has left its first record behind; and what
 * stands apart counts only beside its record. */
static bool reading_wants(const struct reading *reading, const struct text_place *place)
{
    if (place->apart)
        return reading->here && reading->record.see == 0;
    return !place->refused || !reading->any;
}

/* False: a dictionary has to be fetched first. */
static bool reading_take_fields(struct reading *reading, const struct text_place *place,
                                const struct reply *reply)
{
    for (size_t i = 0; i < reply->count; i++)
        if (reply->items[i]->type == REPLY_TEXT &&
            !reading_take(reading, place, reply->items[i]->text))
            return false;
    return true;
}

static enum got reading_got(void *context, size_t index, const struct reply *reply)
{
    struct reading *reading = context;
    struct text_place place = place_of(reading, index);

    if (reply->type != REPLY_LIST)
        return GOT_ODD;
    if (place.id >= reading->stop)
        return GOT_FINE;
    if (place.first)
        reading_begin(reading, reading->ids[place.id]);
    for (size_t i = 0; i < reply->count; i++)
        if (reply->items[i]->type != REPLY_TEXT && reply->items[i]->type != REPLY_NIL)
            return GOT_ODD;
    if (!place.apart)
        reading->here = false;
    if (reading_wants(reading, &place) && !reading_take_fields(reading, &place, reply)) {
        record_clear(&reading->record);
        reading->stop = place.id;
        return GOT_FINE;
    }
    reading->refused = reading->refused || (place.refused && reading->here);
    if (place.last)
        reading_hand_on(reading, place.id);
    return GOT_FINE;
}

static bool reading_refused(void *context, size_t index, enum store_trouble trouble,
                            struct slice words)
{
    struct reading *reading = context;
    struct text_place place = place_of(reading, index);
    bool foreign = trouble == STORE_FOREIGN;
    struct error why;

    if (place.id >= reading->stop)
        return foreign;
    if (place.first)
        reading_begin(reading, reading->ids[place.id]);
    if (!place.apart)
        reading->here = false;
    if (foreign && reading_wants(reading, &place)) {
        error_set(&why, "%.*s", SLICE_ARGS(words));
        if (place.apart || reading->judging == NULL)
            reading_spoilt(reading, &place, &why);
        else if (!reading->unreadable)
            reading->why_not = why;
        reading->foreign = reading->foreign || !place.apart;
    }
    if (place.last && foreign)
        reading_hand_on(reading, place.id);
    else if (place.last)
        record_clear(&reading->record);
    return foreign;
}

/* One text of a record: the fields of all nodes. */
static void read_ask_text(struct store *store, uint64_t id, const struct key *key)
{
    struct slice words[3 + ID_NODES];
    char fields[1 + ID_NODES][FIELD_SIZE];
    size_t count = 0;

    words[count++] = WORD("HMGET");
    words[count++] = key_slice(key);
    words[count++] = record_field(id, id_node(id), fields[ID_NODES]);
    for (unsigned node = 0; node < ID_NODES; node++)
        if (store->nodes[node] && node != id_node(id))
            words[count++] = record_field(id, node, fields[node]);
    pipeline_add(&store->pipeline, words, count);
}

/* A master of a Cluster is away: what there is of this mail is not known. */
static void reading_missed(void *context, size_t index, const char *why)
{
    struct reading *reading = context;
    struct text_place place = place_of(reading, index);

    if (place.id >= reading->stop)
        return;
    if (place.first)
        reading_begin(reading, reading->ids[place.id]);
    if (!place.apart)
        reading->here = false;
    if (!place.apart && reading_wants(reading, &place) && !reading->unreadable) {
        error_set(&reading->why_not, "%s", why);
        reading->unreadable = true;
    }
    if (place.last)
        reading_hand_on(reading, place.id);
}

static void read_ask(struct store *store, uint64_t id, bool refused)
{
    struct key key;

    key_records(&key, store->prefix, id, refused);
    read_ask_text(store, id, &key);
    for (unsigned kind = 0; kind < APART_COUNT; kind++)
        if (apart_asked(store, kind)) {
            key_records_apart(&key, store->prefix, id, kind, refused);
            read_ask_text(store, id, &key);
        }
}

/* The first of so many ids. `stop` is where to go on: a dictionary is fetched at most once, and
 * both classes are asked from then on, so each round gets further, or knows one more. */
static int read_portion(struct store *store, struct reading *reading, const uint64_t *ids,
                        size_t count, struct error *why)
{
    struct replies replies = {.context = reading,
                              .got = reading_got,
                              .refused = reading_refused,
                              .missed = reading_missed};
    size_t portion, texts = 1;

    for (unsigned kind = 0; kind < APART_COUNT; kind++)
        texts += apart_asked(store, kind);
    reading->classes = reading->both ? 2 : 1;
    portion = READ_COMMANDS / (reading->classes * texts);
    if (count < portion)
        portion = count;
    reading->ids = ids;
    reading->texts = texts;
    reading->stop = portion;
    record_init(&reading->record, 0);
    for (size_t i = 0; i < portion; i++) {
        read_ask(store, ids[i], false);
        if (reading->both)
            read_ask(store, ids[i], true);
    }
    if (store_run(store, &replies, "read records", why) || store_learn_dictionaries(store, why)) {
        record_clear(&reading->record);
        return -1;
    }
    return 0;
}

static int read_all(struct store *store, struct reading *reading, const uint64_t *ids, size_t count,
                    struct error *why)
{
    int result = 0;

    if (count == 0)
        return 0;
    if (store_know_nodes(store, why))
        return -1;
    reading->store = store;
    reading->both = store->reads_refused;
    buffer_init(&reading->alone, RECORD_MAX + 1);
    codec_forget_missing(store->packing.codec);
    for (size_t done = 0; done < count && result == 0; done += reading->stop)
        result = read_portion(store, reading, ids + done, count - done, why);
    buffer_free(&reading->alone);
    if (result == 0)
        store->reads_refused = reading->refused;
    return result;
}

int store_get_records(struct store *store, const uint64_t *ids, size_t count,
                      void (*found)(void *context, uint64_t id, const struct record *record,
                                    const char *why_not),
                      void *context, struct error *why)
{
    struct reading reading = {.found = found, .context = context};

    return read_all(store, &reading, ids, count, why);
}

int store_get_waybills(struct store *store, const uint64_t *ids, size_t count, int64_t now,
                       int64_t queue_lifetime,
                       void (*found)(void *context, uint64_t id, struct waybill *waybill,
                                     uint64_t see, const char *why_not),
                       void *context, struct error *why)
{
    struct judging judging = {now, queue_lifetime, found};
    struct reading reading = {.judging = &judging, .context = context};

    return read_all(store, &reading, ids, count, why);
}
