/* SPDX-License-Identifier: BSD-2-Clause */
/* world: a real journal, a real Redis and a shipper between them. */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "waybill/clock.h"
#include "waybill/digest.h"
#include "waybill/id.h"

#define PATIENCE_MS 20000

void world_journal(struct world *world)
{
    char path[128];
    struct error why;
    struct journal_options options = {.directory = path,
                                      .sync = SYNC_INTERVAL,
                                      .sync_ms = 50,
                                      .segment_size = 1 << 20,
                                      .total_size = 64 << 20,
                                      .ring = 1000};
    snprintf(path, sizeof path, "%s/journal", world->state);
    if (journal_open(&world->journal, &options, NULL, NULL, &why) != 0)
        fail_msg("%s", why.text);
}

void world_open(struct world *world, struct redis *redis, unsigned node, int64_t start)
{
    *world = (struct world){.redis = redis, .node = node, .start = start};
    strcpy(world->directory, "/tmp/waybill-ship-XXXXXX");
    assert_non_null(mkdtemp(world->directory));
    snprintf(world->state, sizeof world->state, "%s/state", world->directory);
    run_shell("mkdir -p %s/journal", world->state);
    redis_settings(&world->settings, redis->address);
    world->settings.state_directory = world->state;
    world->settings.batch_facts = 100;
    world->settings.batch_ms = 20;
    world->settings.hold_seconds = 1;
    world->settings.refused_per_client = 100;
    world->settings.queue_lifetime_hours = 120;
    world_journal(world);
}

void world_close(struct world *world)
{
    world_stop(world);
    journal_close(&world->journal);
    run_shell("rm -rf %s", world->directory);
}

uint64_t world_id(const struct world *world, int64_t ms, unsigned sequence)
{
    uint32_t second, day = clock_day(world->start + ms, &second);
    return id_make(day, second * UINT64_C(10000000) + world->node * UINT64_C(100000) + sequence);
}

char *world_line(const struct world *world, char witness, int64_t ms, const char *rest)
{
    char *line = malloc(FACT_LINE_MAX), id[FACT_ID_SIZE];
    assert_non_null(line);
    int size =
        snprintf(line, FACT_LINE_MAX, "%lld %c %s", (long long)(world->start + ms), witness, rest);
    fact_id_text(digest_64(line, (size_t)size) >> 4, id);
    snprintf(line, FACT_LINE_MAX, "%lld %c%s %s", (long long)(world->start + ms), witness, id,
             rest);
    return line;
}

void world_tell_text(struct world *world, const char *line)
{
    uint64_t ticket = journal_append(world->journal, JOURNAL_FACT, line, strlen(line));
    assert_true(ticket > 0);
    assert_true(journal_wait(world->journal, ticket, PATIENCE_MS));
    world->appended++;
    world->total++;
}

void world_tell(struct world *world, char witness, int64_t ms, const char *format, ...)
{
    char rest[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(rest, sizeof rest, format, arguments);
    va_end(arguments);
    char *line = world_line(world, witness, ms, rest);
    world_tell_text(world, line);
    free(line);
}

void world_start(struct world *world)
{
    struct error why;
    if (ship_start(&world->ship, &world->settings, world->journal, world->node, world->leading,
                   NULL, &world->watcher, &why) != 0)
        fail_msg("%s", why.text);
}

static void world_wait(struct world *world, uint64_t facts, bool all)
{
    int64_t until = clock_monotonic() + PATIENCE_MS;
    struct ship_stats stats;
    do {
        ship_read_stats(world->ship, &stats);
        if (stats.facts >= facts && (!all || (stats.held == 0 && stats.backlog_bytes == 0)))
            return;
        clock_sleep(5);
    } while (clock_monotonic() < until);
    fail_msg("not shipped in time: %llu of %llu facts, %llu held, %llu bytes left",
             (unsigned long long)stats.facts, (unsigned long long)facts,
             (unsigned long long)stats.held, (unsigned long long)stats.backlog_bytes);
}

void world_settle(struct world *world)
{
    world_wait(world, world->appended, true);
}

void world_read(struct world *world, uint64_t facts)
{
    world_wait(world, facts, false);
}

void world_stop(struct world *world)
{
    if (world->ship != NULL)
        world->appended = 0;
    ship_stop(&world->ship, 3000);
}

void world_ship(struct world *world)
{
    world_start(world);
    world_settle(world);
    world_stop(world);
}

void world_rewind(struct world *world)
{
    journal_close(&world->journal);
    run_shell("rm -f %s/journal/*/cursor", world->state);
    world_journal(world);
    world->appended = world->total;
}

/* ---- what the store has ---- */

static struct store *world_store(const struct world *world)
{
    struct store *store;
    struct error why;
    if (store_open(&store, &world->settings, &why) != 0)
        fail_msg("%s", why.text);
    return store;
}

static void record_found(void *context, uint64_t id, const struct record *record,
                         const char *why_not)
{
    struct buffer *text = context;
    (void)id;
    assert_null(why_not);
    if (record->count > 0 || record->see != 0)
        assert_int_equal(0, record_format(record, UINT64_MAX, text));
}

char *world_record(const struct world *world, uint64_t id)
{
    struct store *store = world_store(world);
    struct buffer text;
    struct error why;
    buffer_init(&text, RECORD_MAX);
    if (store_get_records(store, &id, 1, record_found, &text, &why) != 0)
        fail_msg("%s", why.text);
    store_close(&store);
    char *copy = strdup(text.data);
    buffer_free(&text);
    return copy;
}

size_t world_find(const struct world *world, enum term_kind kind, const char *term, uint64_t *last)
{
    struct store *store = world_store(world);
    uint64_t *ids = NULL;
    size_t count;
    struct error why;
    if (store_find_term(store, clock_day(world->start, NULL), kind, slice_of(term), &ids, &count,
                        &why) != 0)
        fail_msg("%s", why.text);
    if (last != NULL)
        *last = count > 0 ? ids[0] : 0;
    free(ids);
    store_close(&store);
    return count;
}

size_t world_state(const struct world *world, enum recipient_state state)
{
    struct store *store = world_store(world);
    uint64_t *ids = NULL;
    size_t count;
    struct error why;
    if (state != STATE_DELAYED) {
        store_close(&store);
        return world_find(world, TERM_OUTCOME, state_word(state), NULL);
    }
    if (store_find_delayed(store, &ids, &count, &why) != 0)
        fail_msg("%s", why.text);
    free(ids);
    store_close(&store);
    return count;
}

struct counter_search {
    const char *name;
    uint64_t value;
};

static void counter_found(void *context, const char *name, uint64_t value)
{
    struct counter_search *search = context;
    if (strcmp(name, search->name) == 0)
        search->value = value;
}

uint64_t world_counter(const struct world *world, const char *name)
{
    struct store *store = world_store(world);
    struct counter_search search = {.name = name};
    struct error why;
    int64_t now = clock_now();
    if (store_get_counters(store, now - 2 * HOUR_MS, now, counter_found, &search, &why) != 0)
        fail_msg("%s", why.text);
    store_close(&store);
    return search.value;
}

int64_t world_hour_ago(void)
{
    int64_t now = clock_now();
    int64_t start = now - now % SECOND_MS - HOUR_MS;
    return clock_day(start, NULL) == clock_day(start + 10 * MINUTE_MS, NULL) ? start
                                                                             : start - HOUR_MS;
}

size_t count_words(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        count++;
    return count;
}

void world_has(const struct world *world, uint64_t id, const char *word, size_t times)
{
    char *text = world_record(world, id);
    if (count_words(text, word) != times)
        fail_msg("'%s' is not there %zu times in:\n%s", word, times, text);
    free(text);
}

static long long redis_fields(const struct redis *redis, const char *pattern)
{
    return redis_number(redis,
                        "EVAL \"local n = 0 for _, key in ipairs(redis.call('KEYS', "
                        "ARGV[1])) do n = n + redis.call('HLEN', key) end return n\" 0 '%s'",
                        pattern);
}

long long world_records(const struct world *world)
{
    return redis_fields(world->redis, "wb:r:*");
}

long long world_refused(const struct world *world)
{
    return redis_fields(world->redis, "wb:rr:*");
}

char *redis_dump(const struct redis *redis)
{
    static const char script[] =
        "local out = {} "
        "for _, key in ipairs(redis.call('KEYS', '*')) do "
        "  local kind = redis.call('TYPE', key).ok "
        "  local function put(text) out[#out + 1] = key .. ' ' .. text end "
        "  if key:find('wb:beat') or key:find('wb:count') then "
        "  elseif kind == 'hash' then "
        "    local all = redis.call('HGETALL', key) "
        "    for i = 1, #all, 2 do put(all[i] .. ' = ' .. all[i + 1]) end "
        "  elseif kind == 'set' then "
        "    for _, one in ipairs(redis.call('SMEMBERS', key)) do put(one) end "
        "  elseif kind == 'zset' then "
        "    local all = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') "
        "    for i = 1, #all, 2 do put(all[i] .. ' @ ' .. all[i + 1]) end "
        "  elseif kind == 'stream' then "
        "    local seen = {} "
        "    for _, one in ipairs(redis.call('XRANGE', key, '-', '+')) do "
        "      local what = one[2][2] "
        "      if not seen[what] then seen[what] = true put(what) end "
        "    end "
        "  else put(kind) end "
        "end "
        "table.sort(out) "
        "return table.concat(out, '\\n')";
    return redis_ask(redis, "--raw EVAL \"%s\" 0", script);
}
