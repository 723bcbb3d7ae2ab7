/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bounce of a writer that nobody knows. No single sign is enough: it must come from a daemon,
 * say in some language that a mail was not delivered, name an address near that, and bear none of
 * the signs of those who only look like it: lists, tickets, and spam that wants to be clicked.
 */
#include "dialects.h"

#include <string.h>

#include "expect.h"
#include "kind.h"
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
    "could not deliver|mail delivery error|permanent error|delivery error|not deliverable|"        \
    "undeliverable recipient"

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
    "bad destination|not accept|reason|error|permanent|warning|delivery attempts|"                 \
    "grund:|unbekannt|existiert nicht|voll|raison|motif|motivo|inconnu|desconocid|sconosciut|"     \
    "reden:|onbekend"

#define TITLE                                                                                      \
    "undeliver|delivery failure|delivery failed|delivery status|failure notice|returned mail|"     \
    "mail failure|non remis|unzustellbar|non delivery|nondelivery|not delivered"

/* Someone who answers, sells or discusses. */
static bool is_other(const struct page *page)
{
    static const char *const fields[] = {"List-Id", "List-Unsubscribe", "List-Post",
                                         "X-Mailing-List", "X-Campaign"};
    bool html = phrase_find(page_field(page, "Content-Type"), "text/html").at != NULL;
    if (phrase_find(page_field(page, "Subject"), "summar|statistic|digest|logwatch").at != NULL)
        return true;
    if (html && !page->null_sender && page->copy.at == NULL)
        return true;
    if (expect_role(page_field(page, "From")))
        return false; /* a list passes on what it gets */
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (page_field(page, fields[i]).at != NULL)
            return true;
    return html;
}

static bool from_daemon(const struct page *page)
{
    struct slice from = page_field(page, "From");
    return expect_role(from) || page_address(from).at == NULL || page->multipart_report;
}

#define BAIT                                                                                       \
    "click|log in|login|sign in|verify your|your password|release your|release the message|"       \
    "retrieve your|retrieve the|view message|pending messages|upgrade your|unsubscribe"

/* A link, and no word of a mail server, too many of a seller, or nothing that only a report has:
 * that wants to be clicked. */
static bool is_bait(const struct page *page)
{
    return phrase_find(page->text, "http://|https://|www.").at != NULL &&
           (smtp_code_in(page->text) == 0 || phrase_find(page->text, BAIT).at != NULL ||
            (!kind_is_trusted(page) && !page->multipart_report && page->copy.at == NULL));
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

/* What may stand right before the address of whom a failure is about. */
#define OBJECT                                                                                     \
    "to|for|recipient|recipients|address|addresses|user|users|mailbox|mailboxes|account|reach|"    \
    "deliver|rcpt|addressee|destination|an|f\xc3\xbcr|empf\xc3\xa4nger|adresse|benutzer|"          \
    "postfach|\xc3\xa0|pour|destinataire|destinataires|l'adresse|a|al|para|destinatario|"          \
    "destinatarios|direcci\xc3\xb3n|usuario|per|utente|all'utente|indirizzo|aan|naar|voor|"        \
    "gebruiker|ontvanger|till|til|mottagare|do|dla|pro|komu|uzivatel|was|not|failed|unknown"

/* What may follow it. */
#define FATE                                                                                       \
    "was|could|cannot|can not|can't|has failed|failed|does not|doesn't|is not|isn't|is unknown|"   \
    "is over|is full|did not|konnte|n'a pas|no se|no ha|non \xc3\xa8|kon niet|kunde"

static struct slice last_word(struct slice front)
{
    size_t from;
    while (front.size > 0 && memchr(" \t<[\"'(:\n", front.at[front.size - 1], 9) != NULL)
        front.size--;
    for (from = front.size; from > 0 && memchr(" \t\n\"'(<[", front.at[from - 1], 8) == NULL;)
        from--;
    return slice_make(front.at + from, front.size - from);
}

static bool is_one_of(struct slice word, const char *words)
{
    return word.size > 0 && phrase_at(word, words) == word.size;
}

/* Is it the address that the sentence is about? Not one that it only mentions. */
static bool is_object(struct slice line, struct slice address)
{
    const char *end = line.at + line.size, *to = address.at + address.size;
    struct slice headed, words, behind = slice_make(to, (size_t)(end - to)), closing;
    struct slice word = last_word(slice_make(line.at, (size_t)(address.at - line.at)));
    if (slice_starts(behind, ":/"))
        return false; /* a path */
    if (prose_alone(line).at != NULL || prose_headed(line, &headed, &words))
        return true;
    (void)text_take_any(&behind, "<>\"'() \t.,:;", &closing);
    if (word.size == 0 || slice_starts(slice_make(to, (size_t)(end - to)), ">"))
        return word.size > 0 || prose_is_empty(behind) || phrase_at(behind, FATE "|(|[") != 0;
    /* Some write without blanks, or with other letters. */
    return is_one_of(word, OBJECT) || (word.at[word.size - 1] & 0x80) != 0 ||
           (behind.size > 0 && (behind.at[0] & 0x80) != 0) || phrase_at(behind, FATE) != 0;
}

static bool takes(const struct parties *parties, struct slice line, struct slice address)
{
    struct slice front = slice_make(line.at, (size_t)(address.at - line.at));
    return !is_party(parties, address) && is_object(line, address) &&
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

/* Who it is, from the phrase on or else before it, and why. */
static void read_failure(const struct page *page, struct slice text, struct findings *findings)
{
    bool delayed = phrase_find(page->text, DELAYED).at != NULL;
    enum report_action action = delayed ? REPORTED_DELAYED : REPORTED_FAILED;
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

/* Payments, parcels and backups are rejected and returned too. */
#define MAIL                                                                                       \
    "mail|mailbox|email|e-mail|message|messages|nachricht|ihre mail|courriel|courrier|mensaje|"    \
    "correo|mensagem|messaggio|posta|bericht|meddelande|brev|wiadomo|zpr\xc3\xa1v|"                \
    "\xd1\x81\xd0\xbe\xd0\xbe\xd0\xb1\xd1\x89|\xd0\xbf\xd0\xb8\xd1\x81\xd1\x8c|"                   \
    "\xe3\x83\xa1\xe3\x83\xbc\xe3\x83\xab|\xe9\x82\xae|\xe9\x83\xb5|\xe9\x85\x8d\xe9\x80\x81|"     \
    "\xe9\x85\x8d\xe4\xbf\xa1|\xe9\x80\x80\xe4\xbf\xa1"

static bool is_about_mail(const struct page *page)
{
    return page->copy.at != NULL || page->multipart_report ||
           phrase_find(page->text, MAIL).at != NULL;
}

static void read_plain(const struct page *page, struct findings *findings)
{
    if (!is_other(page) && from_daemon(page) && is_about_mail(page) && !is_bait(page) &&
        tells_why(page))
        read_failure(page, prose_from(page->text, FAILURE_BEGIN FAILURE_ELSEWHERE), findings);
}

const struct dialect dialect_plain = {
    .name = "plain",
    .marks = {{MARK_TEXT, FAILURE_BEGIN FAILURE_ELSEWHERE, NULL}},
    .read = read_plain,
};

#define UNKNOWN                                                                                    \
    "not a valid user|not a valid address|not a valid recipient|no such user|user unknown|"        \
    "unknown user|no mailbox here|email name is not found"

/* From the line on in which the words are: the code may stand before them. */
static struct slice line_with(struct slice text, const char *words)
{
    struct slice from = prose_from(text, words);
    while (from.at > text.at && from.at[-1] != '\n') {
        from.at--;
        from.size++;
    }
    return from;
}

/* A line or two without any form, but of a sender that only reports have. */
static void read_brief(const struct page *page, struct findings *findings)
{
    bool nobody = page->null_sender && page_address(page_field(page, "From")).at == NULL;
    if ((nobody || kind_is_trusted(page)) && !is_other(page) && !is_bait(page))
        read_failure(page, line_with(page->text, UNKNOWN), findings);
}

const struct dialect dialect_brief = {
    .name = "plain",
    .marks = {{MARK_TEXT, UNKNOWN, NULL}},
    .read = read_brief,
};

/* ---- in no language at all ---- */

#define TOLD "told|said|says|answered|replied|returned|responded|response"

/* A reply code, or the status that qmail and its kin put in brackets. */
static bool holds_reply(struct slice words)
{
    char status[STATUS_ROOM];
    return smtp_code_in(words) != 0 ||
           (slice_find_text(words, "(#") >= 0 && status_in(words, status));
}

/* The recipient that the line names so that an answer must follow. */
static struct slice asked_for(struct slice line, bool about_mail)
{
    struct slice address = prose_alone(line), words, rest = line;
    if (address.at == NULL && !prose_headed(line, &address, &words) && about_mail &&
        phrase_find(line, TOLD).at != NULL && prose_address(&rest, &words) &&
        is_object(line, words))
        address = words;
    return address;
}

/* What belongs to a recipient: his line, and those below up to an empty one or to the next
 * recipient; where his line tells nothing, the next paragraph. */
struct block {
    struct slice address, words;
    bool tells; /* something that may be the answer */
};

static void open_block(struct block *block, struct slice line, struct slice address)
{
    const char *behind = address.at + address.size;
    *block = (struct block){.address = address, .words = line};
    block->tells = holds_reply(slice_make(behind, (size_t)(line.at + line.size - behind)));
}

static void close_block(struct block *block, const struct parties *parties,
                        enum report_action action, struct findings *findings)
{
    if (block->address.at != NULL && !is_party(parties, block->address) &&
        holds_reply(block->words))
        (void)prose_add(findings, block->address, action, block->words);
    *block = (struct block){.address = SLICE_ABSENT};
}

static void read_blocks(const struct page *page, enum report_action action,
                        struct findings *findings)
{
    struct slice rest = page->text, line;
    struct parties parties = read_parties(page);
    struct block block = {.address = SLICE_ABSENT};
    bool about_mail = is_about_mail(page);
    while (page_line(&rest, &line)) {
        struct slice address = asked_for(line, about_mail);
        if (address.at != NULL || (block.tells && prose_is_empty(line)))
            close_block(&block, &parties, action, findings);
        if (address.at != NULL) {
            open_block(&block, line, address);
        } else if (block.address.at != NULL && !prose_is_empty(line)) {
            block.words = prose_span(block.words, line);
            block.tells = true;
        }
    }
    close_block(&block, &parties, action, findings);
}

/* Of a sender that only reports have, a recipient with the answer that a server gave needs no
 * sentence that would say that it is a failure. */
static void read_answered(const struct page *page, struct findings *findings)
{
    bool delayed = phrase_find(page->text, DELAYED).at != NULL;
    if (kind_is_trusted(page) && !is_other(page) && !is_bait(page))
        read_blocks(page, delayed ? REPORTED_DELAYED : REPORTED_FAILED, findings);
}

const struct dialect dialect_answered = {
    .name = "plain",
    .read = read_answered,
};
