/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rights: what does the server let us do? Each command is given once. Redis asks who may give a
 * command before it looks what its words mean, so words that it refuses, on a key that is not
 * there, tell the right and change nothing.
 */
#include "waybill/health.h"

#include <stdio.h>
#include <string.h>

#include "acl.h"
#include "internal.h"

#define SCAN_KEYS "10000" /* so many of each server are looked at, or about that */
#define TRIED (BY_WAYBILLD | BY_WAYBILL)
#define TRIALS_MAX 200u

/* A command of the table, or a row of keys that is read, or written. */
struct trial {
    const struct right *right;
    const struct key_row *row;
    bool writes;
};

struct trying {
    void (*refused)(void *context, const char *right, bool writer, bool keys);
    void *context;
    struct store *store;
    bool old;
    struct trial asked[TRIALS_MAX];
    size_t count;
};

static enum got trying_got(void *context, size_t index, const struct reply *reply)
{
    (void)context, (void)index, (void)reply;
    return GOT_FINE;
}

static void tell_right(struct trying *trying, const struct right *right)
{
    char word[80];

    snprintf(word, sizeof word, "+%s", right->name);
    trying->refused(trying->context, word, (right->roles & BY_WAYBILL) == 0, false);
}

static void tell_keys(struct trying *trying, const struct trial *trial)
{
    struct buffer words;

    buffer_init(&words, KEY_MAX);
    key_row_pattern(trial->row, TRIED, trying->store->prefix, trying->old, &words);
    trying->refused(trying->context, words.data,
                    trial->writes || (trial->row->readers & BY_WAYBILL) == 0, true);
    buffer_free(&words);
}

/* A command that may not be given at all says nothing of the keys, and the other way round. */
static bool trying_refused(void *context, size_t index, enum store_trouble trouble,
                           struct slice words)
{
    struct trying *trying = context;
    const struct trial *trial = &trying->asked[index];
    bool command = slice_find_text(words, "command") >= 0;

    (void)trouble;
    if (!slice_starts(words, "NOPERM "))
        return true;
    if (trial->right != NULL && command)
        tell_right(trying, trial->right);
    if (trial->row != NULL && !command)
        tell_keys(trying, trial);
    return true;
}

static void ask(struct trying *trying, struct trial trial, const struct slice *words, size_t count)
{
    if (trying->count == TRIALS_MAX)
        return;
    trying->asked[trying->count++] = trial;
    pipeline_add(&trying->store->pipeline, words, count);
}

/* `node`: one that is in the set, so adding it changes nothing; "": there is none, and what would
 * change something is not tried. */
static void ask_rights(struct trying *trying, const char *node)
{
    struct store *store = trying->store;
    struct key absent, nodes;

    key_nodes(&nodes, store->prefix);
    key_nobody(&absent, store->prefix);
    for (size_t i = 0; i < right_count; i++) {
        const struct right *right = &rights[i];
        bool on_nodes = right->on == RIGHT_ON_NODES;
        struct slice words[RIGHT_WORDS];
        size_t count = 0;

        if ((right->roles & TRIED) == 0 || right->trial[0] == NULL || (on_nodes && *node == '\0') ||
            !right_counts(right, store->settings))
            continue;
        for (; count < RIGHT_WORDS && right->trial[count] != NULL; count++)
            words[count] = strcmp(right->trial[count], "@") != 0
                               ? slice_of(right->trial[count])
                               : key_slice(on_nodes ? &nodes : &absent);
        if (strcmp(right->name, "sadd") == 0)
            words[2] = slice_of(node);
        ask(trying, (struct trial){.right = right}, words, count);
    }
}

/* Of each row of keys one that is not there, or whose field is not. */
static void ask_keys(struct trying *trying)
{
    const char *prefix = trying->store->prefix;
    char key[KEY_MAX];

    for (size_t i = 0; i < key_row_count; i++) {
        const struct key_row *row = &key_rows[i];
        size_t family = strcspn(row->form, ":");

        snprintf(key, sizeof key, "%s%.*s%s", prefix, (int)family, row->form,
                 row->form[family] == ':' ? ":nobody" : "");
        if ((row->readers & TRIED) != 0)
            ask(trying, (struct trial){.row = row},
                (struct slice[]){WORD("HMGET"), slice_of(key), WORD("nothing")}, 3);
        if ((row->writers & TRIED) != 0)
            ask(trying, (struct trial){.row = row, .writes = true},
                (struct slice[]){WORD("HDEL"), slice_of(key), WORD("nothing")}, 3);
    }
}

int store_try_rights(struct store *store, bool old,
                     void (*refused)(void *context, const char *right, bool writer, bool keys),
                     void *context, struct error *why)
{
    struct trying trying = {.refused = refused, .context = context, .store = store, .old = old};
    struct replies replies = {
        .context = &trying, .got = trying_got, .refused = trying_refused};
    char node[4] = "";

    if (store_know_nodes_now(store, NULL) == 0)
        for (unsigned i = 0; i < ID_NODES && node[0] == '\0'; i++)
            if (store->nodes[i])
                snprintf(node, sizeof node, "%u", i);
    ask_rights(&trying, node);
    ask_keys(&trying);
    return store_run(store, &replies, "try what we may do", why);
}

/* ---- whose keys ---- */

struct looking {
    struct store *store;
    struct store_keys *keys;
    bool refused;
};

/* What stands before the first colon of a form, or all of it. */
static bool has_form(struct slice rest)
{
    for (size_t i = 0; i < key_row_count; i++) {
        size_t size = strcspn(key_rows[i].form, ":");

        if (key_rows[i].form[size] == '\0' ? slice_is(rest, key_rows[i].form)
                                           : rest.size > size && rest.at[size] == ':' &&
                                                 memcmp(rest.at, key_rows[i].form, size) == 0)
            return true;
    }
    return false;
}

static void look_at_key(struct looking *looking, struct slice name)
{
    struct store_keys *keys = looking->keys;
    struct slice rest = name;

    if (!text_take(&rest, looking->store->prefix)) {
        keys->others++;
        return;
    }
    keys->ours++;
    if (has_form(rest))
        return;
    keys->strange++;
    if (keys->example[0] == '\0')
        slice_copy(name, keys->example, sizeof keys->example);
}

static enum got scan_got(void *context, size_t index, const struct reply *reply)
{
    struct looking *looking = context;

    (void)index;
    if (reply->type != REPLY_LIST || reply->count != 2 || reply->items[1]->type != REPLY_LIST)
        return GOT_ODD;
    for (size_t i = 0; i < reply->items[1]->count; i++)
        look_at_key(looking, reply->items[1]->items[i]->text);
    return GOT_FINE;
}

static bool scan_refused(void *context, size_t index, enum store_trouble trouble,
                         struct slice words)
{
    (void)index;
    ((struct looking *)context)->refused = true;
    return slice_starts(words, "NOPERM ") || trouble == STORE_PROTOCOL;
}

int store_look_at_keys(struct store *store, struct store_keys *keys, struct error *why)
{
    struct looking looking = {.store = store, .keys = keys};
    struct replies replies = {.context = &looking, .got = scan_got, .refused = scan_refused};

    *keys = (struct store_keys){.known = false};
    PIPELINE_ADD(&store->pipeline, WORD("SCAN"), WORD("0"), WORD("COUNT"), WORD(SCAN_KEYS));
    if (store_run_everywhere(store, &replies, "look whose keys there are", why))
        return -1;
    keys->known = !looking.refused;
    return 0;
}
