/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tokens, from the command that makes them to who they stand for, with a real Redis.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "run.h"
#include "world.h"
#include "waybill/access.h"
#include "waybill/clock.h"
#include "waybill/token.h"

static struct world world;
static unsigned char key[32];

static int make_world(void **state)
{
    char path[128];
    struct error why;
    FILE *file;

    (void)state;
    world_open(&world);
    snprintf(path, sizeof path, "%s/key", world.redis.directory);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs("a secret that nobody would guess", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0600), 0);
    file = fopen(world.config, "a");
    assert_non_null(file);
    fprintf(file, "key_file = \"%s\"\n", path);
    assert_int_equal(fclose(file), 0);
    setenv("WAYBILL_CONFIG", world.config, 1);
    assert_int_equal(token_key(path, "token", key, &why), 0);
    return 0;
}

static int end_world(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

/* What add printed. */
static struct slice secret(void)
{
    const char *at = strstr(output, TOKEN_API_PREFIX);

    assert_non_null(at);
    return slice_make(at, TOKEN_API_ROOM - 1);
}

static int get_by(const unsigned char by[static 32], struct slice words, int64_t now,
                  struct access *access)
{
    char hash[TOKEN_API_HASH_ROOM];
    struct error why;
    int result = token_api_hash(by, words, hash) ? access_get(world.store, hash, now, access, &why)
                                                 : 0;

    if (result < 0)
        fail_msg("%s", why.text);
    return result;
}

static int get(struct slice words, int64_t now, struct access *access)
{
    return get_by(key, words, now, access);
}

static void test_a_token_stands_for_who_it_was_made_for(void **state)
{
    unsigned char other[32] = {1};
    struct access access;
    char words[TOKEN_API_ROOM], *all;

    (void)state;
    assert_int_equal(run("token add --role desk --name anna --domain B.example "
                         "--domain @a.example --subjects --expires 90d"),
                     0);
    assert_true(says("not shown again"));
    slice_copy(secret(), words, sizeof words);
    assert_int_equal(get(slice_of(words), clock_now(), &access), 1);
    assert_string_equal(access.name, "anna");
    assert_int_equal(access.role, ROLE_DESK);
    assert_string_equal(access.domains.text, "b.example a.example");
    assert_true(access.subjects);
    assert_in_range(access.expires - clock_now(), 89 * DAY_MS, 90 * DAY_MS);

    assert_int_equal(get(slice_of(words), clock_now() + 91 * DAY_MS, &access), 0);
    assert_int_equal(get_by(other, slice_of(words), 0, &access), 0);
    words[20] = words[20] == '0' ? '1' : '0';
    assert_int_equal(get(slice_of(words), clock_now(), &access), 0);
    assert_int_equal(get(slice_of("wbt_"), clock_now(), &access), 0);
    assert_int_equal(get(slice_of(""), clock_now(), &access), 0);

    words[20] = words[20] == '0' ? '1' : '0'; /* whichever it was, no key or value has it */
    all = redis_ask(&world.redis, "KEYS 'wb:*'");
    assert_non_null(strstr(all, "wb:token:"));
    assert_null(strstr(all, words + strlen(TOKEN_API_PREFIX)));
    free(all);
}

static void test_it_ends_when_it_is_revoked(void **state)
{
    struct access access;
    char words[TOKEN_API_ROOM];

    (void)state;
    assert_int_equal(run("token add --role sender --name bob --address Bob@b.example "
                         "--login bob --expires 12h"),
                     0);
    slice_copy(secret(), words, sizeof words);
    assert_int_equal(run("token add --role admin --name bob --expires 1d"), 2);
    assert_true(says("there is a token called 'bob'"));
    assert_int_equal(run("token list"), 0);
    assert_true(says("bob@b.example login: bob"));
    assert_int_equal(run("token list --json"), 0);
    assert_true(says("\"logins\":[\"bob\"]"));
    assert_false(says(TOKEN_API_PREFIX));
    assert_int_equal(get(slice_of(words), clock_now(), &access), 1);
    assert_int_equal(run("token revoke bob --reason 'he left'"), 0);
    assert_int_equal(get(slice_of(words), clock_now(), &access), 0);
    assert_int_equal(run("token revoke bob"), 1);
    assert_int_equal(run("token add --role admin --name bob --expires 1d"), 0);
    assert_int_equal(run("audit"), 0);
    assert_true(says("token-revoke  bob"));
    assert_true(says("reason: he left"));
    assert_true(says("token-add  bob"));
}

static void test_its_key_goes_at_its_end_and_its_name_with_the_next_list(void **state)
{
    char *answer;

    (void)state;
    world_flush(&world);
    assert_int_equal(run("token add --role admin --name eve --expires 1h"), 0);
    answer = redis_ask(&world.redis, "EVAL \"local k = redis.call('KEYS', 'wb:token:*') "
                                     "return {redis.call('TTL', k[1]), redis.call('DEL', k[1])}\" "
                                     "0");
    assert_in_range(atoi(answer), 3590, 3600);
    free(answer);
    assert_int_equal(run("token list"), 1);
    answer = redis_ask(&world.redis, "EXISTS wb:tokens");
    assert_int_equal(atoi(answer), 0);
    free(answer);
    assert_int_equal(run("token add --role admin --name eve --expires 1h"), 0);
}

static void test_what_makes_no_sense_is_told(void **state)
{
    static const struct run_case cases[] = {
        {"token", 2, "is missing"},
        {"token show", 2, "say 'waybill token add'"},
        {"token revoke", 2, "say 'waybill token add'"},
        {"token add --role desk --name x", 2, "--expires is missing"},
        {"token add --role boss --name x --expires 1d", 2, "must be sender, desk or admin"},
        {"token add --role desk --name 'x y' --expires 1d", 2, "--name 'x y'"},
        {"token add --role desk --name x --expires 1", 2, "hours, days or weeks"},
        {"token add --role desk --name x --expires 4000d", 2, "at most ten years"},
        {"token add --role desk --name x --expires 0h", 2, "hours, days or weeks"},
        {"token add --role desk --name x --expires 1d --domain x", 2, "--domain: 'x' is no domain"},
        {"token add --role sender --name x --expires 1d", 2, "needs an address or a login"},
        {"token add --role desk --name x --expires 1d --login x", 2, "only the role sender"},
        {"token add --role admin --name x --expires 1d --subjects", 2, "role desk alone"},
    };

    (void)state;
    run_cases(cases, sizeof cases / sizeof cases[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_token_stands_for_who_it_was_made_for),
        cmocka_unit_test(test_it_ends_when_it_is_revoked),
        cmocka_unit_test(test_its_key_goes_at_its_end_and_its_name_with_the_next_list),
        cmocka_unit_test(test_what_makes_no_sense_is_told),
    };

    return cmocka_run_group_tests(tests, make_world, end_world);
}
