/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * latency: what our callbacks cost the MTA, phase by phase. Any thread.
 */
#ifndef OBSERVE_SMTP_LATENCY_H
#define OBSERVE_SMTP_LATENCY_H

#include "waybill/smtp.h"

/* Nanoseconds of a clock that only goes forward. */
int64_t latency_clock(void);
/* A callback of this phase that began at `began` returns now. */
void latency_add(enum smtp_phase phase, int64_t began);
/* Start-up: forget what was measured. */
void latency_clear(void);

#endif
