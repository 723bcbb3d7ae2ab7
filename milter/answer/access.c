/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * access: who somebody is. What he sees is in access_look.c.
 */
#include "waybill/access.h"

#include <string.h>

#include "terms.h"
#include "waybill/address.h"

static const char *const role_words[ROLE_COUNT] = {
#define X(symbol, word, text) [ROLE_##symbol] = word,
    ACCESS_ROLES(X)
#undef X
};

const char *access_role_word(enum access_role role)
{
    return role < ROLE_COUNT ? role_words[role] : "?";
}

int access_role_of(struct slice word)
{
    for (int role = 0; role < ROLE_COUNT; role++)
        if (slice_is(word, role_words[role]))
            return role;
    return -1;
}

bool access_name_fits(struct slice name)
{
    for (size_t i = 0; i < name.size; i++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-@+",
                   name.at[i]) == NULL ||
            name.at[i] == '\0')
            return false;
    return name.size > 0 && name.size < ACCESS_NAME_SIZE;
}

/* ---- words ---- */

static size_t count_words(const struct access_words *words)
{
    struct slice rest = slice_of(words->text), word;
    size_t count = 0;

    while (text_take_part(&rest, ' ', &word))
        count++;
    return count;
}

static int add_word(struct access_words *words, struct slice word, const char *what,
                    struct error *why)
{
    size_t used = strlen(words->text);

    for (size_t i = 0; i < word.size; i++)
        if ((unsigned char)word.at[i] <= ' ' || word.at[i] == 0x7f)
            return error_set(why, "a %s must have no blanks and no control characters", what);
    if (text_lists(slice_of(words->text), word))
        return 0;
    if (count_words(words) >= ACCESS_WORDS_MAX || used + word.size + 2 > sizeof words->text)
        return error_set(why, "too many: at most %d of a kind, %d bytes in all", ACCESS_WORDS_MAX,
                         ACCESS_WORDS_SIZE);
    if (used > 0)
        words->text[used++] = ' ';
    memcpy(words->text + used, word.at, word.size);
    words->text[used + word.size] = '\0';
    return 0;
}

int access_add_domain(struct access *access, struct slice domain, struct error *why)
{
    char folded[TERM_MAX];
    struct slice word, name;

    (void)text_take_char(&domain, '@');
    word = name = slice_make(folded, term_fold(domain, folded));
    (void)text_take_char(&name, '.');
    if (name.size == 0 || name.at[0] == '.' || slice_find(name, '@') >= 0 ||
        slice_find(name, '.') < 0 || word.size != domain.size)
        return error_set(why,
                         "'%.*s' is no domain: give example.org, or .example.org with all below it",
                         SLICE_SHOWN(domain));
    return add_word(&access->domains, word, "domain", why);
}

int access_add_address(struct access *access, struct slice address, struct error *why)
{
    char normal[ADDRESS_MAX];
    struct slice word = slice_make(normal, address_normal(address, normal));
    struct slice domain = address_domain(word);

    if (domain.at == NULL || domain.size == 0 || domain.size + 1 >= word.size)
        return error_set(why, "'%.*s' is no address: give local-part@domain",
                         SLICE_SHOWN(address));
    return add_word(&access->addresses, word, "address", why);
}

int access_add_login(struct access *access, struct slice login, struct error *why)
{
    char folded[TERM_MAX];
    struct slice word = slice_make(folded, term_fold(login, folded));

    if (word.size == 0 || word.size != login.size)
        return error_set(why, "a login must not be empty or longer than %d bytes", TERM_MAX - 1);
    return add_word(&access->logins, word, "login", why);
}

int access_check(const struct access *access, struct error *why)
{
    bool persons = access->addresses.text[0] != '\0' || access->logins.text[0] != '\0';

    if (access->role == ROLE_SENDER && !persons)
        return error_set(why, "the role sender needs an address or a login, whose mails he sees");
    if (access->role == ROLE_SENDER && access->domains.text[0] != '\0')
        return error_set(why, "the role sender is bound to addresses and logins, not to domains");
    if (access->role != ROLE_SENDER && persons)
        return error_set(why, "only the role sender is bound to addresses and logins; a %s may be "
                              "bound to domains",
                         access_role_word(access->role));
    if (access->role != ROLE_DESK && access->subjects)
        return error_set(why, "subjects are a matter of the role desk alone: a sender sees his own, "
                              "an admin all");
    return 0;
}

/* ---- a search ---- */

static bool look(const void *context, struct waybill *waybill)
{
    return access_look(context, waybill);
}

static void add_terms(struct access_lens *lens, const struct access_words *words,
                      enum term_kind kind, enum term_kind other)
{
    struct slice rest = slice_of(words->text), word;
    size_t most = sizeof lens->terms / sizeof lens->terms[0];

    while (text_take_part(&rest, ' ', &word) && lens->lens.term_count + 2 <= most) {
        lens->terms[lens->lens.term_count++] = (struct store_term){kind, word};
        lens->terms[lens->lens.term_count++] = (struct store_term){other, word};
    }
}

/* The index has no term for all that is below a domain. */
static bool has_below(const struct access_words *domains)
{
    return domains->text[0] == '.' || strstr(domains->text, " .") != NULL;
}

void access_lens_init(struct access_lens *lens, const struct access *access)
{
    *lens = (struct access_lens){.lens = {.look = look, .context = access, .terms = lens->terms}};
    if (!has_below(&access->domains))
        add_terms(lens, &access->domains, TERM_SENDER_DOMAIN, TERM_RECIPIENT_DOMAIN);
    add_terms(lens, &access->addresses, TERM_SENDER, TERM_LOGIN);
    add_terms(lens, &access->logins, TERM_LOGIN, TERM_LOGIN);
}

int access_check_query(const struct access *access, const struct query *query, struct error *why)
{
    for (size_t i = 0; i < query->count; i++)
        if (query->terms[i].field == QUERY_FIELD_SUBJECT && access->role == ROLE_DESK &&
            !access->subjects)
            return error_set(why, "subject: is not for you to ask: your role shows no subjects");
    return 0;
}

int access_one(struct store *store, const struct access *access, uint64_t id,
               int64_t queue_lifetime, struct waybill *waybill, struct error *why)
{
    int result = query_one(store, id, queue_lifetime, waybill, why);

    if (result <= 0 || access_look(access, waybill))
        return result;
    waybill_clear(waybill);
    return 0;
}

/* Is it there, for him? A record that cannot be read is nobody's. -1: the store failed. */
static int is_there(struct store *store, const struct access *access, uint64_t id,
                    int64_t queue_lifetime, struct error *why)
{
    struct waybill waybill;
    int found = query_one(store, id, queue_lifetime, &waybill, why);

    if (found < 0)
        return store_last_trouble(store) == STORE_FINE ? 0 : -1;
    if (found > 0) {
        found = access == NULL || access_look(access, &waybill);
        waybill_clear(&waybill);
    }
    return found;
}

int access_near(struct store *store, const struct access *access, struct slice text,
                int64_t queue_lifetime, uint64_t ids[static ID_NEAR_MAX], size_t *count,
                struct error *why)
{
    size_t all = id_near(text, ids);

    *count = 0;
    for (size_t i = 0; i < all; i++) {
        int found = is_there(store, access, ids[i], queue_lifetime, why);
        if (found < 0)
            return -1;
        if (found > 0)
            ids[(*count)++] = ids[i];
    }
    return 0;
}
