/* SPDX-License-Identifier: BSD-2-Clause */
/* The shipped rules understand what servers say, whatever stands around the words that matter. */
#include "waybill/reason.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    enum reason reason;
    const char *words;
} replies[] = {
    /* no such user */
    {REASON_USERUNKNOWN, "550 5.1.1 <ann@example.org>: User unknown in virtual mailbox table"},
    {REASON_USERUNKNOWN, "550 5.1.1 <ann@example.org>... User unknown"},
    {REASON_USERUNKNOWN, "550 No Such User Here"},
    {REASON_USERUNKNOWN, "Sorry, no mailbox here by that name. (#5.1.1)"},
    {REASON_USERUNKNOWN, "550-5.1.1 The email account that you tried to reach does not exist.\r\n"
                         "550-5.1.1 Please try double-checking\r\n550 5.1.1 gsmtp"},
    {REASON_USERUNKNOWN, "550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found"},
    {REASON_USERUNKNOWN, "550 5.4.1 Recipient address rejected: Access denied. [EXAMPLE]"},
    {REASON_USERUNKNOWN, "554 delivery error: dd This user doesn't have a example.com account"},
    {REASON_USERUNKNOWN, "550 Requested action not taken: mailbox unavailable"},
    {REASON_USERUNKNOWN, "550 Unrouteable address"},
    {REASON_USERUNKNOWN, "550 ann@example.org: Recipient not found"},
    {REASON_USERUNKNOWN, "550 #5.1.0 Address rejected."},
    {REASON_USERUNKNOWN, "553 5.3.0 <ann@example.org>... No such account in this house"},
    {REASON_USERUNKNOWN, "550 5.1.1 Adresse d au moins un destinataire invalide. OFR_416 [416]"},
    {REASON_USERUNKNOWN, "550 Der Benutzer ist fort: Empfänger unbekannt"},
    {REASON_USERUNKNOWN, "550 El usuario no existe aquí"},
    {REASON_USERUNKNOWN, "550 O usuário ann não existe"},
    {REASON_USERUNKNOWN, "550 utente sconosciuto"},
    {REASON_USERUNKNOWN, "550 Gebruiker onbekend"},
    {REASON_USERUNKNOWN, "550 нет такого пользователя"},
    {REASON_USERUNKNOWN, "宛先のメールアドレスが見つかりませんでした"},
    {REASON_USERUNKNOWN, "554 RCPT (ann@example.org) dosn't exist"},
    {REASON_USERUNKNOWN, "550 5.1.1 something that nobody understands"},
    {REASON_USERUNKNOWN, "550 invalid mailbox (call 5)"},
    {REASON_USERUNKNOWN, "User ann (ann@example.org) not listed in Domino Directory"},
    {REASON_FILTERED, "550 5.7.1 rejected by the recipient"},
    {REASON_FILTERED, "550 5.1.1 Refused due to recipient preferences"},
    {REASON_HASMOVED, "551 5.1.6 The person has moved, no forwarding address"},
    /* switched off */
    {REASON_SUSPEND, "550 5.2.1 The email account that you tried to reach is disabled. gsmtp"},
    {REASON_SUSPEND, "550 account inactive"},
    {REASON_SUSPEND, "550 5.7.1 user ann@example.org temporarily locked"},
    {REASON_SUSPEND, "525 5.7.13 Disabled recipient address"},
    {REASON_SUSPEND, "550 Message was not accepted -- invalid mailbox. Local mailbox "
                     "ann@example.org is unavailable: account is disabled"},
    {REASON_SUSPEND, "550 Le compte du destinataire est bloque. LPN007_426"},
    {REASON_SUSPEND, "Das Postfach wurde gesperrt"},
    /* full */
    {REASON_MAILBOXFULL, "552 5.2.2 Over quota"},
    {REASON_MAILBOXFULL, "452-4.2.2 The recipient's inbox is out of storage space. gsmtp"},
    {REASON_MAILBOXFULL, "452 4.1.1 <ann@example.org> Mailbox is full, try again later"},
    {REASON_MAILBOXFULL, "maildir delivery failed: the disk quota exceeded"},
    {REASON_MAILBOXFULL, "550 La boîte aux lettres est pleine"},
    {REASON_MAILBOXFULL, "550 Das Postfach ist voll"},
    {REASON_MAILBOXFULL, "550 Buzón lleno"},
    {REASON_MAILBOXFULL, "550 Почтовый ящик переполнен"},
    {REASON_SYSTEMFULL, "452 4.3.1 Insufficient system storage"},
    {REASON_SYSTEMFULL, "451 write: No space left on device"},
    {REASON_MESGTOOBIG, "552 5.3.4 Message size exceeds fixed maximum message size: 10485760"},
    {REASON_MESGTOOBIG, "550 5.2.3 RESOLVER.RST.SendSizeLimit.Org; message too large"},
    {REASON_MESGTOOBIG, "552 Message too big for us"},
    {REASON_EXCEEDLIMIT, "552 5.2.3 the message length exceeds administrative limit"},
    /* proof of the sender */
    {REASON_AUTHFAILURE, "550 5.7.26 Unauthenticated email from example.com is not accepted due to "
                         "domain's DMARC policy."},
    {REASON_AUTHFAILURE, "550 5.7.1 SPF check failed for example.com"},
    {REASON_AUTHFAILURE, "554 5.7.20 DKIM signature did not pass"},
    {REASON_AUTHFAILURE, "550 5.7.509 Access denied, sending domain [EXAMPLE.COM] does not pass "
                         "DMARC verification"},
    {REASON_REQUIREPTR, "450 4.7.1 Client host rejected: cannot find your reverse hostname, "
                        "[192.0.2.7]"},
    {REASON_REQUIREPTR, "554 no reverse DNS for 192.0.2.7"},
    /* spam, viruses */
    {REASON_SPAMDETECTED, "554 5.7.1 Message rejected as spam by Content Filtering."},
    {REASON_SPAMDETECTED, "550 This message scored 12.1 spam points"},
    {REASON_SPAMDETECTED, "550 5.7.1 Blocked by SpamAssassin"},
    {REASON_SPAMDETECTED, "554 DT:SPM 163 smtp13,EMCowAB"},
    {REASON_SPAMDETECTED, "550-5.7.1 [192.0.2.7] Our system has detected that this\r\n"
                          "550-5.7.1 message is likely unsolicited mail."},
    {REASON_SPAMDETECTED, "550 High probability of spam"},
    {REASON_SPAMDETECTED, "554 5.7.1 This looks like phishing"},
    {REASON_VIRUSDETECTED, "550 5.7.0 Virus detected: Example.Test"},
    {REASON_VIRUSDETECTED, "554 This message contains malware (EXAMPLE)"},
    /* our address */
    {REASON_BLOCKED, "554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using "
                     "zen.spamhaus.org"},
    {REASON_BLOCKED, "550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent. Please ask, "
                     "since part of their network is on our block list (S3140)."},
    {REASON_BLOCKED, "550 5.7.606 Access denied, banned sending IP [192.0.2.7]"},
    {REASON_BLOCKED, "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.7"},
    {REASON_BLOCKED, "554 Your IP address is on a blacklist"},
    {REASON_BLOCKED, "550 SC-001 (EXAMPLE) rejected"},
    {REASON_BLOCKED, "450 4.2.0 <ann@example.org>: Greylisted, see http://example.org/"},
    {REASON_BADREPUTATION, "554 IP=192.0.2.7 - None/bad reputation. Ask your postmaster for help"},
    {REASON_BADREPUTATION, "421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred due to "
                           "unexpected volume or user complaints"},
    {REASON_BADREPUTATION, "451 4.7.650 The mail server [192.0.2.7] has been temporarily rate "
                           "limited due to IP reputation."},
    {REASON_BADREPUTATION, "550-5.7.1 suspicious due to the very low reputation of the sending\r\n"
                           "550-5.7.1 domain."},
    /* rates */
    {REASON_SPEEDING, "450-4.2.1 The user you are trying to contact is receiving mail at a rate "
                      "that\r\n450-4.2.1 prevents more"},
    {REASON_SPEEDING, "421 4.7.0 you are sending too fast"},
    {REASON_SPEEDING, "450 4.7.1 Error: too much mail from 192.0.2.7"},
    {REASON_RATELIMITED, "421-4.7.28 Our system has detected an unusual rate of unsolicited mail"},
    {REASON_RATELIMITED, "451 4.7.500 Server busy. Please try again later from [192.0.2.7]."},
    {REASON_TOOMANYCONN, "421 4.7.0 mx.example.org Error: too many connections from 192.0.2.7"},
    {REASON_TOOMANYCONN, "452 4.5.3 Too many recipients"},
    {REASON_TOOMANYCONN, "421 Trop de connexions, veuillez verifier. OFR_104"},
    /* relaying */
    {REASON_NORELAYING, "554 5.7.1 <ann@example.org>: Relay access denied"},
    {REASON_NORELAYING, "550 5.7.1 Unable to relay"},
    {REASON_NORELAYING, "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"},
    {REASON_NORELAYING, "550 relay not permitted"},
    /* the sender */
    {REASON_REJECTED, "450 4.1.8 <bob@example.com>: Sender address rejected: Domain not found"},
    {REASON_REJECTED, "553 5.1.8 <bob@example.com>... Domain of sender address bob@example.com "
                      "does not exist"},
    {REASON_REJECTED, "550 Sender verify failed"},
    {REASON_REJECTED, "You are not a member of this mailing list"},
    {REASON_REJECTED, "550-Verification failed for <bob@example.com>\r\n"
                      "550-Response: 550 No such user here\r\n550 Sender verify failed"},
    /* the domain */
    {REASON_HOSTUNKNOWN, "Host or domain name not found. Name service error for name=example.net "
                         "type=A: Host not found"},
    {REASON_HOSTUNKNOWN, "Sorry, I couldn't find any host named example.net. (#5.1.2)"},
    {REASON_HOSTUNKNOWN, "all relevant MX records point to non-existent hosts"},
    {REASON_HOSTUNKNOWN, "Unrouteable address"},
    {REASON_NOTACCEPT, "Domain example.net does not accept mail (nullMX)"},
    {REASON_NOTACCEPT, "556 5.1.10 a null MX is what it has"},
    /* policy, form, security */
    {REASON_POLICYVIOLATION, "554 5.7.1 Message not accepted for policy reasons"},
    {REASON_POLICYVIOLATION, "550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by "
                             "organization policy"},
    {REASON_POLICYVIOLATION, "552 5.7.0 This message was blocked because its content presents a "
                             "potential security issue. gsmtp"},
    {REASON_SYNTAXERROR, "501 that is not a valid command"},
    {REASON_POLICYVIOLATION, "550 attachments of this kind are not allowed: file type not wanted"},
    {REASON_SECURITYERROR, "530 5.7.57 Client was not authenticated to send anonymous mail"},
    {REASON_SECURITYERROR, "550 5.7.1 RESOLVER.RST.AuthRequired; authentication required"},
    {REASON_SECURITYERROR, "550 5.7.1 nobody knows why"},
    {REASON_FAILEDSTARTTLS, "530 5.7.0 Must issue a STARTTLS command first"},
    {REASON_FAILEDSTARTTLS, "Server certificate not verified"},
    {REASON_NOTCOMPLIANTRFC, "521 5.5.2 bare <LF> received"},
    {REASON_CONTENTERROR, "554 5.6.0 malformed MIME structure"},
    {REASON_SYNTAXERROR, "503 bad sequence of commands"},
    /* network and time */
    {REASON_EXPIRED, "connect to mx.example.org[192.0.2.9]:25: Connection timed out"},
    {REASON_EXPIRED, "connect to mx.example.org[192.0.2.9]:25: Connection refused"},
    {REASON_EXPIRED, "554 4.4.7 Message expired: unable to deliver in 840 minutes"},
    {REASON_EXPIRED, "retry timeout exceeded"},
    {REASON_EXPIRED, "550 5.4.300 Message expired -> 421 hm"},
    {REASON_NETWORKERROR, "lost connection with mx.example.org[192.0.2.9] while receiving the "
                          "initial server greeting"},
    {REASON_NETWORKERROR, "Network is unreachable"},
    {REASON_NETWORKERROR, "mail for example.org loops back to myself"},
    {REASON_NETWORKERROR, "554 5.4.6 Too many hops"},
    {REASON_NETWORKERROR, "Host or domain name not found. Name service error for name=example.org "
                          "type=MX: Host not found, try again"},
    {REASON_NETWORKERROR, "550 5.4.312 Message expired, DNS query failed(ServerFailure)"},
    {REASON_SYSTEMERROR, "451 4.3.0 Temporary lookup failure"},
    {REASON_SYSTEMERROR, "451 4.3.5 Server configuration error"},
    {REASON_SYSTEMERROR, "Unable to contact LDAP server. (#4.4.3)"},
    {REASON_SYSTEMERROR, "451 temporarily unable to process your mail"},
    {REASON_MAILERERROR, "Command died with status 1: \"/usr/bin/filter\". Command output: oops"},
    {REASON_MAILERERROR, "local delivery failed"},
    /* a telling code beats vague words, clear words beat a vague code */
    {REASON_UNDEFINED, "Lorem ipsum dolor sit amet"},
    {REASON_ONHOLD, ""},
};

/* What else is known: status, host, command. */
static const struct {
    enum reason reason;
    const char *words, *status, *host, *command;
} known[] = {
    {REASON_USERUNKNOWN, "550 5.1.10 RESOLVER.ADR.RecipientNotFound; not here", "5.1.10", NULL,
     NULL},
    {REASON_USERUNKNOWN, "something that nobody understands", "5.1.1", NULL, NULL},
    {REASON_FILTERED, "550 Unknown user ann@example.org", NULL, NULL, "DATA"},
    {REASON_HASMOVED, "550 gone away for good", "5.1.6", NULL, NULL},
    {REASON_MAILBOXFULL, "mailbox for ann exceeded its storage allotment", "5.2.2", NULL, NULL},
    {REASON_AUTHFAILURE, "421 4.7.32 alignment is missing", NULL, "aspmx.l.google.com", NULL},
    {REASON_AUTHFAILURE, "550 a mail without any words", "5.7.23", NULL, NULL},
    {REASON_BLOCKED, "554 no, not you", NULL, NULL, "CONN"},
    {REASON_REJECTED, "550 user unknown", NULL, NULL, "MAIL"},
    {REASON_CONTENTERROR, "what a strange thing", "5.6.7", NULL, NULL},
    {REASON_SYNTAXERROR, "500 5.5.2 Error: bad syntax", "5.5.2", NULL, NULL},
    {REASON_TOOMANYCONN, "552 Too many recipients", NULL, "mfsmax.docomo.ne.jp", NULL},
    {REASON_MAILBOXFULL, "550 mailbox unavailable", "5.2.2", NULL, NULL},
    {REASON_USERUNKNOWN, "550 5.7.1 No such user", "5.7.1", NULL, "RCPT"},
    {REASON_MAILBOXFULL, "550 5.7.1 mailbox is full", "5.7.1", NULL, NULL},
    {REASON_BLOCKED, "550 5.0.0 your IP address is on our blacklist", "5.0.0", NULL, NULL},
    {REASON_SYSTEMFULL, "452 4.4.5 Insufficient disk space; try again later", "4.4.7", NULL, NULL},
    {REASON_HOSTUNKNOWN, "550 5.0.0 no such domain", "5.1.0", NULL, NULL},
};

/* Both sides of the border between a mailbox that is not there and a filter that says so, and of
 * other borders that only the status, the command or the delay tells. */
static const struct {
    enum reason reason;
    const char *words, *status, *command;
    bool delayed;
} borders[] = {
    {REASON_USERUNKNOWN, "550 <ann@example.org>: user unknown", "5.0.0", "RCPT", false},
    {REASON_FILTERED, "550 <ann@example.org>: user unknown", "5.0.0", NULL, false},
    {REASON_FILTERED, "550 <ann@example.org>: user unknown", "5.0.0", "DATA", false},
    {REASON_USERUNKNOWN, "550 <ann@example.org>: user unknown", "5.1.1", "DATA", false},
    {REASON_USERUNKNOWN, "550 ann: unknown user", "5.1.0", NULL, false},
    {REASON_USERUNKNOWN, "550 5.1.10 ann: unknown user", "5.1.10", NULL, false},
    {REASON_FILTERED, "550 ann: unknown user", "5.2.1", NULL, false},
    {REASON_FILTERED, "554 5.7.1 ann: unknown user", "5.7.1", NULL, false},
    {REASON_FILTERED, "5.3.0 - some problem there 550-'Unknown user ann'", "5.3.0", NULL, false},
    {REASON_USERUNKNOWN, "553 5.3.0 no such user at our place", "5.3.0", "RCPT", false},
    {REASON_FILTERED, "553 5.3.0 no such user at our place", "5.3.0", NULL, false},
    {REASON_USERUNKNOWN, "550 no such user here", "5.0.0", NULL, false},
    {REASON_USERUNKNOWN, "550 user unknown in relay recipient table", "5.0.0", NULL, false},
    {REASON_USERUNKNOWN, "550 5.7.1 Recipient address rejected: no such user, says the map",
     "5.7.1", NULL, false},
    {REASON_USERUNKNOWN, "unknown user: \"ann\"", "5.0.0", NULL, false},
    {REASON_USERUNKNOWN, "ann@example.org user unknown", "5.0.0", NULL, false},
    {REASON_FILTERED, "user unknown", "5.0.0", NULL, false},
    {REASON_MAILBOXFULL, "550 user unknown, or mailbox is full", "5.0.0", NULL, false},
    {REASON_FILTERED, "550 mailbox unavailable", "5.0.0", NULL, false},
    {REASON_USERUNKNOWN, "550 mailbox unavailable", "5.0.0", "RCPT", false},
    {REASON_USERUNKNOWN, "550 mailbox unavailable", "5.1.1", NULL, false},
    {REASON_FILTERED, "This user doesn't have an example.net account (ann) [-3]", "5.0.0", NULL,
     false},
    {REASON_USERUNKNOWN, "554 This user doesn't have an example.net account", "5.0.0", NULL, false},
    {REASON_HOSTUNKNOWN, "lookup of example.net gave NXDOMAIN", "5.0.0", NULL, false},
    {REASON_NETWORKERROR, "lookup of example.net gave NXDOMAIN", "4.0.0", NULL, true},
    {REASON_MAILERERROR, "x-unix; temporary failure", "4.3.0", NULL, false},
    {REASON_SYSTEMERROR, "temporary failure", "4.3.0", NULL, false},
    {REASON_USERUNKNOWN, "x-unix; 67", "5.1.1", NULL, false},
    {REASON_MAILBOXFULL, "x-unix; disk quota exceeded", "5.3.0", NULL, false},
    {REASON_POLICYVIOLATION, "554 protocol violation", "5.0.0", "DATA", false},
    {REASON_SYNTAXERROR, "503 protocol violation", "5.0.0", "DATA", false},
    {REASON_EXPIRED, "no connection (#4.4.1); this message has been in the queue too long", "4.4.1",
     NULL, false},
    {REASON_SYSTEMERROR, "LDAP server away (#4.4.3); has been in the queue too long", "4.4.3", NULL,
     false},
    {REASON_EXPIRED, "421 host not reachable", "4.0.0", NULL, false},
    {REASON_NETWORKERROR, "host not reachable", "5.0.0", NULL, false},
    {REASON_EXPIRED, NULL, "4.4.0", NULL, true},
    {REASON_NETWORKERROR, NULL, "4.4.0", NULL, false},
    {REASON_SPAMDETECTED, "5.9.1 Spam", "5.9.1", NULL, false},
    {REASON_UNDEFINED, "5.9.1 Spamalot, and whom to report spam to", "5.9.1", NULL, false},
    {REASON_NOTACCEPT, "SMTP Protocol Returned a Permanent Error", "5.0.0", NULL, false},
    {REASON_MAILBOXFULL, "SMTP Protocol Returned a Permanent Error 552 5.2.2 sorry", "5.2.2", NULL,
     false},
};

static struct phrasebook *book;

static int open_shipped(void **state)
{
    (void)state;
    return phrasebook_open(&book, NULL, NULL);
}

static int close_shipped(void **state)
{
    (void)state;
    phrasebook_close(&book);
    return 0;
}

/* 1 if that is not the reason. */
static int judge(enum reason reason, struct evidence evidence)
{
    struct decision decision;

    phrasebook_ask(book, &evidence, &decision);
    if (decision.reason == reason)
        return 0;
    print_error("'%.*s' is %s, not %s (%s)\n", SLICE_ARGS(evidence.words), reason_word(reason),
                reason_word(decision.reason), decision.rule != NULL ? decision.rule : "-");
    return 1;
}

static void test_replies_of_real_servers_are_understood(void **state)
{
    int wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++)
        wrong += judge(replies[i].reason, (struct evidence){.words = slice_of(replies[i].words)});
    assert_int_equal(wrong, 0);
}

static void test_clear_words_beat_vague_codes_and_clear_codes_vague_words(void **state)
{
    int wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        wrong += judge(known[i].reason, (struct evidence){.words = slice_of(known[i].words),
                                                          .status = slice_of(known[i].status),
                                                          .host = slice_of(known[i].host),
                                                          .command = slice_of(known[i].command)});
    assert_int_equal(wrong, 0);
}

static void test_the_same_words_say_less_where_nobody_knows_what_they_answer(void **state)
{
    int wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof borders / sizeof borders[0]; i++)
        wrong += judge(borders[i].reason, (struct evidence){.words = slice_of(borders[i].words),
                                                            .status = slice_of(borders[i].status),
                                                            .command = slice_of(borders[i].command),
                                                            .delayed = borders[i].delayed});
    assert_int_equal(wrong, 0);
}

/* Names and addresses of others stand in the words, and say nothing. */
static void test_addresses_and_hosts_in_the_words_do_not_decide(void **state)
{
    static const char *const words[] = {
        "550 5.1.1 <spam@example.org>: User unknown",
        "550 5.1.1 <virus.detected@example.org> User unknown",
        "550 5.1.1 <quota@full.example.org> no such user",
        "host blocked.example.org[192.0.2.9] said: 550 5.1.1 <bob@spam.example.org>: User unknown",
        "550 5.1.1 <dmarc-fail@example.org>: User unknown",
    };
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct decision decision;

        phrasebook_ask(book, &(struct evidence){.words = slice_of(words[i])}, &decision);
        if (decision.reason != REASON_USERUNKNOWN)
            fail_msg("'%s' is %s (%s)", words[i], reason_word(decision.reason), decision.rule);
    }
}

/* What stands around the words of every failure is not the reason of one. */
static void test_what_every_report_says_decides_nothing(void **state)
{
    static const char *const words[] = {
        ("A message that you sent could not be delivered to one or more of its recipients. This is "
         "a permanent error. The following address(es) failed:"),
        ("I'm afraid I wasn't able to deliver your message to the following addresses. This is a "
         "permanent error; I've given up. Sorry it didn't work out."),
        ("I'm sorry to have to inform you that your message could not be delivered to one or more "
         "recipients. It's attached below. For further assistance, please send mail to postmaster. "
         "If you do so, please include this problem report. You can delete your own text from the "
         "attached returned message."),
        ("----- The following addresses had permanent fatal errors ----- ----- Transcript of "
         "session follows -----"),
        "Delivery has failed to these recipients or groups:",
        "The message couldn't be delivered to the following recipients:",
        "Sorry, we were unable to deliver your message to the following address.",
        "There was an error delivering your mail",
        "** Message not delivered ** See the technical details below.",
    };
    int wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        wrong += judge(REASON_UNDEFINED, (struct evidence){.words = slice_of(words[i])});
    assert_int_equal(wrong, 0);
}

static void test_mail_that_waits_with_words_nobody_knows_is_on_its_way_to_expire(void **state)
{
    struct evidence evidence = {.words = slice_of("Lorem ipsum"), .delayed = true};
    struct decision decision;

    (void)state;
    phrasebook_ask(book, &evidence, &decision);
    assert_int_equal(decision.reason, REASON_EXPIRED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replies_of_real_servers_are_understood),
        cmocka_unit_test(test_clear_words_beat_vague_codes_and_clear_codes_vague_words),
        cmocka_unit_test(test_the_same_words_say_less_where_nobody_knows_what_they_answer),
        cmocka_unit_test(test_addresses_and_hosts_in_the_words_do_not_decide),
        cmocka_unit_test(test_what_every_report_says_decides_nothing),
        cmocka_unit_test(test_mail_that_waits_with_words_nobody_knows_is_on_its_way_to_expire),
    };
    return cmocka_run_group_tests(tests, open_shipped, close_shipped);
}
