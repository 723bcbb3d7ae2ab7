/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * others: what other programs say as NAME=VALUE, in whatever order:
 *
 *     action=pass, reason=.., client_address=192.0.2.1/32, sender=a@b, recipient=c@d
 *     Pass; identity=mailfrom; client-ip=192.0.2.1; envelope-from=a@b; receiver=<UNKNOWN>
 *     spamd: result: . -1 - A,B scantime=5.3,...,mid=<1@b>,autolearn=no
 *
 * and three forms of dovecot and spamd that name their peer or mail otherwise. None of this
 * decides anything.
 */
#include "others.h"

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || c == '_' || c == '-';
}

static struct slice name_before(struct slice text, size_t equals)
{
    size_t begin = equals;
    while (begin > 0 && is_name(text.at[begin - 1]))
        begin--;
    return slice_make(text.at + begin, equals - begin);
}

/* Up to what ends a value in any of these programs; "<...>" without its brackets. */
static struct slice value_of(struct slice rest)
{
    struct slice inside;
    if (text_take_char(&rest, '<'))
        return text_take_until(&rest, '>', &inside) ? inside : SLICE_ABSENT;
    size_t size = 0;
    while (size < rest.size && rest.at[size] != ',' && rest.at[size] != ';' &&
           rest.at[size] != ' ')
        size++;
    return slice_make(rest.at, size);
}

static enum line_field field_of(struct slice name)
{
    static const struct {
        const char *name;
        enum line_field field;
    } names[] = {
        {"sender", LINE_FROM},         {"recipient", LINE_TO},
        {"envelope-from", LINE_FROM},  {"mid", LINE_MESSAGE_ID},
        {"client_address", LINE_CLIENT_IP}, {"client-ip", LINE_CLIENT_IP},
        {"rip", LINE_CLIENT_IP},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (slice_is(name, names[i].name))
            return names[i].field;
    return LINE_FIELD_COUNT;
}

static void set_named(struct slice text, struct logline *line)
{
    size_t at = 0;
    const char *equals;
    while (at < text.size && (equals = memchr(text.at + at, '=', text.size - at)) != NULL) {
        size_t here = (size_t)(equals - text.at);
        enum line_field field =
            field_of(name_before(slice_make(text.at + at, text.size - at), here - at));
        at = here + 1;
        if (field == LINE_FIELD_COUNT || line_has(line, field))
            continue;
        struct slice value = value_of(slice_make(text.at + at, text.size - at)), bare;
        if (field == LINE_CLIENT_IP && text_take_until(&value, '/', &bare))
            value = bare; /* with a prefix length */
        line_set(line, field, value);
    }
}

/* "spamd: connection from X [ip]:port to port ...", "spamd: processing message <id> for ..." */
static void set_of_spamd(struct slice rest, struct logline *line)
{
    struct slice value;
    if (text_take(&rest, "connection from ") && text_take_until(&rest, ' ', &value) &&
        text_take_char(&rest, '[')) {
        line_set(line, LINE_CLIENT_HOST, value);
        if (text_take_until(&rest, ']', &value))
            line_set(line, LINE_CLIENT_IP, value);
    } else if ((text_take(&rest, "processing message ") || text_take(&rest, "checking message ")) &&
               text_take_char(&rest, '<') && text_take_until(&rest, '>', &value)) {
        line_set(line, LINE_MESSAGE_ID, value);
    } else {
        set_named(rest, line);
    }
}

/* "auth: passwd-file(joe,192.0.2.1[,<session>]): words" */
static void set_of_login(struct slice rest, struct logline *line)
{
    struct slice part, ip;
    if (!text_take_until(&rest, '(', &part) || !text_take_until(&rest, ')', &part) ||
        !text_take_until(&part, ',', &ip))
        return;
    if (!text_take_until(&part, ',', &ip))
        ip = part;
    if (slice_find(ip, '.') >= 0 || slice_find(ip, ':') >= 0)
        line_set(line, LINE_CLIENT_IP, ip);
}

void others_words(struct slice text, struct logline *line)
{
    if (text_take(&text, "spamd: "))
        set_of_spamd(text, line);
    else if (slice_starts(text, "auth: ") || slice_starts(text, "auth-worker"))
        set_of_login(text, line);
    else
        set_named(text, line);
}

bool others_body(struct logline_reader *reader, struct logline *line)
{
    (void)reader;
    others_words(line->body, line);
    return true;
}
