/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dialects: the table, and whose marks a page bears.
 *
 * The first whose marks are all there and that finds somebody has it; so what is special stands
 * before what is general.
 */
#include "dialects.h"

#include <stdlib.h>

#include "offices.h"
#include "phrases.h"
#include "prose.h"

static const struct dialect *const table[] = {
    &dialect_fields,
    &dialect_intermail,
    OFFICE_DIALECTS(OFFICE_ROW),
    &dialect_qmail,
    &dialect_postfix,
    &dialect_exim_refused,
    &dialect_exim,
    &dialect_smail,
    &dialect_sendmail,
    &dialect_interscan,
    &dialect_courier,
    &dialect_opensmtpd,
    &dialect_dragonfly,
    &dialect_mmdf,
    &dialect_pp,
    &dialect_zmailer,
    &dialect_imail,
    &dialect_postoffice,
    &dialect_communigate,
    &dialect_messagingserver,
    &dialect_mdaemon,
    &dialect_xmail,
    &dialect_amavis,
    &dialect_mfilter,
    &dialect_lsmtp,
    &dialect_fml,
    &dialect_notification,
    &dialect_trouble,
    &dialect_mailfoundry,
    &dialect_james,
    &dialect_surfcontrol,
    &dialect_powermta,
    &dialect_mercury,
    &dialect_pmdf,
    /* Less is known of the writer: */
    &dialect_sendmail_transcript,
    &dialect_postfix_reply,
    &dialect_qsbmf,
    &dialect_exim_field,
    &dialect_plain,
};

#define DIALECTS (sizeof table / sizeof table[0])
_Static_assert(DIALECTS *DIALECT_MARKS <= UINT16_MAX, "marks are numbered in 16 bits");

/* ---- findings ---- */

#define SLOTS 2048u /* a power of two, at least twice REPORT_RECIPIENTS_MAX */
_Static_assert(SLOTS >= 2 * REPORT_RECIPIENTS_MAX, "the hash must stay half empty");

/* FNV-1a over folded letters. */
static uint32_t address_hash(struct slice address)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < address.size; i++) {
        unsigned char byte = (unsigned char)address.at[i];
        if (byte >= 'A' && byte <= 'Z')
            byte = (unsigned char)(byte | 0x20);
        hash = (hash ^ byte) * 16777619u;
    }
    return hash;
}

static bool same_address(struct slice a, struct slice b)
{
    return (a.at == NULL && b.at == NULL) || slice_equal_nocase(a, b);
}

/* Where the address is, or would go. */
static size_t slot_of(const struct findings *findings, struct slice address)
{
    size_t slot = address_hash(address) & (SLOTS - 1);
    while (findings->slots[slot] != 0 &&
           !same_address(findings->of[findings->slots[slot] - 1].address, address))
        slot = (slot + 1) & (SLOTS - 1);
    return slot;
}

static bool findings_grow(struct findings *findings)
{
    if (findings->slots == NULL)
        findings->slots = calloc(SLOTS, sizeof *findings->slots);
    if (findings->slots == NULL)
        return false;
    if (findings->count < findings->room)
        return true;
    size_t room = findings->room == 0 ? 8 : findings->room * 2;
    struct found *of = realloc(findings->of, room * sizeof *of);
    if (of == NULL)
        return false;
    findings->of = of;
    findings->room = room;
    return true;
}

struct found *findings_find(const struct findings *findings, struct slice address)
{
    if (findings->slots == NULL)
        return NULL;
    uint16_t number = findings->slots[slot_of(findings, address)];
    return number == 0 ? NULL : &findings->of[number - 1];
}

struct found *findings_add(struct findings *findings, struct slice address)
{
    struct found *found = findings_find(findings, address);
    if (found != NULL)
        return found;
    if (findings->count >= REPORT_RECIPIENTS_MAX || !findings_grow(findings)) {
        findings->partial = true;
        return NULL;
    }
    found = &findings->of[findings->count++];
    *found = (struct found){.address = address};
    findings->slots[slot_of(findings, address)] = (uint16_t)findings->count;
    return found;
}

void findings_clear(struct findings *findings)
{
    free(findings->of);
    free(findings->slots);
    *findings = (struct findings){0};
}

/* ---- marks ---- */

/* All marks of one place, looked for in one pass; said[] by dialect and mark. */
static void seek_marks(enum mark_place place, struct slice where, bool *said)
{
    struct phrases phrases;
    phrases_init(&phrases);
    for (size_t i = 0; i < DIALECTS * DIALECT_MARKS; i++) {
        const struct mark *mark = &table[i / DIALECT_MARKS]->marks[i % DIALECT_MARKS];
        if (mark->place == place)
            (void)phrases_add(&phrases, mark->words, (uint16_t)i);
    }
    phrases_seek(&phrases, where, said);
}

static bool field_fits(struct slice value, const char *words)
{
    return value.at != NULL && (*words == '\0' || phrase_find(value, words).at != NULL);
}

static bool mark_fits(const struct mark *mark, const struct page *page, bool said)
{
    switch (mark->place) {
    case MARK_NONE:
        return true;
    case MARK_FROM:
        return field_fits(page_field(page, "From"), mark->words);
    case MARK_SUBJECT:
        return field_fits(page_field(page, "Subject"), mark->words);
    case MARK_FIELD:
        return field_fits(page_field(page, mark->field), mark->words);
    case MARK_TEXT:
    case MARK_COPY:
        return said;
    }
    return false;
}

/* Those in the text are known already; so they come first, and the header is rarely read. */
static bool marks_fit(const struct dialect *dialect, const struct page *page, const bool *said)
{
    for (size_t i = 0; i < DIALECT_MARKS; i++) {
        enum mark_place place = dialect->marks[i].place;
        if ((place == MARK_TEXT || place == MARK_COPY) && !said[i])
            return false;
    }
    for (size_t i = 0; i < DIALECT_MARKS; i++)
        if (!mark_fits(&dialect->marks[i], page, said[i]))
            return false;
    return true;
}

const struct dialect *dialect_read(const struct page *page, struct findings *findings)
{
    bool said[DIALECTS * DIALECT_MARKS] = {false};
    seek_marks(MARK_TEXT, page->text, said);
    seek_marks(MARK_COPY, slice_make(page->body.data, page->body.size), said);
    for (size_t i = 0; i < DIALECTS; i++) {
        if (!marks_fit(table[i], page, said + i * DIALECT_MARKS))
            continue;
        if (table[i]->read != NULL)
            table[i]->read(page, findings);
        else
            prose_read_form(page->text, &table[i]->form, findings);
        if (findings->count > 0)
            return table[i];
    }
    return NULL;
}

bool dialects_fit(void)
{
    struct phrases phrases;
    phrases_init(&phrases);
    for (size_t i = 0; i < DIALECTS * DIALECT_MARKS; i++) {
        const struct mark *mark = &table[i / DIALECT_MARKS]->marks[i % DIALECT_MARKS];
        if ((mark->place == MARK_TEXT || mark->place == MARK_COPY) &&
            !phrases_add(&phrases, mark->words, 0))
            return false;
    }
    return true;
}
