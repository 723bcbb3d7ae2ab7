/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * noted: who asks what by the command stands in the audit, as what is asked over HTTP does. It is
 * written before the answer, which may never end; so how many mails it tells is not known.
 */
#include "asker.h"
#include "command.h"

/* What reads no mail is not noted. */
static bool is_noted(const struct cli *cli, const struct command *command)
{
    return command->noted != NULL && !cli->request.coverage;
}

static struct slice reason_given(const struct cli *cli)
{
    struct slice reason = slice_trim(slice_of(cli->request.reason));

    return reason.size > 0 && cli->settings->audit_reason != AUDIT_REASON_NONE ? reason
                                                                               : SLICE_ABSENT;
}

bool noted_check(const struct cli *cli, const struct command *command)
{
    if (!is_noted(cli, command) || cli->settings->audit_reason != AUDIT_REASON_REQUIRED ||
        reason_given(cli).at != NULL)
        return true;
    complain("say why you ask this, with --reason: audit_reason is 'required' here");
    return false;
}

void noted_put(const struct cli *cli, const struct command *command)
{
    struct store_audit audit = {.time = cli->now, .count = STORE_UNCOUNTED};
    struct buffer about;
    struct error why;
    char who[ASKER_SIZE];

    if (!is_noted(cli, command))
        return;
    buffer_init(&about, 16384);
    if (command->asks_query)
        query_write(&cli->query, false, &about);
    else
        buffer_add_text(&about, cli->request.arguments[0]);
    audit.who = slice_of(asker(who));
    audit.what = slice_of(command->noted);
    audit.about = slice_make(about.data, about.size);
    audit.reason = reason_given(cli);
    store_put_audit(cli->store, &audit);
    if (store_flush(cli->store, &why) != 0)
        complain("this is answered, but does not stand in the audit: %s", why.text);
    buffer_free(&about);
}
