/* SPDX-License-Identifier: BSD-2-Clause */
/* world: a real journal, a real Redis and a shipper between them, in directories of their own. */
#ifndef TEST_WORLD_H
#define TEST_WORLD_H

#include "waybill/journal.h"
#include "waybill/settings.h"
#include "waybill/ship.h"
#include "waybill/store.h"

#include "../../support/redis.h"

struct world {
    struct redis *redis;
    struct settings settings;
    char directory[64], state[96];
    unsigned node;
    int64_t start;     /* ms; facts are told in ms after it */
    uint64_t appended; /* facts that the next shipper has to read, */
    uint64_t total;    /* and all */
    struct journal *journal;
    struct ship *ship;
    struct ship_watcher watcher;
    void (*leading)(void *context, struct journal_reader *reader); /* NULL: nothing to do */
};

/* `redis` runs already. The journal is open. */
void world_open(struct world *world, struct redis *redis, unsigned node, int64_t start);
void world_close(struct world *world); /* stops all, removes the directory */
void world_journal(struct world *world);

/* The id of the waybill that arrives `ms` after the start, by this world's node. */
uint64_t world_id(const struct world *world, int64_t ms, unsigned sequence);
/* Append a fact: "%" of the witness, ms after the start, and the rest of the line from the kind
 * on. Its fact id follows from all of it. */
void world_tell(struct world *world, char witness, int64_t ms, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same line again, as world_tell would make it. */
void world_tell_text(struct world *world, const char *line);
char *world_line(const struct world *world, char witness, int64_t ms, const char *rest);

void world_start(struct world *world);
/* Until all that was appended is shipped and the cursor stands behind it. */
void world_settle(struct world *world);
/* Until so many facts were read, held or not. */
void world_read(struct world *world, uint64_t facts);
void world_stop(struct world *world);
/* Start, settle, stop. */
void world_ship(struct world *world);
/* Forget the cursor: the next shipper reads the whole journal again. */
void world_rewind(struct world *world);

/* The merged record as text; "" if there is none. free() it. */
char *world_record(const struct world *world, uint64_t id);
/* How many ids stand under a term on the day of `ms`; *last gets the highest. */
size_t world_find(const struct world *world, enum term_kind kind, const char *term, uint64_t *last);
size_t world_state(const struct world *world, enum recipient_state state);
uint64_t world_counter(const struct world *world, const char *name);
/* Fails unless the record has `word` so many times. */
void world_has(const struct world *world, uint64_t id, const char *word, size_t times);
/* How many records there are, those of refused mails not counted; and those alone. */
long long world_records(const struct world *world);
long long world_refused(const struct world *world);
size_t count_words(const char *text, const char *word);
/* A whole second about an hour ago, no midnight near. */
int64_t world_hour_ago(void);
/* All keys and values but those that depend on the clock, one a line, sorted; events as a set.
 * free() it. */
char *redis_dump(const struct redis *redis);

#endif
