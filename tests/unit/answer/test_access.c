/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who sees what: a table of mails and people, then the same people's searches in a real store,
 * compared with what the table says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mail.h"
#include "world.h"
#include "waybill/access.h"
#include "waybill/clock.h"

/* ---- people ---- */

static char pickup[] = "pickup", office[] = "192.0.2.0/24", six[] = "2001:db8::/32";
static char *const own_sources[] = {pickup, office, six, NULL};
static char *const no_sources[] = {NULL};

enum { ADMIN, ADMIN_A, DESK, DESK_SUBJECTS, DESK_A, ANN, BOB, LOGIN_ONLY, NOBODY_OWN, BELOW, PEOPLE };
static struct access people[PEOPLE];

static struct access *person(int at, enum access_role role, char *const *sources)
{
    people[at] = (struct access){.role = role, .own_sources = sources};
    return &people[at];
}

static int make_people(void **state)
{
    struct error why;

    (void)state;
    person(ADMIN, ROLE_ADMIN, own_sources);
    access_add_domain(person(ADMIN_A, ROLE_ADMIN, own_sources), slice_of("A.example"), &why);
    person(DESK, ROLE_DESK, own_sources);
    person(DESK_SUBJECTS, ROLE_DESK, own_sources)->subjects = true;
    access_add_domain(person(DESK_A, ROLE_DESK, own_sources), slice_of("@a.example"), &why);
    access_add_address(person(ANN, ROLE_SENDER, own_sources), slice_of("Ann@a.example"), &why);
    access_add_login(&people[ANN], slice_of("ann"), &why);
    access_add_address(person(BOB, ROLE_SENDER, own_sources), slice_of("bob@b.example"), &why);
    access_add_login(person(LOGIN_ONLY, ROLE_SENDER, own_sources), slice_of("ANN"), &why);
    access_add_address(person(NOBODY_OWN, ROLE_SENDER, no_sources), slice_of("ann@a.example"),
                       &why);
    access_add_domain(person(BELOW, ROLE_DESK, own_sources), slice_of(".s.Example"), &why);
    for (int i = 0; i < PEOPLE; i++)
        assert_int_equal(access_check(&people[i], &why), 0);
    return 0;
}

/* ---- mails, and what each person sees of their recipients ---- */

#define FOUR "bob@b.example ann@a.example team@a.example z@z.example"
#define BESIDE "x@s.example y@Deep.mail.s.example z@news.example z@s.example.net"
#define NOT "-" /* he may not see the mail */
static const struct {
    const char *what;
    struct mail mail;
    const char *sees[PEOPLE]; /* addresses of the recipients, in order; NOT, or nothing said */
} cases[] = {
    {"with her login",
     {.from = "ann@a.example", .login = "ann", .ip = "198.51.100.7", .subject = "Rent",
      .recipients = {{.address = "x@c.example", .state = STATE_DELIVERED},
                     {.address = "y@d.example", .state = STATE_DELIVERED}},
      .recipient_count = 2},
     {[ADMIN] = "x@c.example y@d.example", [ADMIN_A] = "x@c.example y@d.example",
      [DESK] = "x@c.example y@d.example", [DESK_SUBJECTS] = "x@c.example y@d.example",
      [DESK_A] = "x@c.example y@d.example", [ANN] = "x@c.example y@d.example", [BOB] = NOT,
      [LOGIN_ONLY] = "x@c.example y@d.example", [NOBODY_OWN] = NOT}},
    {"a forged MAIL FROM from outside",
     {.from = "ann@a.example", .ip = "198.51.100.7", .subject = "Rent",
      .recipients = {{.address = "x@c.example", .state = STATE_DELIVERED}}, .recipient_count = 1},
     {[ADMIN] = "x@c.example", [ADMIN_A] = NOT, [DESK] = "x@c.example",
      [DESK_SUBJECTS] = "x@c.example", [DESK_A] = NOT, [ANN] = NOT, [BOB] = NOT,
      [LOGIN_ONLY] = NOT, [NOBODY_OWN] = NOT}},
    {"her address, from a configured network",
     {.from = "Ann@A.example", .ip = "192.0.2.200", .subject = "Rent",
      .recipients = {{.address = "x@c.example", .state = STATE_FAILED, .reply = "no"}},
      .recipient_count = 1},
     {[ADMIN] = "x@c.example", [ADMIN_A] = "x@c.example", [DESK] = "x@c.example",
      [DESK_SUBJECTS] = "x@c.example", [DESK_A] = "x@c.example", [ANN] = "x@c.example",
      [BOB] = NOT, [LOGIN_ONLY] = NOT, [NOBODY_OWN] = NOT}},
    {"her address, from a configured network of the other family",
     {.from = "ann@a.example", .ip = "2001:db8:1::9",
      .recipients = {{.address = "x@c.example", .state = STATE_HELD}}, .recipient_count = 1},
     {[ADMIN] = "x@c.example", [ADMIN_A] = "x@c.example", [DESK] = "x@c.example",
      [DESK_SUBJECTS] = "x@c.example", [DESK_A] = "x@c.example", [ANN] = "x@c.example",
      [BOB] = NOT, [LOGIN_ONLY] = NOT, [NOBODY_OWN] = NOT}},
    {"her address, with somebody else's login",
     {.from = "ann@a.example", .login = "bob@b.example", .ip = "192.0.2.7",
      .recipients = {{.address = "x@c.example", .state = STATE_DELIVERED}}, .recipient_count = 1},
     {[ADMIN] = "x@c.example", [ADMIN_A] = "x@c.example", [DESK] = "x@c.example",
      [DESK_SUBJECTS] = "x@c.example", [DESK_A] = "x@c.example", [ANN] = NOT,
      [BOB] = "x@c.example", [LOGIN_ONLY] = NOT, [NOBODY_OWN] = NOT}},
    {"to people of two domains",
     {.from = "eve@e.example", .ip = "198.51.100.7", .subject = "Hello",
      .recipients = {{.address = "bob@b.example", .state = STATE_DELIVERED},
                     {.address = "ann@a.example", .state = STATE_DELAYED},
                     {.address = "z@z.example", .original = "team@a.example",
                      .state = STATE_DELIVERED}},
      .recipient_count = 3},
     {[ADMIN] = FOUR,
      [ADMIN_A] = "ann@a.example team@a.example z@z.example",
      [DESK] = FOUR, [DESK_SUBJECTS] = FOUR,
      [DESK_A] = "ann@a.example team@a.example z@z.example", [ANN] = NOT,
      [BOB] = NOT, [LOGIN_ONLY] = NOT, [NOBODY_OWN] = NOT}},
    {"through an alias of ours",
     {.from = "bob@b.example", .login = "bob@b.example", .ip = "198.51.100.7",
      .recipients = {{.address = "secret@c.example", .original = "list@b.example",
                      .state = STATE_FAILED, .reply = "secret@c.example is unknown",
                      .relay = "mx.c.example[198.51.100.1]:25"}},
      .recipient_count = 1},
     {[ADMIN] = "list@b.example secret@c.example", [ADMIN_A] = NOT,
      [DESK] = "list@b.example secret@c.example",
      [DESK_SUBJECTS] = "list@b.example secret@c.example", [DESK_A] = NOT, [ANN] = NOT,
      [BOB] = "list@b.example list@b.example", [LOGIN_ONLY] = NOT, [NOBODY_OWN] = NOT}},
    {"it never came to a recipient",
     {.from = "ann@a.example", .login = "ann", .ip = "198.51.100.7", .abandoned = true},
     {[ADMIN] = "", [ADMIN_A] = "", [DESK] = "", [DESK_SUBJECTS] = "", [DESK_A] = "", [ANN] = "",
      [BOB] = NOT, [LOGIN_ONLY] = "", [NOBODY_OWN] = NOT}},
    {"to people of a domain, below it, and beside it",
     {.from = "eve@e.example", .ip = "198.51.100.7",
      .recipients = {{.address = "x@s.example", .state = STATE_DELIVERED},
                     {.address = "y@Deep.mail.s.example", .state = STATE_DELIVERED},
                     {.address = "z@news.example", .state = STATE_DELIVERED},
                     {.address = "z@s.example.net", .state = STATE_DELIVERED}},
      .recipient_count = 4},
     {[ADMIN] = BESIDE, [ADMIN_A] = NOT, [DESK] = BESIDE, [DESK_SUBJECTS] = BESIDE,
      [BELOW] = "x@s.example y@Deep.mail.s.example"}},
};
#define CASES (sizeof cases / sizeof cases[0])

static const char *seen_by(size_t at, int who)
{
    return cases[at].sees[who] != NULL ? cases[at].sees[who] : NOT;
}

static int64_t base;

static struct mail mail_of(size_t at)
{
    static char names[CASES][16];
    struct mail mail = cases[at].mail;

    snprintf(names[at], sizeof names[at], "4mQ%zu", at);
    mail.id = mail_id(base - (int64_t)at * SECOND_MS, (unsigned)at);
    mail.queue_id = names[at];
    mail.client = "client.example";
    return mail;
}

static void read_mail(size_t at, struct waybill *waybill)
{
    struct mail mail = mail_of(at);
    struct record record;
    struct error why;

    mail_record(&mail, &record);
    if (waybill_read(waybill, &record, base, 0, &why) != 0)
        fail_msg("%s", why.text);
    record_clear(&record);
}

static void addresses_of(const struct waybill *waybill, char to[static 256])
{
    to[0] = '\0';
    for (size_t i = 0; i < waybill->recipient_count; i++)
        snprintf(to + strlen(to), 256 - strlen(to), "%s%.*s", i > 0 ? " " : "",
                 SLICE_ARGS(waybill->recipients[i].address));
}

/* ---- the matrix ---- */

static void test_each_sees_what_is_for_him_and_nothing_else(void **state)
{
    (void)state;
    for (size_t at = 0; at < CASES; at++)
        for (int who = 0; who < PEOPLE; who++) {
            struct waybill waybill;
            char seen[256] = NOT;

            read_mail(at, &waybill);
            if (access_look(&people[who], &waybill))
                addresses_of(&waybill, seen);
            if (strcmp(seen, seen_by(at, who)) != 0)
                fail_msg("%s: person %d sees '%s', not '%s'", cases[at].what, who, seen,
                         seen_by(at, who));
            waybill_clear(&waybill);
        }
}

/* No value anywhere in the waybill, nor in a fact, may have the word. */
static bool says(const struct waybill *waybill, const char *word)
{
    for (size_t i = 0; i < waybill->fact_count; i++)
        for (int key = 0; key < FACT_KEY_COUNT; key++)
            if (slice_find_text(waybill->facts[i].value[key], word) >= 0)
                return true;
    for (size_t i = 0; i < waybill->recipient_count; i++) {
        const struct recipient *recipient = &waybill->recipients[i];
        const struct slice values[] = {recipient->address, recipient->original, recipient->reply,
                                       recipient->relay, recipient->next};
        for (size_t j = 0; j < sizeof values / sizeof values[0]; j++)
            if (slice_find_text(values[j], word) >= 0)
                return true;
    }
    return slice_find_text(waybill->subject_text, word) >= 0;
}

static void test_what_is_hidden_stands_nowhere(void **state)
{
    static const struct {
        size_t at;
        int who;
        const char *word;
        bool said;
    } words[] = {{0, DESK, "Rent", false},         {0, DESK_SUBJECTS, "Rent", true},
                 {0, DESK_A, "Rent", false},       {0, ADMIN, "Rent", true},
                 {0, ANN, "Rent", true},           {5, DESK_A, "bob@b", false},
                 {5, ADMIN, "bob@b", true},        {6, BOB, "secret", false},
                 {6, BOB, "c.example", false},     {6, DESK, "secret", true}};

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct waybill waybill;

        read_mail(words[i].at, &waybill);
        assert_true(access_look(&people[words[i].who], &waybill));
        if (says(&waybill, words[i].word) != words[i].said)
            fail_msg("%s: person %d and '%s'", cases[words[i].at].what, words[i].who,
                     words[i].word);
        for (size_t j = 0; j < waybill.recipient_count; j++)
            assert_true(waybill.recipients[j].decided_by == SIZE_MAX ||
                        waybill.recipients[j].decided_by < waybill.fact_count);
        waybill_clear(&waybill);
    }
}

static void test_a_mail_put_through_the_queue_anew_is_nobodys(void **state)
{
    struct record record;
    struct error why;

    (void)state;
    for (int anew = 0; anew <= 1; anew++) {
        struct waybill waybill;
        struct fact fact;

        record_init(&record, mail_id(base, 99));
        fact_init(&fact, WITNESS_LOG, FACT_CLIENT, base);
        fact.id = 7;
        fact.waybill = record.id;
        fact_set(&fact, KEY_HOST, slice_of("mx1.example.org"));
        fact_set(&fact, KEY_UID, slice_of("1000"));
        fact_set(&fact, KEY_FROM, slice_of("ann@a.example"));
        if (anew == 1)
            fact_set(&fact, KEY_PREVIOUS, slice_of("4mQold"));
        assert_int_equal(record_add(&record, &fact, &why), 1);
        assert_int_equal(waybill_read(&waybill, &record, base, 0, &why), 0);
        assert_int_equal(access_look(&people[ANN], &waybill), anew == 0);
        waybill_clear(&waybill);
        record_clear(&record);
    }
}

/* ---- searches ---- */

static struct world world;

static int make_world(void **state)
{
    make_people(state);
    base = clock_now() - MINUTE_MS;
    world_open(&world);
    for (size_t at = 0; at < CASES; at++) {
        struct mail mail = mail_of(at);
        mail_put(world.store, &mail);
    }
    mail_flush(world.store);
    return 0;
}

static int end_world(void **state)
{
    (void)state;
    world_close(&world);
    return 0;
}

static void search(int who, const char *words, struct query_groups *groups)
{
    enum query_by by = QUERY_BY_TO;
    struct access_lens lens;
    struct query_fault fault;
    struct query query;
    struct error why;

    query_init(&query);
    access_lens_init(&lens, &people[who]);
    query.lens = &lens.lens;
    if (query_parse(&query, slice_of(words), base, &fault) != 0)
        fail_msg("%s", fault.why.text);
    if (query_group(world.store, &query, &by, 1, groups, &why) != 0)
        fail_msg("%s", why.text);
    query_clear(&query);
}

static void test_a_search_counts_what_the_matrix_shows(void **state)
{
    (void)state;
    for (int who = 0; who < PEOPLE; who++) {
        struct query_groups groups;
        size_t mails = 0;

        for (size_t at = 0; at < CASES; at++)
            mails += strcmp(seen_by(at, who), NOT) != 0;
        search(who, "", &groups);
        if (groups.mails != mails)
            fail_msg("person %d counts %d mails, not %zu", who, (int)groups.mails, mails);
        query_groups_clear(&groups);
    }
}

static void test_nothing_is_found_by_what_is_hidden(void **state)
{
    static const struct {
        int who;
        const char *words;
        unsigned mails;
    } searches[] = {
        {ADMIN, "to:bob@b.example", 1}, {DESK_A, "to:bob@b.example", 0},
        {DESK_A, "who:bob@b.example", 0}, {DESK_A, "to:ann@a.example", 1},
        {BOB, "to:secret@c.example", 0}, {BOB, "to:list@b.example", 1},
        {ANN, "from:ann@a.example", 4}, {ADMIN, "from:ann@a.example", 6},
        {ADMIN, "subject:rent", 3}, {DESK, "subject:rent", 0}, {ANN, "-subject:rent", 2},
        {DESK_A, "-to:bob@b.example from:eve@e.example", 1},
        {BELOW, "", 1}, {BELOW, "to:z@news.example", 0}, {BELOW, "to:y@deep.mail.s.example", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof searches / sizeof searches[0]; i++) {
        struct query_groups groups;

        search(searches[i].who, searches[i].words, &groups);
        if (groups.mails != searches[i].mails)
            fail_msg("person %d, %s: %d mails, not %u", searches[i].who, searches[i].words,
                     (int)groups.mails, searches[i].mails);
        query_groups_clear(&groups);
    }
}

static void test_a_foreign_mail_is_as_one_that_is_not_there(void **state)
{
    struct waybill waybill;
    struct error why;

    (void)state;
    for (size_t at = 0; at < CASES; at++)
        for (int who = 0; who < PEOPLE; who++) {
            int found = access_one(world.store, &people[who], mail_of(at).id, 0, &waybill, &why);

            assert_int_equal(found, strcmp(seen_by(at, who), NOT) != 0);
            if (found == 1)
                waybill_clear(&waybill);
        }
    assert_int_equal(access_one(world.store, &people[ANN], mail_id(base, 4711), 0, &waybill, &why),
                     0);
}

/* ---- who somebody is ---- */

static void test_words_that_make_no_sense_are_refused(void **state)
{
    struct access access = {.role = ROLE_DESK};
    struct query query;
    struct error why;
    char many[8];

    (void)state;
    assert_int_equal(access_add_domain(&access, slice_of("example"), &why), -1);
    assert_int_equal(access_add_domain(&access, slice_of(".example"), &why), -1);
    assert_int_equal(access_add_domain(&access, slice_of("..example.org"), &why), -1);
    assert_int_equal(access_add_domain(&access, slice_of("."), &why), -1);
    assert_int_equal(access_add_domain(&access, slice_of("bob@example.org"), &why), -1);
    assert_int_equal(access_add_domain(&access, slice_of("a .org"), &why), -1);
    assert_int_equal(access_add_address(&access, slice_of("bob"), &why), -1);
    assert_int_equal(access_add_address(&access, slice_of("@example.org"), &why), -1);
    assert_int_equal(access_add_address(&access, slice_of("bob@"), &why), -1);
    assert_int_equal(access_add_login(&access, slice_of(""), &why), -1);
    assert_int_equal(access_add_login(&access, slice_of("a\nb"), &why), -1);
    assert_int_equal(access_check(&access, &why), 0); /* nothing of it was added */
    for (unsigned i = 0; i < ACCESS_WORDS_MAX; i++) {
        snprintf(many, sizeof many, "u%u", i);
        assert_int_equal(access_add_login(&access, slice_of(many), &why), 0);
    }
    assert_int_equal(access_add_login(&access, slice_of("u0"), &why), 0);
    assert_int_equal(access_add_login(&access, slice_of("more"), &why), -1);
    assert_int_equal(access_check(&access, &why), -1); /* a desk has no logins */
    access = (struct access){.role = ROLE_SENDER};
    assert_int_equal(access_check(&access, &why), -1);
    assert_false(access_name_fits(slice_of("a b")));
    assert_false(access_name_fits(slice_of("")));
    assert_true(access_name_fits(slice_of("shop-1@example.org")));
    query_init(&query);
    assert_int_equal(query_add(&query, QUERY_FIELD_SUBJECT, true, slice_of("x"), &why), 0);
    assert_int_equal(access_check_query(&people[DESK], &query, &why), -1);
    assert_int_equal(access_check_query(&people[DESK_SUBJECTS], &query, &why), 0);
    assert_int_equal(access_check_query(&people[ANN], &query, &why), 0);
    query_clear(&query);
    assert_true(access_is_whole(&people[ADMIN]));
    assert_false(access_is_whole(&people[ADMIN_A]));
    assert_false(access_is_whole(&people[DESK_SUBJECTS]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_sees_what_is_for_him_and_nothing_else),
        cmocka_unit_test(test_what_is_hidden_stands_nowhere),
        cmocka_unit_test(test_a_mail_put_through_the_queue_anew_is_nobodys),
        cmocka_unit_test(test_a_search_counts_what_the_matrix_shows),
        cmocka_unit_test(test_nothing_is_found_by_what_is_hidden),
        cmocka_unit_test(test_a_foreign_mail_is_as_one_that_is_not_there),
        cmocka_unit_test(test_words_that_make_no_sense_are_refused),
    };

    return cmocka_run_group_tests(tests, make_world, end_world);
}
