/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli: the command `waybill`. One row per subcommand in milter/answer/cli/commands.c; --help, the
 * completion and the manual follow the rows.
 */
#ifndef WAYBILL_CLI_H
#define WAYBILL_CLI_H

/* Exit codes of the command. */
enum {
    CLI_FOUND = 0,
    CLI_NOTHING = 1,
    CLI_USAGE = 2,
    CLI_UNREACHABLE = 3,
    CLI_STOPPED = 130, /* by a signal, before all was done */
};

/* The whole command; returns its exit code. */
int cli_main(int argc, char **argv);

#endif
