/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value: the values of a report's fields (RFC 3464, 2.1.2), as the standard and as the world
 * writes them. What is given back lies in the arena; nothing in it is a control character.
 */
#ifndef REPORT_VALUE_H
#define REPORT_VALUE_H

#include "arena.h"
#include "waybill/report.h"

#define VALUE_ADDRESS_MAX 1024

/* Cut "type; rest": `rest` becomes the value alone. Absent: there was no type. */
struct slice value_take_type(struct slice *rest);
/* A copy of at most `most` bytes: white space and controls become one blank, both ends bare.
 * Absent of absent, or where nothing is left. */
struct slice value_clean(struct arena *arena, struct slice text, size_t most);
/* The same of a field's value, its encoded words or escapes (ISO-2022-JP) decoded. */
struct slice value_words(struct arena *arena, struct slice text, size_t most);
/* An address: no type, no brackets, no comment; \x{..} of RFC 6533 decoded. */
struct slice value_address(struct arena *arena, struct slice value);
/* The same where it was xtext (RFC 3461, 4); most servers have decoded it already. */
struct slice value_original(struct arena *arena, struct slice value);
struct slice value_xtext(struct arena *arena, struct slice value);
/* The name of a server: "dns; mx.example.org. (192.0.2.1)" is mx.example.org. */
struct slice value_host(struct arena *arena, struct slice value);
/* Without brackets: the id of a message. */
struct slice value_id(struct arena *arena, struct slice value);
/* Can it be a mailbox: local@domain, no pipe, no path? */
bool value_is_mailbox(struct slice address);
/* The same for addresses that differ in the case of ASCII letters only. */
uint32_t value_hash(struct slice address);
/* The next word of a structured field, outside of comments (RFC 5322, 3.2.2): the bytes `between`
 * words are passed over, those of `ends` stop and stay. False: there is none. */
bool value_take_word(struct slice *rest, const char *between, const char *ends,
                     struct slice *word);
/* Do the bytes of `part`, one at least, stand in the text? */
bool value_holds(struct slice text, struct slice part);

#endif
