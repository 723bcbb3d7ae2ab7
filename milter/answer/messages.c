/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * messages: see waybill/messages.h. A language is a text for each row of the English table, or
 * none.
 */
#include "waybill/messages.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define PLACES_MAX 8
#define NAME_MAX_BYTES 32

struct messages {
    char tag[MESSAGES_TAG_SIZE];
    json_t *file;        /* owns the texts */
    const char *texts[]; /* of the English rows; NULL: not translated */
};

/* ---- asking ---- */

static int compare(const void *key, const void *row)
{
    return strcmp(key, ((const struct message *)row)->key);
}

static const struct message *find_english(const char *key)
{
    return bsearch(key, messages_english, messages_english_count, sizeof messages_english[0],
                   compare);
}

const char *messages_find(const struct messages *messages, const char *key)
{
    const struct message *english = find_english(key);
    const char *text;

    if (english == NULL)
        return NULL;
    text = messages != NULL ? messages->texts[english - messages_english] : NULL;
    return text != NULL ? text : english->text;
}

const char *messages_get(const struct messages *messages, const char *key)
{
    const char *text = messages_find(messages, key);

    return text != NULL ? text : key;
}

const char *messages_tag(const struct messages *messages)
{
    return messages != NULL ? messages->tag : "en";
}

/* ---- places ---- */

/* The next "{name}" of a text: what stands before it is taken, and the name. False: none. */
static bool take_place(struct slice *text, struct slice *before, struct slice *name)
{
    struct slice rest = *text;

    if (!text_take_until(&rest, '{', before) || !text_take_until(&rest, '}', name))
        return false;
    *text = rest;
    return true;
}

static const char *value_of(struct slice name, const struct message_place *places)
{
    for (; places->name != NULL; places++)
        if (slice_is(name, places->name))
            return places->value;
    return "";
}

void messages_add(const struct messages *messages, const char *key,
                  const struct message_place *places, struct buffer *to)
{
    struct slice text = slice_of(messages_get(messages, key)), before, name;

    while (take_place(&text, &before, &name)) {
        buffer_add(to, before.at, before.size);
        buffer_add_text(to, value_of(name, places));
    }
    buffer_add(to, text.at, text.size);
}

/* ---- reading a file ---- */

static bool has_place(const char *text, struct slice wanted)
{
    struct slice rest = slice_of(text), before, name;

    while (take_place(&rest, &before, &name))
        if (slice_equal(name, wanted))
            return true;
    return false;
}

/* A place that English has not would stay empty, or hide that a translation is of another text. */
static bool places_fit(const char *text, const char *english)
{
    struct slice rest = slice_of(text), before, name;

    while (take_place(&rest, &before, &name))
        if (!has_place(english, name))
            return false;
    return true;
}

/* It may go to a terminal as it is. */
static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

static int take_text(struct messages *messages, const char *path, const char *key,
                     const json_t *value, struct error *why)
{
    const struct message *english = find_english(key);
    const char *text = json_string_value(value);

    if (text == NULL)
        return error_set(why, "%s: '%.60s' is no text", path, key);
    if (!is_plain(text))
        return error_set(why, "%s: '%.60s' has a control character", path, key);
    if (english == NULL)
        return 0; /* of another version */
    if (!places_fit(text, english->text))
        return error_set(why, "%s: '%s' has a place that the English text has not: %.100s", path,
                         key, text);
    messages->texts[english - messages_english] = text;
    return 0;
}

static int take_texts(struct messages *messages, const char *path, struct error *why)
{
    const char *key;
    json_t *value;

    if (!json_is_object(messages->file))
        return error_set(why, "%s: must be one object, with a text for each key", path);
    json_object_foreach(messages->file, key, value)
        if (take_text(messages, path, key, value, why) != 0)
            return -1;
    return 0;
}

static int read_file(struct messages *messages, const char *path, struct error *why)
{
    json_error_t fault;

    messages->file = json_load_file(path, JSON_REJECT_DUPLICATES, &fault);
    if (messages->file != NULL)
        return take_texts(messages, path, why);
    if (fault.line > 0)
        return error_set(why, "%s:%d: %s", path, fault.line, fault.text);
    return error_set(why, "cannot read the language: %s", fault.text);
}

/* It becomes a part of a path. */
static bool take_tag(const char *from, char tag[static MESSAGES_TAG_SIZE])
{
    size_t size = strlen(from);

    if (size < 2 || size >= MESSAGES_TAG_SIZE)
        return false;
    for (size_t i = 0; i <= size; i++)
        tag[i] = text_lower(from[i]);
    return strspn(tag, "abcdefghijklmnopqrstuvwxyz0123456789-") == size && tag[0] != '-';
}

int messages_open(struct messages **opened, const char *directory, const char *language,
                  struct error *why)
{
    struct messages *messages;
    char tag[MESSAGES_TAG_SIZE], path[4096];

    *opened = NULL;
    if (!take_tag(language, tag))
        return error_set(why, "'%.40s' is no language: must be a word such as de", language);
    if (strcmp(tag, "en") == 0)
        return 0;
    if (snprintf(path, sizeof path, "%s/%s.json", directory, tag) >= (int)sizeof path)
        return error_set(why, "the name of the directory of messages is too long");
    messages = calloc(1, sizeof *messages + messages_english_count * sizeof messages->texts[0]);
    if (messages == NULL)
        return error_set(why, "cannot read '%s': no memory", path);
    memcpy(messages->tag, tag, sizeof tag);
    if (read_file(messages, path, why) != 0) {
        messages_close(&messages);
        return -1;
    }
    *opened = messages;
    return 0;
}

void messages_close(struct messages **closed)
{
    if (*closed != NULL)
        json_decref((*closed)->file);
    free(*closed);
    *closed = NULL;
}
