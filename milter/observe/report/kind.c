/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kind: signs in the header, and how much each is worth.
 */
#include "kind.h"

#include "expect.h"
#include "phrases.h"

static bool has_any(const struct page *page, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (page_field(page, names[i]).at != NULL)
            return true;
    return false;
}

/* Does the subject begin with one of them? */
static bool begins(struct slice subject, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct slice word = slice_of(words[i]);

        if (subject.size >= word.size &&
            slice_equal_nocase(slice_make(subject.at, word.size), word))
            return true;
    }
    return false;
}

static bool is_list_mail(const struct page *page)
{
    static const char *const names[] = {"List-Id",     "List-Post",    "List-Unsubscribe",
                                        "X-BeenThere", "Mailing-List", "X-Mailing-List"};

    return has_any(page, names, sizeof(names) / sizeof(names[0])) ||
           page_says(page_field(page, "Precedence"), "list");
}

static bool is_forward(struct slice subject)
{
    static const char *const words[] = {"fwd:", "fw:", "wg:", "tr:", "rv:", "enc:", "i:", "[fwd"};

    return begins(subject, words, sizeof(words) / sizeof(words[0]));
}

static bool is_answer(struct slice subject)
{
    static const char *const words[] = {"re:", "aw:", "sv:", "antw:", "rif:"};

    return begins(subject, words, sizeof(words) / sizeof(words[0]));
}

/* Programs that keep what people write to them, and pass it on. */
static bool is_tracker(const struct page *page)
{
    static const char *const fields[] = {
        "X-OTRS-",      "X-Znuny-",    "RT-",          "X-RT-",         "X-Zammad-",
        "X-JIRA-",      "X-GitLab-",   "X-GitHub-",    "X-Zendesk-",    "X-Redmine",
        "X-Launchpad-", "X-Bugzilla-", "X-Helpscout-", "X-Freshdesk",   "X-FreeScout-",
        "X-Trac-",      "X-Mantis",    "X-osTicket",   "X-Phabricator", "X-Debian-PR-",
        "X-Intercom-",  "X-HubSpot-",  "X-Front-",
    };
    static const char mailers[] = "otrs|znuny|osticket|redmine|jira|zammad|freescout|mantisbt|"
                                  "request tracker|zendesk|helpdesk|service desk|glpi|bugzilla";
    struct slice rest = slice_make(page->header.data, page->header.size), line;

    if (phrase_find(page_field(page, "X-Mailer"), mailers).at != NULL)
        return true;
    while (page_line(&rest, &line))
        if (begins(line, fields, sizeof(fields) / sizeof(fields[0])))
            return true;
    return false;
}

/* "[Ticket#17]", "request #8812": the number of a case. */
static bool has_case_number(struct slice subject)
{
    for (size_t i = 0; i + 1 < subject.size; i++)
        if (subject.at[i] == '#' && subject.at[i + 1] >= '0' && subject.at[i + 1] <= '9')
            return true;
    return false;
}

/* Nobody sends a daemon a bounce; postmasters get copies. */
static bool is_to_daemon(const struct page *page)
{
    struct slice to = page_address(page_field(page, "To"));

    return phrase_at(to, "mailer-daemon@|mailer_daemon@") != 0;
}

/* Its mails are the server's word on a list: "You are not member". */
static bool is_fml_manager(const struct page *page)
{
    return page_field(page, "X-MLServer").at != NULL &&
           page_says(page_address(page_field(page, "From")), "-admin@");
}

static bool is_from_role(const struct page *page)
{
    return expect_role(page_field(page, "From")) || is_fml_manager(page);
}

static bool is_from_daemon(const struct page *page)
{
    struct slice path = page_address(page_field(page, "Return-Path"));

    return phrase_at(path, "mailer-daemon@|mailer_daemon@") != 0;
}

bool kind_is_trusted(const struct page *page)
{
    return expect_role(page_field(page, "From")) && (page->null_sender || is_from_daemon(page));
}

bool kind_is_talk(const struct page *page)
{
    struct slice subject = page_field(page, "Subject");

    if (is_tracker(page) || is_to_daemon(page))
        return true;
    if (!kind_is_trusted(page) && has_case_number(subject))
        return true;
    if (page->null_sender)
        return false;
    if (is_forward(subject))
        return true;
    if (is_from_role(page))
        return false;
    return is_answer(subject) || is_list_mail(page) || page_field(page, "In-Reply-To").at != NULL;
}

bool kind_is_by_server(const struct page *page)
{
    static const char *const names[] = {"X-Failed-Recipients", "X-MS-Exchange-Message-Is-Ndr",
                                        "X-Amz-Sns-Message-Id", "X-DSNContext"};

    return page->null_sender || page->multipart_report || is_from_role(page) ||
           is_from_daemon(page) || has_any(page, names, sizeof(names) / sizeof(names[0]));
}

/* ---- quotations ---- */

#define QUOTES                                                                                     \
    "wrote:|writes:|said:|schrieb:|schrieb am|a \xc3\xa9"                                          \
    "crit|escribi\xc3\xb3|ha scritto|schreef|skrev|commented|comment by|comment added|"            \
    "started the conversation|sent a message to|forwarded message|"                                \
    "ticket|helpdesk|help desk|case number|acted upon|new request|your request|new issue|"         \
    "has been created|was created by|was added|incident|assigned to|reported by"

/* The line that the text ends with. */
static struct slice last_line(struct slice text)
{
    size_t from = text.size;

    while (from > 0 && text.at[from - 1] != '\n')
        from--;
    return slice_trim(slice_make(text.at + from, text.size - from));
}

/* Does somebody lead over to other words? Banners of gateways do not. */
static bool leads_over(struct slice opening)
{
    struct slice line = last_line(slice_trim(opening));

    return slice_ends(line, ":") &&
           phrase_find(line, "external|caution|careful|warning|links|attachments").at == NULL;
}

static bool is_quoted_line(struct slice opening)
{
    struct slice line = last_line(opening);

    return slice_starts(line, ">") || slice_starts(line, "| ");
}

bool kind_is_quoted(const struct page *page, struct slice opening)
{
    if (page->multipart_report || opening.at == NULL)
        return false;
    return phrase_find(opening, QUOTES).at != NULL || is_quoted_line(opening) ||
           (!kind_is_trusted(page) && leads_over(opening));
}

/* What a mail wants that says that another one failed: a login, a payment. Servers have a null
 * sender, or give back what they could not deliver. */
static const char *wishes_words(size_t number)
{
    (void)number;
    return "password|"
           "log in|"
           "login|"
           "sign in|"
           "release message|"
           "release pending|"
           "release your|"
           "upgrade|"
           "increase|"
           "verify your|"
           "confirm your|"
           "update your|"
           "click here|"
           "click below|"
           "your account|"
           "incoming mail|"
           "incoming message|"
           "retrieve|"
           "storage";
}

static struct lexicon wishes = {.count = 1, .words = wishes_words, .within_words = true};

bool kind_is_bait(const struct page *page)
{
    return !page->null_sender && !page->multipart_report && page->copy.at == NULL &&
           (page_says(page->text, "http") || page_says(page_field(page, "Content-Type"), "html")) &&
           phrases_any(&wishes, page->text);
}

/* ---- automatic answers ---- */

static bool has_autoreply_field(const struct page *page)
{
    static const char *const names[] = {
        "X-Autoreply",      "X-Autorespond",         "X-Auto-Reply",
        "X-Autoresponder",  "X-Mail-Autoreply",      "X-AutoReply-From",
        "X-Vacation",       "X-Autoreply-From",      "X-Autoresponse",
        "X-Auto-Responder", "X-Amavis-Autoresponse",
    };

    return has_any(page, names, sizeof(names) / sizeof(names[0])) ||
           page_says(page_field(page, "Precedence"), "auto_reply") ||
           page_says(page_field(page, "X-Autogenerated"), "reply") ||
           page_says(page_field(page, "X-POST-MessageClass"), "autorespond");
}

static bool has_absent_subject(struct slice subject)
{
    static const char *const words[] = {
        "out of office",
        "out of the office",
        "out-of-office",
        "automatic reply",
        "automated reply",
        "automated response",
        "automatic response",
        "auto reply",
        "auto-reply",
        "autoreply",
        "auto response",
        "auto-response",
        "autoresponse",
        "auto:",
        "vacation",
        "on vacation",
        "away from",
        "i am away",
        "on holiday",
        "on leave",
        "abwesen",
        "automatische antwort",
        "auto-antwort",
        "automatische r\303\274ckantwort",
        "ich bin im urlaub",
        "r\xc3\xa9ponse automatique",
        "reponse automatique",
        "absence du bureau",
        "absent du bureau",
        "respuesta autom",
        "fuera de la oficina",
        "resposta autom",
        "ausente",
        "risposta automatica",
        "fuori sede",
        "fuori ufficio",
        "automatisch antwoord",
        "afwezig",
        "autosvar",
        "fr\xc3\xa5nvaro",
        "frav\xc3\xa6r",
        "poissa",
        "automaattinen vastaus",
        "odpowied\xc5\xba automatyczna",
        "automatick\xc3\xa1 odpov",
        "\xd0\xb0\xd0\xb2\xd1\x82\xd0\xbe\xd0\xbe\xd1\x82\xd0\xb2",
        "\xd0\x90\xd0\xb2\xd1\x82\xd0\xbe\xd0\xbe\xd1\x82\xd0\xb2",
        "\xe8\x87\xaa\xe5\x8b\x95\xe5\xbf\x9c\xe7\xad\x94",
        "\xe4\xb8\x8d\xe5\x9c\xa8",
        "\xe8\x87\xaa\xe5\x8a\xa8\xe5\x9b\x9e\xe5\xa4\x8d",
    };

    return begins(subject, words, sizeof(words) / sizeof(words[0]));
}

bool kind_is_absence(const struct page *page)
{
    return has_autoreply_field(page) || has_absent_subject(page_field(page, "Subject"));
}

static const char *confirm_subjects_words(size_t number)
{
    (void)number;
    return "confirm|"
           "verif|"
           "approv";
}

static struct lexicon confirm_subjects = {
    .count = 1, .words = confirm_subjects_words, .within_words = true};

static const char *confirm_texts_words(size_t number)
{
    (void)number;
    return "reply to this message|"
           "reply to this mail|"
           "reply to this email|"
           "replying to this|"
           "click on the link below|"
           "click the link below|"
           "first time you|"
           "before your message|"
           "before your mail|"
           "before your email|"
           "challenge";
}

static struct lexicon confirm_texts = {
    .count = 1, .words = confirm_texts_words, .within_words = true};

static bool asks_to_confirm(const struct page *page)
{
    return phrases_any(&confirm_subjects, page_field(page, "Subject")) &&
           phrases_any(&confirm_texts, page->text);
}

static const char *case_subjects_words(size_t number)
{
    (void)number;
    return "ticket|"
           "case|"
           "request|"
           "inquiry|"
           "received|"
           "anfrage|"
           "vorgang|"
           "thank you|"
           "#";
}

static struct lexicon case_subjects = {
    .count = 1, .words = case_subjects_words, .within_words = true};

static const char *case_texts_words(size_t number)
{
    (void)number;
    return "we have received your|"
           "has been received|"
           "your request|"
           "your message was received|"
           "your ticket|"
           "ticket number|"
           "a ticket has been|"
           "case number|"
           "ihre anfrage|"
           "ihre nachricht|"
           "reference number|"
           "thank you for contacting";
}

static struct lexicon case_texts = {.count = 1, .words = case_texts_words, .within_words = true};

static bool acknowledges(const struct page *page)
{
    return phrases_any(&case_subjects, page_field(page, "Subject")) &&
           phrases_any(&case_texts, page->text);
}

/* Subjects and texts count only where something shows that no person wrote it, or that it answers.
 */
bool kind_is_autoreply(const struct page *page)
{
    struct slice submitted = page_field(page, "Auto-Submitted");
    struct slice precedence = page_field(page, "Precedence");
    struct slice subject = page_field(page, "Subject");
    bool answers =
        page_field(page, "In-Reply-To").at != NULL || page_field(page, "References").at != NULL;
    bool by_program = page->null_sender || (submitted.at != NULL && !slice_is(submitted, "no")) ||
                      page_says(precedence, "junk") || page_says(precedence, "bulk") ||
                      page_field(page, "X-Auto-Response-Suppress").at != NULL;

    if (has_autoreply_field(page))
        return true;
    /* A mail server's own mail says so too, and is no answer. */
    if (page_says(submitted, "auto-replied"))
        return !is_from_role(page);
    if (has_absent_subject(subject))
        return by_program || answers || slice_find(subject, ':') > 0;
    if (is_list_mail(page) || (!by_program && !answers))
        return false;
    if (asks_to_confirm(page))
        return true;
    return by_program && answers && acknowledges(page);
}
