/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of who may do what in Redis: does it let us do what we must, can nobody else read along,
 * and are the keys ours alone?
 */
#include "doctor.h"

#include <stdio.h>
#include <string.h>

#include "waybill/escape.h"
#include "waybill/health.h"

#define COMMANDS_MAX 4000

/* CLI, CLI. A server keeps its users in a file of their own or in its configuration, and refuses to
 * save them where they are not; redis-cli ends with 0 all the same. */
#define KEEP_USERS "{ %s ACL SAVE | grep -q OK || %s CONFIG REWRITE; }"

static void heal_users(struct doctor *doctor, const char *words)
{
    struct buffer cli;

    buffer_init(&cli, 2048);
    store_redis_cli(doctor->settings, NULL, &cli);
    doctor_heal(doctor, "%s %s && " KEEP_USERS, cli.data, words, cli.data, cli.data);
    buffer_free(&cli);
}

/* ---- allowed ---- */

struct refusals {
    struct buffer words; /* " +hset ~wb:t:*" */
    size_t readers, writers;
    bool keys;
};

/* Keys that are both read and written are refused twice, one after the other. */
static void keep_refusal(void *context, const char *right, bool writer, bool keys)
{
    struct refusals *refusals = context;
    size_t size = strlen(right), all = refusals->words.size;

    refusals->readers += !writer;
    refusals->writers += writer;
    refusals->keys = refusals->keys || keys;
    if (all < size || strcmp(refusals->words.data + all - size, right) != 0)
        buffer_addf(&refusals->words, " %s", right);
}

/* Redis 6 cannot tell keys to read from keys to write. */
static void look_at_age(void *context, const struct store_health *health)
{
    bool *old = context;

    *old = *old || store_health_major(health) == 6;
}

static bool is_old(struct doctor *doctor)
{
    bool old = false;

    return store_examine(doctor->store, look_at_age, &old, NULL) == 0 && old;
}

static const char *user_of(const struct doctor *doctor)
{
    const char *user = doctor->settings->redis_user;

    return user != NULL && *user != '\0' ? user : "default";
}

static void heal_rights(struct doctor *doctor, const struct refusals *refusals)
{
    struct slice rest = slice_make(refusals->words.data, refusals->words.size), word;
    struct buffer words;

    buffer_init(&words, 2 * COMMANDS_MAX);
    buffer_add_text(&words, "ACL SETUSER ");
    escape_shell(&words, slice_of(user_of(doctor)));
    while (text_take_char(&rest, ' ') && text_take_word(&rest, &word)) {
        buffer_add_char(&words, ' ');
        escape_shell(&words, word);
    }
    heal_users(doctor, words.data);
    buffer_free(&words);
}

/* Who may give nearly none of those that write was given the reader's rights on purpose. */
#define WRITERS_ALL 8

static void tell_refusals(struct doctor *doctor, const struct check *check,
                          const struct refusals *refusals)
{
    if (refusals->readers == 0 && refusals->writers == 0)
        return;
    if (refusals->readers == 0 && refusals->writers >= WRITERS_ALL)
        doctor_find(doctor, check, SEVERITY_WARNING,
                    "Right for who only asks; a waybilld with this user can write nothing, and "
                    "its facts wait in the journal.",
                    "Redis lets the user '%s' read only; a waybilld needs%s.", user_of(doctor),
                    refusals->words.data);
    else
        doctor_find(doctor, check, refusals->writers > 0 ? SEVERITY_FAULT : SEVERITY_WARNING,
                    "What needs them is not written, or not found.",
                    "Redis denies the user '%s' these rights:%s.", user_of(doctor),
                    refusals->words.data);
    heal_rights(doctor, refusals);
}

static void look_at_rights(struct doctor *doctor, const struct check *check)
{
    struct refusals refusals = {.readers = 0};
    struct error why;

    buffer_init(&refusals.words, COMMANDS_MAX);
    if (store_try_rights(doctor->store, is_old(doctor), keep_refusal, &refusals, &why) != 0)
        doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL, "It cannot be tried: %s.", why.text);
    else
        tell_refusals(doctor, check, &refusals);
    buffer_free(&refusals.words);
}

/* Does it let in who names no password? */
static bool opens_to_all(const struct doctor *doctor)
{
    struct settings nobody = *doctor->settings;
    char none[] = "";
    struct store *store;
    bool open;

    nobody.redis_user = nobody.redis_password_file = none;
    if (store_open(&store, &nobody, NULL) != 0)
        return false;
    open = store_connect(store, NULL) == 0;
    store_close(&store);
    return open;
}

/* DIRECTORY, USER, DIRECTORY: a file that is there already is not written over, and what is in it
 * is in no list of processes. */
#define NEW_PASSWORD                                                                               \
    "(umask 027 && set -C && openssl rand -hex 24 > %s/redis.password) && "                        \
    "chgrp \"$(id -gn %s)\" %s/redis.password"

/* Where the password that a command makes is kept: beside the configuration. */
static void add_password_place(const struct doctor *doctor, struct buffer *directory,
                               struct buffer *user)
{
    const char *file = doctor->settings_file, *slash = strrchr(file, '/');

    buffer_init(directory, 8192);
    buffer_init(user, 1024);
    escape_shell(directory, slice_make(file, slash != NULL ? (size_t)(slash - file) : 0));
    escape_shell(user, slice_of(doctor->settings->user));
}

static void look_at_door(struct doctor *doctor, const struct check *check)
{
    struct buffer cli, directory, user;

    if (store_is_near(doctor->settings) || !opens_to_all(doctor))
        return;
    doctor_find(doctor, check, SEVERITY_FAULT,
                "Whoever reaches it can read who wrote to whom, and change it.",
                "Redis at '%s' asks for no password. The command makes one; then name the file in "
                "redis_password_file, on every host.",
                doctor->settings->redis);
    add_password_place(doctor, &directory, &user);
    buffer_init(&cli, 2048);
    store_redis_cli(doctor->settings, NULL, &cli);
    doctor_heal(doctor,
                NEW_PASSWORD " && "
                "(printf 'CONFIG SET requirepass '; cat %s/redis.password; echo CONFIG REWRITE) | %s",
                directory.data, user.data, directory.data, directory.data, cli.data);
    buffer_free(&user);
    buffer_free(&cli);
    buffer_free(&directory);
}

/* ---- shared ---- */

static void look_at_keys(struct doctor *doctor, const struct check *check)
{
    struct store_keys keys;
    struct error why;

    if (store_look_at_keys(doctor->store, &keys, &why) != 0) {
        doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL, "It cannot be looked at: %s.", why.text);
        return;
    }
    if (!keys.known)
        return; /* who may not look may not do much else: that is good */
    if (keys.strange > 0)
        doctor_find(doctor, check, SEVERITY_WARNING,
                    "Two programs that use one prefix may overwrite each other's keys.",
                    "%llu keys begin with '%s' and are none of waybill's, such as '%s'.",
                    (unsigned long long)keys.strange, doctor->settings->redis_prefix,
                    keys.example);
}

static void heal_user(struct doctor *doctor)
{
    struct buffer cli, directory, user, rights, quoted;

    add_password_place(doctor, &directory, &user);
    buffer_init(&cli, 2048);
    buffer_init(&rights, COMMANDS_MAX);
    buffer_init(&quoted, 2 * COMMANDS_MAX);
    store_redis_cli(doctor->settings, NULL, &cli);
    buffer_add_char(&rights, ' ');
    store_role_rights(doctor->settings, STORE_WAYBILLD, is_old(doctor), &rights);
    escape_shell(&quoted, slice_make(rights.data, rights.size));
    doctor_heal(doctor,
                NEW_PASSWORD " && (printf 'ACL SETUSER waybilld on >%%s' \"$(cat %s/redis.password)\"; "
                "echo %s) | %s && " KEEP_USERS,
                directory.data, user.data, directory.data, directory.data, quoted.data, cli.data,
                cli.data, cli.data);
    buffer_free(&cli);
    buffer_free(&directory);
    buffer_free(&user);
    buffer_free(&rights);
    buffer_free(&quoted);
}

/* A user of all rights is as he comes; where others keep something there, too, he is too much. */
static void look_at_user(struct doctor *doctor, const struct check *check)
{
    struct store_keys keys;

    if (strcmp(user_of(doctor), "default") != 0 ||
        store_look_at_keys(doctor->store, &keys, NULL) != 0 || !keys.known || keys.others == 0)
        return;
    doctor_find(doctor, check, SEVERITY_HINT,
                "A waybilld that went wrong could change what others keep there.",
                "waybill is the user 'default' of a Redis that others use, too, and may do all; "
                "'waybill doctor --redis-acl' prints the rights that are enough. The command makes a user "
                "waybilld; then name him in redis_user, and the file in redis_password_file, on every "
                "host.");
    heal_user(doctor);
}

#define STORE NEEDS_STORE

const struct check checks_access[] = {
    {"store-rights", "Redis lets us do all that is needed", look_at_rights, STORE},
    {"store-password", "not everybody who reaches Redis can read it", look_at_door, STORE},
    {"store-keys", "nobody else uses our prefix", look_at_keys, STORE},
    {"store-user", "our user may do no more than needed", look_at_user, STORE},
    {0},
};
