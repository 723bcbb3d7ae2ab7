/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * attach_tell: what is said of changes in a mail server's set-up.
 */
#ifndef WAYBILL_CLI_ATTACH_TELL_H
#define WAYBILL_CLI_ATTACH_TELL_H

#include "command.h"
#include "waybill/mta.h"

struct attachment {
    enum mta_kind kind;
    struct mta *mta;
    const char *settings_file;
    const char *listen; /* where the milter is, or will be */
    const char *mc;     /* Sendmail: the file that was named, or NULL */
    char *memory;       /* the file with the old values */
    struct mta_changes changes;
    bool made;           /* the changes */
    bool running;        /* and the mail server was told */
    bool tried, reached; /* the socket, as the mail server */
    bool nobody;         /* nobody listens there */
};

/* Returns the exit code. */
int attach_tell(const struct cli *cli, const struct attachment *at);

#endif
