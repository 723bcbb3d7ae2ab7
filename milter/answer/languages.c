/* SPDX-License-Identifier: BSD-2-Clause */
/* languages: see waybill/messages.h. All languages of a directory, and the one that is wanted. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "waybill/messages.h"

#define ASKED_MAX 32 /* languages of one header that are looked at */

/* ---- which there are ---- */

/* "de.json" and nothing else. */
static int is_language(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);

    return size > 5 && size - 5 < MESSAGES_TAG_SIZE && entry->d_name[0] != '.' &&
           strcmp(entry->d_name + size - 5, ".json") == 0 && strcmp(entry->d_name, "en.json") != 0;
}

static void open_one(struct languages *languages, const char *directory, const char *name,
                     void (*complain)(const char *line))
{
    char tag[MESSAGES_TAG_SIZE];
    struct messages *messages;
    struct error why;

    slice_copy(slice_make(name, strlen(name) - 5), tag, sizeof tag);
    if (messages_open(&messages, directory, tag, &why) != 0)
        complain(why.text);
    else if (messages != NULL)
        languages->list[languages->count++] = messages;
}

int languages_open(struct languages *languages, const char *directory,
                   void (*complain)(const char *line), struct error *why)
{
    struct dirent **entries;
    int count;

    *languages = (struct languages){.count = 1};
    count = *directory != '\0' ? scandir(directory, &entries, is_language, alphasort) : 0;
    if (count < 0)
        return errno != ENOMEM ? 0 : error_set(why, "cannot read the languages: no memory");
    for (int i = 0; i < count; i++) {
        if (languages->count < LANGUAGES_MAX)
            open_one(languages, directory, entries[i]->d_name, complain);
        free(entries[i]);
    }
    if (*directory != '\0')
        free(entries);
    return 0;
}

void languages_close(struct languages *languages)
{
    for (size_t i = 0; i < languages->count; i++)
        messages_close(&languages->list[i]);
    languages->count = 0;
}

/* ---- which is wanted ---- */

/* "0.85" as 850; -1: it is no weight. */
static int read_weight(struct slice text)
{
    uint64_t number = 0;
    struct slice whole = text, digits;

    if (!text_take_until(&whole, '.', &digits))
        return text_number(text, 0, 1, &number) ? (int)number * 1000 : -1;
    if (!text_number(digits, 0, 1, &number) || whole.size > 3)
        return -1;
    for (size_t i = 0; i < 3; i++) {
        char digit = i < whole.size ? whole.at[i] : '0';
        if (digit < '0' || digit > '9')
            return -1;
        number = number * 10 + (uint64_t)(digit - '0');
    }
    return number <= 1000 ? (int)number : -1;
}

/* "de-AT;q=0.8": its language, and the weight; -1: malformed. */
static int read_item(struct slice item, struct slice *range)
{
    struct slice rest = item, weight;

    if (!text_take_until(&rest, ';', range)) {
        *range = slice_trim(item);
        return range->size > 0 ? 1000 : -1;
    }
    *range = slice_trim(*range);
    weight = slice_trim(rest);
    if (!text_take(&weight, "q=") && !text_take(&weight, "Q="))
        return -1;
    return read_weight(weight);
}

/* "de-AT", then "de". False: it is not there. */
static bool serve(const struct languages *languages, struct slice range,
                  const struct messages **found)
{
    if (slice_is(range, "*"))
        range = slice_of("en");
    while (range.size > 0) {
        for (size_t i = 0; i < languages->count; i++)
            if (slice_equal_nocase(range, slice_of(messages_tag(languages->list[i])))) {
                *found = languages->list[i];
                return true;
            }
        while (range.size > 0 && range.at[--range.size] != '-')
            ;
    }
    return false;
}

const struct messages *languages_choose(const struct languages *languages, struct slice accept)
{
    const struct messages *best = NULL;
    struct slice item, range;
    int most = 0;

    for (int i = 0; i < ASKED_MAX && text_take_part(&accept, ',', &item); i++) {
        int weight = read_item(item, &range);

        if (weight > most && serve(languages, range, &best))
            most = weight;
    }
    return best;
}
