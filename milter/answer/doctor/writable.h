/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * writable: the directories on the way to the milter's socket into which somebody may write who
 * should not.
 */
#ifndef WAYBILL_DOCTOR_WRITABLE_H
#define WAYBILL_DOCTOR_WRITABLE_H

#include <sys/types.h>

#include "doctor.h"

struct writable {
    mode_t bit;    /* of stat(2): this one lets him */
    mode_t unless; /* but not where one of these is set, too */
    enum severity severity;
    const char *who;    /* "A group" */
    const char *matter; /* what comes of it */
    const char *mend;   /* the mode for chmod(1) */
};

/* A finding for each, with the line that mends it. An inet address has none. */
void writable_look(struct doctor *doctor, const struct check *check,
                   const struct writable *writable);

#endif
