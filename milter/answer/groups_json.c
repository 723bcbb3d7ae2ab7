/* SPDX-License-Identifier: BSD-2-Clause */
/* groups_json: see groups_json.h. */
#include "groups_json.h"

#include "waybill/waybill_json.h"

void groups_json_row(struct json *json, const enum query_by *by, size_t count,
                     const struct query_group *group)
{
    json_begin_object(json);
    json_member_text(json, "object", "group");
    for (size_t i = 0; i < count; i++) {
        char key[24];

        snprintf(key, sizeof key, "%s", query_by_word(by[i]));
        for (char *at = key; *at != '\0'; at++)
            *at = *at == '-' ? '_' : *at;
        json_put_key(json, key);
        if (group->values[i].size > 0)
            json_put_string(json, group->values[i]);
        else
            json_put_null(json);
    }
    json_member_number(json, "recipients", (int64_t)group->recipients);
    json_member_number(json, "mails", (int64_t)group->mails);
    json_end_object(json);
}

void groups_json_sums(struct json *json, const struct query *query,
                      const struct query_groups *found)
{
    json_begin_object(json);
    json_member_text(json, "object", "groups");
    json_member_number(json, "count", (int64_t)found->count);
    json_member_number(json, "mails", (int64_t)found->mails);
    json_member_number(json, "recipients", (int64_t)found->recipients);
    json_member_number(json, "over", (int64_t)found->over);
    waybill_json_time(json, "since", query->since);
    waybill_json_time(json, "until", query->until);
    json_member_number(json, "unreadable", (int64_t)found->answer.unreadable);
    json_member_bool(json, "bounded", found->answer.bounded);
    waybill_json_time(json, "scanned_until", found->answer.scanned_until);
    json_member_text(json, "incomplete", found->answer.partly ? found->answer.away.text : NULL);
    json_end_object(json);
}
