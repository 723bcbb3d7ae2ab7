/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * digest: published vectors, so that ids are the same on every machine.
 */
#include "waybill/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_hex(const unsigned char *bytes, size_t size, const char *hex)
{
    char text[100];

    for (size_t i = 0; i < size; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    assert_string_equal(text, hex);
}

static void test_published_vectors(void **state)
{
    unsigned char out[32];

    (void)state;
    digest_sha1("abc", 3, out);
    assert_hex(out, 20, "a9993e364706816aba3e25717850c26c9cd0d89d");
    digest_sha1("", 0, out);
    assert_hex(out, 20, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    assert_true(digest_64("abc", 3) == UINT64_C(0xba7816bf8f01cfea));
    assert_true(digest_64("", 0) == UINT64_C(0xe3b0c44298fc1c14));
    assert_true(digest_64(NULL, 0) == UINT64_C(0xe3b0c44298fc1c14));
    /* RFC 4231, test 2 */
    digest_hmac("Jefe", 4, "what do ya want for nothing?", 28, out);
    assert_hex(out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void test_empty_key_is_a_key(void **state)
{
    unsigned char out[32];

    (void)state;
    digest_hmac("Jefe", 4, "x", 1, out);
    digest_hmac(NULL, 0, "", 0, out);
    assert_hex(out, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_hash_for_this_process_follows_every_byte_and_every_border(void **state)
{
    char bytes[] = "0123456789abcdefghijk";
    size_t size = sizeof bytes - 1;
    uint64_t whole = digest_here(0, bytes, size);
    (void)state;
    assert_true(digest_here(0, bytes, size) == whole);
    assert_true(digest_here(1, bytes, size) != whole);
    assert_true(digest_here(digest_here(0, bytes, 3), bytes + 3, size - 3) != whole);
    assert_true(digest_here(0, NULL, 0) == digest_here(0, bytes, 0));
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 1;
        assert_true(digest_here(0, bytes, size) != whole);
        bytes[i] ^= 1;
        assert_true(digest_here(0, bytes, i) != whole);
    }
}

/* The top bit of one word, and what it would leave behind of itself in the next. */
static void test_hash_for_this_process_cannot_be_made_to_collide_by_top_bits(void **state)
{
    char a[24] = "anybody@anywhere.example", b[24];

    (void)state;
    for (unsigned bits = 1; bits < 16; bits++) {
        memcpy(b, a, sizeof b);
        b[7] ^= (char)0x80;
        b[15] ^= (char)(bits & 1 ? 0x80 : 0);
        b[11] ^= (char)(bits & 2 ? 0x80 : 0);
        b[23] ^= (char)(bits & 4 ? 0x80 : 0);
        b[19] ^= (char)(bits & 8 ? 0x80 : 0);
        assert_true(digest_here(0, a, sizeof a) != digest_here(0, b, sizeof b));
    }
}

static void test_random_bytes_fill_all_and_differ(void **state)
{
    unsigned char a[1000] = {0}, b[1000] = {0}, zero[100] = {0};

    (void)state;
    digest_random(a, sizeof a);
    digest_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a + 900, zero, 100);
    digest_random(a, 0);
}

static void test_same_bytes_are_the_same_and_no_others(void **state)
{
    (void)state;
    assert_true(digest_same("abcd", "abcd", 4));
    assert_false(digest_same("abcd", "Abcd", 4));
    assert_false(digest_same("abcd", "abcD", 4));
    assert_true(digest_same("a", "b", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_vectors),
        cmocka_unit_test(test_empty_key_is_a_key),
        cmocka_unit_test(test_hash_for_this_process_follows_every_byte_and_every_border),
        cmocka_unit_test(test_hash_for_this_process_cannot_be_made_to_collide_by_top_bits),
        cmocka_unit_test(test_random_bytes_fill_all_and_differ),
        cmocka_unit_test(test_same_bytes_are_the_same_and_no_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
