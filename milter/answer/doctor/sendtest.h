/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendtest: a mail goes in, and each witness is asked for it until its end.
 *
 *     handed in --> seen by the milter --> in the store --> in the log --> outcome
 */
#ifndef WAYBILL_DOCTOR_SENDTEST_H
#define WAYBILL_DOCTOR_SENDTEST_H

#include "doctor.h"

struct sendtest {
    const char *to, *from; /* from NULL: root at this host */
    int64_t queue_lifetime;
    /* Called with each finding as soon as it is there: somebody is watching. */
    void (*told)(void *context, const struct finding *finding);
    void *context;
};

/* Adds a finding for each step, the good ones among them. Needs settings, a mail server and the
 * store; without one of them it is one finding that says so. Waits for the end
 * SENDTEST_SECONDS at most, and for a witness that is silent hold_seconds and a little. */
#define SENDTEST_SECONDS 30
void sendtest_run(struct doctor *doctor, const struct sendtest *test);

/* The rows of its findings, for the manual; the last has no name. */
extern const struct check checks_test[];

#endif
