/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * assemble: fields count before words, words about the recipient before words about the mail.
 */
#include "assemble.h"

#include <stdlib.h>
#include <string.h>

#include "value.h"

struct report_recipient *assemble_add(struct assembly *assembly)
{
    struct report *report = assembly->report;
    size_t room = assembly->room == 0 ? 4 : assembly->room * 2;

    if (room > REPORT_RECIPIENTS_MAX)
        room = REPORT_RECIPIENTS_MAX;
    if (report->count == assembly->room) {
        struct report_recipient *grown =
            report->count == room ? NULL : reallocarray(report->recipients, room, sizeof(*grown));

        if (grown == NULL) {
            report->partial = true;
            return NULL;
        }
        report->recipients = grown;
        assembly->room = room;
    }
    report->recipients[report->count] = (struct report_recipient){.reason = REASON_UNDEFINED};
    return &report->recipients[report->count++];
}

/* Codes and signs alone tell a person nothing; neither does the address that he wrote to. */
static bool says_something(struct slice words, struct slice address)
{
    size_t run = 0;

    for (size_t i = 0; i < words.size; i++) {
        unsigned char c = (unsigned char)words.at[i];

        if (address.size > 0 && words.size - i >= address.size &&
            ((words.at[i] ^ address.at[0]) & ~0x20) == 0 &&
            slice_equal_nocase(slice_make(words.at + i, address.size), address)) {
            i += address.size - 1;
            run = 0;
            continue;
        }
        run = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80 ? run + 1 : 0;
        if (run == 3)
            return true;
    }
    return false;
}

static void set_status(struct assembly *assembly, struct report_recipient *to, struct slice given)
{
    char words[STATUS_ROOM] = "";
    static const char *const classes[] = {
        [REPORTED_FAILED] = "5.0.0",  [REPORTED_DELAYED] = "4.0.0",  [REPORTED_DELIVERED] = "2.0.0",
        [REPORTED_RELAYED] = "2.0.0", [REPORTED_EXPANDED] = "2.0.0",
    };

    to->status = given;
    if (given.at != NULL && !slice_ends(given, ".0.0"))
        return;
    if (to->words.at != NULL && status_in(to->words, words) &&
        (given.at == NULL || words[0] == given.at[0]))
        to->status = arena_keep(assembly->arena, slice_of(words));
    if (to->status.at == NULL && to->action == REPORTED_FAILED && to->code / 100 == 4)
        to->status = slice_of("4.0.0");
    if (to->status.at == NULL)
        to->status = slice_of(classes[to->action]);
}

/* Words that explain nothing are none. That a program said it is told to the rules as the field
 * tells it ("x-unix; 75"). */
static struct slice words_to_judge(const struct assembly *assembly,
                                   const struct report_recipient *to, bool program)
{
    static const char type[] = "x-unix; ";
    const size_t before = sizeof type - 1;
    struct slice words = says_something(to->words, to->address) ? to->words : SLICE_ABSENT;
    char *copy = program ? arena_take(assembly->arena, before + words.size) : NULL;

    if (copy == NULL)
        return words;
    memcpy(copy, type, before);
    if (words.size > 0)
        memcpy(copy + before, words.at, words.size);
    return slice_make(copy, before + words.size);
}

static void ask_book(const struct assembly *assembly, struct report_recipient *to, bool program)
{
    const struct report *report = assembly->report;
    struct decision decision = {.reason = REASON_UNDEFINED};
    struct evidence evidence = {
        .words = words_to_judge(assembly, to, program),
        .status = to->status,
        .code = to->code,
        .host = to->remote.at != NULL ? to->remote : report->reporting,
        .command = to->command,
        .dialect = slice_of(report->dialect),
        .delayed = to->action == REPORTED_DELAYED,
    };

    if (to->action != REPORTED_FAILED && to->action != REPORTED_DELAYED) {
        to->reason = REASON_DELIVERED;
        return;
    }
    phrasebook_ask(assembly->book, &evidence, &decision);
    to->reason = decision.reason;
    to->rule = decision.rule;
}

/* What only words can tell: code, status, remote, command, reason. `around`: what else the text
 * says of this recipient. */
static void finish(struct assembly *assembly, struct report_recipient *to, struct slice status,
                   struct slice around, bool program)
{
    if (to->code == 0 && to->words.at != NULL)
        to->code = smtp_code_in(to->words);
    if (to->code == 0 && around.at != NULL)
        to->code = smtp_code_in(around);
    if (to->remote.at == NULL && to->words.at != NULL)
        to->remote = session_remote(assembly->arena, to->words);
    if (to->remote.at == NULL && around.at != NULL)
        to->remote = session_remote(assembly->arena, around);
    if (to->command.at == NULL && to->words.at != NULL)
        to->command = session_command(to->words);
    if (to->command.at == NULL && around.at != NULL)
        to->command = session_command(around);
    if (to->command.at == NULL)
        to->command = session_refused(&assembly->transcript, to->address, to->words);
    set_status(assembly, to, status);
    ask_book(assembly, to, program);
}

/* ---- from the fields ---- */

static struct slice first_mailbox(const struct slice *of, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (of[i].at != NULL && value_is_mailbox(of[i]))
            return of[i];
    return SLICE_ABSENT;
}

/* Whom the group is about: the first name in it that is a mailbox. A pipe, a file or a mere login
 * is a name only if nothing else names somebody. */
static struct slice choose_address(struct assembly *assembly, const struct groups *groups,
                                   const struct group *group, const struct findings *findings)
{
    struct slice names[] = {group->final, group->original, group->actual,
                            SLICE_ABSENT, SLICE_ABSENT,    SLICE_ABSENT};
    struct slice mailbox = first_mailbox(names, 3);

    if (mailbox.at != NULL)
        return mailbox;
    if (groups->count == 1) {
        names[3] =
            value_address(assembly->arena, page_field(assembly->page, "X-Failed-Recipients"));
        if (findings->count == 1)
            names[4] = value_clean(assembly->arena, findings->of[0].address, VALUE_ADDRESS_MAX);
        names[5] = value_clean(assembly->arena, places_only(&assembly->places), VALUE_ADDRESS_MAX);
        mailbox = first_mailbox(names + 3, 3);
        if (mailbox.at != NULL)
            return mailbox;
    }
    for (size_t i = 0; i < 3; i++)
        if (names[i].at != NULL)
            return names[i];
    return SLICE_ABSENT;
}

static enum report_action choose_action(const struct group *group)
{
    if (group->has_action)
        return group->action;
    if (group->status.at != NULL && group->status.at[0] == '2')
        return REPORTED_DELIVERED;
    if (group->status.at != NULL && group->status.at[0] == '4' && !slice_is(group->status, "4.4.7"))
        return REPORTED_DELAYED;
    return REPORTED_FAILED;
}

#define WORDS_FULL (128 << 10) /* bytes, of all recipients */
#define WORDS_SHORT 256

/* Of very many recipients all shall be named, rather than all be told of a few: so what is looked
 * at of one is less once many have had enough. */
static struct slice shorten(struct assembly *assembly, struct slice words)
{
    size_t most = assembly->words_seen < WORDS_FULL ? 2 * REPORT_WORDS_MAX : WORDS_SHORT;

    if (words.size > most)
        words.size = most;
    assembly->words_seen += words.size;
    return words;
}

/* The first of them that says something; else the first that is there. */
static struct slice choose_words(struct assembly *assembly, struct slice address, struct slice *of,
                                 size_t count)
{
    for (size_t i = 0; i < count; i++)
        of[i] = shorten(assembly, of[i]);
    for (size_t i = 0; i < count; i++)
        if (says_something(of[i], address))
            return value_clean(assembly->arena, of[i], REPORT_WORDS_MAX);
    for (size_t i = 0; i < count; i++)
        if (of[i].size > 0)
            return value_clean(assembly->arena, of[i], REPORT_WORDS_MAX);
    return SLICE_ABSENT;
}

static void add_group(struct assembly *assembly, const struct groups *groups,
                      const struct group *group, const struct findings *findings)
{
    struct slice address = choose_address(assembly, groups, group, findings), around;
    const struct found *found;
    struct report_recipient *to = assemble_add(assembly);

    if (to == NULL)
        return;
    found = address.at == NULL ? NULL : findings_find(findings, address);
    around = address.at == NULL ? SLICE_ABSENT : places_around(&assembly->places, address);
    if (around.at == NULL && group->original.at != NULL)
        around = places_around(&assembly->places, group->original);
    around = shorten(assembly, around);
    to->address = address;
    to->original = group->original;
    to->action = choose_action(group);
    to->remote = group->remote;
    to->tried = group->tried;
    to->until = group->until;
    to->words = group->words;
    if (!says_something(group->words, address))
        to->words = choose_words(assembly, address,
                                 (struct slice[]){found == NULL ? SLICE_ABSENT : found->words,
                                                  around, group->remark, group->words},
                                 4);
    if (group->words.at != NULL)
        to->code = smtp_code_in(group->words);
    finish(assembly, to, group->status, around, group->program);
}

void assemble_groups(struct assembly *assembly, const struct groups *groups,
                     const struct findings *findings)
{
    for (size_t i = 0; i < groups->count; i++)
        if (group_tells(&groups->of[i]))
            add_group(assembly, groups, &groups->of[i], findings);
}

/* ---- from the text ---- */

static void add_found(struct assembly *assembly, const struct found *found,
                      const struct group *group)
{
    static const struct group none;
    struct report_recipient *to = assemble_add(assembly);
    struct slice around = shorten(assembly, places_around(&assembly->places, found->address));
    struct slice status = SLICE_ABSENT;

    if (to == NULL)
        return;
    if (group == NULL)
        group = &none;
    to->address = value_clean(assembly->arena, found->address, VALUE_ADDRESS_MAX);
    to->original = value_clean(assembly->arena, found->original, VALUE_ADDRESS_MAX);
    to->action = found->action;
    to->words = choose_words(assembly, to->address,
                             (struct slice[]){found->words, group->words, around}, 3);
    if (found->status.at != NULL && status_fits(found->status))
        status = arena_keep(assembly->arena, found->status);
    else
        status = group->status;
    to->remote = group->remote;
    if (found->remote.at != NULL)
        to->remote = value_host(assembly->arena, found->remote);
    to->command = value_clean(assembly->arena, found->command, 16);
    finish(assembly, to, status, around, group->program);
}

void assemble_findings(struct assembly *assembly, const struct groups *groups,
                       const struct findings *findings)
{
    const struct group *group = groups->count == 1 && findings->count == 1 ? &groups->of[0] : NULL;

    for (size_t i = 0; i < findings->count; i++)
        add_found(assembly, &findings->of[i], group);
}
