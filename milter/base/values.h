/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * values: one option's value, judged and kept as its row says; private to the settings.
 */
#ifndef WAYBILL_BASE_VALUES_H
#define WAYBILL_BASE_VALUES_H

#include "options.h"
#include "waybill/buffer.h"

enum verdict { VALUE_GOOD, VALUE_WRONG, VALUE_TOO_MANY, VALUE_NO_MEMORY };

/* Set the option, or add an item to a list. Other than VALUE_GOOD: *settings is as it was. */
enum verdict value_set(const struct option *option, struct settings *settings, const char *value);
/* The same without a look at its shape: for defaults, whose directories the build chooses. */
enum verdict value_take(const struct option *option, struct settings *settings, const char *value);
/* "NAME: must be ..., not 'VALUE'" */
void value_say_allowed(const struct option *option, const char *value, struct buffer *text);
/* "full, hash or off" */
void value_say_choices(const struct option *option, struct buffer *text);
bool value_same(const struct option *option, const struct settings *a, const struct settings *b);
/* -1: no memory. */
int value_copy(const struct option *option, struct settings *to, const struct settings *from);
void value_clear_list(char **list);

#endif
