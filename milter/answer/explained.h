/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * explained: what one report says, for all who tell it.
 */
#ifndef WAYBILL_ANSWER_EXPLAINED_H
#define WAYBILL_ANSWER_EXPLAINED_H

#include "catalogue.h"
#include "waybill/json.h"
#include "waybill/report.h"

struct explained {
    const char *name; /* of the file, as given; NULL: it has none */
    size_t bytes;     /* that were read of it */
    const struct report *report;
};

/* Why, and who has to act, in the catalogue's words. */
void explained_why(const struct report_recipient *recipient, const struct messages *messages,
                   struct saying *saying);
/* The key of the sentence on the whole report; NULL: its recipients say all. */
const char *explained_kind_key(const struct explained *explained);

#define EXPLAINED_JSON_MAX (64u << 20) /* REPORT_RECIPIENTS_MAX times what one may say, escaped */
/* One object. Each key is there; what the report does not say is null. It is left open for more
 * keys: json_end_object. */
void explained_json(struct json *json, const struct explained *explained,
                    const struct messages *messages);

#endif
