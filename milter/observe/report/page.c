/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page: keeps the readable part of a mail and finds in it. Promise: never more than
 * PAGE_HEADER_MAX and REPORT_TEXT_MAX bytes; each question is answered in one pass.
 */
#include "page.h"

#include <string.h>

#include "mime.h"

void page_init(struct page *page)
{
    *page = (struct page){.text = SLICE_ABSENT, .copy = SLICE_ABSENT};
    buffer_init(&page->header, PAGE_HEADER_MAX);
    buffer_init(&page->body, REPORT_TEXT_MAX);
}

void page_free(struct page *page)
{
    buffer_free(&page->header);
    buffer_free(&page->body);
    page->text = page->copy = SLICE_ABSENT;
}

/* One of 64, by its ends and its size: most names that are asked for are not there. */
static uint64_t name_bit(struct slice name)
{
    unsigned first, last;

    if (name.size == 0)
        return 1;
    first = (unsigned char)name.at[0] | 0x20u;
    last = (unsigned char)name.at[name.size - 1] | 0x20u;
    return UINT64_C(1) << ((first + 3 * last + 5 * name.size) & 63);
}

/* An encoded word may hold a line break, which would forge a field. */
static void keep_on_one_line(char *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (at[i] == '\n' || at[i] == '\r' || at[i] == '\0')
            at[i] = ' ';
}

static bool has_encoded_word(struct slice value)
{
    struct slice front;

    while (text_take_until(&value, '=', &front))
        if (slice_starts(value, "?"))
            return true;
    return false;
}

void page_add_field(struct page *page, struct slice name, struct slice value)
{
    struct buffer *header = &page->header;
    bool plain = !has_encoded_word(value);
    /* An encoded word grows at most threefold: one byte becomes at most three in UTF-8. */
    size_t most = plain ? value.size : 3 * value.size, from = header->size;

    if (name.size + most + 3 > header->limit - header->size) {
        page->partial = true;
        return;
    }
    if (buffer_add(header, name.at, name.size) < 0 || buffer_add(header, ": ", 2) < 0)
        return;
    if (mime_decode_words(value, header) < 0)
        return;
    if (!plain)
        keep_on_one_line(header->data + from, header->size - from);
    buffer_add_char(header, '\n');
    page->names |= name_bit(name);
}

bool page_add_line(struct page *page, struct slice line)
{
    struct buffer *body = &page->body;
    size_t before = body->size;

    if (buffer_add(body, line.at, line.size) == 0 && buffer_add_char(body, '\n') == 0)
        return true;
    buffer_cut(body, before);
    return false;
}

struct slice page_field(const struct page *page, const char *name)
{
    struct slice rest = slice_make(page->header.data, page->header.size), line;
    struct slice wanted = slice_of(name);

    if ((page->names & name_bit(wanted)) == 0)
        return SLICE_ABSENT;
    while (page_line(&rest, &line)) {
        if (line.size <= wanted.size || line.at[wanted.size] != ':')
            continue;
        if (slice_equal_nocase(slice_make(line.at, wanted.size), wanted))
            return slice_trim(slice_make(line.at + wanted.size + 1, line.size - wanted.size - 1));
    }
    return SLICE_ABSENT;
}

bool page_line(struct slice *rest, struct slice *line)
{
    if (rest->size == 0)
        return false;
    if (text_take_until(rest, '\n', line))
        return true;
    *line = *rest;
    *rest = slice_make(rest->at + rest->size, 0);
    return true;
}

/* ---- words ---- */

static bool is_white(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* Do the words stand at the front? */
static bool words_begin(const char *at, const char *end, const char *words)
{
    for (; *words != '\0'; words++) {
        if (at == end)
            return false;
        if (*words != ' ') {
            if (text_lower(*at++) != text_lower(*words))
                return false;
            continue;
        }
        if (!is_white(*at))
            return false;
        while (at < end && is_white(*at))
            at++;
    }
    return true;
}

/* The byte of the first word that is rarest in a text: the search jumps from one to the next. */
static size_t rarest_byte(const char *words)
{
    static const char common[] = "etaoinsrhldcumfpgywbvkxjqz";
    size_t best = 0, best_rank = 0;

    for (size_t i = 0; words[i] != '\0' && words[i] != ' '; i++) {
        const char *found = memchr(common, text_lower(words[i]), sizeof common - 1);
        size_t rank = found == NULL ? sizeof common : (size_t)(found - common) + 1;
        if (rank > best_rank) {
            best = i;
            best_rank = rank;
        }
    }
    return best;
}

static const char *next_byte(const char *at, const char *end, char byte)
{
    const char *found = at < end ? memchr(at, byte, (size_t)(end - at)) : NULL;

    return found == NULL ? end : found;
}

bool page_says(struct slice where, const char *words)
{
    size_t offset = rarest_byte(words);
    char lower = text_lower(words[offset]);
    char upper = lower >= 'a' && lower <= 'z' ? (char)(lower & ~0x20) : lower;
    const char *end, *low, *high, *at;

    if (*words == '\0' || where.size <= offset)
        return *words == '\0';
    end = where.at + where.size;
    low = next_byte(where.at + offset, end, lower);
    high = upper == lower ? end : next_byte(where.at + offset, end, upper);
    while ((at = low < high ? low : high) < end) {
        if (words_begin(at - offset, end, words))
            return true;
        if (at == low)
            low = next_byte(low + 1, end, lower);
        else
            high = next_byte(high + 1, end, upper);
    }
    return false;
}

/* ---- where the copy of the returned mail begins ---- */

/* What a line is made of, when it may announce the copy. */
enum word_class {
    WORD_OTHER = 0,
    WORD_FILLER = 1,   /* may stand in such a line */
    WORD_OBJECT = 2,   /* what is announced: message, header */
    WORD_ANNOUNCE = 4, /* copy, follows, original */
    WORD_TITLE = 8,    /* announces only in a decorated line: "Undelivered Message" is a title */
    WORD_VETO = 16,    /* speaks of something else: addresses, a transcript */
};

struct vocabulary {
    const char *word;
    enum word_class class;
};
/* By the first letter, so that a text full of strange words costs no more than one of known. */
#define VOCABULARY_WIDTH 10
static const struct vocabulary vocabulary[26][VOCABULARY_WIDTH] = {
    ['a' - 'a'] = {{"a", WORD_FILLER},
                   {"an", WORD_FILLER},
                   {"are", WORD_FILLER},
                   {"all", WORD_FILLER},
                   {"as", WORD_FILLER},
                   {"and", WORD_FILLER},
                   {"address", WORD_VETO},
                   {"addresses", WORD_VETO}},
    ['b' - 'a'] = {{"bericht", WORD_OBJECT},
                   {"below", WORD_ANNOUNCE},
                   {"begin", WORD_TITLE},
                   {"beginning", WORD_TITLE},
                   {"begins", WORD_TITLE},
                   {"body", WORD_FILLER}},
    ['c' - 'a'] = {{"copy", WORD_ANNOUNCE}, {"content", WORD_FILLER}, {"contents", WORD_FILLER}},
    ['e' - 'a'] = {{"email", WORD_OBJECT},
                   {"e-mail", WORD_OBJECT},
                   {"enclosed", WORD_ANNOUNCE},
                   {"end", WORD_VETO},
                   {"error", WORD_VETO},
                   {"errors", WORD_VETO}},
    ['f' - 'a'] = {{"follow", WORD_ANNOUNCE},
                   {"follows", WORD_ANNOUNCE},
                   {"folgt", WORD_ANNOUNCE},
                   {"forwarded", WORD_TITLE},
                   {"following", WORD_TITLE},
                   {"from", WORD_FILLER},
                   {"first", WORD_FILLER},
                   {"for", WORD_FILLER},
                   {"failed", WORD_VETO}},
    ['h' - 'a'] = {{"header", WORD_OBJECT}, {"headers", WORD_OBJECT}, {"here", WORD_FILLER}},
    ['i' - 'a'] = {{"included", WORD_ANNOUNCE},
                   {"is", WORD_FILLER},
                   {"including", WORD_FILLER},
                   {"info", WORD_FILLER},
                   {"in", WORD_FILLER}},
    ['k' - 'a'] = {{"kopie", WORD_ANNOUNCE}},
    ['l' - 'a'] = {{"line", WORD_FILLER}, {"lines", WORD_FILLER}},
    ['m' - 'a'] = {{"message", WORD_OBJECT},
                   {"mail", WORD_OBJECT},
                   {"messages", WORD_OBJECT},
                   {"mensaje", WORD_OBJECT},
                   {"mensagem", WORD_OBJECT},
                   {"messaggio", WORD_OBJECT}},
    ['n' - 'a'] = {{"nachricht", WORD_OBJECT}, {"non-deliverable", WORD_VETO}, {"not", WORD_VETO}},
    ['o' - 'a'] = {{"original", WORD_ANNOUNCE},
                   {"originale", WORD_ANNOUNCE},
                   {"oorspronkelijk", WORD_ANNOUNCE},
                   {"of", WORD_FILLER}},
    ['p' - 'a'] = {{"part", WORD_FILLER}, {"pgp", WORD_VETO}},
    ['r' - 'a'] = {{"returned", WORD_TITLE},
                   {"rfc822", WORD_FILLER},
                   {"reference", WORD_FILLER},
                   {"recipient", WORD_VETO},
                   {"recipients", WORD_VETO},
                   {"report", WORD_VETO},
                   {"reason", WORD_VETO},
                   {"received", WORD_VETO}},
    ['s' - 'a'] = {{"start", WORD_TITLE}, {"session", WORD_VETO}, {"status", WORD_VETO}},
    ['t' - 'a'] = {{"the", WORD_FILLER},
                   {"this", WORD_FILLER},
                   {"text", WORD_FILLER},
                   {"transcript", WORD_VETO}},
    ['u' -
        'a'] = {{"unsent", WORD_TITLE}, {"undelivered", WORD_TITLE}, {"undeliverable", WORD_VETO}},
    ['w' - 'a'] = {{"was", WORD_VETO}},
    ['y' - 'a'] = {{"your", WORD_FILLER}},
};

static bool is_word_byte(char byte)
{
    char low = text_lower(byte);

    return (low >= 'a' && low <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
           (byte & 0x80) != 0;
}

static unsigned word_class(struct slice word)
{
    char first = text_lower(word.at[0]);
    const struct vocabulary *known;

    if (first >= 'a' && first <= 'z') {
        for (known = vocabulary[first - 'a']; known->word != NULL; known++)
            if (slice_equal_nocase(word, slice_of(known->word)))
                return known->class;
        return WORD_OTHER;
    }
    for (size_t i = 0; i < word.size; i++)
        if (word.at[i] < '0' || word.at[i] > '9')
            return WORD_OTHER;
    return WORD_FILLER; /* "the first 50 lines" */
}

#define ANNOUNCEMENT_MAX 120 /* bytes; a longer line is prose */

/* The next word of the line, without the dashes around it. */
static bool take_announced_word(struct slice *line, struct slice *word)
{
    const char *at = line->at, *end = at + line->size, *from;

    while (at < end && (!is_word_byte(*at) || *at == '-'))
        at++;
    from = at;
    while (at < end && is_word_byte(*at))
        at++;
    *line = slice_make(at, (size_t)(end - at));
    while (at > from && at[-1] == '-')
        at--;
    *word = slice_make(from, (size_t)(at - from));
    return word->size > 0;
}

static bool is_decoration(char byte)
{
    return byte == '-' || byte == '=' || byte == '*' || byte == '_' || byte == '#' || byte == '~';
}

/* Between rules of dashes few words are enough; bare words must open a paragraph and be made of
 * nothing but what such a line is made of. */
static bool line_announces(struct slice line, bool opens_paragraph)
{
    bool decorated;
    unsigned class, classes = 0;
    struct slice word;

    line = slice_trim(line);
    if (line.size < 4 || line.size > ANNOUNCEMENT_MAX)
        return false;
    decorated = is_decoration(line.at[0]) && is_decoration(line.at[1]);
    if (!decorated && !opens_paragraph)
        return false;
    while (take_announced_word(&line, &word)) {
        class = word_class(word);
        if (class == WORD_VETO || (class == WORD_OTHER && !decorated))
            return false;
        classes |= class;
    }
    if ((classes & WORD_OBJECT) == 0)
        return false;
    return (classes & (decorated ? WORD_ANNOUNCE | WORD_TITLE : WORD_ANNOUNCE)) != 0;
}

/* A run of lines that could be the header of a mail. */
struct header_run {
    const char *from; /* its first line; NULL: none is open */
    size_t indent;    /* of its first line: a quoted copy is indented as a whole */
    unsigned marks;
};
#define RUN_RECEIVED 1u
#define RUN_ID 2u
#define RUN_FORM 4u
#define RUN_PERSON 8u
#define RUN_SENT 16u

static const struct {
    const char *name;
    unsigned mark;
} header_names[] = {
    {"received", RUN_RECEIVED},
    {"message-id", RUN_ID},
    {"mime-version", RUN_FORM},
    {"content-type", RUN_FORM},
    {"from", RUN_PERSON},
    {"to", RUN_PERSON},
    {"date", RUN_SENT},
    {"subject", RUN_SENT},
    {"return-path", RUN_PERSON},
    {"sender", RUN_PERSON},
    {"reply-to", RUN_PERSON},
    {"cc", RUN_PERSON},
    {"dkim-signature", 0},
    {"delivered-to", 0},
    {"authentication-results", 0},
    {"received-spf", 0},
    {"importance", 0},
    {"thread-index", 0},
    {"content-transfer-encoding", 0},
    {"user-agent", 0},
    {"in-reply-to", 0},
    {"references", 0},
    {"domainkey-signature", 0},
    {"arc-seal", 0},
};

static size_t indent_of(struct slice line)
{
    size_t size = 0;

    while (size < line.size && memchr(" \t>|", line.at[size], 4) != NULL)
        size++;
    return size;
}

/* The size of the field name in front of a colon, or 0. */
static size_t name_size(struct slice line)
{
    size_t size = 0;

    while (size < line.size && size < 64 && line.at[size] > ' ' && line.at[size] < 127 &&
           line.at[size] != ':')
        size++;
    return size > 0 && size < line.size && line.at[size] == ':' ? size : 0;
}

/* Is it a name that the header of a mail has, and what does it prove? */
static bool name_is_known(struct slice name, unsigned *marks)
{
    if (name.size > 2 && text_lower(name.at[0]) == 'x' && name.at[1] == '-')
        return true;
    for (size_t i = 0; i < sizeof header_names / sizeof *header_names; i++)
        if (text_lower(name.at[0]) == header_names[i].name[0] &&
            slice_equal_nocase(name, slice_of(header_names[i].name))) {
            *marks |= header_names[i].mark;
            return true;
        }
    return false;
}

/* Where a Received field stands, a mail passed; a few quoted fields ("Subject: x") prove nothing,
 * since many a bounce lists them to say which mail it means. */
static bool run_is_header(unsigned marks)
{
    const unsigned all = RUN_ID | RUN_FORM | RUN_PERSON | RUN_SENT;

    return ((marks & RUN_RECEIVED) != 0 && (marks & ~RUN_RECEIVED) != 0) || (marks & all) == all;
}

/* True: the lines since run->from are a header. */
static bool run_take(struct header_run *run, struct slice line)
{
    size_t indent = indent_of(line), name;
    struct slice rest = slice_make(line.at + indent, line.size - indent);

    if (run->from != NULL && indent > run->indent)
        return false; /* a folded line */
    name = name_size(rest);
    if (name == 0 || (run->from != NULL && indent != run->indent)) {
        run->from = NULL;
        return false;
    }
    if (run->from == NULL)
        *run = (struct header_run){.indent = indent};
    if (name_is_known(slice_make(rest.at, name), &run->marks) && run->from == NULL)
        run->from = line.at;
    return run->from != NULL && run_is_header(run->marks);
}

void page_split(struct page *page)
{
    struct slice all = slice_make(page->body.data, page->body.size), rest = all, line;
    struct header_run run = {.from = NULL};
    const char *cut = NULL;
    bool after_blank = true;

    while (cut == NULL && page_line(&rest, &line)) {
        if (line_announces(line, after_blank))
            cut = line.at;
        else if (run_take(&run, line))
            cut = run.from;
        after_blank = slice_trim(line).size == 0;
    }
    page->text = all;
    page->copy = SLICE_ABSENT;
    if (cut == NULL)
        return;
    page->text.size = (size_t)(cut - all.at);
    page->copy = slice_make(cut, all.size - page->text.size);
}

/* ---- addresses ---- */

#define LOCAL_MAX 256 /* bytes; RFC 5321 has 64, IMCEA and X.400 forms are longer */
#define DOMAIN_MAX 320

/* U+2E80 and above are written without blanks between words: an address ends where such a script
 * meets ASCII. Typographic quotes, brackets and blanks are never part of one. */
static bool is_ideograph(uint32_t code)
{
    return code >= 0x2e80 && code < 0xfff0;
}

static bool is_wide_punctuation(uint32_t code)
{
    return code < 0xa1 || code == 0xab || code == 0xbb || (code >= 0x2000 && code <= 0x206f) ||
           (code >= 0x3000 && code <= 0x301f) || (code >= 0xff00 && code <= 0xff0f) ||
           (code >= 0xff1a && code <= 0xff20) || (code >= 0xff3b && code <= 0xff40) ||
           (code >= 0xff5b && code <= 0xff65) || (code >= 0xfff0 && code <= 0xffff);
}

static bool is_atom(char byte)
{
    char low = text_lower(byte);

    if ((low >= 'a' && low <= 'z') || (byte >= '0' && byte <= '9'))
        return true;
    return byte != '\0' && memchr(".!#$%&'*+-/=?^_`{|}~", byte, 20) != NULL;
}

/* The character that ends before `at`; not before `start`. 0: not UTF-8. */
static size_t previous_character(const char *start, const char *at, uint32_t *code)
{
    for (size_t size = 1; size <= 4 && size <= (size_t)(at - start); size++)
        if (((unsigned char)at[-(ptrdiff_t)size] & 0xc0u) != 0x80u)
            return text_utf8(slice_make(at - size, size), code) == size ? size : 0;
    return 0;
}

/* The quoted string that ends before `at`, its opening quote; NULL: none. */
static const char *quoted_start(const char *start, const char *at)
{
    const char *least = at - start > LOCAL_MAX ? at - LOCAL_MAX : start;

    for (const char *from = at - 2; from >= least; from--)
        if (*from == '"' && (from == least || from[-1] != '\\'))
            return from + 1 < at - 1 ? from : NULL;
    return NULL;
}

static const char *atom_start(const char *start, const char *at)
{
    const char *from = at, *least = at - start > LOCAL_MAX ? at - LOCAL_MAX : start;
    bool ascii = false, wide = false;
    uint32_t code = 0;

    while (from > least) {
        size_t size = 1;
        if (is_atom(from[-1])) {
            if (wide)
                break;
            ascii = true;
        } else {
            size = (from[-1] & 0x80) != 0 ? previous_character(least, from, &code) : 0;
            if (size == 0 || is_wide_punctuation(code) || (is_ideograph(code) && ascii))
                break;
            wide = is_ideograph(code);
        }
        from -= size;
    }
    return from;
}

/* "to=user@..." names a field, "user" is the address; "prvs=..." is part of it. */
static const char *skip_key(const char *from, const char *at)
{
    static const char *const keys[] = {"to=",      "rcpt=",  "recipient=", "orig_to=", "user=",
                                       "address=", "email=", "mail=",      "addr=",    "from="};
    struct slice local = slice_make(from, (size_t)(at - from));

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        size_t size = strlen(keys[i]);
        if (local.size > size && slice_equal_nocase(slice_make(from, size), slice_of(keys[i])))
            return from + size;
    }
    return from;
}

/* Where the local part before the @ begins; `at` itself: there is none. */
static const char *local_start(const char *start, const char *at)
{
    const char *from;

    if (at - start >= 3 && at[-1] == '"' && (from = quoted_start(start, at)) != NULL)
        return from;
    from = skip_key(atom_start(start, at), at);
    while (from < at && memchr("'`*|{=", *from, 6) != NULL)
        from++;
    if (at - from > 2 && from[0] == '.' && from[1] == '.')
        while (from < at && *from == '.')
            from++;
    return from;
}

static bool is_host_byte(char byte)
{
    char low = text_lower(byte);

    return (low >= 'a' && low <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
           byte == '.' || byte == '_';
}

static const char *literal_end(const char *at, const char *end)
{
    for (const char *to = at + 1; to < end && to - at < 64; to++) {
        if (*to == ']')
            return to - at > 1 ? to + 1 : at;
        if (!is_host_byte(*to) && *to != ':')
            break;
    }
    return at;
}

/* Where the domain that begins at `at` ends; `at` itself: there is none. */
static const char *domain_end(const char *at, const char *end)
{
    const char *to = at;
    bool label_ascii = false;
    uint32_t code = 0;

    if (at < end && *at == '[')
        return literal_end(at, end);
    while (to < end && to - at < DOMAIN_MAX) {
        size_t size = 1;
        if (is_host_byte(*to)) {
            if (*to == '.' && (to == at || to[-1] == '.'))
                break;
            label_ascii = *to != '.';
        } else {
            size = (*to & 0x80) != 0 ? text_utf8(slice_make(to, (size_t)(end - to)), &code) : 0;
            if (size == 0 || is_wide_punctuation(code) || (is_ideograph(code) && label_ascii))
                break;
        }
        to += size;
    }
    while (to > at && (to[-1] == '.' || to[-1] == '-' || to[-1] == '_'))
        to--;
    return to;
}

struct slice page_address(struct slice line)
{
    const char *start = line.at, *end, *sign, *from, *to;

    if (line.size == 0)
        return SLICE_ABSENT;
    end = line.at + line.size;
    for (sign = next_byte(start, end, '@'); sign < end; sign = next_byte(sign + 1, end, '@')) {
        from = local_start(start, sign);
        to = domain_end(sign + 1, end);
        if (from < sign && to > sign + 1)
            return slice_make(from, (size_t)(to - from));
    }
    return SLICE_ABSENT;
}
