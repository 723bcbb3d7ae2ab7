/* SPDX-License-Identifier: BSD-2-Clause */
/* follow_api: the same events from waybill-web; a connection that is cut is made again. */
#include "follow.h"
#include "gap.h"
#include "over_api.h"
#include "waybill/clock.h"

static bool api_goes_on(void *context)
{
    return !follow_is_enough(context);
}

static void api_mail(void *context, const struct sight_told *told, struct buffer *line)
{
    struct follow *follow = context;

    follow->shown++;
    if (follow->cli->request.json)
        follow_print_line(line);
    else
        follow_print(follow->cli, told);
    fflush(stdout);
}

static void api_gap(void *context, const struct store_gap *gap, struct buffer *line)
{
    struct follow *follow = context;

    if (follow->cli->request.json)
        follow_print_line(line);
    else
        gap_print(follow->cli, gap);
    fflush(stdout);
}

static void api_begun(void *context)
{
    struct follow *follow = context;

    if (follow->lost)
        complain("the API answers again");
    follow->lost = false;
    follow->begun = true;
}

static void api_lost(void *context, bool lost)
{
    struct follow *follow = context;

    if (follow->lost != lost)
        complain(lost ? "the store is away at the other end; it is tried again"
                      : "the store is back");
    follow->lost = lost;
}

int follow_over_api(struct follow *follow)
{
    const struct remote_watcher watcher = {.context = follow,
                                           .goes_on = api_goes_on,
                                           .mail = api_mail,
                                           .gap = api_gap,
                                           .behind = follow_say_behind,
                                           .rebuilt = follow_say_rebuilt,
                                           .partly = follow_say_partly,
                                           .lost = api_lost,
                                           .begun = api_begun};
    enum remote_ended ended;
    struct error why;

    while ((ended = remote_follow(follow->cli->remote, &follow->there, &watcher, &why)) ==
               REMOTE_CUT && follow->begun) {
        follow_say_lost(follow, &why);
        for (int64_t until = clock_monotonic() + follow->there.wait;
             clock_monotonic() < until && !follow_is_enough(follow);)
            clock_sleep(WAIT_MS / 5);
    }
    if (ended == REMOTE_ENOUGH)
        return CLI_FOUND;
    complain("%s", why.text);
    return over_api_code(follow->cli);
}
