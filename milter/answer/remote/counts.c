/* SPDX-License-Identifier: BSD-2-Clause */
/* counts: groups, what was watched, and the configuration at the other end. */
#include <stdio.h>
#include <stdlib.h>

#include "state.h"
#include "tree.h"
#include "waybill/clock.h"

#define PATH_MAX_BYTES (1u << 20)
#define WITNESSES_MAX 200
#define GAPS_MAX 20000

static void write_line(const json_t *value, struct buffer *to)
{
    struct json json;

    if (to->size > 0)
        buffer_add_char(to, '\n');
    json_init(&json, to);
    tree_write(&json, value);
}

static uint64_t read_count(const json_t *object, const char *key)
{
    int64_t number = tree_number(object, key, 0);

    return number > 0 ? (uint64_t)number : 0;
}

/* ---- groups ---- */

static int ask_groups(struct remote *remote, const struct query *query, const enum query_by *by,
                      size_t count, struct error *why)
{
    struct buffer path, words;
    int result;

    buffer_init(&path, PATH_MAX_BYTES);
    buffer_init(&words, PATH_MAX_BYTES);
    buffer_add_text(&path, "/api/v1/stats");
    query_write(query, false, &words);
    if (words.size > 0)
        remote_put_argument(&path, "q", slice_make(words.data, words.size));
    buffer_clear(&words);
    for (size_t i = 0; i < count; i++)
        buffer_addf(&words, "%s%s", i > 0 ? "," : "", query_by_word(by[i]));
    remote_put_argument(&path, "by", slice_make(words.data, words.size));
    buffer_free(&words);
    result = path.failed ? error_set(why, "no memory") : remote_get(remote, path.data, why);
    buffer_free(&path);
    return result;
}

/* "sender-domain" is a member sender_domain. */
static struct slice read_value(const json_t *row, enum query_by by)
{
    struct slice value;
    char key[24];

    snprintf(key, sizeof key, "%s", query_by_word(by));
    for (char *at = key; *at != '\0'; at++)
        *at = *at == '-' ? '_' : *at;
    value = tree_string(row, key);
    return value.at != NULL ? value : slice_of("");
}

static void read_row(const json_t *row, const enum query_by *by, size_t count,
                     struct query_group *group)
{
    *group = (struct query_group){.mails = read_count(row, "mails"),
                                  .recipients = read_count(row, "recipients")};
    for (size_t i = 0; i < count; i++)
        group->values[i] = read_value(row, by[i]);
}

static void read_sums(const json_t *sums, struct query *query, struct query_groups *groups)
{
    int64_t since = tree_time(sums, "since"), until = tree_time(sums, "until");

    query->since = since != 0 ? since : query->since;
    query->until = until != 0 ? until : query->until;
    groups->mails = read_count(sums, "mails");
    groups->recipients = read_count(sums, "recipients");
    groups->over = read_count(sums, "over");
    remote_read_answer(sums, &groups->answer);
}

int remote_group(struct remote *remote, struct query *query, const enum query_by *by,
                 size_t by_count, struct query_groups *groups, struct buffer *lines,
                 struct error *why)
{
    const json_t *rows, *row, *sums;
    size_t i;

    *groups = (struct query_groups){0};
    if (ask_groups(remote, query, by, by_count, why) != 0)
        return -1;
    rows = tree_get(remote->tree, "groups");
    sums = tree_get(remote->tree, "sums");
    if (!json_is_array(rows) || !json_is_object(sums) || json_array_size(rows) > QUERY_GROUPS_MAX)
        return remote_is_strange(remote, why);
    groups->groups = calloc(json_array_size(rows) + 1, sizeof *groups->groups);
    if (groups->groups == NULL)
        return error_set(why, "no memory for the answer");
    json_array_foreach (rows, i, row) {
        read_row(row, by, by_count, &groups->groups[groups->count++]);
        if (lines != NULL)
            write_line(row, lines);
    }
    read_sums(sums, query, groups);
    if (lines != NULL)
        write_line(sums, lines);
    return 0;
}

void remote_groups_clear(struct query_groups *groups)
{
    free(groups->groups); /* what they show is the answer's */
    *groups = (struct query_groups){0};
}

/* ---- what was watched ---- */

/* As it was asked; else of a whole second. Without a term it is left to the other end, whose
 * default is the same. */
static void put_moment(struct buffer *path, const char *name, const char *given, int64_t ms,
                       bool needed)
{
    char text[CLOCK_TEXT_SIZE], words[CLOCK_TEXT_SIZE + 1];

    clock_rfc3339(ms, text);
    snprintf(words, sizeof words, "%.19sZ", text);
    if (given[0] != '\0')
        remote_put_argument(path, name, slice_of(given));
    else if (needed)
        remote_put_argument(path, name, slice_of(words));
}

static int ask_watched(struct remote *remote, const struct query *query, struct error *why)
{
    struct buffer path;
    int result;

    buffer_init(&path, 1024);
    buffer_add_text(&path, "/api/v1/coverage");
    put_moment(&path, "since", query->since_given, query->since, query->count > 0);
    put_moment(&path, "until", query->until_given, query->until, false);
    result = remote_get(remote, path.data, why);
    buffer_free(&path);
    return result;
}

static void read_gap(const json_t *from, struct store_gap *gap)
{
    *gap = (struct store_gap){.from = tree_time(from, "from"),
                              .until = tree_time(from, "until"),
                              .count = read_count(from, "lost")};
    slice_copy(tree_string(from, "cause"), gap->cause, sizeof gap->cause);
}

static int read_witness(const json_t *from, struct watched_list *list)
{
    struct watched *watched = &list->list[list->count++];
    struct slice name = tree_string(from, "witness");
    const json_t *gaps = tree_get(from, "gaps"), *gap;
    size_t i;

    *watched = (struct watched){.node = (unsigned)read_count(from, "node"),
                                .since = tree_time(from, "since"),
                                .until = tree_time(from, "until"),
                                .silent_since = tree_time(from, "silent_since"),
                                .blind = tree_number(from, "blind_ms", 0),
                                .lost = read_count(from, "lost"),
                                .gaps = list->gaps + list->gap_count};
    watched->never = watched->since == 0;
    slice_copy(tree_string(from, "host"), watched->host, sizeof watched->host);
    if (name.at == NULL || !json_is_array(gaps) ||
        list->gap_count + json_array_size(gaps) > GAPS_MAX)
        return -1;
    watched->witness = slice_is(name, "milter") ? "milter" : "log";
    json_array_foreach (gaps, i, gap)
        read_gap(gap, &list->gaps[list->gap_count++]);
    watched->gap_count = json_array_size(gaps);
    return 0;
}

static int read_watched(const json_t *tree, struct watched_list *list)
{
    const json_t *witnesses = tree_get(tree, "witnesses"), *witness;
    size_t i;

    if (!json_is_array(witnesses) || json_array_size(witnesses) > WITNESSES_MAX)
        return -1;
    list->since = tree_time(tree, "since");
    list->until = tree_time(tree, "until");
    list->dropped = (size_t)read_count(tree, "gaps_not_told");
    json_array_foreach (witnesses, i, witness)
        if (read_witness(witness, list) != 0)
            return -1;
    return 0;
}

int remote_watched(struct remote *remote, const struct query *query, struct watched_list *list,
                   struct buffer *line, struct error *why)
{
    int result;

    *list = (struct watched_list){0};
    if (ask_watched(remote, query, why) != 0)
        return -1;
    list->list = calloc(WITNESSES_MAX, sizeof *list->list);
    list->gaps = calloc(GAPS_MAX, sizeof *list->gaps);
    if (list->list == NULL || list->gaps == NULL)
        result = error_set(why, "no memory for the answer");
    else if (read_watched(remote->tree, list) != 0)
        result = remote_is_strange(remote, why);
    else
        result = 0;
    if (result != 0)
        watched_free(list);
    else if (line != NULL)
        write_line(remote->tree, line);
    return result;
}

/* ---- the configuration ---- */

int remote_get_settings(struct remote *remote, struct remote_settings *settings,
                        struct error *why)
{
    if (remote_get(remote, "/api/v1/settings", why) != 0)
        return -1;
    *settings = (struct remote_settings){
        .queue_lifetime_hours = tree_number(remote->tree, "queue_lifetime_hours", 0),
        .reply_retention_days = tree_number(remote->tree, "reply_retention_days", 0),
        .subject_retention_days = tree_number(remote->tree, "subject_retention_days", 0),
        .subjects = tree_bool(remote->tree, "subjects"),
    };
    return 0;
}
