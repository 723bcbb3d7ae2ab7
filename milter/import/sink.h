/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink: where an import's facts go: into the journal, or with `dry_run` nowhere. Of each whole mail
 * it is counted what became of its recipients. One thread.
 */
#ifndef IMPORT_SINK_H
#define IMPORT_SINK_H

#include "dry.h"
#include "post.h"
#include "sheaf.h"

/* All but `post` and `dry`, which are zero at first, is set by who has it. */
struct sink {
    const struct import_options *options;
    struct import_tally *tally;
    struct post_wait wait;
    int64_t now, lifetime; /* ms: by which mails are judged */
    struct post *post;     /* NULL: a dry run, or nothing was posted yet */
    struct dry dry;
};

/* Before the first fact; more than once does nothing. */
enum import_result sink_open(struct sink *sink, struct error *why);
/* A mail that has an end. Not IMPORT_DONE: the sink wants no more, as it says. */
enum import_result sink_bound(struct sink *sink, const struct bound_mail *mail, struct error *why);
/* The facts of a mail, each whole. */
enum import_result sink_mail(struct sink *sink, const struct fact *facts, size_t count,
                             struct error *why);
/* A fact of no mail that ever had a queue id. */
enum import_result sink_loose(struct sink *sink, const struct fact *fact, struct error *why);
/* Wait until the store has all. */
enum import_result sink_finish(struct sink *sink, struct error *why);
void sink_close(struct sink *sink);

#endif
