/* SPDX-License-Identifier: BSD-2-Clause */
/* tree: JSON of somebody else, read within bounds; values of another type count as absent. */
#ifndef WAYBILL_ANSWER_REMOTE_TREE_H
#define WAYBILL_ANSWER_REMOTE_TREE_H

#include <jansson.h>

#include "waybill/json.h"

/* NULL: it is no JSON, too deep, or has too many values. To be json_decref'ed. */
json_t *tree_read(struct slice text);
/* The same values in the form in which all of our JSON is written: whatever was in it, it is safe
 * to print. */
void tree_write(struct json *json, const json_t *value);

/* Members of an object; views that live as long as the tree. */
const json_t *tree_get(const json_t *object, const char *key);
struct slice tree_string(const json_t *object, const char *key);
int64_t tree_number(const json_t *object, const char *key, int64_t otherwise);
bool tree_bool(const json_t *object, const char *key);
/* RFC 3339; 0: null. */
int64_t tree_time(const json_t *object, const char *key);
/* waybill_id; 0: none. */
uint64_t tree_id(const json_t *object);

#endif
