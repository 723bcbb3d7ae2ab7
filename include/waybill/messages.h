/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * messages: what is told to people, in their language. A text has a key, "verdict.failed.refused",
 * and places for what differs, "refused for good by {server}".
 *
 * English is built in (milter/answer/messages/en.json), complete, and the language of all for whom
 * no other was found. The others are files LANGUAGE.json of the same form in a directory; what one
 * of them lacks is told in English. Once open nothing changes: any thread may ask.
 */
#ifndef WAYBILL_MESSAGES_H
#define WAYBILL_MESSAGES_H

#include <stddef.h>

#include "waybill/buffer.h"
#include "waybill/error.h"
#include "waybill/text.h"

struct message {
    const char *key, *text;
};
extern const struct message messages_english[]; /* by key, in the order of strcmp */
extern const size_t messages_english_count;

#define MESSAGES_TAG_SIZE 12
struct messages; /* NULL, wherever one is asked for: English */

/* The language `tag` ("de", "pt-br"; the case does not matter) out of `directory`. For English
 * *messages is NULL, and nothing is read. -1: there is no such file, or it is broken (no JSON, no
 * flat object of texts, a text with places that the English one has not); `why` is one line, and
 * *messages is NULL, so that who goes on does so in English. */
int messages_open(struct messages **messages, const char *directory, const char *tag,
                  struct error *why);
void messages_close(struct messages **messages);
/* "en", "de", ... */
const char *messages_tag(const struct messages *messages);

/* The text of a key, never NULL: that of the language, else English; of a key that nobody knows
 * the key itself. Lives as long as the messages. */
const char *messages_get(const struct messages *messages, const char *key);
/* The same of a key that may not exist: NULL. */
const char *messages_find(const struct messages *messages, const char *key);

/* What stands in the place "{name}". The list ends with a name that is NULL. */
struct message_place {
    const char *name, *value;
};
/* Add the text with its places filled. The values are added as they are, whatever is in them: who
 * gives them has escaped them. A failure shows in `to`. */
void messages_add(const struct messages *messages, const char *key,
                  const struct message_place *places, struct buffer *to);

/* ---- all languages of a directory ---- */

#define LANGUAGES_MAX 64
struct languages {
    size_t count; /* English is the first */
    struct messages *list[LANGUAGES_MAX];
};
/* A file that is broken is given to `complain` in one line, and left out. -1: no memory. A
 * directory that is not there, or is "", has no languages. */
int languages_open(struct languages *languages, const char *directory,
                   void (*complain)(const char *line), struct error *why);
void languages_close(struct languages *languages);
/* The one that a header Accept-Language asks for most (RFC 9110; "de-AT" is served by "de");
 * absent, malformed or of languages that are not there: English. Linear. */
const struct messages *languages_choose(const struct languages *languages, struct slice accept);

#endif
