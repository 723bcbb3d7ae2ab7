/* SPDX-License-Identifier: BSD-2-Clause */
/* attach_mc: see attach_mc.h. */
#include "attach_mc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "waybill/escape.h"
#include "waybill/text.h"

#define MC_USUAL "/etc/mail/sendmail.mc"

char *mc_built_file(const char *mc)
{
    struct slice stem = slice_of(mc);
    char *path;

    if (slice_ends(stem, ".mc"))
        stem.size -= 3;
    return asprintf(&path, "%.*s.cf", SLICE_ARGS(stem)) < 0 ? NULL : path;
}

/* The line before which ours has to stand: the first filter, else the first mailer. */
static unsigned find_line(FILE *from, bool filters, char found[static 200])
{
    char *line = NULL;
    size_t room = 0;
    unsigned number = 0, at = 0;

    while (at == 0 && getline(&line, &room, from) >= 0) {
        struct slice words = slice_trim(slice_of(line));
        number++;
        if (slice_starts(words, filters ? "INPUT_MAIL_FILTER(" : "MAILER(") &&
            slice_find_text(words, "waybill") < 0) {
            slice_copy(words, found, 200);
            at = number;
        }
    }
    free(line);
    rewind(from);
    return at;
}

static void tell_place(const char *mc)
{
    FILE *from = fopen(mc, "re");
    struct buffer text;
    char found[200];
    unsigned at;

    if (from == NULL) {
        printf("Put it before all other lines INPUT_MAIL_FILTER.\n");
        return;
    }
    at = find_line(from, true, found);
    if (at == 0)
        at = find_line(from, false, found);
    fclose(from);
    if (at == 0) {
        printf("Put it behind the FEATURE lines.\n");
        return;
    }
    buffer_init(&text, 4096);
    escape_terminal(&text, slice_of(found));
    printf("Put it before line %u, which is\n\n  %s\n\n", at, text.data);
    buffer_free(&text);
}

const char *mc_build_command(void)
{
    return access("/usr/sbin/sendmailconfig", X_OK) == 0 ? "sendmailconfig"
                                                         : "make -C /etc/mail && systemctl "
                                                           "reload sendmail";
}

/* Where among the filters in force we stand. */
static void tell_now(const struct attachment *at)
{
    struct slice list = mta_milters(at->mta);
    struct mta_milter milter;
    size_t place = 1;

    for (; mta_milter_next(MTA_SENDMAIL, &list, &milter); place++)
        if (mta_milter_is(at->mta, &milter, at->listen)) {
            if (place > 1)
                printf("%s asks waybilld as filter %zu; what those before it refuse is not seen.\n",
                       mta_where(at->mta), place);
            else
                printf("%s asks waybilld first, but with a letter behind F=: mail would not flow "
                       "while it is away.\n",
                       mta_where(at->mta));
            return;
        }
    printf("%s does not ask waybilld.\n", mta_where(at->mta));
}

int mc_tell(const struct cli *cli, const struct attachment *at)
{
    const char *mc = at->mc != NULL ? at->mc : MC_USUAL;

    if (at->changes.count == 0) {
        printf("Nothing to do: %s asks waybilld first, and mail flows while it is away.\n",
               mta_where(at->mta));
        return CLI_FOUND;
    }
    tell_now(at);
    printf("\nThis line belongs into %s, which is not edited by a program:\n\n  %s\n\n", mc,
           at->changes.list[0].after);
    tell_place(mc);
    printf("Then say:\n\n  %s\n", mc_build_command());
    return cli->request.dry_run ? CLI_FOUND : CLI_NOTHING;
}
