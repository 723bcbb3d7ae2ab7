/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * network: which words are one, and which addresses it holds.
 */
#include "waybill/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_network_holds_what_begins_alike(void **state)
{
    static const struct {
        const char *network, *address;
        bool holds;
    } cases[] = {
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.8", false},
        {"192.0.2.0/24", "192.0.2.255", true},
        {"192.0.2.0/24", "192.0.3.0", false},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "192.0.2.128", true},
        {"192.0.2.7/32", "192.0.2.7", true},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"2001:db8::7", "IPv6:2001:db8::7", true},
        {"::ffff:192.0.2.0/24", "192.0.2.9", true},
        {"0.0.0.0/0", "203.0.113.1", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "203.0.113.1", false},
        {"::/0", "mx.example", false},
        {"::/0", "", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct network network;

        assert_true(network_read(&network, slice_of(cases[i].network), NULL));
        if (network_holds(&network, slice_of(cases[i].address)) != cases[i].holds)
            fail_msg("%s and %s", cases[i].network, cases[i].address);
        assert_false(network_holds(&network, SLICE_ABSENT));
    }
}

static void test_what_is_none_is_not_read(void **state)
{
    static const struct {
        const char *words;
        bool wrong; /* only behind '/' */
    } cases[] = {
        {"192.0.2.0/33", true},   {"192.0.2.0/", true},   {"192.0.2.0/x", true},
        {"2001:db8::/129", true}, {"::ffff:192.0.2.0/96", true}, {"300.0.2.0/24", false},
        {"mx.example", false},    {"", false},            {"/24", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct network network;
        bool wrong = !cases[i].wrong;

        assert_false(network_read(&network, slice_of(cases[i].words), &wrong));
        if (wrong != cases[i].wrong)
            fail_msg("%s", cases[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_network_holds_what_begins_alike),
        cmocka_unit_test(test_what_is_none_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
