/* SPDX-License-Identifier: BSD-2-Clause */
/* A list of milters is cut where the mail server cuts it, whatever stands in it, and ours is known
 * in whatever words the mail server has for its socket. */
#include "waybill/mta.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../../milter/mta/setup.h"

/* list, then its entries: address and default_action, as "address|action" joined by " ; " */
static const struct {
    const char *list, *entries;
} postfix_lists[] = {
    {"", ""},
    {" ,\t, ", ""},
    {"inet:localhost:8891", "inet:localhost:8891|-"},
    {"inet:a:1,unix:/b", "inet:a:1|- ; unix:/b|-"},
    {" inet:a:1  unix:/b, ,inet:c:2 ", "inet:a:1|- ; unix:/b|- ; inet:c:2|-"},
    {"{ unix:/x, default_action=accept }", "unix:/x|accept"},
    {"{unix:/x,default_action=accept},inet:a:1", "unix:/x|accept ; inet:a:1|-"},
    {"{ unix:/x default_action=tempfail }{y}", "unix:/x|tempfail"},
    {"{ unix:/x, { default_action = accept } }, z", "unix:/x|accept ; z|-"},
    {"{ unix:/x, {a={b, c}}, default_action=quarantine }", "unix:/x|quarantine"},
    {"$first, ${second}", "$first|- ; ${second}|-"},
    {"${a?{b, c}:{d}} e", "${a?{b, c}:{d}}|- ; e|-"},
    {"{ }", "|-"},
    {"{}", "|-"},
    {"{", "|-"},
    {"}", "}|-"},
    {"} { a", "}|- ; a|-"},
    {"{ unix:/x, default_action=accept", "unix:/x|accept"},
    {"{ unix:/x, default_action }", "unix:/x|-"},
    {"{ unix:/x, =accept }", "unix:/x|-"},
    {"{ unix:/x, default_action= }", "unix:/x|"},
    {"{{{{ a }}}} b", "{{{ a }}}|- ; b|-"},
};

static void join(char *to, size_t room, enum mta_kind kind, const char *text)
{
    struct slice list = slice_of(text);
    struct mta_milter milter;
    size_t used = 0;

    to[0] = '\0';
    while (mta_milter_next(kind, &list, &milter)) {
        struct slice action = milter.default_action;
        used +=
            (size_t)snprintf(to + used, room - used, "%s%.*s|%.*s", used > 0 ? " ; " : "",
                             SLICE_ARGS(milter.address), action.at == NULL ? 1 : (int)action.size,
                             action.at == NULL ? "-" : action.at);
        assert_true(used < room);
    }
    assert_false(mta_milter_next(kind, &list, &milter));
}

static void test_a_list_of_postfix_is_cut_as_postfix_does(void **state)
{
    char entries[1000];

    (void)state;
    for (size_t i = 0; i < sizeof postfix_lists / sizeof postfix_lists[0]; i++) {
        join(entries, sizeof entries, MTA_POSTFIX, postfix_lists[i].list);
        if (strcmp(entries, postfix_lists[i].entries) != 0)
            fail_msg("'%s': is '%s', not '%s'", postfix_lists[i].list, entries,
                     postfix_lists[i].entries);
    }
}

static void test_an_entry_keeps_its_own_words_and_times(void **state)
{
    struct slice list = slice_of("a, { unix:w/m.sock, default_action=accept, connect_timeout=3s, "
                                 "{command_timeout = 4s} content_timeout=10s }, b");
    struct mta_milter milter;

    (void)state;
    assert_true(mta_milter_next(MTA_POSTFIX, &list, &milter));
    assert_true(slice_is(milter.whole, "a") && milter.name.at == NULL);
    assert_true(mta_milter_next(MTA_POSTFIX, &list, &milter));
    assert_true(slice_starts(milter.whole, "{ unix:w") && slice_ends(milter.whole, "10s }"));
    assert_true(slice_is(milter.address, "unix:w/m.sock"));
    assert_true(slice_is(milter.connect_timeout, "3s"));
    assert_true(slice_is(milter.command_timeout, "4s"));
    assert_true(slice_is(milter.content_timeout, "10s"));
    assert_true(mta_milter_next(MTA_POSTFIX, &list, &milter));
    assert_null(milter.connect_timeout.at);
}

static void test_filters_of_sendmail_are_read_by_first_letters(void **state)
{
    struct slice list = slice_of("\nXwaybill, S=local:/run/w/m.sock, F=, T=C:3s;S:4s;R:10s;E:20s\n"
                                 "Xclam,Socket=inet:8893@localhost , Flags=R\nXbare\n");
    struct mta_milter milter;

    (void)state;
    assert_true(mta_milter_next(MTA_SENDMAIL, &list, &milter));
    assert_true(slice_is(milter.name, "waybill"));
    assert_true(slice_is(milter.address, "local:/run/w/m.sock"));
    assert_true(slice_is(milter.default_action, ""));
    assert_true(slice_is(milter.connect_timeout, "3s"));
    assert_true(slice_is(milter.command_timeout, "10s"));
    assert_true(slice_is(milter.content_timeout, "20s"));
    assert_true(mta_milter_next(MTA_SENDMAIL, &list, &milter));
    assert_true(slice_is(milter.name, "clam") && slice_is(milter.default_action, "R"));
    assert_true(slice_is(milter.address, "inet:8893@localhost"));
    assert_true(mta_milter_next(MTA_SENDMAIL, &list, &milter));
    assert_true(slice_is(milter.name, "bare") && milter.address.size == 0);
    assert_null(milter.default_action.at);
    assert_false(mta_milter_next(MTA_SENDMAIL, &list, &milter));
}

/* A list made to hurt takes no longer than its length: each byte of it is looked at a few times. */
static void test_a_hostile_list_ends(void **state)
{
    static const char bytes[] = "{},= \n;a";
    enum { SIZE = 1 << 20 };
    char *list = malloc(SIZE);
    unsigned seed = 7;

    (void)state;
    assert_non_null(list);
    for (size_t round = 0; round < 2 * sizeof bytes; round++) {
        struct slice rest = slice_make(list, SIZE);
        struct mta_milter milter;
        for (size_t i = 0; i < SIZE; i++) {
            seed = seed * 1103515245 + 12345;
            list[i] = bytes[round < sizeof bytes ? round : (seed >> 16) % sizeof bytes];
        }
        for (int kind = 0; kind < 2; kind++)
            for (rest = slice_make(list, SIZE);
                 mta_milter_next((enum mta_kind)kind, &rest, &milter);)
                assert_true(milter.whole.size > 0);
    }
    free(list);
}

/* entry, listen, whether it is ours for a Postfix whose queue is in /var/spool/postfix */
static const struct {
    const char *address, *listen;
    bool ours;
} same[] = {
    {"unix:waybill/milter.sock", "unix:/var/spool/postfix/waybill/milter.sock", true},
    {"unix:/waybill/milter.sock", "unix:/var/spool/postfix/waybill/milter.sock", true},
    {"unix://waybill//milter.sock", "unix:/var/spool/postfix/waybill/milter.sock", true},
    {"unix:/var/spool/postfix/waybill/milter.sock", "unix:/var/spool/postfix//waybill/milter.sock",
     true},
    {"local:/run/w.sock", "unix:/run/w.sock", true},
    {"unix:run/w.sock", "unix:/run/w.sock", false},
    {"unix:waybill/milter.sock2", "unix:/var/spool/postfix/waybill/milter.sock", false},
    {"unix:waybill/milter.soc", "unix:/var/spool/postfix/waybill/milter.sock", false},
    {"unix:", "unix:/var/spool/postfix/waybill/milter.sock", false},
    {"waybill/milter.sock", "unix:/var/spool/postfix/waybill/milter.sock", false},
    {"inet:localhost:8892", "inet:8892@127.0.0.1", true},
    {"inet:127.0.0.1:8892", "inet:8892@localhost", true},
    {"inet:[::1]:8892", "inet6:8892@::1", true},
    {"inet:8892@127.0.0.1", "inet:8892@127.0.0.1", true}, /* the words swapped: ours, but wrong */
    {"inet:localhost:8892", "inet:8892", true},
    {"inet:mx.example.org:8892", "inet:8892@MX.example.org", true},
    {"inet:mx.example.org:8892", "inet:8892@127.0.0.1", false},
    {"inet:localhost:8891", "inet:8892@127.0.0.1", false},
    {"inet::", "inet:8892@127.0.0.1", false},
    {"inet:localhost:8892", "unix:/run/w.sock", false},
    {"unix:/run/w.sock", "inet:8892@127.0.0.1", false},
};

static void test_ours_is_known_however_it_is_written(void **state)
{
    struct parameter queue = {.name = slice_of("queue_directory"),
                              .value = slice_of("/var/spool/postfix")};
    struct mta mta = {.kind = MTA_POSTFIX, .parameters = &queue, .parameter_count = 1};

    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        struct mta_milter milter = {.address = slice_of(same[i].address)};
        if (mta_milter_is(&mta, &milter, same[i].listen) != same[i].ours)
            fail_msg("'%s' is%s the milter at '%s'", same[i].address, same[i].ours ? "" : " not",
                     same[i].listen);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_list_of_postfix_is_cut_as_postfix_does),
        cmocka_unit_test(test_an_entry_keeps_its_own_words_and_times),
        cmocka_unit_test(test_filters_of_sendmail_are_read_by_first_letters),
        cmocka_unit_test(test_a_hostile_list_ends),
        cmocka_unit_test(test_ours_is_known_however_it_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
