/* SPDX-License-Identifier: BSD-2-Clause */
/* story: a few facts and what they amount to, in whatever order they come. */
#ifndef TEST_STORY_H
#define TEST_STORY_H

#include "waybill/waybill.h"

#define STORY_ID UINT64_C(251121576320300412)
#define STORY_BASE INT64_C(1763740832000)
#define STORY_FACTS_MAX 10

struct story {
    const char *name;
    const char *facts[STORY_FACTS_MAX]; /* "ms witness kind values" */
    const char *states; /* "address=state ...", in order of first fact; of reports " / trust ..." */
    const char *events; /* in order of time; "delivery.*": one or more of these */
};

void story_add(struct record *record, const char *text, unsigned number);
/* Fails the test unless each story ends as it says, however its facts are shuffled. */
void stories_check(const struct story *stories, size_t count);

#endif
