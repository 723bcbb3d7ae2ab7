/* SPDX-License-Identifier: BSD-2-Clause */
/* follow: what the command shows and says of events, wherever they come from. */
#ifndef WAYBILL_CLI_FOLLOW_H
#define WAYBILL_CLI_FOLLOW_H

#include "../remote/remote.h"
#include "../sight.h"
#include "command.h"
#include "waybill/live.h"

#define WAIT_MS 500

struct follow {
    const struct cli *cli;
    struct live *live; /* over the API: NULL */
    struct remote_follow there;
    size_t shown, shown_before; /* before it fell behind */
    bool fell;   /* behind, once */
    bool behind; /* and is not yet through with what it missed */
    bool lost; /* the store or the API is away, and that was said */
    bool begun; /* the API has answered, once */
    int64_t end; /* clock_monotonic; 0: until Ctrl-C */
    struct error why; /* of STORE_FAILED out of an event */
    struct sight sight;
};

/* Stopped, the time is over, or nobody reads on. */
bool follow_is_enough(const struct follow *follow);
void follow_print(const struct cli *cli, const struct sight_told *told);
/* Empties it. */
void follow_print_line(struct buffer *line);
/* The context is the struct follow. */
void follow_say_behind(void *context, const struct live_behind *behind);
void follow_say_rebuilt(void *context, const struct live_behind *behind);
void follow_say_partly(void *context, const char *why);
/* Once each time that it goes away. */
void follow_say_lost(struct follow *follow, const struct error *why);

/* Watch over the API until it is enough. CLI_FOUND; else the exit code, and a line was said. */
int follow_over_api(struct follow *follow);

#endif
