/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bounce of a writer that nobody knows. No single sign is enough: it must come from a daemon,
 * say in some language that a mail was not delivered, name an address near that, and bear none of
 * the signs of those who only look like it: lists, tickets, and spam that wants to be clicked.
 */
#include "dialects.h"

#include "expect.h"
#include "prose.h"
#include "waybill/reason.h"

#define FAILURE_BEGIN                                                                              \
    "could not be delivered|couldn't be delivered|cannot be delivered|can not be delivered|"       \
    "can't be delivered|was not delivered|were not delivered|not be delivered|"                    \
    "was undeliverable|is undeliverable|undeliverable to|unable to deliver|"                       \
    "not able to deliver|wasn't able to deliver|delivery failed|delivery has failed|"              \
    "failed to deliver|did not receive|did not reach|not been delivered|not yet been delivered|"   \
    "delivery failure|has failed due to|was rejected|has been rejected|returned because|"          \
    "intended recipient:|delivery of email to|delivery of your message to|"                        \
    "could not deliver|mail delivery error|permanent error|delivery error|not deliverable"

#define FAILURE_ELSEWHERE                                                                          \
    "|konnte nicht zugestellt werden|nicht zugestellt werden konnte|nicht zustellbar|"             \
    "unzustellbar|konnte nicht \xc3\xbc"                                                           \
    "bermittelt werden|n'a pas pu \xc3\xaatre|n'a pu \xc3\xaatre|"                                 \
    "n'a pas \xc3\xa9t\xc3\xa9 distribu|non remis|impossible de remettre|"                         \
    "no pudo ser entregado|no se pudo entregar|no ha podido ser entregado|"                        \
    "no se ha podido entregar|n\xc3\xa3o p\xc3\xb4"                                                \
    "de ser entregue|nao pode ser entregue|n\xc3\xa3o foi poss\xc3\xadvel entregar|"               \
    "non \xc3\xa8 stato possibile|non \xc3\xa8 stato consegnato|impossibile recapitare|"           \
    "kon niet worden|niet worden afgeleverd|niet afgeleverd|"                                      \
    "kunde inte levereras|kunne ikke leveres|"                                                     \
    "\xd0\xbd\xd0\xb5 \xd0\xb4\xd0\xbe\xd1\x81\xd1\x82\xd0\xb0\xd0\xb2\xd0\xbb\xd0\xb5\xd0\xbd|"   \
    "\xd0\xbd\xd0\xb5 \xd0\xbc\xd0\xbe\xd0\xb6\xd0\xb5\xd1\x82 \xd0\xb1\xd1\x8b\xd1\x82\xd1\x8c "  \
    "\xd0\xb4\xd0\xbe\xd1\x81\xd1\x82\xd0\xb0\xd0\xb2\xd0\xbb\xd0\xb5\xd0\xbd|"                    \
    "nie mo\xc5\xbc"                                                                               \
    "e zosta\xc4\x87 dor|nie zosta\xc5\x82"                                                        \
    "a dor|nelze doru\xc4\x8dit|nebylo mo\xc5\xbe"                                                 \
    "n\xc3\xa9 doru\xc4\x8dit|"                                                                    \
    "\xe9\x85\x8d\xe4\xbf\xa1\xe3\x81\xa7\xe3\x81\x8d\xe3\x81\xbe\xe3\x81\x9b\xe3\x82\x93|"        \
    "\xe9\x80\x81\xe4\xbf\xa1\xe3\x81\xa7\xe3\x81\x8d\xe3\x81\xbe\xe3\x81\x9b\xe3\x82\x93|"        \
    "\xe6\x97\xa0\xe6\xb3\x95\xe5\x8f\x91\xe9\x80\x81|\xe6\x97\xa0\xe6\xb3\x95\xe6\x8a\x95\xe9"    \
    "\x80\x92|\xe9\x80\x80\xe4\xbf\xa1"

#define DELAYED                                                                                    \
    "not yet been delivered|will continue to be made|will continue to attempt|will be retried|"    \
    "will keep trying|delivery attempts will continue|continue to attempt delivery|"               \
    "do not need to resend|no action is required|just a warning|warning message only|"             \
    "will continue trying|still trying to deliver|delayed delivery|delivery is delayed"

#define WHY                                                                                        \
    "unknown|no such|does not exist|doesn't exist|not exist|not found|over quota|quota|full|"      \
    "disabled|inactive|suspended|rejected|refused|denied|blocked|invalid|not responding|"          \
    "timed out|expired|retry|too large|exceeds|unreachable|not reachable|loop|unavailable|"        \
    "bad destination|not accept|reason|error|permanent|warning|delivery attempts"

#define TITLE                                                                                      \
    "undeliver|delivery failure|delivery failed|delivery status|failure notice|returned mail|"     \
    "mail failure|non remis|unzustellbar|non delivery|nondelivery|not delivered"

/* Someone who answers, sells or discusses. */
static bool is_other(const struct page *page)
{
    static const char *const fields[] = {"List-Id", "List-Unsubscribe", "List-Post",
                                         "X-Mailing-List", "X-Campaign"};
    struct slice from = page_address(page_field(page, "From"));
    if (phrase_at(from, "mailer-daemon@|postmaster@") != 0)
        return false; /* a list passes on what it gets */
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (page_field(page, fields[i]).at != NULL)
            return true;
    return phrase_find(page_field(page, "Content-Type"), "text/html").at != NULL;
}

static bool from_daemon(const struct page *page)
{
    struct slice from = page_field(page, "From");
    return expect_daemon(from) || page_address(from).at == NULL || page->multipart_report;
}

#define BAIT                                                                                       \
    "click|log in|login|sign in|verify your|your password|release your|release the message|"       \
    "retrieve your|retrieve the|view message|pending messages|upgrade your|unsubscribe"

/* A link, and no word of a mail server or too many of a seller: that wants to be clicked. */
static bool is_bait(struct slice text)
{
    return phrase_find(text, "http://|https://|www.").at != NULL &&
           (smtp_code_in(text) == 0 || phrase_find(text, BAIT).at != NULL);
}

/* Who must not be taken: the sender of the mail, which the report goes to, and who reports. */
struct parties {
    struct slice of[4];
};

static struct parties read_parties(const struct page *page)
{
    return (struct parties){.of = {page_address(page_field(page, "To")),
                                   page_address(page_field(page, "From")),
                                   page_address(page_field(page, "Reply-To")),
                                   page_address(page_field(page, "Return-Path"))}};
}

static bool is_party(const struct parties *parties, struct slice address)
{
    for (size_t i = 0; i < sizeof parties->of / sizeof *parties->of; i++)
        if (slice_equal_nocase(parties->of[i], address))
            return true;
    return phrase_at(address, "postmaster@|mailer-daemon@|abuse@|support@|helpdesk@") != 0;
}

static bool takes(const struct parties *parties, struct slice line, struct slice address)
{
    struct slice front = slice_make(line.at, (size_t)(address.at - line.at));
    return !is_party(parties, address) &&
           phrase_find(front, "contact|from:|from |sender|message-id|http|mailto:|reply").at ==
               NULL;
}

#define PARAGRAPHS 5 /* without an address, behind the sentence */

/* Addresses from the sentence on, up to where a paragraph names none any more. */
static void read_near(const struct page *page, struct slice text, enum report_action action,
                      struct findings *findings)
{
    struct parties parties = read_parties(page);
    struct slice paragraph, line, address;
    for (unsigned empty = 0; empty < PARAGRAPHS && prose_paragraph(&text, &paragraph);) {
        size_t before = findings->count;
        struct slice rest = paragraph;
        while (page_line(&rest, &line)) {
            struct slice left = line;
            if (prose_address(&left, &address) && takes(&parties, line, address))
                (void)prose_add(findings, address, action, SLICE_ABSENT);
        }
        if (before > 0 && findings->count == before)
            return;
        empty += findings->count == 0;
    }
}

/* Besides the sentence: a reply code, a word of what went wrong, or the mail's own title. */
static bool tells_why(const struct page *page)
{
    return page->multipart_report || smtp_code_in(page->text) != 0 ||
           phrase_find(page->text, WHY).at != NULL ||
           phrase_find(page_field(page, "Subject"), TITLE).at != NULL;
}

static void read_plain(const struct page *page, struct findings *findings)
{
    if (is_other(page) || !from_daemon(page) || is_bait(page->text) || !tells_why(page))
        return;
    bool delayed = phrase_find(page->text, DELAYED).at != NULL;
    enum report_action action = delayed ? REPORTED_DELAYED : REPORTED_FAILED;
    struct slice text = prose_from(page->text, FAILURE_BEGIN FAILURE_ELSEWHERE);
    read_near(page, text, action, findings);
    if (findings->count == 0) {
        struct slice front = page->text;
        front.size = (size_t)(text.at - front.at);
        read_near(page, front, action, findings);
    }
    prose_read_words(text, findings);
    for (size_t i = 0; i < findings->count; i++)
        if (phrase_find(findings->of[i].words, WHY).at == NULL)
            findings->of[i].words = slice_trim(text);
}

const struct dialect dialect_plain = {
    .name = "plain",
    .marks = {{MARK_TEXT, FAILURE_BEGIN FAILURE_ELSEWHERE, NULL}},
    .read = read_plain,
};
