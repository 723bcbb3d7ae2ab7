/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage: a witness with a real journal in a directory of its own, driven through smfi_shim, and
 * what it told, read back from the disk.
 */
#ifndef TESTS_SMTP_STAGE_H
#define TESTS_SMTP_STAGE_H

#include "smfi_shim.h"
#include "waybill/fact.h"
#include "waybill/smtp.h"

#define STAGE_HOST "mx.facts.example"

/* Settings that need no file. */
extern const struct settings stage_defaults;
/* What stage_open starts with. */
extern struct settings stage_settings;
/* Fixtures: a stage with the default settings is open; no answer was one libmilter would refuse. */
int stage_set_up(void **state);
int stage_tear_down(void **state);

void stage_open(void);
/* Close the journal and read back all lines, in order. */
void stage_close(void);
size_t stage_lines(void);
const char *stage_line(size_t index);
/* Line `index` decoded; good until the next call. */
const struct fact *stage_fact(size_t index);
/* How many facts of this kind were told. */
size_t stage_count(enum fact_kind kind);
/* The first fact of this kind; fails the test if there is none. */
const struct fact *stage_first(enum fact_kind kind);
/* A file of the stage's directory, made with these bytes and mode; its path. */
const char *stage_file(const char *name, const void *data, size_t size, unsigned mode);
/* A file with a key, for `key_file`; its path is good until the next call. */
char *stage_key(void);

/* A client that has said HELO. */
SMFICTX *stage_client(unsigned long actions, unsigned long protocol);
/* A mail to bob@next.example, up to its body; `words` is what MAIL FROM says. */
void stage_mail(SMFICTX *context, const char *words);
void stage_end(SMFICTX *context);

#endif
