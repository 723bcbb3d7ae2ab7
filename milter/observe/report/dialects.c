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
#include "value.h"

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
    &dialect_sendmail_lost,
    &dialect_sendmail_transcript,
    &dialect_postfix_reply,
    &dialect_qsbmf,
    &dialect_exim_field,
    &dialect_plain,
    &dialect_answered,
    &dialect_brief,
};

#define DIALECTS (sizeof table / sizeof table[0])
_Static_assert(DIALECTS *DIALECT_MARKS <= UINT16_MAX, "marks are numbered in 16 bits");

/* ---- findings ---- */

#define SLOTS 2048u /* a power of two, at least twice REPORT_RECIPIENTS_MAX */
_Static_assert(SLOTS >= 2 * REPORT_RECIPIENTS_MAX, "the hash must stay half empty");

static bool has_address(const struct found *found, uint32_t hash, struct slice address)
{
    return found->hash == hash && ((found->address.at == NULL && address.at == NULL) ||
                                   slice_equal_nocase(found->address, address));
}

/* Where the address is, or would go. */
static size_t slot_of(const struct findings *findings, uint32_t hash, struct slice address)
{
    size_t slot = hash & (SLOTS - 1);
    while (findings->slots[slot] != 0 &&
           !has_address(&findings->of[findings->slots[slot] - 1], hash, address))
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
    uint16_t number = findings->slots[slot_of(findings, value_hash(address), address)];
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
    *found = (struct found){.address = address, .hash = value_hash(address)};
    findings->slots[slot_of(findings, found->hash, address)] = (uint16_t)findings->count;
    return found;
}

void findings_clear(struct findings *findings)
{
    free(findings->of);
    free(findings->slots);
    *findings = (struct findings){0};
}

/* ---- marks ---- */

static bool is_in_body(const struct mark *mark)
{
    return mark->place == MARK_TEXT || mark->place == MARK_COPY;
}

/* By dialect and mark. */
static const char *mark_words(size_t number)
{
    const struct mark *mark = &table[number / DIALECT_MARKS]->marks[number % DIALECT_MARKS];
    return is_in_body(mark) ? mark->words : NULL;
}

static struct lexicon marks = {.count = DIALECTS * DIALECT_MARKS, .words = mark_words};

static bool field_fits(struct slice value, const char *words)
{
    return value.at != NULL && (*words == '\0' || phrase_find(value, words).at != NULL);
}

/* `end`: where its words first end in the body, or 0. */
static bool mark_fits(const struct mark *mark, const struct page *page, uint32_t end)
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
        return end > 0 && end <= page->text.size;
    case MARK_COPY:
        return end > 0;
    }
    return false;
}

/* Those in the text are known already; so they come first, and the header is rarely read. */
static bool marks_fit(const struct dialect *dialect, const struct page *page, const uint32_t *ends)
{
    for (size_t i = 0; i < DIALECT_MARKS; i++)
        if (is_in_body(&dialect->marks[i]) && !mark_fits(&dialect->marks[i], page, ends[i]))
            return false;
    for (size_t i = 0; i < DIALECT_MARKS; i++)
        if (!is_in_body(&dialect->marks[i]) && !mark_fits(&dialect->marks[i], page, 0))
            return false;
    return true;
}

const struct dialect *dialect_read(const struct page *page, struct findings *findings)
{
    uint32_t ends[DIALECTS * DIALECT_MARKS];
    if (!phrases_seek(&marks, slice_make(page->body.data, page->body.size), ends))
        findings->partial = true;
    for (size_t i = 0; i < DIALECTS; i++) {
        if (!marks_fit(table[i], page, ends + i * DIALECT_MARKS))
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

struct slice dialect_opening(const struct dialect *dialect, const struct page *page,
                             const struct findings *findings)
{
    const char *from = NULL;
    for (size_t i = 0; i < DIALECT_MARKS; i++) {
        const struct mark *mark = &dialect->marks[i];
        struct slice found =
            mark->place == MARK_TEXT ? phrase_find(page->text, mark->words) : SLICE_ABSENT;
        if (found.at != NULL && (from == NULL || found.at < from))
            from = found.at;
    }
    for (size_t i = 0; from == NULL && i < findings->count; i++)
        if (findings->of[i].address.at >= page->text.at &&
            findings->of[i].address.at < page->text.at + page->text.size)
            from = findings->of[i].address.at;
    return from == NULL ? SLICE_ABSENT : slice_make(page->text.at, (size_t)(from - page->text.at));
}

bool dialects_fit(void)
{
    return phrases_fit(&marks);
}
