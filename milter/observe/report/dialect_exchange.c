/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Microsoft: Exchange of all ages, Microsoft 365, the SMTP service of Windows and Outlook.com.
 */
#include "offices.h"
#include "prose.h"

/* ---- Exchange 4 to 2003 ---- */

#define EXCHANGE_2003                                                                              \
    "did not reach the following recipient(s):|did not reach the following recipient:|"            \
    "The following recipient(s) could not be reached:|"                                            \
    "The following recipient(s) cannot be reached:|"                                               \
    "Folgende Empfänger konnten nicht erreicht werden:|"                                          \
    "Folgende(r) Empfänger konnte(n) nicht erreicht werden:|"                                     \
    "Impossible de joindre le(s) destinataire(s) suivant(s)|"                                      \
    "No se pudo localizar a los siguientes destinatarios:|"                                        \
    "No se puede localizar a los siguientes destinatarios:|"                                       \
    "Impossibile raggiungere i seguenti destinatari:|"                                             \
    "De volgende geadresseerde(n) kan/kunnen niet worden bereikt:|"                                \
    "Följande mottagare kan inte nås:|"                                                          \
    "Não foi possível alcançar o(s) seguinte(s) destinatário(s):|"                             \
    "次の受信者に到達できませんでした"

static size_t indent_of(struct slice line)
{
    size_t indent = 0;
    while (indent < line.size && (line.at[indent] == ' ' || line.at[indent] == '\t'))
        indent++;
    return indent;
}

/* "a@example.org on Mon, 1 Jan ...", "'a@example.org' on 1.1.2001", or an X.400 address that holds
 * one: "c=US;a= ;p=Org;dda:SMTP=a@example.org; on ...". */
static struct slice dated_address(struct slice line)
{
    struct slice address = page_address(line), taken;
    if (address.at == NULL)
        return address;
    struct slice front = slice_make(line.at, (size_t)(address.at - line.at));
    if (phrase_at(address, "smtp=") > 0 || phrase_find(front, ";dda:|/dda").at != NULL) {
        if (phrase_at(address, "smtp=") > 0)
            address = slice_make(address.at + 5, address.size - 5);
        return address;
    }
    (void)text_take_any(&front, " \t'\"<(", &taken);
    return front.size == 0 ? address : SLICE_ABSENT;
}

/* What stands deeper than the first recipient is said of it, and wrapped lines are told by that
 * they begin with no address. */
static void read_2003(const struct page *page, struct findings *findings)
{
    struct slice said = phrase_find(page->text, EXCHANGE_2003), line;
    const char *end = page->text.at + page->text.size, *from = said.at + said.size;
    struct slice rest = slice_make(from, (size_t)(end - from));
    struct found *row = NULL;
    size_t deepest = SIZE_MAX;
    while (page_line(&rest, &line)) {
        struct slice address = indent_of(line) <= deepest ? dated_address(line) : SLICE_ABSENT;
        if (address.at != NULL) {
            deepest = indent_of(line);
            row = prose_add(findings, address, REPORTED_FAILED, SLICE_ABSENT);
        } else if (row != NULL && !prose_is_empty(line)) {
            row->words = prose_span(row->words.size == 0 ? line : row->words, line);
        }
    }
    if (findings->count == 0 && page_says(page->text, "MSEXCH:"))
        (void)prose_add(findings, SLICE_ABSENT, REPORTED_FAILED,
                        slice_trim(slice_make(from, (size_t)(end - from))));
}

const struct dialect dialect_exchange2003 = {
    .name = "exchange2003",
    .marks = {{MARK_TEXT, EXCHANGE_2003, NULL},
              {MARK_TEXT,
               "MSEXCH:|Your message|Ihre Nachricht|Votre message|El mensaje|"
               "Il messaggio|Uw bericht|Meddelandet|A mensagem|メッセージ",
               NULL}},
    .read = read_2003,
};

/* ---- Exchange 2007 and younger ---- */

/* "#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##", "host #<host #5.1.1 smtp;550 ...> #SMTP#",
 * "Remote Server returned '550 5.1.1 ...'", in whichever language. */
static bool is_diagnostic(struct slice line)
{
    line = slice_trim(line);
    if (slice_ends(line, "##") || slice_ends(line, "#SMTP#") || slice_find_text(line, " #<") >= 0 ||
        slice_find_text(line, "returned '") >= 0)
        return true;
    for (size_t i = 0; i + 4 < line.size; i++) {
        struct slice rest = slice_make(line.at + i + 1, 3);
        uint64_t code;
        if ((line.at[i] == '#' || line.at[i] == '\'') && text_number(rest, 400, 599, &code))
            return true;
    }
    return false;
}

static struct slice sole_address(struct slice line)
{
    struct slice shown = line;
    (void)text_take_until_text(&line, "<mailto:", &shown);
    return prose_alone(shown);
}

/* The part for administrators is the same in all languages: an address, below it what the server
 * said, up to an empty line or the next address. */
static void read_diagnostics(const struct page *page, struct findings *findings)
{
    struct slice rest = page->text, line, named = SLICE_ABSENT;
    struct found *row = NULL;
    while (page_line(&rest, &line)) {
        struct slice address = sole_address(line);
        if (prose_is_empty(line)) {
            row = NULL;
        } else if (address.at != NULL) {
            named = address;
            row = NULL;
        } else if (named.at != NULL && is_diagnostic(line)) {
            row = prose_add(findings, named, REPORTED_FAILED, slice_trim(line));
            named = SLICE_ABSENT;
        } else if (row != NULL) {
            row->words = prose_span(row->words, line);
        } else if (slice_find(slice_trim(line), ' ') >= 0) {
            named = SLICE_ABSENT; /* but a line with the name of a host may stand in between */
        }
    }
}

const struct dialect dialect_exchange2007 = {
    .name = "exchange2007",
    .marks = {{MARK_TEXT,
               "Diagnostic information for administrators:|#SMTP#|"
               "Remote Server returned '|RESOLVER.|STOREDRV.|"
               "Diagnoseinformationen für Administratoren:|"
               "Informations de diagnostic|Información de diagnóstico para|"
               "Informazioni di diagnostica per|Diagnostische gegevens voor beheerders|"
               "Diagnostikinformation för administratörer|Informações de diagnóstico para|"
               "Informacje diagnostyczne dla administratorów|Диагностические сведения для|"
               "管理者向けの診断情報|管理员的诊断信息|系統管理員的診斷資訊|관리자용 진단 정보",
               NULL}},
    .read = read_diagnostics,
};

/* Copies that lost the part for administrators. */
#define EXCHANGE_FAILED                                                                                                          \
    "Delivery has failed to these recipients or groups:|"                                                                        \
    "Delivery has failed to these recipients or distribution lists:|"                                                            \
    "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:|"                                                 \
    "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Verteilerlisten:|"                                         \
    "Échec de la remise à ces destinataires ou groupes|"                                                                       \
    "Échec de la remise aux destinataires ou aux listes de distribution suivants|"                                              \
    "No se pudo entregar el mensaje a estos destinatarios o grupos:|"                                                            \
    "Error al entregar el mensaje a estos destinatarios o grupos:|"                                                              \
    "Recapito non riuscito ai seguenti destinatari o gruppi:|"                                                                   \
    "De bezorging aan deze geadresseerden of groepen is mislukt:|"                                                               \
    "Det gick inte att leverera till följande mottagare eller grupper:|"                                                        \
    "Det gick inte att leverera till följande mottagare eller distributionslistor:|"                                            \
    "Falha na entrega para estes destinatários ou grupos:|"                                                                     \
    "Falha na entrega a estes destinatários ou grupos:|"                                                                        \
    "Leveringen mislykkedes til disse modtagere eller grupper:|"                                                                 \
    "Dostarczenie do następujących adresatów lub grup nie powiodło się:|"                                                   \
    "Не удалось доставить сообщение следующим получателям или группам|" \
    "次の受信者またはグループへの配信に失敗しました|"                                                     \
    "无法向这些收件人或组传递邮件|傳送至這些收件者或群組失敗"
#define EXCHANGE_DELAYED                                                                           \
    "Delivery to these recipients or groups has been delayed:|"                                    \
    "Delivery to these recipients or distribution lists has been delayed:|"                        \
    "Delivery is delayed to these recipients or groups:|"                                          \
    "Delivery is delayed to these recipients or distribution lists:|"                              \
    "Die Zustellung an folgende Empfänger oder Verteilerlisten wurde verzögert:|"                \
    "Die Zustellung an folgende Empfänger oder Gruppen wurde verzögert:"
const struct dialect dialect_exchange = {
    .name = "exchange2007",
    .marks = {{MARK_TEXT, EXCHANGE_FAILED "|" EXCHANGE_DELAYED, NULL}},
    .form = {.begin = EXCHANGE_FAILED "|" EXCHANGE_DELAYED,
             .shapes = PROSE_LIST,
             .end = "Diagnostic information for administrators",
             .delayed = EXCHANGE_DELAYED},
};

/* ---- Microsoft 365, since 2015 ---- */

const struct dialect dialect_office365 = {
    .name = "office365",
    .marks = {{MARK_TEXT, "Original Message Details", NULL},
              {MARK_TEXT, "Error Details", NULL},
              {MARK_TEXT, "DSN generated by:|Message rejected by:|Reported error:", NULL},
              {MARK_TEXT, "Recipient Address:", NULL}},
    .form = {.label = "Recipient Address:",
             .why = "Reported error:|Error Details",
             .why_end = "DSN generated by:|Message rejected by:"},
};

/* ---- the SMTP service of Windows, Hotmail, Outlook.com ---- */

#define WINDOWS                                                                                    \
    "Delivery to the following recipients failed.|"                                                \
    "Delivery to the following recipients has been delayed.|"                                      \
    "Delivery to the following recipients was aborted after|"                                      \
    "Übermittlung an folgende Empfänger fehlgeschlagen.|"                                        \
    "Error de entrega a los siguientes destinatarios.|"                                            \
    "Échec de la remise aux destinataires suivants.|"                                             \
    "A entrega aos seguintes destinatários falhou.|"                                              \
    "次の受信者への配信に失敗しました。"
const struct dialect dialect_outlook = {
    .name = "outlook",
    .marks = {{MARK_TEXT, WINDOWS, NULL},
              {MARK_TEXT,
               "This is an automatically generated Delivery Status Notification|"
               "Dies ist eine automatisch erstellte Benachrichtigung|"
               "Esta es una notificación|Ésta es una notificación|Ceci est une notification|"
               "Esta é uma notificação|配信状態",
               NULL}},
    .form = {.begin = WINDOWS,
             .shapes = PROSE_LIST | PROSE_BARE,
             .delayed = "recipients has been delayed."},
};
