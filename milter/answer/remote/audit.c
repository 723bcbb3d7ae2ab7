/* SPDX-License-Identifier: BSD-2-Clause */
/* audit: who asked what, a page at a time. */
#include <stdio.h>

#include "state.h"
#include "tree.h"
#include "waybill/clock.h"

#define PAGE_MOST 200
#define CURSOR_MAX 64

static int ask_page(struct remote *remote, int64_t since, const char *after, struct error *why)
{
    char text[CLOCK_TEXT_SIZE], words[CLOCK_TEXT_SIZE + 1];
    struct buffer path;
    int result;

    clock_rfc3339(since, text);
    snprintf(words, sizeof words, "%.19sZ", text);
    buffer_init(&path, 1024);
    buffer_add_text(&path, "/api/v1/audit");
    remote_put_argument(&path, "since", slice_of(words));
    remote_put_argument(&path, "limit", slice_of("200"));
    if (after[0] != '\0')
        remote_put_argument(&path, "after", slice_of(after));
    result = remote_get(remote, path.data, why);
    buffer_free(&path);
    return result;
}

static int read_entry(const json_t *from, struct store_audit *entry)
{
    int64_t count = tree_number(from, "count", -1);

    *entry = (struct store_audit){.time = tree_time(from, "time"),
                                  .who = tree_string(from, "who"),
                                  .what = tree_string(from, "what"),
                                  .about = tree_string(from, "about"),
                                  .count = count >= 0 ? (uint64_t)count : STORE_UNCOUNTED,
                                  .reason = tree_string(from, "reason")};
    return entry->time != 0 && entry->who.at != NULL && entry->what.at != NULL ? 0 : -1;
}

/* The cursor of the next page; "": there is none. A page that is empty, or leads to itself, would
 * lead on for ever. */
static int read_next(const json_t *tree, char after[static CURSOR_MAX], size_t told)
{
    struct slice next = tree_string(tree_get(tree, "page"), "next");

    if (next.at == NULL) {
        after[0] = '\0';
        return 0;
    }
    if (told == 0 || next.size == 0 || slice_is(next, after))
        return -1;
    return slice_copy(next, after, CURSOR_MAX) ? 0 : -1;
}

int remote_audit(struct remote *remote, int64_t since, remote_entry *seen, void *context,
                 struct error *why)
{
    char after[CURSOR_MAX] = "";
    const json_t *list, *item;
    struct store_audit entry;
    int64_t last = INT64_MAX;
    size_t i;

    do {
        if (ask_page(remote, since, after, why) != 0)
            return -1;
        list = tree_get(remote->tree, "entries");
        if (!json_is_array(list) || json_array_size(list) > PAGE_MOST)
            return remote_is_strange(remote, why);
        json_array_foreach (list, i, item) {
            if (read_entry(item, &entry) != 0 || entry.time > last)
                return remote_is_strange(remote, why);
            last = entry.time;
            if (entry.time >= since) /* it was asked in whole seconds */
                seen(context, &entry);
        }
        if (read_next(remote->tree, after, json_array_size(list)) != 0)
            return remote_is_strange(remote, why);
    } while (after[0] != '\0');
    return 0;
}
