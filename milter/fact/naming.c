/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * naming: the addresses in a text, one after the other, each in its canonical form.
 *
 * Around each '@' the text is read to both sides. To the left an address may begin at several
 * places ("550-bob@example.org"), and inside what stands there another one may be wrapped, so
 * several are asked about; how many, for one text, is bounded.
 */
#include "waybill/forget.h"

#include <string.h>

#include "waybill/domain.h"

#define LOCAL_MAX 128u  /* bytes to the left of an '@' that are looked at */
#define ASKED_MAX 256u  /* addresses of one text; in a text with more, one is taken for found */

struct asking {
    const struct forgetting *forgetting;
    bool exact;
    unsigned asked;
};

/* Of a name without a domain: so many domains above the host are asked about. */
#define ABOVE_MAX 8u

static bool is_domain_byte(char byte)
{
    unsigned char code = (unsigned char)byte;
    return (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') ||
           (code >= 'A' && code <= 'Z') || code == '-' || code == '.' || code >= 0x80;
}

static bool is_local_byte(char byte)
{
    return is_domain_byte(byte) || (byte != '\0' && strchr("!#$%&'*+/=?^_`{|}~", byte) != NULL);
}

/* May an address begin behind this byte of what could be a local part? */
static bool is_border(char byte)
{
    return byte != '.' && byte != '_' && (byte == '-' || !is_domain_byte(byte));
}

/* A quoted local part that needs no quotes says the same without them. */
static struct slice local_plain(struct slice local)
{
    if (local.size < 3 || local.at[0] != '"' || local.at[local.size - 1] != '"')
        return local;
    struct slice inner = slice_make(local.at + 1, local.size - 2);
    for (size_t i = 0; i < inner.size; i++)
        if (!is_local_byte(inner.at[i]))
            return local;
    return inner;
}

static size_t canonical_of(struct slice local, struct slice domain, char to[static ADDRESS_MAX])
{
    char ascii[DOMAIN_ROOM];
    while (domain.size > 0 && strchr(".-", domain.at[domain.size - 1]) != NULL)
        domain.size--;
    local = local_plain(local);
    size_t size = domain_ascii(domain, ascii);
    if (local.size == 0 || size == 0 || local.size + size + 2 > ADDRESS_MAX)
        return 0;
    for (size_t i = 0; i < local.size; i++)
        to[i] = text_lower(local.at[i]);
    to[local.size] = '@';
    memcpy(to + local.size + 1, ascii, size);
    to[local.size + 1 + size] = '\0';
    return local.size + 1 + size;
}

size_t forget_canonical(struct slice address, char to[static ADDRESS_MAX])
{
    char normal[ADDRESS_MAX];
    struct slice whole = slice_make(normal, address_normal(address, normal));
    struct slice domain = address_domain(whole);
    if (domain.size == 0 || domain.size + 1 >= whole.size)
        return 0;
    return canonical_of(slice_make(normal, whole.size - domain.size - 1), domain, to);
}

static bool ask_one(struct asking *asking, struct slice local, struct slice domain)
{
    char canonical[ADDRESS_MAX];
    if (asking->asked >= ASKED_MAX)
        return true;
    size_t size = canonical_of(local, domain, canonical);
    if (size == 0)
        return false;
    asking->asked++;
    return asking->forgetting->is(asking->forgetting->context, slice_make(canonical, size));
}

/* bob+shop is bob's, too. */
static bool ask(struct asking *asking, struct slice local, struct slice domain)
{
    ptrdiff_t tag = slice_find(local, '+');
    return ask_one(asking, local, domain) ||
           (tag > 0 && local.at[0] != '"' &&
            ask_one(asking, slice_make(local.at, (size_t)tag), domain));
}

/* Each way in which a local part that ends at `end` may begin, from `begin` on. */
static bool ask_ends(struct asking *asking, const char *begin, const char *end, struct slice domain)
{
    for (const char *at = begin; at < end; at++)
        if ((at == begin || is_border(at[-1])) &&
            ask(asking, slice_make(at, (size_t)(end - at)), domain))
            return true;
    return false;
}

/* bob=example.org, bob%example.org, example.org=bob (SRS), example.org!bob in a local part. */
static bool ask_wrapped(struct asking *asking, const char *begin, const char *end)
{
    for (const char *at = begin; at < end; at++) {
        const char *left = at, *right = at + 1;
        if (strchr("=%!", *at) == NULL)
            continue;
        while (left > begin && is_domain_byte(left[-1]))
            left--;
        while (right < end && is_domain_byte(*right))
            right++;
        const char *until = right;
        while (until < end && strchr("=%!", *until) == NULL)
            until++;
        struct slice before = slice_make(left, (size_t)(at - left));
        struct slice after = slice_make(at + 1, (size_t)(right - at - 1));
        if (memchr(after.at, '.', after.size) != NULL && ask_ends(asking, begin, at, after))
            return true;
        if (memchr(before.at, '.', before.size) != NULL &&
            ask(asking, slice_make(at + 1, (size_t)(until - at - 1)), before))
            return true;
    }
    return false;
}

/* "bob smith"@example.org */
static const char *quoted_begin(struct slice text, const char *at)
{
    const char *least = (size_t)(at - text.at) > LOCAL_MAX ? at - LOCAL_MAX : text.at;
    for (const char *quote = at - 1; quote > least;)
        if (*--quote == '"' && (quote == text.at || quote[-1] != '\\'))
            return quote;
    return NULL;
}

static bool ask_around(struct asking *asking, struct slice text, const char *at)
{
    const char *begin = at, *end = at + 1, *most = text.at + text.size;
    while (end < most && end - at < DOMAIN_ROOM && is_domain_byte(*end))
        end++;
    struct slice domain = slice_make(at + 1, (size_t)(end - at - 1));
    if (at > text.at && at[-1] == '"') {
        const char *quote = quoted_begin(text, at);
        return quote != NULL && ask(asking, slice_make(quote, (size_t)(at - quote)), domain);
    }
    while (begin > text.at && at - begin < (ptrdiff_t)LOCAL_MAX && is_local_byte(begin[-1]))
        begin--;
    if (asking->exact ? ask(asking, slice_make(begin, (size_t)(at - begin)), domain)
                      : ask_ends(asking, begin, at, domain))
        return true;
    return ask_wrapped(asking, begin, at);
}

static bool ask_text(struct asking *asking, struct slice text)
{
    struct slice rest = text;
    ptrdiff_t at;
    while ((at = slice_find(rest, '@')) >= 0) {
        if (ask_around(asking, text, rest.at + at))
            return true;
        rest = slice_make(rest.at + at + 1, rest.size - (size_t)at - 1);
    }
    return false;
}

/* With `mark`HH as the byte that it stands for. 0: there is none. */
static size_t unmark(struct slice text, char mark, char to[static FACT_VALUE_MAX])
{
    size_t size = 0;
    bool found = false;
    for (size_t i = 0; i < text.size && size < FACT_VALUE_MAX; i++) {
        bool hex = text.at[i] == mark && i + 2 < text.size && text_hex(text.at[i + 1]) >= 0 &&
                   text_hex(text.at[i + 2]) >= 0;
        to[size++] =
            hex ? (char)(text_hex(text.at[i + 1]) << 4 | text_hex(text.at[i + 2])) : text.at[i];
        found = found || hex;
        i += hex ? 2 : 0;
    }
    return found ? size : 0;
}

static bool names(struct asking *asking, struct slice text)
{
    static const char marks[] = {'%', '+', '='};
    char plain[FACT_VALUE_MAX];
    if (ask_text(asking, text))
        return true;
    for (size_t i = 0; i < sizeof marks; i++) {
        if (slice_find(text, marks[i]) < 0)
            continue;
        size_t size = unmark(text, marks[i], plain);
        if (size > 0 && ask_text(asking, slice_make(plain, size)))
            return true;
    }
    return false;
}

bool forget_names(const struct forgetting *forgetting, struct slice text)
{
    struct asking asking = {.forgetting = forgetting};
    return names(&asking, text);
}

/* Postfix and Sendmail log a local name as it was given: their own host's, or its domain's. */
static bool ask_local(struct asking *asking, struct slice name, struct slice host)
{
    struct slice domain = host, label;
    for (unsigned i = 0; i < ABOVE_MAX && memchr(domain.at, '.', domain.size) != NULL; i++) {
        if (ask(asking, name, domain))
            return true;
        (void)text_take_until(&domain, '.', &label);
    }
    return false;
}

bool forget_names_address(const struct forgetting *forgetting, struct slice address,
                          struct slice host)
{
    struct asking asking = {.forgetting = forgetting, .exact = true};
    if (names(&asking, address))
        return true;
    struct slice bare = address_bare(address);
    return bare.size > 0 && host.size > 0 && slice_find(bare, '@') < 0 &&
           ask_local(&asking, bare, host);
}
