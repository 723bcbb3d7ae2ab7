/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json: writes exact bytes into a buffer; no tree. Commas are its own affair.
 * Nesting is bounded (JSON_DEPTH); a misuse (key outside an object, ...) aborts: a bug of ours.
 * Strings are escaped by escape_json. Failure of the buffer shows in buffer->failed.
 */
#ifndef WAYBILL_JSON_H
#define WAYBILL_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "waybill/buffer.h"
#include "waybill/text.h"

#define JSON_DEPTH 16

struct json {
    struct buffer *to;
    int depth;
    char open[JSON_DEPTH]; /* '{' or '[' */
    bool first[JSON_DEPTH];
    bool after_key;
};

void json_init(struct json *json, struct buffer *to);
void json_begin_object(struct json *json); /* { */
void json_end_object(struct json *json);   /* } */
void json_begin_array(struct json *json);
void json_end_array(struct json *json);
void json_put_key(struct json *json, const char *key);
void json_put_string(struct json *json, struct slice value); /* absent: null */
void json_put_text(struct json *json, const char *value);    /* NULL: null */
void json_put_number(struct json *json, int64_t value);
void json_put_decimal(struct json *json, double value, int places); /* not finite: null */
void json_put_bool(struct json *json, bool value);
void json_put_null(struct json *json);

/* A key of an object and its value, as above. */
void json_member_string(struct json *json, const char *key, struct slice value);
void json_member_text(struct json *json, const char *key, const char *value);
void json_member_number(struct json *json, const char *key, int64_t value);
void json_member_decimal(struct json *json, const char *key, double value, int places);
void json_member_bool(struct json *json, const char *key, bool value);
/* A key whose object or array begins; json_end_object and json_end_array end it. */
void json_member_object(struct json *json, const char *key);
void json_member_array(struct json *json, const char *key);

#endif
