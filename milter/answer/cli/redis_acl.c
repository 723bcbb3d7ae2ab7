/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * redis_acl: doctor --redis-acl, the users of Redis that the programs need, from the options
 * alone: no server is asked, since there may be none yet.
 */
#include "command.h"

#include "waybill/escape.h"
#include "waybill/health.h"

#define LINE_MAX_BYTES (16u << 10)

static int print_user(const struct settings *settings, enum store_role role)
{
    struct buffer line;
    int result;

    buffer_init(&line, LINE_MAX_BYTES);
    buffer_add_text(&line, "user ");
    escape_terminal(&line, slice_of(store_role_user(settings, role)));
    buffer_add_text(&line, " reset on >PASSWORD ");
    result = store_role_rights(settings, role, false, &line);
    if (result == 0)
        printf("\n# %s\n%s\n", store_role_does(role), line.data);
    buffer_free(&line);
    return result;
}

int redis_acl_run(struct cli *cli)
{
    struct error why;

    if (settings_read(&cli->settings, settings_file(cli), &why) != 0) {
        complain("%s", why.text);
        return CLI_USAGE;
    }
    printf("# Users of Redis for waybill, with the least rights; redis_mode is %s.\n"
           "# Lines that begin with 'user' go into an ACL file (aclfile), which takes no remarks; or\n"
           "# type 'ACL SETUSER' for 'user' at the prompt of redis-cli, then ACL SAVE, or CONFIG\n"
           "# REWRITE where there is no such file. Put passwords in the place of PASSWORD, and name\n"
           "# them by redis_user and redis_password_file.\n"
           "# Redis 6 cannot tell reading from writing: write ~ for %%R~ and %%W~.\n",
           store_mode_word(cli->settings));
    if (cli->settings->redis_mode == REDIS_CLUSTER)
        puts("# All of them on each server of the Cluster: they do not tell each other.");
    if (cli->settings->redis_mode == REDIS_SENTINEL)
        puts("# All but the last on each server, replicas too: they do not tell each other.");
    for (enum store_role role = 0; role < STORE_ROLES; role++)
        if (store_role_exists(cli->settings, role) && print_user(cli->settings, role) != 0) {
            complain("no memory");
            return CLI_UNREACHABLE;
        }
    return CLI_FOUND;
}
