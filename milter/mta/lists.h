/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lists: our entry in Postfix's lists of milters: where it stands, and a list without it; private
 * to the room.
 */
#ifndef WAYBILL_MTA_LISTS_H
#define WAYBILL_MTA_LISTS_H

#include "changes.h"
#include "waybill/buffer.h"

/* Is it one of the addresses at which our milter may be, now or before? */
bool lists_is_ours(const struct mta *mta, const struct mta_milter *milter, const char *listen);

struct ours {
    size_t direct, indirect; /* how often it stands in the list, and in lists that it names */
    bool first;              /* of all milters that will be asked */
    bool good;               /* address, default_action and times are right */
    struct slice owner;      /* the parameter named by the list in which it stands; absent: none */
    bool first_in_owner;
};
/* Look through `list`, as it is written, and the lists of the parameters that it names ("$list"),
 * which have the values that `changes` gives them. */
struct ours lists_find(const struct mta *mta, const struct mta_changes *changes, const char *listen,
                       struct slice list);
/* The list without our entries; the others and what stands between them stay as they are. */
int lists_without(const struct mta *mta, const char *listen, struct slice list, struct buffer *to);
/* The same value without a blank; false: it cannot be said without. */
bool lists_squeeze(struct slice value, struct buffer *to);
/* The value of a parameter of main.cf as it is written, after `changes`. */
struct slice lists_written(const struct mta *mta, const struct mta_changes *changes,
                           struct slice name);

#endif
