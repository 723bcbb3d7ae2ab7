/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * person_tokens: entries of `waybill token` that have to do with a person. A sender's token that is
 * bound to his address and to nothing else is good for nothing once he is forgotten.
 */
#include <string.h>

#include "person.h"

#define NAMES_MAX (1u << 20)

/* How many of the words name him; `all`: of how many. */
static size_t count_his(const struct person *person, const struct access_words *words, size_t *all)
{
    struct slice rest = slice_of(words->text), word;
    size_t his = 0;

    for (; text_take_part(&rest, ' ', &word); ++*all)
        his += forget_names_address(&person->asks, word, SLICE_ABSENT);
    return his;
}

struct looking {
    struct person *person;
    person_token_seen *seen;
    void *context;
};

static void look(void *context, const struct access *access)
{
    const struct looking *looking = context;
    size_t all = 0, his = count_his(looking->person, &access->addresses, &all) +
                          count_his(looking->person, &access->logins, &all);

    if (his > 0)
        looking->seen(looking->context, access, his == all ? PERSON_TOKEN_HIS : PERSON_TOKEN_ALSO);
    else if (forget_names(&looking->person->asks, slice_of(access->name)))
        looking->seen(looking->context, access, PERSON_TOKEN_NAMED);
}

int person_each_token(struct person *person, person_token_seen *seen, void *context,
                      struct error *why)
{
    struct looking looking = {person, seen, context};

    return access_each(person->store, look, &looking, why);
}

/* ---- taking them away ---- */

static void keep_name(void *context, const struct access *access, enum person_token kind)
{
    struct buffer *names = context;

    if (kind == PERSON_TOKEN_HIS)
        buffer_addf(names, "%s\n", access->name);
}

int person_drop_tokens(struct person *person, struct error *why)
{
    struct buffer names;
    struct slice rest, name;
    int result;

    buffer_init(&names, NAMES_MAX);
    result = person_each_token(person, keep_name, &names, why);
    rest = slice_make(names.data, names.size);
    while (result == 0 && text_take_until(&rest, '\n', &name))
        result = access_drop(person->store, name, why) < 0 ? -1 : 0;
    if (names.failed)
        result = error_set(why, "no memory for the names of the tokens");
    buffer_free(&names);
    return result;
}
