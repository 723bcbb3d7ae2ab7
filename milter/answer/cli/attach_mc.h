/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach_mc: what a person has to write into sendmail.mc, which is a program in m4 and never
 * edited by ours.
 */
#ifndef WAYBILL_CLI_ATTACH_MC_H
#define WAYBILL_CLI_ATTACH_MC_H

#include "attach_tell.h"

/* The .cf that is made of this .mc: of the same name, beside it. The caller frees it; NULL: no
 * memory. */
char *mc_built_file(const char *mc);
/* What a person types to make the .cf anew and have it read. */
const char *mc_build_command(void);
/* Tell the line, where it goes, and how it comes into force. Returns the exit code. */
int mc_tell(const struct cli *cli, const struct attachment *at);

#endif
