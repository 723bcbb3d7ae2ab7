/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json: writes JSON as it goes, without a tree. Promise: what was begun and ended in pairs is a
 * valid document, unless the buffer failed.
 */
#include "waybill/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "waybill/escape.h"

void json_init(struct json *json, struct buffer *to)
{
    *json = (struct json){.to = to};
}

/* A misuse is a fault of ours that would give a broken document: better none. */
static void json_insist(bool right)
{
    if (!right)
        abort();
}

/* The comma before a member. */
static void json_separate(struct json *json)
{
    if (json->depth == 0)
        return;
    if (!json->first[json->depth - 1])
        buffer_add_char(json->to, ',');
    json->first[json->depth - 1] = false;
}

static void json_before_value(struct json *json)
{
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    json_insist(json->depth == 0 || json->open[json->depth - 1] == '[');
    json_separate(json);
}

static void json_open(struct json *json, char bracket)
{
    json_before_value(json);
    json_insist(json->depth < JSON_DEPTH);
    json->open[json->depth] = bracket;
    json->first[json->depth] = true;
    json->depth++;
    buffer_add_char(json->to, bracket);
}

static void json_close(struct json *json, char bracket, char end)
{
    json_insist(json->depth > 0 && json->open[json->depth - 1] == bracket && !json->after_key);
    json->depth--;
    buffer_add_char(json->to, end);
}

void json_begin_object(struct json *json)
{
    json_open(json, '{');
}

void json_end_object(struct json *json)
{
    json_close(json, '{', '}');
}

void json_begin_array(struct json *json)
{
    json_open(json, '[');
}

void json_end_array(struct json *json)
{
    json_close(json, '[', ']');
}

void json_put_key(struct json *json, const char *key)
{
    json_insist(json->depth > 0 && json->open[json->depth - 1] == '{' && !json->after_key);
    json_separate(json);
    escape_json(json->to, slice_of(key));
    buffer_add_char(json->to, ':');
    json->after_key = true;
}

void json_put_string(struct json *json, struct slice value)
{
    if (value.at == NULL) {
        json_put_null(json);
        return;
    }
    json_before_value(json);
    escape_json(json->to, value);
}

void json_put_text(struct json *json, const char *value)
{
    json_put_string(json, slice_of(value));
}

void json_put_number(struct json *json, int64_t value)
{
    char text[24], *at = text + sizeof text;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do
        *--at = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    if (value < 0)
        *--at = '-';
    json_before_value(json);
    buffer_add(json->to, at, (size_t)(text + sizeof text - at));
}

void json_put_decimal(struct json *json, double value, int places)
{
    char text[400];
    int size;

    if (!isfinite(value)) {
        json_put_null(json);
        return;
    }
    json_before_value(json);
    size = snprintf(text, sizeof text, "%.*f", places, value);
    /* A program that speaks the user's language may have a comma here. */
    for (int i = 0; i < size && i < (int)sizeof text - 1; i++)
        if (text[i] != '-' && (text[i] < '0' || text[i] > '9'))
            text[i] = '.';
    buffer_add_text(json->to, text);
}

void json_put_bool(struct json *json, bool value)
{
    json_before_value(json);
    buffer_add_text(json->to, value ? "true" : "false");
}

void json_put_null(struct json *json)
{
    json_before_value(json);
    buffer_add_text(json->to, "null");
}

void json_member_string(struct json *json, const char *key, struct slice value)
{
    json_put_key(json, key);
    json_put_string(json, value);
}

void json_member_text(struct json *json, const char *key, const char *value)
{
    json_put_key(json, key);
    json_put_text(json, value);
}

void json_member_number(struct json *json, const char *key, int64_t value)
{
    json_put_key(json, key);
    json_put_number(json, value);
}

void json_member_decimal(struct json *json, const char *key, double value, int places)
{
    json_put_key(json, key);
    json_put_decimal(json, value, places);
}

void json_member_bool(struct json *json, const char *key, bool value)
{
    json_put_key(json, key);
    json_put_bool(json, value);
}

void json_member_object(struct json *json, const char *key)
{
    json_put_key(json, key);
    json_begin_object(json);
}

void json_member_array(struct json *json, const char *key)
{
    json_put_key(json, key);
    json_begin_array(json);
}
