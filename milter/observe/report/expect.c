/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expect: fields that only reports have, names that only servers bear, and subjects in the
 * languages in which servers write.
 */
#include "expect.h"

#include "phrases.h"

static const char *daemons_words(size_t number)
{
    (void)number;
    return "mailer-daemon|"
           "mailer_daemon|"
           "mailerdaemon|"
           "mail-daemon|"
           "maildaemon|"
           "mail daemon|"
           "mdaemon|"
           "postmaster|"
           "post_master|"
           "mail deliver|"
           "mail system|"
           "delivery system|"
           "delivery subsystem|"
           "mail-deliver|"
           "post office|"
           "postoffice|"
           "system admin|"
           "bounce|"
           "mailsystem|"
           "mail administrator|"
           "mail router|"
           "mmdf|"
           "microsoft exchange|"
           "message router|"
           "internet mail delivery|"
           "mailadmin|"
           "mail-admin|"
           "courier mail server|"
           "smtp|"
           "symantec|"
           "x.400|"
           "notes|"
           "@sns.amazonaws.com";
}

static struct lexicon daemons = {.count = 1, .words = daemons_words, .within_words = true};

bool expect_daemon(struct slice from)
{
    return phrases_any(&daemons, from);
}

static const char *roles_words(size_t number)
{
    (void)number;
    return "mailer-daemon|"
           "mailer_daemon|"
           "mailerdaemon|"
           "mail-daemon|"
           "maildaemon|"
           "mdaemon|"
           "postmaster|"
           "post_master|"
           "poostmaster|"
           "mail.deliver|"
           "mail-deliver|"
           "maildeliver|"
           "mailsystem|"
           "mail-system|"
           "mmdf|"
           "microsoftexchange|"
           "mailadmin|"
           "mail-admin|"
           "symantec_antivirus|"
           "posta-certificata";
}

static struct lexicon roles = {.count = 1, .words = roles_words, .within_words = true};

/* What stands in the last brackets; all, where there are none. */
static struct slice mailbox_in(struct slice from)
{
    for (size_t i = from.size; i > 0; i--)
        if (from.at[i - 1] == '<')
            return slice_make(from.at + i, from.size - i);
    return from;
}

bool expect_role(struct slice from)
{
    struct slice address, local;

    if (from.at == NULL)
        return false;
    address = page_address(mailbox_in(from));
    if (address.at == NULL)
        return page_address(from).at == NULL && expect_daemon(from);
    if (slice_find_text(address, "@sns.amazonaws.com") >= 0)
        return true;
    local = address;
    while (local.size > 0 && local.at[local.size - 1] != '@')
        local.size--;
    return phrases_any(&roles, local);
}

static const char *subjects_words(size_t number)
{
    (void)number;
    return /* failures and delays */
        "deliver|"
        "undeliv|"
        "returned|"
        "failure|"
        "bounce|"
        "rejected|"
        "could not|"
        "cannot|"
        "can't|"
        "unable to|"
        "error|"
        "unknown|"
        "warning|"
        "problem|"
        "nondeliv|"
        "mail status|"
        "message status|"
        "not sent|"
        "notif|"
        "member|"
        "delay|"
        "unreachable|"
        "quota|"
        "failed|"
        "system message|"
        "zustell|"
        "rcksendung|"
        "fehler|"
        "remis|"
        "distribu|"
        "chec|"
        "entreg|"
        "devuelt|"
        "onbestel|"
        "bezorg|"
        "recapit|"
        "consegna|"
        "lever|"
        "mottag|"
        "toimit|"
        "dostarcz|"
        "doru|"
        "nedoru|"
        "\xd0\xb4\xd0\xbe\xd1\x81\xd1\x82\xd0\xb0\xd0\xb2|"
        /* Russian: deliver */
        "\xe9\x85\x8d\xe4\xbf\xa1|"
        "\xe9\x85\x8d\xe9\x80\x81|"
        /* Japanese: deliver */
        "\xe3\x82\xa8\xe3\x83\xa9\xe3\x83\xbc|"
        /* Japanese: error */
        "\xe9\x80\x80\xe4\xbf\xa1|"
        "\xe6\x8a\x95\xe9\x80\x92|"
        /* Chinese: returned, delivery */
        /* complaints and receipts */
        "complaint|"
        "feedback|"
        "abuse|"
        "spam|"
        "read:|"
        "gelesen|"
        "lesebest|"
        "receipt|"
        /* automatic answers */
        "auto|"
        "out of|"
        "office|"
        "vacation|"
        "holiday|"
        "away|"
        "abwesen|"
        "urlaub|"
        "absence|"
        "ausente|"
        "fuera de|"
        "fuori|"
        "afwezig|"
        "confirm|"
        "verify|"
        "ticket|"
        "case";
}

static struct lexicon subjects = {.count = 1, .words = subjects_words, .within_words = true};

static bool expects_by_subject(struct slice subject)
{
    return phrases_any(&subjects, subject);
}

static const char *types_words(size_t number)
{
    (void)number;
    return "delivery-status|"
           "feedback-report|"
           "disposition-notification";
}

static struct lexicon types = {.count = 1, .words = types_words, .within_words = true};

static bool has_report_type(struct slice type)
{
    return phrases_any(&types, type);
}

static bool has_field(const struct page *page)
{
    static const char *const names[] = {
        "X-Failed-Recipients", "X-Autoreply",        "X-Autorespond",
        "X-Auto-Reply",        "X-Mail-Autoreply",   "X-MS-Exchange-Message-Is-Ndr",
        "X-DSNContext",        "X-Postfix-Queue-ID", "X-HmXmrOriginalRecipient",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (page_field(page, names[i]).at != NULL)
            return true;
    return false;
}

bool expect_report(const struct page *page)
{
    struct slice submitted = page_field(page, "Auto-Submitted");
    struct slice precedence = page_field(page, "Precedence");

    if (page->null_sender || page->multipart_report)
        return true;
    if (submitted.at != NULL && !page_says(submitted, "no"))
        return true;
    if (precedence.at != NULL && !page_says(precedence, "list"))
        return true;
    return has_report_type(page_field(page, "Content-Type")) || has_field(page) ||
           expect_daemon(page_field(page, "From")) ||
           expects_by_subject(page_field(page, "Subject"));
}
