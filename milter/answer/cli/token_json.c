/* SPDX-License-Identifier: BSD-2-Clause */
/* token_json: see token_json.h. */
#include "token_json.h"

#include "waybill/waybill_json.h"

static void put_words(struct json *json, const char *key, const struct access_words *words)
{
    struct slice rest = slice_of(words->text), word;

    json_member_array(json, key);
    while (text_take_part(&rest, ' ', &word))
        json_put_string(json, word);
    json_end_array(json);
}

void token_json(struct json *json, const struct access *access, const char *secret)
{
    json_begin_object(json);
    json_member_text(json, "object", "token");
    json_member_text(json, "name", access->name);
    json_member_text(json, "role", access_role_word(access->role));
    put_words(json, "domains", &access->domains);
    put_words(json, "addresses", &access->addresses);
    put_words(json, "logins", &access->logins);
    json_member_bool(json, "subjects", access->subjects || access->role != ROLE_DESK);
    waybill_json_time(json, "created", access->created);
    waybill_json_time(json, "expires", access->expires);
    if (secret != NULL)
        json_member_text(json, "token", secret);
    json_end_object(json);
}
