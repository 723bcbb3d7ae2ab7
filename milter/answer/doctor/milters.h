/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * milters: where waybill stands in a list of milters, and the list as it should be.
 */
#ifndef WAYBILL_DOCTOR_MILTERS_H
#define WAYBILL_DOCTOR_MILTERS_H

#include "doctor.h"

struct standing {
    size_t total, times; /* entries; those of them that are ours */
    size_t first;        /* the number of our first, from 0; of no meaning if times is 0 */
    struct mta_milter ours;
};
/* The list that this parameter has in main.cf, as it is written there; expanded, if our entry hides
 * behind the name of another parameter. */
struct slice milters_list(const struct doctor *doctor, const char *parameter);
/* Our place in this list. */
struct standing milters_standing(const struct doctor *doctor, struct slice list);

/* What is wrong with our own entry. */
bool milters_swapped(struct slice address); /* "inet:8891@localhost" is not for main.cf */
/* Its own default_action, or that of all milters; `own` says which. */
struct slice milters_action(const struct doctor *doctor, const struct mta_milter *entry, bool *own);
/* The first of its three time-outs that is long, its own or that of all milters. NULL: none is. */
struct long_time {
    const char *name; /* "connect_timeout" */
    struct slice time;
    int64_t most; /* seconds that will do */
};
bool milters_long_time(const struct doctor *doctor, const struct mta_milter *entry,
                       struct long_time *found);

/* The list with us first and once; the words of others stay as they are. Our own entry stays, too,
 * if nothing is wrong with it, so that all findings about a list have the same line. */
int milters_mended(const struct doctor *doctor, struct slice list, struct buffer *to);
/* The same list without us. */
int milters_without(const struct doctor *doctor, struct slice list, struct buffer *to);

/* Does the command heal: postconf -e 'NAME = VALUE' and a reload. */
void milters_heal(struct doctor *doctor, const char *parameter, struct slice value);
/* The same for a service of master.cf; an absent value takes its -o away. */
void milters_heal_service(struct doctor *doctor, const struct mta_service *service,
                          const char *parameter, struct slice value);

/* "30s", "5m", "1h", "2d", "1w" or seconds; -1: it is no time. */
int64_t milters_seconds(struct slice time);
/* Does a list of words, divided by blanks and commas, have this one? */
bool milters_has_word(struct slice list, const char *word);

/* Is it a server for mail from clients that may be elsewhere: an smtpd that is not bound to
 * loopback? */
bool milters_takes_from_network(const struct doctor *doctor, size_t service);
bool milters_is_smtpd(const struct doctor *doctor, size_t service);

#endif
