/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain: who owns a name, by the list of public suffixes; what is no name is nobody's.
 */
#include "waybill/domain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_the_organisation_is_the_label_before_the_public_suffix(void **state)
{
    static const char *const names[][2] = {
        {"mx1.mail.example.co.uk", "example.co.uk"},
        {"example.org", "example.org"},
        {"MX.Example.ORG.", "example.org"},
        {"a.b.c.d.e.example.com", "example.com"},
        {"mx.example.internal", "example.internal"},
        {"mx.xn--bcher-kva.example.com", "example.com"},
        {"mx.xn--bcher-kva.de", "xn--bcher-kva.de"},
        {"mx.b\xc3\xbc"
         "cher.de",
         "b\xc3\xbc"
         "cher.de"},
        {"_dmarc.example.net", "example.net"},
    };
    char to[DOMAIN_ROOM];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(domain_organisational(slice_of(names[i][0]), to), strlen(names[i][1]));
        assert_string_equal(to, names[i][1]);
    }
}

static void test_suffixes_addresses_and_garbage_belong_to_nobody(void **state)
{
    static const char *const names[] = {
        "",
        ".",
        "..",
        "com",
        "co.uk",
        "github.io",
        "localhost",
        "unknown",
        "192.0.2.7",
        "192.0.2.7.",
        "[192.0.2.7]",
        "2001:db8::1",
        "a..example.org",
        ".example.org",
        "a b.example.org",
        "a@example.org",
        "a/example.org",
        "a\nb.example.org",
        "example.org..",
        "0123456789012345678901234567890123456789012345678901234567890123.example.org",
    };
    char to[DOMAIN_ROOM];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (domain_organisational(slice_of(names[i]), to) != 0 || to[0] != '\0')
            fail_msg("'%s' belongs to '%s'", names[i], to);
    assert_int_equal(domain_organisational(SLICE_ABSENT, to), 0);
    assert_int_equal(domain_organisational(slice_make("a\0.example.org", 14), to), 0);
}

static void test_a_name_as_long_as_the_room_is_no_name(void **state)
{
    char name[DOMAIN_ROOM + 8], to[DOMAIN_ROOM];
    (void)state;
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 2 == 1 || i == 0 ? 'a' : '.';
    memcpy(name + DOMAIN_ROOM - 12, ".example.org", 12);
    assert_int_equal(domain_organisational(slice_make(name, DOMAIN_ROOM), to), 0);
    assert_int_equal(domain_organisational(slice_make(name + 1, DOMAIN_ROOM - 1), to), 11);
}

static void test_two_names_of_one_owner(void **state)
{
    (void)state;
    assert_true(
        domain_same_organisation(slice_of("out7.Example.co.uk"), slice_of("example.co.uk")));
    assert_false(domain_same_organisation(slice_of("a.co.uk"), slice_of("b.co.uk")));
    assert_false(domain_same_organisation(slice_of("example.org"), slice_of("notexample.org")));
    assert_false(domain_same_organisation(slice_of("a.github.io"), slice_of("b.github.io")));
    assert_false(domain_same_organisation(slice_of("co.uk"), slice_of("co.uk")));
    assert_false(domain_same_organisation(slice_of("192.0.2.7"), slice_of("192.0.2.7")));
    assert_false(domain_same_organisation(SLICE_ABSENT, SLICE_ABSENT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_organisation_is_the_label_before_the_public_suffix),
        cmocka_unit_test(test_suffixes_addresses_and_garbage_belong_to_nobody),
        cmocka_unit_test(test_a_name_as_long_as_the_room_is_no_name),
        cmocka_unit_test(test_two_names_of_one_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
