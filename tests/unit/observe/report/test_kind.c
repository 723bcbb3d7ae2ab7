/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kind, expect: what the header of a mail promises, and what it proves.
 */
#include "../../../../milter/observe/report/kind.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "../../../../milter/observe/report/expect.h"

/* "Name: value" lines; behind an empty line, the text. */
static void make_page(struct page *page, const char *mail)
{
    struct slice rest = slice_of(mail), line, name;
    page_init(page);
    while (page_line(&rest, &line) && line.size > 0)
        if (text_take_until(&line, ':', &name))
            page_add_field(page, name, slice_trim(line));
    while (page_line(&rest, &line))
        assert_true(page_add_line(page, line));
    page->text = slice_make(page->body.data, page->body.size);
    page->null_sender = slice_is(page_field(page, "Return-Path"), "<>");
}

static bool expects(const char *mail)
{
    struct page page;
    make_page(&page, mail);
    bool yes = expect_report(&page);
    page_free(&page);
    return yes;
}

static bool talks(const char *mail)
{
    struct page page;
    make_page(&page, mail);
    bool yes = kind_is_talk(&page);
    page_free(&page);
    return yes;
}

static bool answers(const char *mail)
{
    struct page page;
    make_page(&page, mail);
    bool yes = kind_is_autoreply(&page);
    page_free(&page);
    return yes;
}

static void test_reports_are_expected_by_one_sign_alone(void **state)
{
    (void)state;
    assert_true(expects("Return-Path: <>\nFrom: x@example.org\n"));
    assert_true(expects("From: MAILER-DAEMON@example.org\n"));
    assert_true(expects("From: Mail Delivery System <x@example.org>\n"));
    assert_true(expects("From: x@example.org\nX-Failed-Recipients: y@example.org\n"));
    assert_true(expects("From: x@example.org\nAuto-Submitted: auto-generated (failure)\n"));
    assert_true(expects("From: x@example.org\nSubject: Unzustellbar: Hallo\n"));
    assert_true(expects("From: x@example.org\nSubject: failure notice\n"));
    assert_true(expects("From: x@example.org\nContent-Type: message/delivery-status\n"));
}

static void test_ordinary_mail_is_not_expected_to_be_a_report(void **state)
{
    (void)state;
    assert_false(expects("From: ann@example.org\nSubject: lunch\n"));
    assert_false(expects("From: ann@example.org\nSubject: Re: lunch\nIn-Reply-To: <1@example.org>\n"
                         "Auto-Submitted: no\n"));
    assert_false(expects("From: list@example.org\nSubject: [talk] hi\nPrecedence: list\n"));
}

static void test_who_only_talks_about_a_bounce_is_known(void **state)
{
    (void)state;
    assert_true(talks("From: ann@example.org\nSubject: Fwd: failure notice\n\nlook\n"));
    assert_true(talks("From: postmaster@example.org\nSubject: WG: Unzustellbar\n\nlook\n"));
    assert_true(talks("From: ann@example.org\nList-Id: <talk.example.org>\n\nmy bounces\n"));
    assert_true(talks("From: ann@example.org\nIn-Reply-To: <1@example.org>\n\nyes\n"));
    assert_false(talks("From: MAILER-DAEMON@example.org\nIn-Reply-To: <1@example.org>\n\nno\n"));
    assert_false(talks("Return-Path: <>\nFrom: ann@example.org\nPrecedence: list\n\nno\n"));
}

static bool is_by_server(const char *mail)
{
    struct page page;
    make_page(&page, mail);
    bool yes = kind_is_by_server(&page);
    page_free(&page);
    return yes;
}

static bool is_bait(const char *mail)
{
    struct page page;
    make_page(&page, mail);
    bool yes = kind_is_bait(&page);
    page_free(&page);
    return yes;
}

static void test_a_person_is_no_mail_server_whatever_he_quotes(void **state)
{
    (void)state;
    assert_false(is_by_server("From: ann@example.org\nSubject: failure notice\n\n550 no\n"));
    assert_false(is_by_server("From: build@example.org\nAuto-Submitted: auto-generated\n"));
    assert_true(is_by_server("Return-Path: <>\nFrom: x@example.org\n"));
    assert_true(is_by_server("From: MAILER-DAEMON@example.org\n"));
    assert_true(is_by_server("From: x@example.org\nX-Failed-Recipients: y@example.org\n"));
}

static void test_the_name_before_an_address_makes_nobody_a_mail_server(void **state)
{
    (void)state;
    assert_false(is_by_server("From: Mail Delivery System <help@example.org>\n"));
    assert_false(is_by_server("From: \"MAILER-DAEMON@example.net via Team\" <team@example.org>\n"));
    assert_false(is_by_server("From: News <bounces@example.org>\n"));
    assert_false(is_by_server("From: x@postmaster.example.org\n"));
    assert_true(is_by_server("From: Mail.Delivery.System@example.org\n"));
    assert_true(is_by_server("From: Outlook <MicrosoftExchange329@example.org>\n"));
    assert_true(is_by_server("From: MAILER-DAEMON <>\n"));
    assert_true(is_by_server("Return-Path: <MAILER-DAEMON@example.org>\nFrom: x@example.org\n"));
    assert_false(is_by_server("Return-Path: <postmaster@example.org>\nFrom: x@example.org\n"));
}

static bool is_trusted(const char *mail)
{
    struct page page;
    make_page(&page, mail);
    bool yes = kind_is_trusted(&page);
    page_free(&page);
    return yes;
}

static void test_only_sender_and_envelope_together_are_trusted(void **state)
{
    (void)state;
    assert_true(is_trusted("Return-Path: <>\nFrom: postmaster@example.org\n"));
    assert_true(
        is_trusted("Return-Path: <MAILER-DAEMON@example.org>\nFrom: postmaster@example.org\n"));
    assert_false(is_trusted("From: MAILER-DAEMON@example.org\n"));
    assert_false(is_trusted("Return-Path: <>\nFrom: alerts@example.org\n"));
    assert_false(
        is_trusted("Return-Path: <postmaster@example.org>\nFrom: postmaster@example.org\n"));
}

static void test_what_a_ticket_system_passes_on_is_talk(void **state)
{
    (void)state;
    assert_true(talks("Return-Path: <>\nFrom: x@example.org\nX-OTRS-Loop: 1\n\nno\n"));
    assert_true(talks("From: MAILER-DAEMON@example.org\nRT-Ticket: example #5\n\nno\n"));
    assert_true(talks("From: MAILER-DAEMON@example.org\nX-Mailer: osTicket Mailer\n\nno\n"));
    assert_true(talks("From: MAILER-DAEMON@example.org\nSubject: [Acme #77] failure\n\nno\n"));
    assert_false(talks("Return-Path: <>\nFrom: postmaster@example.org\n"
                       "Subject: Re: [Ticket#77] hello\n\nno\n"));
}

static void test_nobody_sends_a_bounce_to_a_daemon(void **state)
{
    (void)state;
    assert_true(talks("Return-Path: <>\nFrom: x@example.org\nTo: MAILER-DAEMON@example.net\n"));
    assert_false(talks("Return-Path: <>\nFrom: x@example.org\nTo: postmaster@example.net\n"));
}

static void test_the_manager_of_a_list_speaks_for_itself(void **state)
{
    (void)state;
    assert_false(talks("From: talk-admin@example.org\nX-MLServer: fml 4\nMailing-List: a\n"));
    assert_true(is_by_server("From: talk-admin@example.org\nX-MLServer: fml 4\n"));
    assert_false(is_by_server("From: ann@example.org\nX-MLServer: fml 4\n"));
}

#define ROLE "From: MAILER-DAEMON@example.org\n"

static bool quotes(const char *header, const char *opening)
{
    struct page page;
    make_page(&page, header);
    bool yes = kind_is_quoted(&page, slice_of(opening));
    page_free(&page);
    return yes;
}

static void test_who_leads_over_to_a_servers_words_quotes_them(void **state)
{
    (void)state;
    assert_true(quotes("Return-Path: <>\n" ROLE, "On Monday Ann wrote:\n\n"));
    assert_true(quotes("Return-Path: <>\n" ROLE, "A ticket was filed.\n\n"));
    assert_true(quotes("Return-Path: <>\n" ROLE, "Hello,\n> "));
    assert_true(quotes(ROLE, "This is what I see:\n\n"));
    assert_false(quotes("Return-Path: <>\n" ROLE, "This is what I see:\n\n"));
    assert_false(quotes(ROLE, ""));
    assert_false(quotes(ROLE, "Hello Bob,\n\n"));
    assert_false(quotes(ROLE, "[EXTERNAL] Be careful with links:\n\n"));
    assert_false(quotes(ROLE, "The original message was received at noon\n"));
}

static void test_who_wants_a_login_is_no_mail_server(void **state)
{
    (void)state;
    assert_true(is_bait("From: MAILER-DAEMON@example.org\n\nnot delivered: mailbox full\n"
                        "Verify your password at https://shady.example.net\n"));
    assert_false(is_bait("Return-Path: <>\nFrom: MAILER-DAEMON@example.org\n\nAccount full, log "
                         "in at https://example.net\n"));
    assert_false(is_bait("From: MAILER-DAEMON@example.org\n\nsee https://example.net/550\n"));
}

static void test_programs_that_answer_for_somebody(void **state)
{
    (void)state;
    assert_true(answers("From: ann@example.org\nSubject: hm\nAuto-Submitted: auto-replied\n"));
    assert_true(answers("From: ann@example.org\nSubject: hm\nX-Autoreply: yes\n"));
    assert_true(answers("From: ann@example.org\nSubject: hm\nPrecedence: auto_reply\n"));
    assert_true(answers("From: ann@example.org\nSubject: Abwesenheitsnotiz: Hallo\n"));
    assert_true(answers("From: ann@example.org\nSubject: Out of office\nPrecedence: bulk\n"));
    assert_true(answers("From: ann@example.org\nSubject: Please confirm your mail\n"
                        "In-Reply-To: <1@example.org>\n\nJust reply to this message.\n"));
    assert_true(answers("From: help@example.org\nSubject: [Ticket 17] Hallo\nPrecedence: bulk\n"
                        "References: <1@example.org>\n\nYour request was filed.\n"));
}

static void test_persons_and_mail_servers_are_no_automatic_answer(void **state)
{
    (void)state;
    assert_false(answers("From: ann@example.org\nSubject: Out of office next week?\n\nHi\n"));
    assert_false(
        answers("From: ann@example.org\nSubject: please confirm\n\nReply to this mail.\n"));
    assert_false(answers("From: MAILER-DAEMON@example.org\nSubject: Undelivered\n"
                         "Auto-Submitted: auto-replied\n"));
    assert_false(answers("From: news@example.org\nSubject: confirm\nList-Id: <n.example.org>\n"
                         "Precedence: bulk\n\nreply to this mail\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reports_are_expected_by_one_sign_alone),
        cmocka_unit_test(test_ordinary_mail_is_not_expected_to_be_a_report),
        cmocka_unit_test(test_who_only_talks_about_a_bounce_is_known),
        cmocka_unit_test(test_a_person_is_no_mail_server_whatever_he_quotes),
        cmocka_unit_test(test_the_name_before_an_address_makes_nobody_a_mail_server),
        cmocka_unit_test(test_only_sender_and_envelope_together_are_trusted),
        cmocka_unit_test(test_what_a_ticket_system_passes_on_is_talk),
        cmocka_unit_test(test_nobody_sends_a_bounce_to_a_daemon),
        cmocka_unit_test(test_the_manager_of_a_list_speaks_for_itself),
        cmocka_unit_test(test_who_leads_over_to_a_servers_words_quotes_them),
        cmocka_unit_test(test_who_wants_a_login_is_no_mail_server),
        cmocka_unit_test(test_programs_that_answer_for_somebody),
        cmocka_unit_test(test_persons_and_mail_servers_are_no_automatic_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
