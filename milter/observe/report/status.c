/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status: a table of the fields that matter; a group ends at an empty line, or where a second
 * recipient begins without one.
 */
#include "status.h"

#include <stdlib.h>

#include "date.h"
#include "value.h"

#define SHORT_WORDS 96
#define GROUPS_MAX (4 * REPORT_RECIPIENTS_MAX)

void groups_init(struct groups *groups, struct arena *arena)
{
    *groups = (struct groups){.arena = arena};
}

void groups_free(struct groups *groups)
{
    free(groups->of);
    groups->of = NULL;
    groups->count = groups->room = 0;
}

static struct slice pick(struct slice first, struct slice other)
{
    return first.at != NULL ? first : other;
}

/* What the group says that `into` does not yet know. */
static void fill(struct group *into, const struct group *from)
{
    if (into->final.at == NULL) {
        into->final = from->final;
        into->hash = from->hash;
    }
    if (into->original.at == NULL) {
        into->original = from->original;
        into->original_hash = from->original_hash;
    }
    into->actual = pick(into->actual, from->actual);
    into->status = pick(into->status, from->status);
    into->remote = pick(into->remote, from->remote);
    into->words = pick(into->words, from->words);
    into->remark = pick(into->remark, from->remark);
    into->has_status |= from->has_status;
    into->program |= from->program;
    if (!into->has_action && from->has_action) {
        into->has_action = true;
        into->action = from->action;
    }
    if (into->tried == 0)
        into->tried = from->tried;
    if (into->until == 0)
        into->until = from->until;
}

/* The last word on a recipient: a failure outweighs all, a delay nothing. */
static int weigh(const struct group *group)
{
    static const int weights[] = {[REPORTED_DELAYED] = 1,
                                  [REPORTED_EXPANDED] = 2,
                                  [REPORTED_RELAYED] = 3,
                                  [REPORTED_DELIVERED] = 4,
                                  [REPORTED_FAILED] = 5};

    return group->has_action ? weights[group->action] : 0;
}

static void unite(struct group *into, struct group *from)
{
    if (weigh(from) > weigh(into)) {
        struct group weaker = *into;

        *into = *from;
        from = &weaker;
        fill(into, from);
        return;
    }
    fill(into, from);
}

static bool same_original(const struct group *a, const struct group *b)
{
    return a->original.at == NULL || b->original.at == NULL ||
           (a->original_hash == b->original_hash && slice_equal_nocase(a->original, b->original));
}

static bool same_recipient(const struct group *a, const struct group *b)
{
    return a->hash == b->hash && same_original(a, b) && slice_equal_nocase(a->final, b->final);
}

/* The first of the same recipient; a slot begins with the last that came into it. */
static struct group *find_group(const struct groups *groups, const struct group *wanted)
{
    struct group *found = NULL;

    if (wanted->final.at == NULL)
        return NULL;
    for (size_t i = groups->first[wanted->hash % GROUP_SLOTS]; i > 0; i = groups->next[i - 1])
        if (same_recipient(&groups->of[i - 1], wanted) &&
            (found == NULL || &groups->of[i - 1] < found))
            found = &groups->of[i - 1];
    return found;
}

/* Once the group has a name, it is found by that. */
static void index_group(struct groups *groups, size_t index)
{
    const struct group *group = &groups->of[index];
    uint16_t *first = &groups->first[group->hash % GROUP_SLOTS];

    if (group->final.at == NULL)
        return;
    groups->next[index] = *first;
    *first = (uint16_t)(index + 1);
}

static bool names_somebody(const struct group *group)
{
    return group->final.at != NULL || group->original.at != NULL || group->actual.at != NULL;
}

static bool grow(struct groups *groups)
{
    size_t room = groups->room == 0 ? 4 : groups->room * 2;
    struct group *of;

    if (groups->count < groups->room)
        return true;
    if (room > REPORT_RECIPIENTS_MAX)
        room = REPORT_RECIPIENTS_MAX;
    if (groups->count == room)
        return false;
    of = reallocarray(groups->of, room, sizeof(*of));
    if (of == NULL)
        return false;
    groups->of = of;
    groups->room = room;
    return true;
}

static void unite_group(struct groups *groups, struct group *same)
{
    bool named = same->final.at != NULL;

    unite(same, &groups->current);
    if (!named)
        index_group(groups, (size_t)(same - groups->of));
}

static void add_group(struct groups *groups)
{
    if (!grow(groups)) {
        groups->partial = true;
        return;
    }
    groups->of[groups->count++] = groups->current;
    index_group(groups, groups->count - 1);
}

void groups_end_group(struct groups *groups)
{
    struct group *same;

    if (!groups->begun)
        return;
    groups->begun = false;
    if (groups->seen++ >= GROUPS_MAX) {
        groups->partial = true;
        return;
    }
    same = find_group(groups, &groups->current);
    /* A rest without a name, behind an empty line too many, belongs to the one before it. */
    if (same == NULL && groups->count > 0 && !names_somebody(&groups->current))
        same = &groups->of[groups->count - 1];
    /* And a name behind a rest without one. */
    if (same == NULL && groups->count == 1 && !names_somebody(&groups->of[0]))
        same = &groups->of[0];
    if (same != NULL)
        unite_group(groups, same);
    else
        add_group(groups);
    groups->current = (struct group){.has_action = false};
}

/* A second recipient without an empty line before it. */
static void divide(struct groups *groups, bool again)
{
    if (again)
        groups_end_group(groups);
}

static void set_final(struct groups *groups, struct slice value)
{
    struct slice address = value_address(groups->arena, value);

    if (address.at == NULL)
        return;
    divide(groups,
           groups->current.final.at != NULL && !slice_equal_nocase(groups->current.final, address));
    groups->current.final = address;
    groups->current.hash = value_hash(address);
}

static void set_original(struct groups *groups, struct slice value)
{
    struct slice address = value_original(groups->arena, value);

    if (address.at == NULL)
        return;
    divide(groups, groups->current.original.at != NULL && groups->current.final.at != NULL &&
                       !slice_equal_nocase(groups->current.original, address));
    groups->current.original = address;
    groups->current.original_hash = value_hash(address);
}

static void set_actual(struct groups *groups, struct slice value)
{
    if (groups->current.actual.at == NULL)
        groups->current.actual = value_address(groups->arena, value);
}

static void set_action(struct groups *groups, struct slice value)
{
    static const struct {
        const char *word;
        enum report_action action;
    } words[] = {{"fail", REPORTED_FAILED},           {"delay", REPORTED_DELAYED},
                 {"deliverable", REPORTED_DELIVERED}, {"delivered", REPORTED_DELIVERED},
                 {"relay", REPORTED_RELAYED},         {"expand", REPORTED_EXPANDED},
                 {"transmit", REPORTED_RELAYED},      {"reject", REPORTED_FAILED},
                 {"error", REPORTED_FAILED},          {"undeliver", REPORTED_FAILED}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct slice word = slice_of(words[i].word);

        if (value.size < word.size || !slice_equal_nocase(slice_make(value.at, word.size), word))
            continue;
        groups->current.has_action = true;
        groups->current.action = words[i].action;
    }
}

static void keep_status(struct groups *groups, struct slice status)
{
    if (groups->current.status.at == NULL)
        groups->current.status = arena_keep(groups->arena, status);
}

static void set_status(struct groups *groups, struct slice value)
{
    struct slice whole = value, word;

    groups->current.has_status = true;
    if (text_take_any(&value, ".0123456789", &word)) {
        while (word.size > 0 && word.at[word.size - 1] == '.')
            word.size--;
        if (status_fits(word))
            keep_status(groups, word);
        else
            value = whole;
    }
    value = slice_trim(value);
    if (slice_starts(value, "(") && slice_ends(value, ")"))
        value = slice_make(value.at + 1, value.size - 2);
    if (groups->current.remark.at == NULL)
        groups->current.remark = value_words(groups->arena, value, 255);
}

/* Of very many recipients all shall be named, rather than a few with all that was said. */
static size_t words_room(const struct groups *groups)
{
    return groups->arena->total < ARENA_MAX / 2 ? REPORT_WORDS_MAX : SHORT_WORDS;
}

static void set_words(struct groups *groups, struct slice value)
{
    struct slice type = value_take_type(&value);

    if (groups->current.words.at != NULL)
        return;
    groups->current.words = value_words(groups->arena, value, words_room(groups));
    groups->current.program = slice_equal_nocase(slice_trim(type), slice_of("x-unix"));
}

static void set_remote(struct groups *groups, struct slice value)
{
    if (groups->current.remote.at == NULL)
        groups->current.remote = value_host(groups->arena, value);
}

static void set_tried(struct groups *groups, struct slice value)
{
    groups->current.tried = date_read(value);
}

static void set_until(struct groups *groups, struct slice value)
{
    groups->current.until = date_read(value);
}

static void set_reporting(struct groups *groups, struct slice value)
{
    if (groups->reporting.at == NULL)
        groups->reporting = value_host(groups->arena, value);
}

static void set_envelope(struct groups *groups, struct slice value)
{
    if (groups->envelope_id.at == NULL)
        groups->envelope_id = value_xtext(groups->arena, value);
}

static void set_arrived(struct groups *groups, struct slice value)
{
    if (groups->arrived == 0)
        groups->arrived = date_read(value);
}

static const struct {
    const char *name;
    bool of_mail; /* of the mail as a whole: begins no group */
    void (*set)(struct groups *groups, struct slice value);
} fields[] = {
    {"Final-Recipient", false, set_final},
    {"Original-Recipient", false, set_original},
    {"X-Actual-Recipient", false, set_actual},
    {"Action", false, set_action},
    {"Status", false, set_status},
    {"Diagnostic-Code", false, set_words},
    {"Remote-MTA", false, set_remote},
    {"Last-Attempt-Date", false, set_tried},
    {"Will-Retry-Until", false, set_until},
    {"Reporting-MTA", true, set_reporting},
    {"Original-Envelope-Id", true, set_envelope},
    {"Arrival-Date", true, set_arrived},
};

/* X-Postfix-Queue-ID, X-HMX-Queue-Id, ... */
static bool is_queue_id(struct slice name)
{
    static const char tail[] = "-Queue-ID";
    size_t size = sizeof(tail) - 1;

    return slice_starts(name, "X-") && name.size > size &&
           slice_equal_nocase(slice_make(name.at + name.size - size, size), slice_of(tail));
}

void groups_add_field(struct groups *groups, struct slice name, struct slice value)
{
    name = slice_trim(name);
    value = slice_trim(value);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (!slice_equal_nocase(name, slice_of(fields[i].name)))
            continue;
        fields[i].set(groups, value);
        groups->begun |= !fields[i].of_mail;
        return;
    }
    if (is_queue_id(name) && groups->queue_id.at == NULL)
        groups->queue_id = value_clean(groups->arena, value, 255);
}

bool group_tells(const struct group *group)
{
    return group->has_action || group->has_status || group->words.at != NULL;
}

bool groups_tell(const struct groups *groups)
{
    for (size_t i = 0; i < groups->count; i++)
        if (names_somebody(&groups->of[i]) && group_tells(&groups->of[i]))
            return true;
    return false;
}

static bool group_fails(const struct group *group)
{
    if (group->has_action)
        return group->action == REPORTED_FAILED || group->action == REPORTED_DELAYED;
    return group->status.at == NULL || group->status.at[0] != '2';
}

bool groups_fail(const struct groups *groups)
{
    for (size_t i = 0; i < groups->count; i++)
        if (group_tells(&groups->of[i]) && group_fails(&groups->of[i]))
            return true;
    return false;
}
