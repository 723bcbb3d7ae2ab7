/* SPDX-License-Identifier: BSD-2-Clause */
/* tree: see tree.h. */
#include "tree.h"

#include <math.h>
#include <stdlib.h>

#include "remote.h"
#include "waybill/clock.h"
#include "waybill/id.h"

/* What a parser would have to hold, before it holds it: how deep it goes, and how many values there
 * may be at most. */
static bool is_bounded(struct slice text)
{
    size_t depth = 0, values = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.size; i++) {
        char byte = text.at[i];

        if (in_string) {
            i += byte == '\\';
            in_string = byte != '"';
        } else if (byte == '"') {
            in_string = true;
        } else if (byte == '{' || byte == '[') {
            values++;
            depth++;
        } else if (byte == '}' || byte == ']') {
            depth -= depth > 0;
        } else if (byte == ',') {
            values++;
        }
        if (depth > REMOTE_DEPTH_MAX || values > REMOTE_VALUES_MAX)
            return false;
    }
    return true;
}

json_t *tree_read(struct slice text)
{
    return is_bounded(text)
               ? json_loadb(text.at, text.size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL)
               : NULL;
}

/* ---- in our own form ---- */

static struct slice string_of(const json_t *value)
{
    return json_is_string(value) ? slice_make(json_string_value(value), json_string_length(value))
                                 : SLICE_ABSENT;
}

/* With as few places as say the same. */
static void write_real(struct json *json, double value)
{
    int places = 1;
    char text[400];

    for (; places < 17; places++) {
        snprintf(text, sizeof text, "%.*f", places, value);
        if (fabs(strtod(text, NULL) - value) <= 0)
            break;
    }
    json_put_decimal(json, value, places);
}

static void write_scalar(struct json *json, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        json_put_string(json, string_of(value));
        break;
    case JSON_INTEGER:
        json_put_number(json, json_integer_value(value));
        break;
    case JSON_REAL:
        write_real(json, json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        json_put_bool(json, json_is_true(value));
        break;
    default:
        json_put_null(json);
    }
}

/* No deeper than REMOTE_DEPTH_MAX: that was counted before it was read. */
void tree_write(struct json *json, const json_t *value)
{
    const char *key;
    const json_t *item;
    size_t i;

    if (json_is_object(value)) {
        json_begin_object(json);
        for (void *at = json_object_iter((json_t *)value); at != NULL;
             at = json_object_iter_next((json_t *)value, at)) {
            key = json_object_iter_key(at);
            json_put_key(json, key);
            tree_write(json, json_object_iter_value(at));
        }
        json_end_object(json);
    } else if (json_is_array(value)) {
        json_begin_array(json);
        json_array_foreach (value, i, item)
            tree_write(json, item);
        json_end_array(json);
    } else {
        write_scalar(json, value);
    }
}

/* ---- members ---- */

const json_t *tree_get(const json_t *object, const char *key)
{
    return json_object_get(object, key);
}

struct slice tree_string(const json_t *object, const char *key)
{
    return string_of(json_object_get(object, key));
}

int64_t tree_number(const json_t *object, const char *key, int64_t otherwise)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool tree_bool(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

/* "2026-11-22T18:03:09.123Z" */
int64_t tree_time(const json_t *object, const char *key)
{
    struct slice text = tree_string(object, key);
    char seconds[24];
    uint64_t rest;
    int64_t ms;

    if (text.size != 24 || text.at[19] != '.' || text.at[23] != 'Z' ||
        !text_number(slice_make(text.at + 20, 3), 0, 999, &rest))
        return 0;
    snprintf(seconds, sizeof seconds, "%.19sZ", text.at);
    return clock_parse(slice_of(seconds), 0, &ms, NULL) == 0 ? ms + (int64_t)rest : 0;
}

uint64_t tree_id(const json_t *object)
{
    struct slice text = tree_string(object, "waybill_id");
    uint64_t id;

    return text.at != NULL && id_parse(text, &id) ? id : 0;
}
