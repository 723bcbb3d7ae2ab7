/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value: a value is copied first, cleaned, and then read in the copy, which only gets shorter.
 */
#include "value.h"

#include <string.h>

#include "charset.h"
#include "mime.h"
#include "page.h"

#define TYPE_MAX 40

static bool is_type_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

struct slice value_take_type(struct slice *rest)
{
    struct slice value = slice_trim(*rest), type;
    size_t length = 0;

    while (length < value.size && length < TYPE_MAX && is_type_char(value.at[length]))
        length++;
    type = slice_make(value.at, length);
    value = slice_trim(slice_make(value.at + length, value.size - length));
    if (length == 0 || (type.at[0] >= '0' && type.at[0] <= '9') || !text_take_char(&value, ';'))
        return SLICE_ABSENT;
    *rest = slice_trim(value);
    return type;
}

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ' || c == 0x7f;
}

struct slice value_clean(struct arena *arena, struct slice text, size_t most)
{
    size_t size = 0;
    char *copy;

    if (text.at == NULL)
        return SLICE_ABSENT;
    if (text.size < most)
        most = text.size;
    copy = arena_take(arena, most + 1);
    if (copy == NULL)
        return SLICE_ABSENT;
    for (size_t i = 0; i < text.size && size < most; i++) {
        if (!is_blank(text.at[i]))
            copy[size++] = text.at[i];
        else if (size > 0 && copy[size - 1] != ' ')
            copy[size++] = ' ';
    }
    while (size > 0 && copy[size - 1] == ' ')
        size--;
    arena_give_back(arena, copy, size);
    return size > 0 ? slice_make(copy, size) : SLICE_ABSENT;
}

#define ESCAPED_MAX (2 * (size_t)REPORT_WORDS_MAX)

/* Japanese servers write ISO-2022-JP into fields as it is. */
static struct slice clean_escaped(struct arena *arena, struct slice text, size_t most)
{
    char utf8[ESCAPED_MAX];
    struct charset charset;
    struct slice clean;
    bool cut = false;

    if (text.size > ESCAPED_MAX)
        text.size = ESCAPED_MAX;
    charset_begin(&charset);
    charset_choose(&charset, SLICE_ABSENT);
    clean = value_clean(arena, charset_line(&charset, text, utf8, sizeof utf8, &cut), most);
    charset_end(&charset);
    return clean;
}

struct slice value_words(struct arena *arena, struct slice text, size_t most)
{
    struct buffer decoded;
    struct slice clean;

    if (slice_find_text(text, "\x1b$") >= 0)
        return clean_escaped(arena, text, most);
    if (slice_find_text(text, "=?") < 0)
        return value_clean(arena, text, most);
    buffer_init(&decoded, REPORT_FIELD_MAX * 4);
    if (mime_decode_words(text, &decoded) == 0)
        text = slice_make(decoded.data, decoded.size);
    else
        arena->failed = true;
    clean = value_clean(arena, text, most);
    buffer_free(&decoded);
    return clean;
}

/* FNV-1a. */
uint32_t value_hash(struct slice address)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < address.size; i++)
        hash = (hash ^ (unsigned char)text_lower(address.at[i])) * 16777619u;
    return hash;
}

bool value_holds(struct slice text, struct slice part)
{
    return part.size > 0 && part.size <= text.size &&
           memmem(text.at, text.size, part.at, part.size) != NULL;
}

bool value_is_mailbox(struct slice address)
{
    size_t at = address.size;
    bool quoted = address.size > 0 && address.at[0] == '"';

    while (at > 0 && address.at[at - 1] != '@')
        at--;
    if (at < 2 || at == address.size || strchr("|/", address.at[quoted ? 1 : 0]) != NULL)
        return false;
    for (size_t i = 0; i < address.size; i++)
        if ((!quoted || i >= at) && strchr(" <>(),;\"", address.at[i]) != NULL)
            return false;
    for (size_t i = at; i < address.size; i++)
        if (address.at[i] == ':' && address.at[at] != '[')
            return false;
    return quoted || slice_find(address, '@') == (ptrdiff_t)at - 1 || address.at[0] == '@';
}

/* Behind the quoted string with which the text begins (RFC 5321, 4.1.2); 0: it does not. */
static size_t quoted_size(struct slice text)
{
    if (text.size == 0 || text.at[0] != '"')
        return 0;
    for (size_t i = 1; i < text.size; i++) {
        if (text.at[i] == '"')
            return i + 1;
        i += text.at[i] == '\\';
    }
    return 0;
}

/* `"a>b"@example.org`: what stands in the quotes belongs to the name of the mailbox. */
static bool has_quoted_name(struct slice address)
{
    size_t size = quoted_size(address);

    return size > 0 && size < address.size && address.at[size] == '@';
}

/* What stands before the bracket that ends the address. */
static bool take_address(struct slice *rest, struct slice *inside)
{
    struct slice name = slice_make(rest->at, has_quoted_name(*rest) ? quoted_size(*rest) : 0);

    *rest = slice_make(rest->at + name.size, rest->size - name.size);
    if (!text_take_until(rest, '>', inside))
        return false;
    *inside = slice_make(inside->at - name.size, inside->size + name.size);
    return true;
}

/* Out of its brackets, without a source route. */
static struct slice unwrap(struct slice value)
{
    struct slice rest = value, inside;

    if (has_quoted_name(value))
        return value;
    if (text_take_until(&rest, '<', &inside) && take_address(&rest, &inside)) {
        value = slice_trim(inside);
        if (slice_starts(value, "@") && text_take_until(&value, ':', &inside))
            value = slice_trim(value);
    }
    if (slice_starts(value, "mailto:"))
        value = slice_make(value.at + 7, value.size - 7);
    if (value.size > 2 && (value.at[0] == '"' || value.at[0] == '\'') &&
        value.at[value.size - 1] == value.at[0])
        value = slice_make(value.at + 1, value.size - 2);
    return value;
}

static bool take_hex(struct slice *from, bool lower_too, unsigned *digit)
{
    static const char digits[] = "0123456789ABCDEFabcdef";
    const char *found;

    if (from->size == 0 || from->at[0] == '\0')
        return false;
    found = strchr(digits, from->at[0]);
    if (found == NULL || (!lower_too && found - digits > 15))
        return false;
    *digit = (unsigned)(found - digits);
    if (*digit > 15)
        *digit -= 6;
    from->at++;
    from->size--;
    return true;
}

/* "\x{3B4}", RFC 6533, 3: always longer than what it stands for. */
static bool take_unicode(struct slice *from, uint32_t *code)
{
    struct slice rest = *from;
    unsigned digit = 0;
    int digits = 0;

    *code = 0;
    if (!text_take(&rest, "\\x{"))
        return false;
    while (digits < 6 && take_hex(&rest, true, &digit)) {
        *code = *code << 4 | digit;
        digits++;
    }
    if (digits < 2 || !text_take_char(&rest, '}') || *code < ' ' || *code == 0x7f ||
        *code > 0x10FFFF || (*code >= 0xD800 && *code <= 0xDFFF))
        return false;
    *from = rest;
    return true;
}

static struct slice decode_unicode(char *value, struct slice whole)
{
    struct slice rest = whole;
    size_t size = 0;
    uint32_t code;

    while (rest.size > 0) {
        if (take_unicode(&rest, &code)) {
            size += charset_put(value + size, whole.size - size, code);
        } else {
            value[size++] = rest.at[0];
            rest.at++;
            rest.size--;
        }
    }
    return slice_make(value, size);
}

/* Some cut off is no address; with a comment or a second one behind it, the first one is. */
static struct slice choose_address(struct slice value)
{
    struct slice found;

    if (value_is_mailbox(value) || slice_find(value, '@') < 0 || value.at[0] == '|' ||
        slice_starts(value, "\"|") || value.at[0] == '/')
        return value;
    found = page_address(value);
    return found.size > 0 ? found : value;
}

struct slice value_address(struct arena *arena, struct slice value)
{
    /* With a sign of its own, what looks like an encoded word is the name of the mailbox. */
    struct slice whole = slice_find(value, '@') < 0 ? value_words(arena, value, VALUE_ADDRESS_MAX)
                                                    : value_clean(arena, value, VALUE_ADDRESS_MAX);
    struct slice address = whole;
    size_t before;

    if (whole.at == NULL)
        return SLICE_ABSENT;
    while (value_take_type(&address).at != NULL)
        ;
    address = unwrap(address);
    before = (size_t)(address.at - whole.at);
    if (slice_find_text(address, "\\x{") >= 0)
        address = decode_unicode((char *)(uintptr_t)whole.at + before, address);
    if (address.size == 0)
        return SLICE_ABSENT;
    return choose_address(address);
}

/* Whether each plus hides what xtext must hide; else it is a plus of the address itself, and the
 * text has been decoded by the server that wrote the report. */
static bool is_xtext(struct slice text)
{
    bool any = false;

    while (text.size > 0) {
        char c = text.at[0];
        unsigned high = 0, low = 0, byte;

        text.at++;
        text.size--;
        if (c == '=')
            return false;
        if (c != '+')
            continue;
        if (!take_hex(&text, false, &high) || !take_hex(&text, false, &low))
            return false;
        byte = high << 4 | low;
        if (byte != '+' && byte != '=' && byte < 0x80)
            return false;
        any = true;
    }
    return any;
}

static struct slice decode_xtext(struct slice text)
{
    char *value = (char *)(uintptr_t)text.at;
    struct slice rest = text;
    size_t size = 0;

    if (!is_xtext(text))
        return text;
    while (rest.size > 0) {
        unsigned high = 0, low = 0;
        char c = rest.at[0];

        rest.at++;
        rest.size--;
        if (c == '+' && take_hex(&rest, false, &high) && take_hex(&rest, false, &low))
            c = (char)(high << 4 | low);
        value[size++] = c;
    }
    return slice_make(value, size);
}

struct slice value_original(struct arena *arena, struct slice value)
{
    struct slice address = value_address(arena, value);

    return address.at == NULL ? address : decode_xtext(address);
}

struct slice value_xtext(struct arena *arena, struct slice value)
{
    struct slice copy = value_clean(arena, value, VALUE_ADDRESS_MAX);

    return copy.at == NULL ? copy : decode_xtext(copy);
}

struct slice value_host(struct arena *arena, struct slice value)
{
    struct slice host;

    value_take_type(&value);
    value = slice_trim(value);
    if (!text_take_word(&value, &host))
        return SLICE_ABSENT;
    while (host.size > 0 && strchr("<([", host.at[0]) != NULL)
        host = slice_make(host.at + 1, host.size - 1);
    while (host.size > 0 && strchr(".:,;>)]", host.at[host.size - 1]) != NULL)
        host.size--;
    if (slice_find(host, '[') > 0)
        host.size = (size_t)slice_find(host, '[');
    if (slice_find(host, '(') > 0)
        host.size = (size_t)slice_find(host, '(');
    return value_clean(arena, host, 255);
}

struct slice value_id(struct arena *arena, struct slice value)
{
    struct slice rest = value, inside;

    if (text_take_until(&rest, '<', &inside) && text_take_until(&rest, '>', &inside))
        value = inside;
    return value_clean(arena, value, VALUE_ADDRESS_MAX);
}

/* Up to the first byte that belongs to a word. */
static void pass_over(struct slice *rest, const char *between)
{
    int depth = 0;

    for (; rest->size > 0; rest->at++, rest->size--) {
        char c = rest->at[0];

        if (c == '(')
            depth++;
        else if (c == ')' && depth > 0)
            depth--;
        else if (depth == 0 && strchr(between, c) == NULL)
            return;
    }
}

bool value_take_word(struct slice *rest, const char *between, const char *ends,
                     struct slice *word)
{
    pass_over(rest, between);
    *word = slice_make(rest->at, 0);
    while (rest->size > 0 && rest->at[0] != '(' && strchr(between, rest->at[0]) == NULL &&
           strchr(ends, rest->at[0]) == NULL) {
        rest->at++;
        rest->size--;
        word->size++;
    }
    return word->size > 0;
}
