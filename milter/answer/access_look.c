/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * access_look: what of a waybill somebody may see; the rest is taken out of it.
 *
 * Of a recipient one of three is said:
 *
 *     shown     as he is
 *     renamed   a sender sees the alias that he wrote to, not whom it leads to: neither his name,
 *               nor his server, nor its words, which may name him; nor does the alias itself tell
 *     hidden    he, and all facts about him
 */
#include <stdlib.h>
#include <string.h>

#include "waybill/access.h"
#include "waybill/address.h"
#include "waybill/network.h"

enum showing { SHOWN, RENAMED, HIDDEN };

static bool has_word(const struct access_words *words, struct slice wanted)
{
    struct slice rest = slice_of(words->text), word;

    while (text_take_part(&rest, ' ', &word))
        if (slice_equal_nocase(word, wanted))
            return true;
    return false;
}

static bool has_address(const struct access_words *words, struct slice address)
{
    char normal[ADDRESS_MAX];

    return address.at != NULL && words->text[0] != '\0' &&
           has_word(words, slice_make(normal, address_normal(address, normal)));
}

/* "example.org" alone, ".example.org" with all below it. */
static bool is_in_domain(struct slice word, struct slice domain)
{
    struct slice name = word;
    bool below = text_take_char(&name, '.');

    return slice_equal_nocase(name, domain) ||
           (below && domain.size > word.size &&
            slice_equal_nocase(word, slice_make(domain.at + (domain.size - word.size),
                                                word.size)));
}

static bool in_domains(const struct access *access, struct slice address)
{
    struct slice rest = slice_of(access->domains.text), word, domain;
    char normal[ADDRESS_MAX];

    if (address.at == NULL)
        return false;
    domain = address_domain(slice_make(normal, address_normal(address, normal)));
    while (domain.at != NULL && text_take_part(&rest, ' ', &word))
        if (is_in_domain(word, domain))
            return true;
    return false;
}

/* ---- whence it came ---- */

/* By pickup: our own log names the user. What was only put through the queue anew, and had another
 * id before, may have come from anywhere. */
static bool picked_up(const struct waybill *waybill)
{
    for (size_t i = 0; i < waybill->fact_count; i++) {
        const struct fact *fact = &waybill->facts[i];

        if (fact->witness == WITNESS_LOG && fact->kind == FACT_CLIENT &&
            fact->value[KEY_UID].at != NULL && fact->value[KEY_PREVIOUS].at == NULL)
            return true;
    }
    return false;
}

static bool from_own_source(const struct access *access, const struct waybill *waybill)
{
    for (char *const *source = access->own_sources; source != NULL && *source != NULL; source++) {
        struct network network;

        if (strcmp(*source, "pickup") == 0
                ? picked_up(waybill)
                : network_read(&network, slice_of(*source), NULL) &&
                      network_holds(&network, waybill->ip))
            return true;
    }
    return false;
}

static bool has_login(const struct waybill *waybill)
{
    return waybill->login.at != NULL && waybill->login.size > 0;
}

static bool sent_by_person(const struct access *access, const struct waybill *waybill)
{
    if (has_login(waybill))
        return has_word(&access->logins, waybill->login) ||
               has_address(&access->addresses, waybill->login);
    return waybill->has_from && has_address(&access->addresses, waybill->from) &&
           from_own_source(access, waybill);
}

static bool sent_by_domains(const struct access *access, const struct waybill *waybill)
{
    return waybill->has_from && in_domains(access, waybill->from) &&
           (has_login(waybill) || from_own_source(access, waybill));
}

/* ---- recipients ---- */

static enum showing show_to_sender(const struct waybill *waybill,
                                   const struct recipient *recipient)
{
    if ((recipient->original.at != NULL && recipient->original.size > 0) ||
        recipient->state == STATE_EXPANDED)
        return RENAMED;
    /* one that the milter did not see named was added by our own side, e.g. an archive */
    return recipient->named || !waybill->seen_by_milter ? SHOWN : HIDDEN;
}

static enum showing showing_of(const struct access *access, const struct waybill *waybill,
                               const struct recipient *recipient)
{
    if (access->role == ROLE_SENDER)
        return show_to_sender(waybill, recipient);
    return in_domains(access, recipient->address) || in_domains(access, recipient->original)
               ? SHOWN
               : HIDDEN;
}

static void rename_recipient(struct recipient *recipient)
{
    if (recipient->original.at != NULL && recipient->original.size > 0)
        recipient->address = recipient->original;
    recipient->original = recipient->reply = recipient->relay = recipient->next = SLICE_ABSENT;
}

static void rename_fact(struct fact *fact, struct slice address)
{
    fact->value[KEY_TO] = address;
    fact->value[KEY_ORIGINAL] = fact->value[KEY_REPLY] = fact->value[KEY_RELAY] =
        fact->value[KEY_NEXT] = fact->value[KEY_REASON] = SLICE_ABSENT;
}

/* A fact of the whole mail may name somebody: a claim about a recipient that it does not have. */
static bool shows_fact(const struct access *access, const struct fact *fact)
{
    if (fact->value[KEY_TO].at == NULL && fact->value[KEY_ORIGINAL].at == NULL)
        return true;
    return access->role != ROLE_SENDER && (in_domains(access, fact->value[KEY_TO]) ||
                                           in_domains(access, fact->value[KEY_ORIGINAL]));
}

#define NOWHERE UINT32_MAX

/* What becomes of the recipients; their order stays. */
struct moves {
    uint32_t *place; /* where each went; NOWHERE: he is hidden */
    bool *renamed;
    size_t *facts;   /* where each fact went; SIZE_MAX: nowhere */
};

static bool keeps_fact(const struct access *access, const struct waybill *waybill, size_t at,
                       const struct moves *moves)
{
    uint32_t subject = waybill->subject[at];

    return subject == SUBJECT_MAIL ? shows_fact(access, &waybill->facts[at])
                                   : moves->place[subject] != NOWHERE;
}

static void move_fact(struct waybill *waybill, size_t from, size_t to, const struct moves *moves)
{
    struct fact *fact = &waybill->facts[to];
    uint32_t subject = waybill->subject[from];

    *fact = waybill->facts[from];
    fact->value[KEY_RECIPIENTS] = SLICE_ABSENT; /* how many there were */
    waybill->trust[to] = waybill->trust[from];
    waybill->subject[to] = subject == SUBJECT_MAIL ? SUBJECT_MAIL : moves->place[subject];
    if (subject != SUBJECT_MAIL && moves->renamed[subject])
        rename_fact(fact, waybill->recipients[moves->place[subject]].address);
}

static void keep_facts(const struct access *access, struct waybill *waybill,
                       const struct moves *moves)
{
    size_t kept = 0;

    for (size_t i = 0; i < waybill->fact_count; i++) {
        moves->facts[i] = keeps_fact(access, waybill, i, moves) ? kept++ : SIZE_MAX;
        if (moves->facts[i] != SIZE_MAX)
            move_fact(waybill, i, moves->facts[i], moves);
    }
    for (size_t i = 0; i < waybill->recipient_count; i++)
        if (waybill->recipients[i].decided_by < waybill->fact_count)
            waybill->recipients[i].decided_by = moves->facts[waybill->recipients[i].decided_by];
    waybill->fact_count = kept;
}

static void keep_recipients(const struct access *access, struct waybill *waybill,
                            const struct moves *moves)
{
    size_t kept = 0;

    for (size_t i = 0; i < waybill->recipient_count; i++) {
        enum showing showing = showing_of(access, waybill, &waybill->recipients[i]);

        moves->place[i] = showing == HIDDEN ? NOWHERE : (uint32_t)kept;
        moves->renamed[i] = showing == RENAMED;
        if (showing == HIDDEN)
            continue;
        waybill->recipients[kept] = waybill->recipients[i];
        if (showing == RENAMED)
            rename_recipient(&waybill->recipients[kept]);
        kept++;
    }
    waybill->recipient_count = kept;
}

/* False: there is no memory; then nobody sees anything of it. */
static bool keep_shown(const struct access *access, struct waybill *waybill)
{
    struct moves moves = {
        .place = calloc(waybill->recipient_count + 1, sizeof *moves.place),
        .renamed = calloc(waybill->recipient_count + 1, sizeof *moves.renamed),
        .facts = calloc(waybill->fact_count + 1, sizeof *moves.facts),
    };
    bool able = moves.place != NULL && moves.renamed != NULL && moves.facts != NULL;

    if (able) {
        keep_recipients(access, waybill, &moves);
        keep_facts(access, waybill, &moves);
    }
    free(moves.place);
    free(moves.renamed);
    free(moves.facts);
    return able;
}

/* ---- the mail ---- */

static void hide_subject(struct waybill *waybill)
{
    waybill->subject_text = waybill->subject_hash = SLICE_ABSENT;
    for (size_t i = 0; i < waybill->fact_count; i++)
        waybill->facts[i].value[KEY_SUBJECT] = waybill->facts[i].value[KEY_SUBJECT_HASH] =
            SLICE_ABSENT;
}

static bool look_at_mail(const struct access *access, struct waybill *waybill)
{
    if (access->role == ROLE_SENDER)
        return sent_by_person(access, waybill) && keep_shown(access, waybill);
    if (access->domains.text[0] == '\0' || sent_by_domains(access, waybill))
        return true;
    return keep_shown(access, waybill) && waybill->recipient_count > 0;
}

bool access_is_whole(const struct access *access)
{
    return access->role == ROLE_ADMIN && access->domains.text[0] == '\0';
}

bool access_look(const struct access *access, struct waybill *waybill)
{
    if (!look_at_mail(access, waybill))
        return false;
    if (access->role == ROLE_DESK && !access->subjects)
        hide_subject(waybill);
    return true;
}
