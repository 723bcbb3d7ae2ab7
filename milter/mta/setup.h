/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * setup: what was read of a mail server's set-up; private to the room. All slices are views into
 * the texts here.
 */
#ifndef WAYBILL_MTA_SETUP_H
#define WAYBILL_MTA_SETUP_H

#include "waybill/buffer.h"
#include "waybill/mta.h"

struct parameter {
    struct slice name;
    struct slice written; /* as it stands in the file, or the default */
    struct slice value;   /* expanded; absent until it is known */
    bool set;             /* the administrator's file has it */
};

/* A service's own -o. */
struct override {
    struct slice service, type, name;
    struct slice written, value;
};

enum {
    TEXT_WRITTEN,
    TEXT_VALUES,
    TEXT_SET,
    TEXT_SET_VALUES,
    TEXT_SERVICES,
    TEXT_OVERRIDES,
    TEXT_OVERRIDE_VALUES,
    TEXT_COUNT
};

struct mta {
    enum mta_kind kind;
    char *where;
    bool usual;                      /* nobody named the place */
    struct buffer texts[TEXT_COUNT]; /* as the programs wrote them; Sendmail: the file, the list */
    struct buffer warnings;          /* of postconf */
    struct parameter *parameters;    /* in the order of their names */
    size_t parameter_count, parameter_room;
    struct mta_service *services;
    size_t service_count, service_room;
    struct override *overrides;
    size_t override_count, override_room;
};

/* Fill a set-up of which `kind` is set and everything else is empty. */
int postfix_read(struct mta *mta, const char *where, struct error *why);
int sendmail_read(struct mta *mta, const char *where, struct error *why);

/* One more place at the end of one of the three lists, zeroed; NULL: no memory. Parameters are
 * found only after setup_sort, which keeps the last of those of one name. */
struct parameter *setup_add_parameter(struct mta *mta);
struct mta_service *setup_add_service(struct mta *mta);
struct override *setup_add_override(struct mta *mta);
void setup_sort(struct mta *mta);
const struct parameter *setup_find(const struct mta *mta, struct slice name);
/* The -o of that service for that parameter, or NULL. */
const struct override *setup_override(const struct mta *mta, const struct mta_service *service,
                                      const char *name);

#endif
