/* SPDX-License-Identifier: BSD-2-Clause */
/* attach_tell: see attach_tell.h. What postconf said is escaped here. */
#include "attach_tell.h"

#include <stdlib.h>
#include <string.h>

#include "attach_mc.h"
#include "out.h"
#include "waybill/escape.h"
#include "waybill/json.h"

#define LABEL 8 /* columns, with the two in front */

static void print_row(const struct cli *cli, const char *label, const char *words)
{
    struct buffer text;

    buffer_init(&text, 1 << 20);
    escape_terminal(&text, slice_of(words));
    printf("  %-*s", LABEL, label);
    out_folded(cli, 2 + LABEL, 2 + LABEL, text.data);
    buffer_free(&text);
}

static const char *value_words(const char *value)
{
    return value == NULL ? "(not set)" : *value == '\0' ? "(empty)" : value;
}

static void print_change(const struct cli *cli, const struct mta_change *change)
{
    bool directory = change->kind == MTA_CHANGE_DIRECTORY;
    struct buffer text;

    buffer_init(&text, 1 << 20);
    escape_terminal(&text, slice_of(change->parameter));
    out_heading(cli, text.data);
    print_row(cli, "before", directory ? "(not there)" : value_words(change->before));
    print_row(cli, "after", value_words(change->after));
    print_row(cli, "why", change->reason);
    buffer_clear(&text);
    escape_terminal(&text, slice_of(change->command));
    /* A command is copied, so it is not folded. */
    printf("  %-*s%s\n\n", LABEL, "by", text.data);
    buffer_free(&text);
}

static void print_notes(const struct cli *cli, const struct mta_changes *changes)
{
    for (size_t i = 0; i < changes->note_count; i++) {
        struct buffer text;

        buffer_init(&text, 1 << 20);
        escape_terminal(&text, slice_of(changes->notes[i]));
        fputs("Note: ", stdout);
        out_folded(cli, 6, 6, text.data);
        buffer_free(&text);
    }
    if (changes->note_count > 0)
        putchar('\n');
}

static void print_reached(const struct attachment *at)
{
    if (at->changes.detach || !at->tried)
        return;
    if (at->reached)
        printf("waybilld answers at %s as Postfix reaches it.\n", at->listen);
    else if (at->nobody) /* it does not run, or is where it was told to be before */
        printf("waybilld does not listen at %s yet; mail flows without it until you say:\n"
               "  systemctl restart waybill\n",
               at->listen);
    else
        printf("Postfix cannot reach waybilld at %s; mail flows without it.\n"
               "'waybill doctor' tells what is wrong.\n",
               at->listen);
}

static void print_way_back(const struct cli *cli, const struct attachment *at)
{
    struct buffer words;

    buffer_init(&words, 8192);
    buffer_add_text(&words, "waybill detach postfix");
    if (cli->request.config_directory != NULL) {
        buffer_add_text(&words, " --config-directory ");
        escape_shell(&words, slice_of(cli->request.config_directory));
    }
    printf("Changed. What was before is in %s; this puts it back:\n  %s\n", at->memory, words.data);
    buffer_free(&words);
}

static void print_end(const struct cli *cli, const struct attachment *at)
{
    const struct mta_changes *changes = &at->changes;

    if (changes->count == 0)
        printf("Nothing to do: Postfix in %s %s.\n", mta_where(at->mta),
               changes->detach ? "does not ask waybilld" : "asks waybilld, as it should");
    else if (cli->request.dry_run)
        printf("Dry run: nothing was changed.\n");
    else if (changes->detach)
        printf("Changed. Postfix does not ask waybilld any more.\n");
    else
        print_way_back(cli, at);
    if (at->made)
        puts(at->running ? "Postfix was reloaded."
                         : "Postfix does not run; it reads this when it starts.");
    print_reached(at);
}

static void print_person(const struct cli *cli, const struct attachment *at)
{
    for (size_t i = 0; i < at->changes.count; i++)
        print_change(cli, &at->changes.list[i]);
    print_notes(cli, &at->changes);
    print_end(cli, at);
}

static void put_change(struct json *json, const struct mta_change *change)
{
    static const char *const kinds[] = {
        [MTA_CHANGE_MAIN] = "main",
        [MTA_CHANGE_SERVICE] = "service",
        [MTA_CHANGE_DIRECTORY] = "directory",
        [MTA_CHANGE_BY_HAND] = "by_hand",
    };

    json_begin_object(json);
    json_member_text(json, "kind", kinds[change->kind]);
    json_member_text(json, "parameter", change->parameter);
    json_member_text(json, "before", change->before);
    json_member_text(json, "after", change->after);
    json_member_text(json, "command", change->command);
    json_member_text(json, "reason", change->reason);
    json_end_object(json);
}

static void put_lists(struct json *json, const struct mta_changes *changes)
{
    json_member_array(json, "changes");
    for (size_t i = 0; i < changes->count; i++)
        put_change(json, &changes->list[i]);
    json_end_array(json);
    json_member_array(json, "notes");
    for (size_t i = 0; i < changes->note_count; i++)
        json_put_text(json, changes->notes[i]);
    json_end_array(json);
}

static int print_json(const struct attachment *at, struct error *why)
{
    struct buffer text;
    struct json json;
    int result;

    buffer_init(&text, (size_t)4 << 20);
    json_init(&json, &text);
    json_begin_object(&json);
    json_member_text(&json, "object", at->changes.detach ? "detach" : "attach");
    json_member_text(&json, "mta", at->kind == MTA_POSTFIX ? "postfix" : "sendmail");
    json_member_text(&json, "where", mta_where(at->mta));
    json_member_text(&json, "listen", at->listen);
    put_lists(&json, &at->changes);
    json_member_bool(&json, "made", at->made);
    json_member_bool(&json, "reloaded", at->made && at->running);
    json_put_key(&json, "reached");
    if (at->tried)
        json_put_bool(&json, at->reached);
    else
        json_put_null(&json);
    json_end_object(&json);
    result = out_line(&text, why);
    buffer_free(&text);
    return result;
}

int attach_tell(const struct cli *cli, const struct attachment *at)
{
    if (cli->request.json) {
        struct error why;

        if (print_json(at, &why) == 0)
            return CLI_FOUND;
        complain("%s", why.text);
        return CLI_UNREACHABLE;
    }
    if (at->kind == MTA_SENDMAIL)
        return mc_tell(cli, at);
    print_person(cli, at);
    return CLI_FOUND;
}
