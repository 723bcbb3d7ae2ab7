/* SPDX-License-Identifier: BSD-2-Clause */
/* asker: who sits before the command, for the audit. */
#ifndef WAYBILL_CLI_ASKER_H
#define WAYBILL_CLI_ASKER_H

#define ASKER_SIZE 64
/* The user's name, behind sudo his own ("anna as root"); his number if he has no name. */
const char *asker(char name[static ASKER_SIZE]);

#endif
