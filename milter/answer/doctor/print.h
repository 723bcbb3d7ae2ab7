/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * print: what the doctor found, for a person or for a program.
 */
#ifndef WAYBILL_DOCTOR_PRINT_H
#define WAYBILL_DOCTOR_PRINT_H

#include "../cli/command.h"
#include "doctor.h"

/* The worst first; `verbose`: what is good, too. */
void print_person(const struct cli *cli, const struct doctor *doctor, bool verbose);
/* What came of a step of the test mail, as soon as it is known; `context` is the struct cli. */
void print_step(void *context, const struct finding *finding);
/* One object with all findings, the good ones among them, in the order of the tables. -1: no
 * memory, and nothing is printed. */
int print_json(const struct doctor *doctor, struct error *why);

#endif
