/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checks of the records: can the latest ones be read? A dictionary may be missing or damaged, a
 * newer version may have written them, or somebody else may write under our keys.
 */
#include "doctor.h"

#include <stdlib.h>

#include "waybill/clock.h"

#define SLICE (10 * MINUTE_MS)
#define SAMPLE_SLICES 144u
#define SAMPLE_RECORDS 1000u

struct sample {
    size_t read, unreadable;
    struct error first;
};

static void sample_take(void *context, uint64_t id, const struct record *record,
                        const char *why_not)
{
    struct sample *sample = context;

    (void)id, (void)record;
    sample->read++;
    if (why_not != NULL && sample->unreadable++ == 0)
        error_set(&sample->first, "%s", why_not);
}

static int sample_slice(struct doctor *doctor, struct sample *sample, int64_t at, bool refused,
                        struct error *why)
{
    uint64_t *ids;
    size_t count;
    int result = store_find_slice(doctor->store, at, refused, &ids, &count, why);

    if (result != 0)
        return result;
    if (count > SAMPLE_RECORDS - sample->read)
        count = SAMPLE_RECORDS - sample->read;
    result = store_get_records(doctor->store, ids, count, sample_take, sample, why);
    free(ids);
    return result;
}

static void look_at_records(struct doctor *doctor, const struct check *check)
{
    struct sample sample = {.read = 0};
    int64_t now = clock_now();
    struct error why;
    int result = 0;

    (void)store_unanswered(doctor->store, NULL);
    for (unsigned i = 0; i < 2 * SAMPLE_SLICES && sample.read < SAMPLE_RECORDS && result == 0; i++)
        result = sample_slice(doctor, &sample, now - i / 2 * SLICE, i & 1, &why);
    if (result != 0)
        doctor_find(doctor, check, SEVERITY_UNKNOWN, NULL, "Redis does not answer: %s.", why.text);
    else if (sample.unreadable > 0)
        doctor_find(doctor, check, SEVERITY_FAULT,
                    "These mails are not found, and what is new of them is left out.",
                    "Of the last %zu records %zu cannot be read, the first one: %s.", sample.read,
                    sample.unreadable, sample.first.text);
    if (result == 0 && store_unanswered(doctor->store, &why) > 0)
        doctor_find(doctor, check, SEVERITY_FAULT, "What stands there is not found.", "%s.",
                    why.text);
}

const struct check checks_records[] = {
    {"store-records", "the latest records can be read", look_at_records, NEEDS_STORE},
    {0},
};
