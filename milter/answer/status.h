/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status: is all well with those who watch the mail? From the store alone: the beats and sheets
 * of all mail servers, and nobody is asked but Redis.
 */
#ifndef WAYBILL_ANSWER_STATUS_H
#define WAYBILL_ANSWER_STATUS_H

#include "waybill/store.h"

#define STATUS_HOSTS_MAX 100

/* The most serious first. */
enum status_kind {
    STATUS_SILENT,   /* no word from a host */
    STATUS_SLOW,     /* the mail server waited for us */
    STATUS_RIVAL,    /* two machines give out the same ids */
    STATUS_LOST,     /* facts found no room */
    STATUS_UNHEEDED, /* a log cannot be read */
    STATUS_BEHIND,   /* a log is not read up to now */
    STATUS_WAITING,  /* the journal is not shipped */
    STATUS_CLOCK,    /* a clock is off */
};
/* Of a host that has just begun: its log, which it has not found yet, may still come. */
bool status_log_is_new(const struct sheet *sheet);
const char *status_kind_word(enum status_kind kind); /* "silent", ...: for programs */

struct status_host {
    unsigned node;
    char name[256];      /* "node 07" of one that never told its name */
    int64_t heard;       /* ms: last word of it, by the store's clock */
    int64_t silent_ms;   /* since then */
    bool gone;           /* silent for longer than its mails are kept: no trouble any more */
    bool told;           /* it keeps a sheet */
    struct sheet sheet;
};

struct status_trouble {
    enum status_kind kind;
    const struct status_host *host;
    int64_t amount; /* the greater the worse, within a kind */
    char what[600]; /* a clause: "mx2 was not heard of for 4 min"; escaped */
};

struct status {
    int64_t now; /* by the store's clock, or by ours where we may not ask it */
    struct status_host hosts[STATUS_HOSTS_MAX]; /* those that watch, or watched, mail; by name */
    size_t host_count;
    size_t living;  /* that are not gone */
    struct status_trouble *troubles; /* in their order */
    size_t trouble_count;
    /* Answers to the mail servers, of all hosts that know: since the earliest start. */
    int64_t answers, answers_over_1s, answers_over_1s_at, slowest_us, since;
    size_t unmeasured; /* living hosts that do not tell how fast they answer */
};

/* `host` (NULL: all): only mail servers of that name. 0, or -1: the store failed, or no memory.
 * Free with status_free in either case. */
int status_read(struct status **status, struct store *store, const char *host,
                int64_t retention_days, struct error *why);
void status_free(struct status **status);

#endif
