/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keys: every key that exists, first as a table for people, then as functions.
 *
 * Every key stands alone: no command of ours touches two, so all of them may live on different
 * servers of a Cluster. YYMMDD is a UTC day.
 */
#include "keys.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WAYBILLD BY_WAYBILLD
#define WAYBILL BY_WAYBILL
#define PRIVACY BY_PRIVACY
#define WEB BY_WEB
#define NOTIFY BY_NOTIFY
#define WRITERS (WAYBILLD | PRIVACY)
#define READERS (WAYBILLD | WAYBILL | WEB)
#define EVERYBODY (READERS | PRIVACY)

const struct key_row key_rows[] = {
    {"r:YYMMDD:HHMM:N", "hash", "records of ten minutes of node N; field: 12-digit ref, or ref+NN",
     "retention", WRITERS, EVERYBODY},
    {"rr:YYMMDD:HHMM:N", "hash", "the same, of mails that were refused altogether",
     "refused retention", WRITERS, EVERYBODY},
    {"t:YYMMDD:HHMM:N", "hash", "texts with the replies of such records, if they live shorter",
     "reply retention", WRITERS, EVERYBODY},
    {"rt:YYMMDD:HHMM:N", "hash", "the same, of refused mails", "reply retention", WRITERS,
     EVERYBODY},
    {"u:YYMMDD:HHMM:N", "hash", "texts with the subjects of such records, if they live shorter",
     "subject retention", WRITERS, EVERYBODY},
    {"ru:YYMMDD:HHMM:N", "hash", "the same, of refused mails", "subject retention", WRITERS,
     EVERYBODY},
    {"x:YYMMDD:K:HEX", "set", "shard HEX of 2^K of the day's index: numbers fp*10^12+ref",
     "retention", WRITERS, READERS},
    {"rx:YYMMDD:K:HEX", "set", "the same, of refused mails", "refused retention", WRITERS,
     READERS},
    {"d:YYMMDD", "set", "the values of K in use that day", "retention", WAYBILLD,
     READERS},
    {"rd:YYMMDD", "set", "the same, of refused mails", "refused retention", WAYBILLD,
     READERS},
    {"h:YYMMDD:KIND:TERM", "set", "the parts in use of a term with many postings", "retention",
     WRITERS, EVERYBODY},
    {"rh:YYMMDD:KIND:TERM", "set", "the same, of refused mails", "refused retention", WRITERS,
     EVERYBODY},
    {"hp:YYMMDD:PART:KIND:TERM", "set", "such a part: 1 is the day, 2 and 3 its halves, ...: refs",
     "retention", WRITERS, EVERYBODY},
    {"rhp:YYMMDD:PART:KIND:TERM", "set", "the same, of refused mails", "refused retention",
     WRITERS, EVERYBODY},
    {"st:delayed", "zset", "id:recipient of what is delayed now; score: time of the last attempt",
     "swept after retention", WRITERS, EVERYBODY},
    {"ev:S", "stream", "events of the waybills whose id modulo 16 is S, by ids only",
     "bounded length", WAYBILLD, READERS | NOTIFY},
    {"nodes", "set", "numbers of all nodes that ever wrote", "none", WAYBILLD, EVERYBODY},
    {"apart", "set", "t, u: the kinds of such texts that were ever written", "none", WAYBILLD,
     EVERYBODY},
    {"node:NN", "hash", "the machine that owns node NN: machine, host, since", "none", WAYBILLD,
     EVERYBODY},
    {"beat:NN", "hash", "last sign of life of each witness of node NN", "none", WAYBILLD,
     EVERYBODY},
    {"sheet:NN", "hash",
     "what the waybilld of node NN says of itself, the last time that it wrote", "none", WAYBILLD,
     EVERYBODY},
    {"gap:YYMMDD", "hash", "times in which a witness was blind; field: NN witness from",
     "retention", WAYBILLD, READERS},
    {"count:YYMMDDHH:NN", "hash", "absolute counters of node NN for that hour", "retention",
     WAYBILLD, READERS},
    {"tomb", "hash",
     "keyed hashes of forgotten addresses, the key, and when it was changed; writers honour them",
     "none", WRITERS, WRITERS},
    {"tomb:HASH", "hash", "what was done about one of them: days, counts, nodes that answered",
     "none", WRITERS, WRITERS},
    {"audit:YYMMDDHH", "hash", "who asked what; field: ms and a random word", "audit retention",
     EVERYBODY, PRIVACY | WEB},
    {"session:HASH", "hash", "a session of the page: its token, when it began and was last used",
     "its own end", WEB, WEB},
    {"token:HASH", "hash", "an API token: name, role, what it is bound to, end", "its own end",
     PRIVACY, PRIVACY | WEB},
    {"tokens", "hash", "names of the API tokens, and the hash under which each stands", "none",
     PRIVACY, PRIVACY | WEB},
    {"subscription:NAME", "hash", "where events are sent, and which", "none", NOTIFY, NOTIFY},
    {"lease:S", "string", "which waybill-notify reads stream S, with its fencing number",
     "seconds", NOTIFY, NOTIFY},
    {"dict:V", "string", "zstd dictionary number V", "none", WRITERS, EVERYBODY},
};
const size_t key_row_count = sizeof key_rows / sizeof key_rows[0];

static void key_write(struct key *key, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void key_write(struct key *key, const char *format, ...)
{
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(key->text, sizeof key->text, format, arguments);
    va_end(arguments);
    key->size = size < 0                          ? 0
                : (size_t)size < sizeof key->text ? (size_t)size
                                                  : sizeof key->text - 1;
}

/* A term may hold any byte, so it is not printed. */
static void key_append(struct key *key, struct slice term)
{
    size_t size =
        term.size < sizeof key->text - key->size ? term.size : sizeof key->text - key->size;

    if (size > 0)
        memcpy(key->text + key->size, term.at, size);
    key->size += size;
}

static void key_add(struct key *key, const char *text)
{
    key_append(key, slice_of(text));
}

/* "PREFIX NAME:YYMMDD:", and where the rest goes. The keys that each mail needs are not printed. */
static char *key_begin(struct key *key, const char *prefix, const char *name, uint32_t day)
{
    char *to;

    key->size = 0;
    key_add(key, prefix);
    key_add(key, name);
    to = key->text + key->size;
    *to++ = ':';
    text_digits_fixed(day, to, 6);
    to[6] = ':';
    return to + 7;
}

static void key_bucket(struct key *key, const char *prefix, const char *name, uint32_t day,
                       unsigned slice, unsigned node)
{
    char *to = key_begin(key, prefix, name, day);

    text_digits_fixed(slice / 6 * 100 + slice % 6 * 10, to, 4); /* HHM0 */
    to[4] = ':';
    to += 5 + text_digits(node, to + 5);
    key->size = (size_t)(to - key->text);
}

unsigned slice_of_id(uint64_t id)
{
    return (unsigned)(id_ref(id) / 10000000 / 600);
}

void key_records_of(struct key *key, const char *prefix, uint32_t day, unsigned slice,
                    unsigned node, bool refused)
{
    key_bucket(key, prefix, refused ? "rr" : "r", day, slice, node);
}

void key_records(struct key *key, const char *prefix, uint64_t id, bool refused)
{
    key_records_of(key, prefix, id_day(id), slice_of_id(id), id_node(id), refused);
}

void key_apart_of(struct key *key, const char *prefix, uint32_t day, unsigned slice, unsigned node,
                  enum apart kind, bool refused)
{
    static const char *const names[APART_COUNT][2] = {[APART_REPLY] = {"t", "rt"},
                                                      [APART_SUBJECT] = {"u", "ru"}};

    key_bucket(key, prefix, names[kind][refused], day, slice, node);
}

void key_records_apart(struct key *key, const char *prefix, uint64_t id, enum apart kind,
                       bool refused)
{
    key_apart_of(key, prefix, id_day(id), slice_of_id(id), id_node(id), kind, refused);
}

void key_shards(struct key *key, const char *prefix, uint32_t day, bool refused)
{
    key_write(key, "%s%s:%06" PRIu32, prefix, refused ? "rd" : "d", day);
}

void key_shard(struct key *key, const char *prefix, uint32_t day, unsigned exponent, uint32_t part,
               bool refused)
{
    char *to = key_begin(key, prefix, refused ? "rx" : "x", day);
    unsigned digits = 1;

    to += text_digits(exponent, to);
    *to++ = ':';
    while (digits < 8 && part >> 4 * digits != 0)
        digits++;
    while (digits-- > 0)
        *to++ = "0123456789abcdef"[part >> 4 * digits & 15];
    key->size = (size_t)(to - key->text);
}

/* "KIND:TERM" at `to`, the end of the key. */
static void key_term(struct key *key, char *to, enum term_kind kind, struct slice term)
{
    *to++ = (char)kind;
    *to++ = ':';
    key->size = (size_t)(to - key->text);
    key_append(key, term);
}

void key_hot(struct key *key, const char *prefix, uint32_t day, enum term_kind kind,
             struct slice term, bool refused)
{
    char *to = key_begin(key, prefix, refused ? "rh" : "h", day);

    key_term(key, to, kind, term);
}

void key_hot_part(struct key *key, const char *prefix, uint32_t day, uint32_t part,
                  enum term_kind kind, struct slice term, bool refused)
{
    char *to = key_begin(key, prefix, refused ? "rhp" : "hp", day);

    to += text_digits(part, to);
    *to++ = ':';
    key_term(key, to, kind, term);
}

void key_delayed(struct key *key, const char *prefix)
{
    key_write(key, "%sst:delayed", prefix);
}

void key_nodes(struct key *key, const char *prefix)
{
    key_write(key, "%snodes", prefix);
}

void key_apart(struct key *key, const char *prefix)
{
    key_write(key, "%sapart", prefix);
}

void key_node(struct key *key, const char *prefix, unsigned node)
{
    key_write(key, "%snode:%02u", prefix, node);
}

void key_beat(struct key *key, const char *prefix, unsigned node)
{
    key_write(key, "%sbeat:%02u", prefix, node);
}

void key_sheet(struct key *key, const char *prefix, unsigned node)
{
    key_write(key, "%ssheet:%02u", prefix, node);
}

void key_nobody(struct key *key, const char *prefix)
{
    key_write(key, "%snode:nobody", prefix);
}

void key_gaps(struct key *key, const char *prefix, uint32_t day)
{
    key_write(key, "%sgap:%06" PRIu32, prefix, day);
}

void key_counters(struct key *key, const char *prefix, uint32_t day, unsigned hour, unsigned node)
{
    key_write(key, "%scount:%06" PRIu32 "%02u:%02u", prefix, day, hour, node);
}

void key_dictionary(struct key *key, const char *prefix, uint32_t number)
{
    key_write(key, "%sdict:%" PRIu32, prefix, number);
}

void key_tombs(struct key *key, const char *prefix)
{
    key_write(key, "%stomb", prefix);
}

void key_tomb(struct key *key, const char *prefix, const char *hash)
{
    key_write(key, "%stomb:%s", prefix, hash);
}

void key_audit(struct key *key, const char *prefix, uint32_t day, unsigned hour)
{
    key_write(key, "%saudit:%06" PRIu32 "%02u", prefix, day, hour);
}

void key_token(struct key *key, const char *prefix, struct slice hash)
{
    key_write(key, "%stoken:", prefix);
    key_append(key, hash);
}

void key_tokens(struct key *key, const char *prefix)
{
    key_write(key, "%stokens", prefix);
}

void key_session(struct key *key, const char *prefix, struct slice hash)
{
    key_write(key, "%ssession:", prefix);
    key_append(key, hash);
}

void key_events(struct key *key, const char *prefix, unsigned stream)
{
    key_write(key, "%sev:%u", prefix, stream);
}
