/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A key for one purpose; a secret that is none is refused by name. An envelope id that was not
 * signed with our keys, for just this waybill, is not ours.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "waybill/token.h"

static char path[] = "/tmp/waybill-token-XXXXXX";

static void write_secret(size_t size, unsigned mode)
{
    static const char bytes[8192] = "a secret that has zero bytes in it";
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), (ssize_t)size);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void test_each_purpose_has_its_own_key(void **state)
{
    unsigned char a[32], b[32], again[32];
    struct error why;

    (void)state;
    write_secret(32, 0640);
    assert_int_equal(token_key(path, "subject", a, &why), 0);
    assert_int_equal(token_key(path, "envid", b, &why), 0);
    assert_int_equal(token_key(path, "subject", again, &why), 0);
    assert_memory_equal(a, again, 32);
    assert_memory_not_equal(a, b, 32);
}

static void test_a_fingerprint_is_of_the_secret_alone_and_no_other_key(void **state)
{
    char print[TOKEN_FINGERPRINT_ROOM], again[TOKEN_FINGERPRINT_ROOM];
    unsigned char key[32];
    struct error why;

    (void)state;
    write_secret(32, 0640);
    assert_int_equal(token_fingerprint("key_file", path, print, &why), 0);
    assert_int_equal(strspn(print, "0123456789abcdef"), 16);
    assert_int_equal(token_fingerprint("key_file_before", path, again, &why), 0);
    assert_string_equal(print, again);
    assert_int_equal(token_key(path, "envid", key, &why), 0);
    snprintf(again, sizeof again, "%02x%02x%02x%02x%02x%02x%02x%02x", key[0], key[1], key[2],
             key[3], key[4], key[5], key[6], key[7]);
    assert_string_not_equal(print, again);
    write_secret(33, 0640);
    assert_int_equal(token_fingerprint("key_file", path, again, &why), 0);
    assert_string_not_equal(print, again);
    assert_int_equal(token_fingerprint("key_file", "", print, &why), 0);
    assert_string_equal(print, "");
    assert_int_equal(token_fingerprint("key_file_before", "/nowhere", print, &why), -1);
    assert_non_null(strstr(why.text, "key_file_before"));
}

static void refuse(const char *file, const char *words)
{
    unsigned char key[32];
    struct error why;

    assert_int_equal(token_key(file, "subject", key, &why), -1);
    if (strstr(why.text, words) == NULL)
        fail_msg("'%s' does not say '%s'", why.text, words);
}

static void test_a_secret_that_is_none_is_refused(void **state)
{
    (void)state;
    write_secret(32, 0644);
    refuse(path, "its mode 0644 is wider than 0640");
    write_secret(15, 0600);
    refuse(path, "16 to 4096 bytes");
    write_secret(4097, 0600);
    refuse(path, "16 to 4096 bytes");
    refuse("/tmp", "not a file");
    refuse("/nowhere/key", "cannot open key_file '/nowhere/key'");
    refuse(NULL, "key_file is not set");
    refuse("", "key_file is not set");
}

#define WAYBILL UINT64_C(261121575430100007)

static const struct token_keys ours = {.key = {"the present key"}, .count = 1};
static const struct token_keys rotated = {.key = {"a newer key", "the present key"}, .count = 2};
static const struct token_keys theirs = {.key = {"somebody else's"}, .count = 1};
static const struct token_keys none = {.count = 0};

/* The waybill that the text is a token of, or 0. */
static uint64_t read_token(const struct token_keys *keys, const char *text)
{
    uint64_t waybill = 4711;

    if (token_envid_read(keys, slice_of(text), &waybill))
        return waybill;
    assert_int_equal(waybill, 4711); /* nothing is told of a token that is none */
    return 0;
}

static void test_an_envelope_id_has_its_form(void **state)
{
    char text[TOKEN_ENVID_ROOM];

    (void)state;
    token_envid(&ours, WAYBILL, text);
    assert_int_equal(strlen(text), 37);
    assert_memory_equal(text, "WB261121575430100007.", 21);
    assert_int_equal(strspn(text + 21, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), 16);
    /* one that is on its way for days must be known by the next version, too */
    assert_string_equal(text, "WB261121575430100007.RSXDGN3ADYB4QXTJ");
    assert_true(read_token(&ours, text) == WAYBILL);
    token_envid(&ours, 7, text);
    assert_true(read_token(&ours, text) == 7);
}

static void test_a_token_of_another_key_or_waybill_is_not_ours(void **state)
{
    char text[TOKEN_ENVID_ROOM], other[TOKEN_ENVID_ROOM];

    (void)state;
    token_envid(&theirs, WAYBILL, text);
    assert_true(read_token(&ours, text) == 0);
    token_envid(&ours, WAYBILL, text);
    token_envid(&ours, WAYBILL + 1, other);
    memcpy(other + 21, text + 21, 16); /* the MAC of another waybill */
    assert_true(read_token(&ours, other) == 0);
    assert_true(read_token(&none, text) == 0);
}

static void test_each_letter_of_a_token_counts(void **state)
{
    char text[TOKEN_ENVID_ROOM];

    (void)state;
    for (size_t i = 0; i < 37; i++) {
        token_envid(&ours, WAYBILL, text);
        text[i] = text[i] == '2' ? '3' : '2';
        if (read_token(&ours, text) != 0)
            fail_msg("%s is taken", text);
        text[i] = '\0';
        assert_true(read_token(&ours, text) == 0);
    }
}

static void test_a_changed_key_lets_old_tokens_stay_good(void **state)
{
    char text[TOKEN_ENVID_ROOM];

    (void)state;
    token_envid(&ours, WAYBILL, text);
    assert_true(read_token(&rotated, text) == WAYBILL);
    token_envid(&rotated, WAYBILL, text);
    assert_true(read_token(&rotated, text) == WAYBILL);
    assert_true(read_token(&ours, text) == 0); /* made with the new one */
}

static void test_a_token_is_known_however_a_server_spells_it(void **state)
{
    char text[TOKEN_ENVID_ROOM], spelled[200];

    (void)state;
    token_envid(&ours, WAYBILL, text);
    for (char *at = text; *at != '\0'; at++)
        *at = (char)(*at >= 'A' && *at <= 'Z' ? *at + 'a' - 'A' : *at);
    assert_true(read_token(&ours, text) == WAYBILL);
    snprintf(spelled, sizeof spelled, " <%s>\r\n", text);
    assert_true(read_token(&ours, spelled) == WAYBILL);
    snprintf(spelled, sizeof spelled, "%.20s+2E%s", text, text + 21);
    assert_true(read_token(&ours, spelled) == WAYBILL);
    spelled[0] = '\0';
    for (size_t i = 0; i < 37; i++)
        snprintf(spelled + 3 * i, 4, "+%02x", (unsigned)text[i]);
    assert_true(read_token(&ours, spelled) == WAYBILL);
}

static void test_what_is_no_token_is_none(void **state)
{
    static char endless[100000];
    char text[TOKEN_ENVID_ROOM], longer[64];

    (void)state;
    token_envid(&ours, WAYBILL, text);
    snprintf(longer, sizeof longer, "%sA", text);
    assert_true(read_token(&ours, longer) == 0);
    snprintf(longer, sizeof longer, "x%s", text);
    assert_true(read_token(&ours, longer) == 0);
    memset(endless, '+', sizeof endless - 1);
    assert_true(read_token(&ours, endless) == 0);
    assert_true(read_token(&ours, "") == 0);
    assert_true(read_token(&ours, NULL) == 0);
    assert_true(read_token(&ours, "<>") == 0);
    assert_true(read_token(&ours, "+") == 0);
    assert_true(read_token(&ours, "WB") == 0);
    assert_true(read_token(&ours, "WB000000000000000000.AAAAAAAAAAAAAAAA") == 0);
    token_envid(&none, WAYBILL, text);
    assert_string_equal(text, "");
}

static void test_both_secrets_are_read(void **state)
{
    struct token_keys keys;
    struct error why;

    (void)state;
    write_secret(32, 0600);
    assert_int_equal(token_keys_read(&keys, path, "", "envid", &why), 0);
    assert_int_equal(keys.count, 1);
    assert_int_equal(token_keys_read(&keys, path, path, "envid", &why), 0);
    assert_int_equal(keys.count, 2);
    assert_int_equal(token_keys_read(&keys, path, "/nowhere/old", "envid", &why), -1);
    assert_int_equal(keys.count, 0);
    assert_string_equal(why.text, "cannot open key_file_before '/nowhere/old': "
                                  "No such file or directory");
}

static int set_up(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_purpose_has_its_own_key),
        cmocka_unit_test(test_a_fingerprint_is_of_the_secret_alone_and_no_other_key),
        cmocka_unit_test(test_a_secret_that_is_none_is_refused),
        cmocka_unit_test(test_both_secrets_are_read),
        cmocka_unit_test(test_an_envelope_id_has_its_form),
        cmocka_unit_test(test_a_token_of_another_key_or_waybill_is_not_ours),
        cmocka_unit_test(test_each_letter_of_a_token_counts),
        cmocka_unit_test(test_a_changed_key_lets_old_tokens_stay_good),
        cmocka_unit_test(test_a_token_is_known_however_a_server_spells_it),
        cmocka_unit_test(test_what_is_no_token_is_none),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
