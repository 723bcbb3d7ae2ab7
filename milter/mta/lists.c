/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Promise: whatever a list holds, entries that are not ours keep their bytes and their order.
 */
#include "lists.h"

#include <string.h>

#include "setup.h"
#include "waybill/endpoint.h"
#include "waybill/settings.h"

#define NAMED_DEPTH 8    /* "$a" that names "$b" ... */
#define NAMED_STEPS 4096 /* entries looked at, whatever the lists name */

bool lists_is_ours(const struct mta *mta, const struct mta_milter *milter, const char *listen)
{
    struct buffer queue;
    bool is = mta_milter_is(mta, milter, listen) || mta_milter_is(mta, milter, LISTEN_IN_QUEUE) ||
              mta_milter_is(mta, milter, LISTEN_ELSEWHERE);

    if (is || mta->kind != MTA_POSTFIX)
        return is;
    buffer_init(&queue, VALUE_MAX);
    buffer_addf(&queue, "unix:%.*s/waybill/milter.sock",
                SLICE_ARGS(mta_value(mta, "queue_directory")));
    is = !queue.failed && mta_milter_is(mta, milter, queue.data);
    buffer_free(&queue);
    return is;
}

/* What of the socket's path stands below queue_directory; absent: it does not. */
static struct slice below_queue(const struct mta *mta, const char *listen)
{
    struct slice path = slice_of(endpoint_path(listen)), queue = mta_value(mta, "queue_directory");

    if (path.size == 0 || queue.size == 0)
        return SLICE_ABSENT;
    while (queue.size > 0 && queue.at[queue.size - 1] == '/')
        queue.size--;
    if (!slice_starts_with(path, queue))
        return SLICE_ABSENT;
    path = slice_make(path.at + queue.size, path.size - queue.size);
    if (!text_take_char(&path, '/'))
        return SLICE_ABSENT;
    while (text_take_char(&path, '/'))
        continue;
    return path;
}

bool mta_is_below_queue(const struct mta *mta, const char *listen)
{
    return mta->kind == MTA_POSTFIX && below_queue(mta, listen).size > 0;
}

/* libmilter's PORT@HOST is Postfix's HOST:PORT. */
static int add_port(struct slice address, struct buffer *to)
{
    struct slice port, host = slice_of("localhost");
    bool colons;

    if (text_take_until(&address, '@', &port))
        host = address;
    else
        port = address;
    colons = slice_find(host, ':') >= 0 && !slice_starts(host, "[");
    return buffer_addf(to, "inet:%s%.*s%s:%.*s", colons ? "[" : "", SLICE_ARGS(host),
                       colons ? "]" : "", SLICE_ARGS(port));
}

int mta_milter_address(const struct mta *mta, const char *listen, struct buffer *to)
{
    struct slice port = slice_of(listen), below = below_queue(mta, listen);

    if (below.size > 0)
        return buffer_addf(to, "unix:%.*s", SLICE_ARGS(below));
    if (endpoint_path(listen) != NULL)
        return buffer_addf(to, "unix:%s", endpoint_path(listen));
    if (!text_take(&port, "inet:"))
        text_take(&port, "inet6:");
    return add_port(port, to);
}

/* F= is empty: mail passes while we are away. S of T= is for one write, R for one answer. */
static int add_filter(const char *listen, struct buffer *to)
{
    return buffer_addf(
        to, "INPUT_MAIL_FILTER(`waybill', `S=%s, F=, T=C:3s;S:3s;R:3s;E:20s')dnl", listen);
}

int mta_milter_entry(const struct mta *mta, const char *listen, bool compact, struct buffer *to)
{
    static const char *const words[] = {"default_action=accept", "connect_timeout=3s",
                                        "command_timeout=3s", "content_timeout=10s"};

    if (mta->kind == MTA_SENDMAIL)
        return add_filter(listen, to);
    buffer_add_text(to, compact ? "{" : "{ ");
    mta_milter_address(mta, listen, to);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        buffer_addf(to, compact ? ",%s" : ", %s", words[i]);
    return buffer_add_text(to, compact ? "}" : " }");
}

/* Times that an administrator chose himself are his. */
static bool is_good(const struct mta *mta, const struct mta_milter *milter, const char *listen)
{
    struct buffer address;
    bool good;

    buffer_init(&address, VALUE_MAX);
    mta_milter_address(mta, listen, &address);
    good = slice_is(milter->address, address.data) ||
           (slice_starts(milter->address, "inet:") && slice_find(milter->address, '@') < 0 &&
            mta_milter_is(mta, milter, listen));
    buffer_free(&address);
    return good && slice_is(milter->default_action, "accept") && milter->connect_timeout.size > 0 &&
           milter->command_timeout.size > 0 && milter->content_timeout.size > 0;
}

/* "$name", "${name}" or "$(name)", and nothing else: the name; else absent. */
static struct slice named_by(struct slice entry)
{
    struct slice name = entry;

    if (!text_take_char(&name, '$'))
        return SLICE_ABSENT;
    if ((slice_starts(name, "{") && slice_ends(name, "}")) ||
        (slice_starts(name, "(") && slice_ends(name, ")")))
        name = slice_make(name.at + 1, name.size - 2);
    for (size_t i = 0; i < name.size; i++)
        if (!(name.at[i] == '_' || (name.at[i] >= '0' && name.at[i] <= '9') ||
              (text_lower(name.at[i]) >= 'a' && text_lower(name.at[i]) <= 'z')))
            return SLICE_ABSENT;
    return name.size > 0 ? name : SLICE_ABSENT;
}

struct slice lists_written(const struct mta *mta, const struct mta_changes *changes,
                           struct slice name)
{
    const struct parameter *known = setup_find(mta, name);
    const struct mta_change *change = changes_find(changes, MTA_CHANGE_MAIN, name);

    if (change != NULL)
        return slice_of(change->after);
    return known != NULL ? known->written : SLICE_ABSENT;
}

/* A list on the way through lists that name lists. */
struct level {
    struct slice rest, owner;
    size_t seen; /* entries that are milters */
};

static void note_ours(struct ours *ours, const struct level *level, size_t before, bool good)
{
    if (ours->direct + ours->indirect == 0) {
        ours->first = before == 0;
        ours->good = good;
        ours->owner = level->owner;
        ours->first_in_owner = level->seen == 0;
    }
    if (level->owner.at == NULL)
        ours->direct++;
    else
        ours->indirect++;
}

struct ours lists_find(const struct mta *mta, const struct mta_changes *changes, const char *listen,
                       struct slice list)
{
    struct level levels[NAMED_DEPTH] = {{.rest = list}};
    struct ours ours = {0};
    struct mta_milter milter;
    size_t depth = 0, before = 0;

    for (size_t step = 0; step < NAMED_STEPS; step++) {
        struct level *level = &levels[depth];
        struct slice name;
        if (!mta_milter_next(mta->kind, &level->rest, &milter)) {
            if (depth-- == 0)
                break;
            levels[depth].seen++;
            continue;
        }
        name = named_by(milter.whole);
        if (name.at != NULL && depth + 1 < NAMED_DEPTH) {
            levels[++depth] =
                (struct level){.rest = lists_written(mta, changes, name), .owner = name};
            continue;
        }
        if (lists_is_ours(mta, &milter, listen))
            note_ours(&ours, level, before, is_good(mta, &milter, listen));
        level->seen++;
        before++;
    }
    return ours;
}

int lists_without(const struct mta *mta, const char *listen, struct slice list, struct buffer *to)
{
    const char *end = list.at; /* of the entry before */
    struct slice rest = list;
    struct mta_milter milter;
    size_t start = to->size;

    while (mta_milter_next(mta->kind, &rest, &milter)) {
        if (!lists_is_ours(mta, &milter, listen)) {
            if (to->size > start)
                buffer_add(to, end, (size_t)(milter.whole.at - end));
            buffer_add(to, milter.whole.at, milter.whole.size);
        }
        end = milter.whole.at + milter.whole.size;
    }
    return to->failed ? -1 : 0;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* A blank separates as a comma does, but for the conditions of "${name ? {a} : {b}}". */
bool lists_squeeze(struct slice value, struct buffer *to)
{
    size_t start = to->size;

    value = slice_trim(value);
    for (size_t i = 0; i < value.size; i++) {
        char before, after;
        if (!is_blank(value.at[i])) {
            buffer_add_char(to, value.at[i]);
            continue;
        }
        if (slice_find_text(value, "${") >= 0)
            return false;
        before = to->size > start ? to->data[to->size - 1] : ',';
        while (is_blank(value.at[i + 1])) /* the last byte is none: it was trimmed */
            i++;
        after = value.at[i + 1];
        if (strchr("={,", before) == NULL && strchr("=},", after) == NULL)
            buffer_add_char(to, ',');
    }
    return !to->failed;
}
