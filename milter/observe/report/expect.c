/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * expect: fields that only reports have, names that only servers bear, and subjects in the
 * languages in which servers write.
 */
#include "expect.h"

/* Which two bytes stand side by side, in any case. Every mail's subject is asked for a hundred
 * phrases, and hardly one of them begins with two bytes that are in it. */
struct pairs {
    uint32_t row[32];
};

static void pairs_note(struct pairs *pairs, struct slice where)
{
    *pairs = (struct pairs){.row = {0}};
    for (size_t i = 1; i < where.size; i++)
        pairs->row[where.at[i - 1] & 31] |= UINT32_C(1) << (where.at[i] & 31);
}

static bool pairs_have(const struct pairs *pairs, const char *phrase)
{
    if (phrase[0] == '\0' || phrase[1] == '\0' || phrase[0] == ' ' || phrase[1] == ' ')
        return true;
    return (pairs->row[phrase[0] & 31] >> (phrase[1] & 31) & 1) != 0;
}

bool expect_phrase(struct slice where, const char *const *phrases, size_t count)
{
    struct pairs pairs;

    if (where.at == NULL)
        return false;
    pairs_note(&pairs, where);
    for (size_t i = 0; i < count; i++)
        if (pairs_have(&pairs, phrases[i]) && page_says(where, phrases[i]))
            return true;
    return false;
}

bool expect_daemon(struct slice from)
{
    static const char *const names[] = {
        "mailer-daemon",
        "mailer_daemon",
        "mailerdaemon",
        "mail-daemon",
        "maildaemon",
        "mail daemon",
        "mdaemon",
        "postmaster",
        "post_master",
        "mail deliver",
        "mail system",
        "delivery system",
        "delivery subsystem",
        "mail-deliver",
        "post office",
        "postoffice",
        "system admin",
        "bounce",
        "mailsystem",
        "mail administrator",
        "mail router",
        "mmdf",
        "microsoft exchange",
        "message router",
        "internet mail delivery",
        "mailadmin",
        "mail-admin",
        "courier mail server",
        "smtp",
        "symantec",
        "x.400",
        "notes",
        "@sns.amazonaws.com",
    };

    return expect_phrase(from, names, sizeof(names) / sizeof(names[0]));
}

static bool expects_by_subject(struct slice subject)
{
    static const char *const words[] = {
        /* failures and delays */
        "deliver",
        "undeliv",
        "returned",
        "failure",
        "bounce",
        "rejected",
        "could not",
        "cannot",
        "can't",
        "unable to",
        "error",
        "unknown",
        "warning",
        "problem",
        "nondeliv",
        "mail status",
        "message status",
        "not sent",
        "notif",
        "member",
        "delay",
        "unreachable",
        "quota",
        "failed",
        "system message",
        "zustell",
        "rcksendung",
        "fehler",
        "remis",
        "distribu",
        "chec",
        "entreg",
        "devuelt",
        "onbestel",
        "bezorg",
        "recapit",
        "consegna",
        "lever",
        "mottag",
        "toimit",
        "dostarcz",
        "doru",
        "nedoru",
        "\xd0\xb4\xd0\xbe\xd1\x81\xd1\x82\xd0\xb0\xd0\xb2", /* Russian: deliver */
        "\xe9\x85\x8d\xe4\xbf\xa1",
        "\xe9\x85\x8d\xe9\x80\x81",             /* Japanese: deliver */
        "\xe3\x82\xa8\xe3\x83\xa9\xe3\x83\xbc", /* Japanese: error */
        "\xe9\x80\x80\xe4\xbf\xa1",
        "\xe6\x8a\x95\xe9\x80\x92", /* Chinese: returned, delivery */
        /* complaints and receipts */
        "complaint",
        "feedback",
        "abuse",
        "spam",
        "read:",
        "gelesen",
        "lesebest",
        "receipt",
        /* automatic answers */
        "auto",
        "out of",
        "office",
        "vacation",
        "holiday",
        "away",
        "abwesen",
        "urlaub",
        "absence",
        "ausente",
        "fuera de",
        "fuori",
        "afwezig",
        "confirm",
        "verify",
        "ticket",
        "case",
    };

    return expect_phrase(subject, words, sizeof(words) / sizeof(words[0]));
}

static bool has_report_type(struct slice type)
{
    static const char *const words[] = {"delivery-status", "feedback-report",
                                        "disposition-notification"};

    return expect_phrase(type, words, sizeof(words) / sizeof(words[0]));
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
